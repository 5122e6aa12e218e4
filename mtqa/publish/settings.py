"""Settings of publish: what the published folder depends on (how it is uploaded is not among them)."""

from __future__ import annotations

from pydantic import Field

from mtqa.core.recipe import Settings


class PublishSettings(Settings):
    """Settings of `publish dataset` and `publish model`, shared by both."""

    repo: str = Field(
        "mtqa",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?$",
        max_length=96,
        description="Name on the Hub, with or without the user or organisation.",
    )
    title: str | None = Field(None, description="Title of the card; made from the repo's name where it is not given.")
    allow_restricted: bool = Field(
        False, description="Publish although a licence forbids it or is unknown; the card records it."
    )
    translation_licence: str | None = Field(
        None, min_length=1, description="Licence of the translation model, where its own files name none."
    )
    encoder_licence: str | None = Field(
        None, min_length=1, description="Licence of the encoder that was trained, where mtqa does not know it."
    )
    parallel: bool = Field(
        True, description="Also write the configuration 'parallel': one row an item, all languages side by side."
    )
    samples: int = Field(3, ge=0, le=20, description="Items shown side by side in the data set card.")

    @property
    def name(self) -> str:
        """The repo's name without its owner."""
        return self.repo.rpartition("/")[2]

    @property
    def shown_title(self) -> str:
        """The card's title."""
        return self.title or self.name
