"""What the manifests of the earlier stages say, in the shape that cards want. A key that is absent is a blank."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mtqa.core.corpus import Corpus
from mtqa.core.languages import get
from mtqa.core.lineage import lineage, stage_summary
from mtqa.core.manifest import Manifest
from mtqa.core.schema import ENGLISH
from mtqa.publish.known import model_licence
from mtqa.publish.layout import public
from mtqa.publish.licences import Use
from mtqa.publish.markdown import code, listing


@dataclass(frozen=True)
class Source:
    """A data set that rows come from; `rows` counts English rows, None where it is not known.

    `revision` is the Hub's repository and commit that was read, empty where a file was.
    """

    name: str
    licence: str
    rows: int | None = None
    homepage: str = ""
    citation: str = ""
    revision: str = ""


@dataclass(frozen=True)
class Model:
    """A model that went in (translator, encoder); an empty revision or licence is one that no manifest names."""

    name: str
    revision: str = ""
    licence: str = ""


@dataclass(frozen=True)
class Translator:
    """The translation models (one, or one a language) and how they were run; empty where nothing was translated.

    `placed` maps a language to the share of answers whose place in the passage was found, before filtering.
    """

    models: tuple[Model, ...] = ()
    decoding: dict[str, Any] = field(default_factory=dict)
    placed: dict[str, float] = field(default_factory=dict)

    def uses(self) -> list[Use]:
        """Return the models as things whose licences count."""
        return [Use(f"the translation model {model.name}", model.licence) for model in self.models]

    def __bool__(self) -> bool:
        return bool(self.models)

    def named(self) -> str:
        """Return the models' names for a sentence."""
        return listing([code(model.name) for model in self.models])

    def named_with_revisions(self) -> str:
        """Return names and revisions for a sentence."""
        return listing([code(m.name) + (f", revision {code(m.revision)}" if m.revision else "") for m in self.models])


@dataclass(frozen=True)
class Filtered:
    """A language's filter counts: rows in, kept, dropped, and dropped by reason (a row can have several)."""

    rows_in: int
    kept: int
    dropped: int
    reasons: dict[str, int]


def stages(manifest: Manifest, name: str) -> list[dict[str, Any]]:
    """Return the summaries of all runs of a stage in a manifest's lineage, oldest first, without machine paths."""
    return [public(summary) for summary in lineage(manifest) if summary.get("stage") == name]


def last(manifest: Manifest, name: str) -> dict[str, Any]:
    """Return the summary of a stage's latest run, without machine paths; an empty one where it did not run."""
    summary: dict[str, Any] = public(stage_summary(manifest, name))
    return summary


def hub_languages(codes: Iterable[str]) -> list[str]:
    """Return the Hub's codes (ISO 639-1, else 639-3) of FLORES-200 codes: English first, each once."""
    ordered = sorted(codes, key=lambda code: (code != ENGLISH, code))
    return list(dict.fromkeys(get(code).iso1 or get(code).iso3 for code in ordered))


def row_sources(corpus: Corpus) -> dict[tuple[str, str], int]:
    """Return (dataset, licence) → rows, counted over the English rows (all rows where there are no English ones)."""
    import pyarrow.compute as pc

    counts: dict[tuple[str, str], int] = {}
    for lang in [ENGLISH] if ENGLISH in corpus.languages else corpus.languages:
        for batch in corpus.batches(lang, columns=["dataset", "licence"], size=65_536):
            both = pc.binary_join_element_wise(batch["dataset"], batch["licence"], "\0")
            for entry in both.value_counts().to_pylist():
                dataset, _, licence = entry["values"].partition("\0")
                counts[dataset, licence] = counts.get((dataset, licence), 0) + entry["counts"]
    return dict(sorted(counts.items()))


def sources(manifest: Manifest, rows: Mapping[tuple[str, str], int]) -> list[Source]:
    """Join the counted rows with what collect noted about each source (licence, homepage, citation)."""
    noted: dict[str, Mapping[str, Any]] = {}
    for summary in stages(manifest, "collect"):
        noted |= summary.get("info", {}).get("sources", {})
    if rows:
        return [_source(name, licence, n, noted.get(name, {})) for (name, licence), n in rows.items()]
    return [_source(name, _text(entry.get("licence")), None, entry) for name, entry in sorted(noted.items())]


def _source(name: str, licence: str, rows: int | None, noted: Mapping[str, Any]) -> Source:
    homepage, citation, revision = (_text(noted.get(key)) for key in ("homepage", "citation", "revision"))
    return Source(name, licence, rows, homepage, citation, revision)


def translator(manifest: Manifest, licence: str | None = None) -> Translator:
    """Return the models that translate noted and its decoding settings; a given `licence` counts for all of them."""
    runs = stages(manifest, "translate")
    if not runs:
        return Translator()
    info, settings = runs[-1].get("info", {}), runs[-1].get("settings", {})
    noted = info.get("models") or info.get("model") or settings.get("model", "")
    if isinstance(noted, Mapping):
        noted = list(noted.values()) if all(isinstance(v, Mapping) for v in noted.values()) else [noted]
    entries = noted if isinstance(noted, list) else [noted]
    if len(entries) == 1 and not isinstance(entries[0], Mapping):
        entries = [{**info, "name": entries[0]}]
    models = [_model(entry if isinstance(entry, Mapping) else {"name": entry}, licence) for entry in entries]
    decoding = {name: settings[name] for name in DECODING if settings.get(name) is not None}
    decoding |= {name: info[name] for name in DECODING if isinstance(info.get(name), str | int | float)}
    answers = {lang: counts.get("answers") for lang, counts in sorted(runs[-1].get("parts", {}).items())}
    placed = {
        lang: n["found"] / (n["found"] + n["lost"])
        for lang, n in answers.items()
        if isinstance(n, Mapping) and n.get("found", 0) + n.get("lost", 0)
    }
    return Translator(tuple(dict.fromkeys(models)), decoding, placed)


DECODING = ("engine", "engine_version", "compute_type", "beam_size", "batch_tokens", "max_segment_tokens")


def _model(entry: Mapping[str, Any], licence: str | None) -> Model:
    name = _text(entry.get("name") or entry.get("model"))
    noted = _text(entry.get("licence"))
    known = model_licence(name) if noted in ("", "unknown") else noted
    return Model(name, _text(entry.get("revision")), licence or known)


def filtered(manifest: Manifest) -> dict[str, Filtered]:
    """Return language → filter counts; empty where no filter ran."""
    parts = last(manifest, "filter")["parts"]
    return {lang: _filtered(counts) for lang, counts in sorted(parts.items()) if counts}


def _filtered(counts: Mapping[str, Any]) -> Filtered:
    reasons = {str(check): int(rows) for check, rows in counts.get("reasons", {}).items() if rows}
    kept = int(counts.get("kept", 0))
    dropped = int(counts.get("dropped", 0))
    return Filtered(int(counts.get("in", kept + dropped)), kept, dropped, reasons)


def _text(value: Any) -> str:
    return "" if value is None else str(value)
