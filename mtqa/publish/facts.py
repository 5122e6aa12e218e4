"""What the manifests of the earlier stages say, in the shape that cards want. A key that is absent is a blank."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mtqa.core.corpus import Corpus
from mtqa.core.languages import get
from mtqa.core.lineage import lineage
from mtqa.core.manifest import Manifest
from mtqa.core.schema import ENGLISH
from mtqa.publish.known import model_licence
from mtqa.publish.layout import public
from mtqa.publish.licences import Use


@dataclass(frozen=True)
class Source:
    """A data set that rows come from; `rows` counts English rows, None where it is not known."""

    name: str
    licence: str
    rows: int | None = None
    homepage: str = ""
    citation: str = ""


@dataclass(frozen=True)
class Translator:
    """The translation model and how it was run; empty where nothing was translated."""

    model: str = ""
    revision: str = ""
    licence: str = ""
    decoding: dict[str, Any] = field(default_factory=dict)

    def uses(self) -> list[Use]:
        """Return the model as something whose licence counts; nothing where nothing was translated."""
        return [Use(f"the translation model {self.model}", self.licence)] if self.model else []


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
        entries = summary.get("info", {}).get("sources", [])
        listed = entries.items() if isinstance(entries, Mapping) else ((e.get("name", ""), e) for e in entries)
        noted |= {name: entry for name, entry in listed if isinstance(entry, Mapping)}
    counted = [
        Source(name, licence, n, _text(noted.get(name, {}).get("homepage")), _text(noted.get(name, {}).get("citation")))
        for (name, licence), n in rows.items()
    ]
    if rows:
        return counted
    return [
        Source(name, _text(e.get("licence")), None, _text(e.get("homepage")), _text(e.get("citation")))
        for name, e in sorted(noted.items())
    ]


def translator(manifest: Manifest, licence: str | None = None) -> Translator:
    """Return what translate noted about its model; a given `licence` counts instead of the noted one."""
    runs = stages(manifest, "translate")
    if not runs:
        return Translator()
    info, settings = runs[-1].get("info", {}), runs[-1].get("settings", {})
    model = info.get("model", settings.get("model", ""))
    details = dict(model) if isinstance(model, Mapping) else {"model": model}
    details = {**details, **{k: v for k, v in info.items() if k not in ("model", "lineage") and not _nested(v)}}
    name = _text(details.pop("model", "") or details.pop("name", "") or settings.get("model"))
    revision = _text(details.pop("revision", "") or details.pop("model_revision", ""))
    licence = _text(details.pop("licence", "") or details.pop("model_licence", "")) or model_licence(name)
    skip = ("to", "model", "memory", "languages", "targets", "devices", "workers", "device")
    decoding = {k: v for k, v in settings.items() if k not in skip and v is not None and not _nested(v)}
    return Translator(name, revision, licence, {**decoding, **details})


def filtered(manifest: Manifest) -> dict[str, Filtered]:
    """Return language → filter counts; empty where no filter ran."""
    runs = stages(manifest, "filter")
    parts = runs[-1].get("parts", {}) if runs else {}
    return {lang: _filtered(counts) for lang, counts in sorted(parts.items()) if counts}


def _filtered(counts: Mapping[str, Any]) -> Filtered:
    nested = next((v for k, v in counts.items() if isinstance(v, Mapping) and k in REASON_KEYS), {})
    reasons = {str(k): int(v) for k, v in nested.items() if isinstance(v, int) and v}
    kept = int(counts.get("kept", 0))
    dropped = int(counts.get("dropped", 0))
    return Filtered(int(counts.get("in", kept + dropped)), kept, dropped, reasons)


REASON_KEYS = ("reasons", "by_reason", "by_check", "dropped_by", "by reason")


def _nested(value: Any) -> bool:
    return isinstance(value, Mapping | list | tuple)


def _text(value: Any) -> str:
    return "" if value is None else str(value)
