"""What is filtered, by which rules, and the fingerprints of what results depend on."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mtqa.core.corpus import Corpus
from mtqa.core.hashing import file_sha256, fingerprint
from mtqa.core.output import Work
from mtqa.core.schema import ENGLISH
from mtqa.filter.identifiers import PACKAGES, identifier
from mtqa.filter.profiles import Rule
from mtqa.filter.settings import FilterSettings
from mtqa.filter.target import Target, target

STAGE, VERSION = "filter", 7


@dataclass(frozen=True)
class Job:
    """What is filtered, and by which rules."""

    corpus: Corpus
    rules: list[Rule]
    settings: FilterSettings

    def target(self, lang: str) -> Target:
        """Return what the checks know about a language."""
        return target_of(lang, self.settings)

    @cached_property
    def files(self) -> dict[str, str]:
        """The fingerprints of what the settings name beside the corpus, by setting; only what is set."""
        return setting_files(self.settings)

    def score_fingerprint(self, lang: str) -> str:
        """The fingerprint of what a language's scores depend on: not thresholds."""
        return fingerprint(
            {
                "version": VERSION,
                "scores": [rule.name for rule in self.rules],
                "seed": self.settings.seed,
                "identifiers": self.identifiers,
                "length": asdict(self.target(lang).length),
                "files": self.files,
                "inputs": self._inputs(lang),
            }
        )

    @cached_property
    def identifiers(self) -> dict[str, str]:
        """The identifiers' names and versions, or the hashes of their files, in the order in which they are asked."""
        return {
            identifier(name).name: version(PACKAGES[name]) if name in PACKAGES else file_sha256(Path(name))
            for name in self.settings.identifiers
        }

    def part_fingerprint(self, lang: str, work: Work) -> str:
        """The fingerprint of a language's part; with a group mode it depends on all languages."""
        codes = [] if self.settings.group == "any" else self.corpus.languages
        grouped = {f"scores of {code}": self.score_fingerprint(code) for code in codes}
        rules = {rule.name: [rule.threshold, rule.drops] for rule in self.rules}
        settings = {"rules": rules, "group": self.settings.group, "scores": self.score_fingerprint(lang)}
        return work.part_fingerprint(settings, {**self._inputs(lang), **grouped})

    def work(self, profile: str) -> Work:
        """Return what the stage is about to do."""
        recorded: dict[str, Any] = self.settings.record() | {
            "profile": profile,
            "rules": {rule.name: rule.threshold for rule in self.rules},
            "drop": list(dict.fromkeys(rule.field for rule in self.rules if rule.drops)),
            "identifiers": self.identifiers,
        }
        return Work(STAGE, VERSION, recorded, {"corpus": self.corpus.manifest.content, **self.files})

    def _inputs(self, lang: str) -> dict[str, str]:
        parts = self.corpus.manifest.parts
        return {code: parts[code].content for code in sorted({lang, ENGLISH} & parts.keys())}


def target_of(lang: str, settings: FilterSettings) -> Target:
    """Return what the checks know about a language under these settings."""
    lengths = Path(settings.lengths) if settings.lengths else None
    return target(lang, settings.seed, tuple(settings.identifiers), lengths)


def setting_files(settings: FilterSettings) -> dict[str, str]:
    """Return the fingerprints of the files, folders and models that the settings name."""
    found = {}
    if settings.lengths:
        found["lengths"] = file_sha256(Path(settings.lengths))
    if settings.round_trip:
        found["round_trip"] = file_sha256(Path(settings.round_trip))
    if settings.encoder:
        from mtqa.core.encoder_loading import model_fingerprint

        found["encoder"] = model_fingerprint(settings.encoder)
    if settings.contamination:
        from mtqa.filter.contamination import content

        found["contamination"] = content(settings.contamination)
    return found
