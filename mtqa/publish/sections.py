"""What data set cards and model cards have in common."""

from __future__ import annotations

from collections.abc import Sequence

from mtqa.publish.facts import Source, Translator
from mtqa.publish.layout import CHECKSUMS, LICENCE_FILE, PROVENANCE
from mtqa.publish.licences import Verdict
from mtqa.publish.markdown import code, escape, link, listing, table
from mtqa.publish.settings import PublishSettings

FILES = (
    f"`{CHECKSUMS}` lists the sha256 of every file (`sha256sum -c {CHECKSUMS}`); `{PROVENANCE}` says what each stage "
    "did, with which settings."
)
SIZES = {
    1_000: "n<1K",
    10_000: "1K<n<10K",
    100_000: "10K<n<100K",
    1_000_000: "100K<n<1M",
    10_000_000: "1M<n<10M",
    100_000_000: "10M<n<100M",
    1_000_000_000: "100M<n<1B",
    10_000_000_000: "1B<n<10B",
}


def licence_keys(verdict: Verdict) -> dict[str, str]:
    """Return `license`, and `license_name` and `license_link` where the Hub has no id for it."""
    if verdict.hub != "other":
        return {"license": verdict.hub}
    return {"license": "other", "license_name": verdict.name.lower(), "license_link": LICENCE_FILE}


def size_category(rows: int) -> str:
    """Return the Hub's size category of a number of rows."""
    return next((name for bound, name in SIZES.items() if rows < bound), "10B<n<100B")


def licence_text(verdict: Verdict, settings: PublishSettings, translator: Translator, *, model: bool = False) -> str:
    """Return what follows from the licences (for a data set, or a `model` trained on it), and an override if any."""
    whole = f"The whole: **{verdict.name}**." if verdict.hub != "other" else "No single licence covers the whole."
    lines = [whole, *(escape(sentence) for sentence in verdict.sentences)]
    if translator:
        named = listing([f"{code(m.name)} ({escape(m.licence or 'licence unknown')})" for m in translator.models])
        lines.append(
            f"Translations were made with {named}. Whether the licence of a model's weights "
            "reaches its output is disputed; this card takes the careful reading, that it does."
        )
    if model:
        lines.append(
            "Whether the licences of training data reach a model trained on them is disputed; they are counted in."
        )
    if verdict.refusals and settings.allow_restricted:
        lines.append(
            "**Published by override (`--allow-restricted`).** mtqa would have refused: "
            + " ".join(escape(reason) for reason in verdict.refusals)
        )
    return "\n".join(f"- {line}" for line in lines) + "\n\nThis is bookkeeping by a program, not legal advice."


def source_table(sources: Sequence[Source]) -> str:
    """Return the table of sources with licence, revision and English rows, the last two where they are known."""
    if not sources:
        return ""
    counted = any(s.rows is not None for s in sources)
    pinned = any(s.revision for s in sources)
    rows = [
        [link(s.name, s.homepage), escape(s.licence or "not stated")]
        + ([code(s.revision) or "–"] if pinned else [])
        + (["–" if s.rows is None else f"{s.rows:,}"] if counted else [])
        for s in sources
    ]
    head = ["source", "licence", *(["revision"] if pinned else []), *(["English rows"] if counted else [])]
    return table(head, rows)
