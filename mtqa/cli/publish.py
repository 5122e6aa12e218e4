"""`mtqa publish`: a data set or model with its card, as a folder or on the Hub."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Kind(StrEnum):
    """What is published."""

    dataset = "dataset"
    model = "model"


def command(
    kind: Annotated[Kind, typer.Argument(help="What is published.")],
    folder: Annotated[Path, typer.Argument(help="A corpus folder, or the folder of a trained model.")],
    repo: Annotated[str, typer.Option(help="Name on the Hub: NAME or OWNER/NAME.")],
    evaluation: Annotated[list[Path] | None, typer.Option(help="An evaluation for the model card; repeatable.")] = None,
    title: Annotated[str | None, typer.Option(help="Title of the card.", show_default="the repo's name")] = None,
    parallel: Annotated[bool, typer.Option(help="Also one configuration with all languages side by side.")] = True,
    samples: Annotated[int, typer.Option(min=0, max=20, help="Sample items in the data set card.")] = 3,
    allow_restricted: Annotated[
        bool, typer.Option("--allow-restricted", help="Publish although a licence forbids it; the card says so.")
    ] = False,
    translation_licence: Annotated[
        str | None, typer.Option(help="Licence of the translation model, if unknown.")
    ] = None,
    encoder_licence: Annotated[str | None, typer.Option(help="Licence of the encoder, if unknown.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write the exact folder, upload nothing.")] = False,
    out: Annotated[Path | None, typer.Option(help="The folder to build.", show_default="FOLDER.published")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a folder built otherwise.")] = False,
    private: Annotated[bool, typer.Option("--private", help="Create the repository as a private one.")] = False,
    branch: Annotated[str | None, typer.Option(help="Upload to this branch and do not merge.")] = None,
    pull_request: Annotated[
        bool, typer.Option("--pull-request", help="Leave the verified pull request open instead of merging it.")
    ] = False,
) -> None:
    """Build the folder of a data set or model with its card, upload it, verify it, then make it visible.

    Example: mtqa publish dataset runs/quickstart/filtered --repo me/squad-de-es --dry-run
    """
    from mtqa.core.errors import UsageError
    from mtqa.core.recipe import parse
    from mtqa.publish.hub import Upload, full_name, upload
    from mtqa.publish.layout import CARD
    from mtqa.publish.run import publish_dataset, publish_model
    from mtqa.publish.settings import PublishSettings

    if evaluation and kind is Kind.dataset:
        raise UsageError("A data set has no evaluations.", where="--evaluation", next_step="mtqa publish model")
    values = {"repo": repo, "title": title, "samples": samples, "allow_restricted": allow_restricted}
    values |= {"translation_licence": translation_licence, "encoder_licence": encoder_licence, "parallel": parallel}
    settings = parse(PublishSettings, values, "mtqa publish")
    target = Upload(repo, kind.value, private, branch, pull_request)
    built = out or folder.resolve().with_name(f"{folder.resolve().name}.published")
    if not dry_run:
        settings = settings.model_copy(update={"repo": full_name(repo)})
        target = Upload(settings.repo, kind.value, private, branch, pull_request)
    if kind is Kind.dataset:
        publish_dataset(folder, settings, built, overwrite=overwrite or out is None)
    else:
        publish_model(folder, evaluation or [], settings, built, overwrite=overwrite or out is None)
    typer.echo(f"{built}: ready, see {built / CARD}" if dry_run else upload(built, target))
