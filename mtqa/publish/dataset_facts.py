"""What a data set card states, and its YAML for the Hub."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from mtqa.core.schema import ENGLISH
from mtqa.publish.facts import Filtered, Source, Translator, hub_languages
from mtqa.publish.licences import Verdict
from mtqa.publish.parallel import NAME as PARALLEL
from mtqa.publish.parallel import Parallel
from mtqa.publish.samples import Groups
from mtqa.publish.scan import Find
from mtqa.publish.sections import licence_keys, size_category
from mtqa.publish.settings import PublishSettings

T = TypeVar("T")


@dataclass(frozen=True)
class DatasetFacts:
    """All that the card states: rows by language and split, sources, translator, filter counts, verdict, samples.

    `files` maps language → split → published file names; `file_bytes` and `plain_bytes` are sizes on disk and
    uncompressed.
    """

    rows: dict[str, dict[str, int]]
    files: dict[str, dict[str, list[str]]]
    file_bytes: dict[str, int]
    plain_bytes: dict[str, dict[str, int]]
    sources: list[Source]
    translator: Translator
    filtered: dict[str, Filtered]
    collect_run: Mapping[str, Any]
    filter_run: Mapping[str, Any]
    verdict: Verdict
    samples: Groups
    parallel: Parallel = field(default_factory=Parallel)
    finds: Sequence[Find] = ()

    @property
    def translated(self) -> list[str]:
        """The languages other than English where a translation model was at work."""
        return [lang for lang in self.rows if lang != ENGLISH] if self.translator else []

    @property
    def total(self) -> int:
        """The rows of all languages and splits."""
        return sum(sum(splits.values()) for splits in self.rows.values())


def metadata(facts: DatasetFacts, settings: PublishSettings) -> dict[str, Any]:
    """Return the YAML keys of a data set card as the Hub defines them (hub-docs, datasetcard.md)."""
    machine = bool(facts.translated)
    plain = _configs(facts.plain_bytes, facts.parallel.plain_bytes)
    sizes = _configs(facts.file_bytes, facts.parallel.file_bytes)
    return {
        "pretty_name": settings.shown_title,
        "language": hub_languages(facts.rows),
        **licence_keys(facts.verdict),
        "multilinguality": ["translation" if machine else "multilingual" if len(facts.rows) > 1 else "monolingual"],
        "language_creators": ["found", "machine-generated"] if machine else ["found"],
        "annotations_creators": ["found", "machine-generated"] if machine else ["found"],
        "size_categories": [size_category(facts.total)],
        "task_categories": ["question-answering", "text-retrieval"],
        "task_ids": ["extractive-qa", "document-retrieval"],
        "tags": ["mtqa", *(["machine-translation"] if machine else [])],
        "configs": [
            {
                "config_name": lang,
                **({"default": True} if lang == _default(facts) else {}),
                "data_files": [{"split": s, "path": paths} for s, paths in splits.items()],
            }
            for lang, splits in _configs(facts.files, facts.parallel.files).items()
        ],
        "dataset_info": [
            {
                "config_name": lang,
                "splits": [{"name": s, "num_bytes": plain[lang][s], "num_examples": n} for s, n in splits.items()],
                "download_size": sizes[lang],
                "dataset_size": sum(plain[lang].values()),
            }
            for lang, splits in _configs(facts.rows, facts.parallel.rows).items()
        ],
    }


def _configs(languages: Mapping[str, T], parallel: T) -> dict[str, T]:
    """Return what there is by configuration: the languages, and `parallel` where it was written."""
    return {**languages, **({PARALLEL: parallel} if parallel else {})}


def _default(facts: DatasetFacts) -> str:
    return ENGLISH if ENGLISH in facts.files else next(iter(facts.files))
