"""A recipe: the settings of all stages in one strict YAML file, and the arms (models) to compare."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field, field_validator, model_validator

from mtqa.collect.settings import CollectSettings
from mtqa.core.recipe import Settings, load_yaml, parse
from mtqa.evaluate.settings import BENCHMARKS, CollectionSettings, EvaluateSettings
from mtqa.filter.settings import FilterSettings
from mtqa.mine.settings import MineSettings
from mtqa.publish.settings import PublishSettings
from mtqa.shards.settings import ShardSettings
from mtqa.train.settings import TrainSettings
from mtqa.translate.settings import TranslateSettings

S = TypeVar("S", bound=Settings)
STAGE_SETTINGS: dict[str, type[Settings]] = {
    "collect": CollectSettings,
    "translate": TranslateSettings,
    "filter": FilterSettings,
    "mine": MineSettings,
    "shards": ShardSettings,
    "train": TrainSettings,
    "evaluate": EvaluateSettings,
    "collections": CollectionSettings,
    "publish": PublishSettings,
}


class Arm(Settings):
    """One model: what differs from the recipe's `shards` and `train`; `train: false` takes the encoder as it is."""

    shards: dict[str, Any] = Field(default_factory=dict)
    train: dict[str, Any] | Literal[False] = Field(default_factory=dict)


class Recipe(Settings):
    """All that `mtqa run` needs; the global `seed` is every stage's seed where the stage does not name its own."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", description="small letters, digits and . _ -")
    description: str = ""
    seed: int = Field(1, ge=0)
    collect: CollectSettings
    translate: TranslateSettings
    filter: FilterSettings = Field(default_factory=FilterSettings)
    mine: MineSettings | None = Field(None, description="Hard negatives for the batches of all arms.")
    shards: dict[str, Any] = Field(description="Settings of build-shards that the arms share.")
    train: dict[str, Any] = Field(default_factory=dict, description="Settings of train that the arms share.")
    arms: dict[str, Arm] = Field(default_factory=lambda: {"model": Arm()}, min_length=1)
    evaluate: list[EvaluateSettings] = Field(default_factory=list, description="Benchmarks of sentences.")
    collections: list[CollectionSettings] = Field(
        default_factory=list,
        description="Benchmarks of retrieval. Unlike those of 'evaluate' they are not kept out of the training data by "
        "themselves, as their files hold training questions too: name the test files in collect's 'exclude' and "
        "filter's 'contamination'.",
    )
    compare: list[tuple[str, str]] = Field(default_factory=list, description="Pairs of arms: first minus second.")
    publish: PublishSettings | None = None
    publish_arm: str | None = Field(None, description="The arm whose model is published; the last one by default.")

    @field_validator("arms")
    @classmethod
    def _arm_names(cls, arms: dict[str, Arm]) -> dict[str, Arm]:
        for name in arms:
            if not name.replace("-", "").replace("_", "").isalnum():
                raise ValueError(f"the arm name {name!r} may hold letters, digits, - and _ only")
        return arms

    @model_validator(mode="after")
    def _known_arms(self) -> Recipe:
        named = [name for pair in self.compare for name in pair] + ([self.publish_arm] if self.publish_arm else [])
        unknown = sorted(set(named) - set(self.arms))
        if unknown:
            raise ValueError(f"unknown arm {', '.join(unknown)}; the recipe has {', '.join(self.arms)}")
        benchmarks = self.benchmarks
        if not benchmarks:
            raise ValueError("name a benchmark in 'evaluate' or 'collections'")
        if len(set(benchmarks)) < len(benchmarks):
            raise ValueError("each benchmark may stand in 'evaluate' or 'collections' once")
        if any(settings.vectors is not None for settings in self.evaluate):
            raise ValueError("'evaluate' measures the arms' models: leave out vectors")
        if any(settings.run is not None for settings in self.collections):
            raise ValueError("'collections' are searched with the arms' models: leave out run and qrels")
        for settings in self.collections:
            if settings.benchmark in BENCHMARKS:
                raise ValueError(f"{settings.benchmark} stands in 'evaluate'; in 'collections' it is for BM25 alone")
        return self

    @property
    def benchmarks(self) -> list[str]:
        """The names of all benchmarks: the folders below an arm's evaluation."""
        return [one.benchmark for one in self.evaluate] + [one.benchmark for one in self.collections]

    def shard_settings(self, arm: str) -> ShardSettings:
        """Return build-shards' settings of one arm."""
        return self._merged(ShardSettings, "shards", arm, self.arms[arm].shards)

    def train_settings(self, arm: str) -> TrainSettings | None:
        """Return train's settings of one arm; None where the encoder is used as it is."""
        changes = self.arms[arm].train
        return None if changes is False else self._merged(TrainSettings, "train", arm, changes)

    def _merged(self, model: type[S], stage: str, arm: str, changes: dict[str, Any]) -> S:
        values = {**getattr(self, stage), **changes}
        if "seed" in model.model_fields:
            values.setdefault("seed", self.seed)
        return parse(model, values, f"recipe {self.name}: {stage} of the arm {arm}")

    @property
    def untrained_encoder(self) -> str:
        """The encoder of an arm that is not trained."""
        return str(self.train.get("encoder", TrainSettings.model_fields["encoder"].default))

    @property
    def published_arm(self) -> str:
        """The arm whose model `publish` takes."""
        return self.publish_arm or list(self.arms)[-1]


def load_recipe(path: Path) -> Recipe:
    """Read and check a recipe, every arm included. Raises UsageError naming file and key."""
    raw = load_yaml(path)
    if isinstance(raw, dict):
        raw = _kept_apart(_with_seed(raw))
    recipe = parse(Recipe, raw, path)
    for arm in recipe.arms:
        recipe.train_settings(arm)
        if recipe.arms[arm].train is not False:
            recipe.shard_settings(arm)
    return recipe


def _with_seed(raw: dict[str, Any]) -> dict[str, Any]:
    """Hand the recipe's seed to the stages that have one and do not name it."""
    out = dict(raw)
    for stage in ("collect", "translate", "filter", "mine", "publish"):
        if isinstance(out.get(stage), dict) and "seed" in STAGE_SETTINGS[stage].model_fields:
            out[stage] = {"seed": raw.get("seed", 1), **out[stage]}
    if isinstance(out.get("evaluate"), dict):
        out["evaluate"] = [out["evaluate"]]
    return out


def _kept_apart(raw: dict[str, Any]) -> dict[str, Any]:
    """Hand the benchmarks to collect and filter, which keep them out of the training data, unless the recipe does."""
    entries = raw.get("evaluate")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return raw  # parse says what is wrong
    benchmarks = list(dict.fromkeys(str(entry.get("data", "sample")) for entry in entries))
    out = {"filter": {}, **raw}
    for stage, key in (("collect", "exclude"), ("filter", "contamination")):
        if isinstance(out.get(stage), dict):
            out[stage] = {key: benchmarks, **out[stage]}
    return out
