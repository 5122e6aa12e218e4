"""What would stop a run late is looked for before it starts: models, rules and data that are not there."""

from __future__ import annotations

from pathlib import Path

from mtqa.pipeline.recipe import Recipe


def check_recipe(recipe: Recipe) -> None:
    """Raise UsageError for what a stage would miss, perhaps after hours; models of the Hub are fetched for it."""
    from mtqa.core.encoder_files import files_fingerprint
    from mtqa.core.shardfile import open_shards
    from mtqa.evaluate.collection.layouts import sources
    from mtqa.evaluate.run import benchmark_files
    from mtqa.filter.job import setting_files
    from mtqa.filter.profiles import load_rules
    from mtqa.translate.run import check_models

    for benchmark in recipe.evaluate:
        benchmark_files(benchmark)
    for collection in recipe.collections:
        sources(collection.benchmark, Path(collection.data), collection.split, collection.languages)
    load_rules(recipe.filter)
    setting_files(recipe.filter)
    for encoder in _encoders(recipe):
        files_fingerprint(encoder)
    for arm in recipe.arms:
        training = recipe.train_settings(arm)
        if training is not None and training.validation is not None:
            open_shards(Path(training.validation))
    check_models(recipe.translate)


def _encoders(recipe: Recipe) -> list[str]:
    """Return the encoders that training starts from, learns from, mines with, or leaves as they are; each once."""
    names = [recipe.mine.encoder] if recipe.mine else []
    for arm in recipe.arms:
        settings = recipe.train_settings(arm)
        names += [recipe.untrained_encoder] if settings is None else [settings.encoder, settings.teacher or ""]
    return list(dict.fromkeys(filter(None, names)))
