"""What the checks know about a target language: script, identifiers and their labels, usual length beside English."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

LENGTHS = Path(__file__).with_name("lengths.yaml")
MESSAGES, POOLED = "messages", "other"
IDENTIFIERS = ("cld2", "fasttext", "py3langid")
"""Asked in this order, the fastest first: one that finds the language right ends the matter."""
UNUSUAL_SCRIPT = frozenset({"ace_Arab", "arb_Latn", "bjn_Arab", "kas_Deva", "knc_Arab", "min_Arab", "taq_Tfng"})
"""Languages in a script that identifiers have not learned them in: nothing there may vote on them."""


@dataclass(frozen=True)
class Length:
    """Usual length: log((target+1)/(source+1)) in code points is `median` ± `spread` for a source of 100 characters.

    `slack` widens what is allowed. `basis` is the language's own code where it was fitted on its prose, `messages`
    where on a program's messages in it, else the script or `other` it was pooled by.
    """

    median: float
    slack: float
    basis: str
    spread: float = 0.25


@dataclass(frozen=True)
class Target:
    """A target language as the checks see it.

    `labels` are the names that identifiers may have for it, `identifiers` those that may be asked; `seed` is that of
    identifiers that sample.
    """

    code: str
    script: str
    labels: tuple[str, ...]
    length: Length
    seed: int = 0
    identifiers: tuple[str, ...] = IDENTIFIERS

    @property
    def fitted(self) -> bool:
        """Whether the length bounds were fitted on this very language."""
        return self.length.basis in (self.code, MESSAGES)


@cache
def target(code: str, seed: int = 0, identifiers: tuple[str, ...] = IDENTIFIERS, lengths: Path | None = None) -> Target:
    """Return what is known about a FLORES-200 code; raises UsageError for an unknown one.

    `lengths` is a file that `mtqa calibrate-filter` wrote, for languages that it fits; the shipped one holds the rest.
    """
    from mtqa.core.languages import get

    language = get(code)
    labels = () if code in UNUSUAL_SCRIPT else tuple(label for label in (language.iso1, language.iso3) if label)
    return Target(code, language.script, labels, length(code, language.script, lengths), seed, identifiers)


def unlisted(tag: str, seed: int = 0, identifiers: tuple[str, ...] = IDENTIFIERS) -> Target:
    """Return the pooled facts for a language that is not in the table: `haw`, `haw_Latn`, `kmr-Latn`.

    Its script is what the tag says, else none, so that no check of scripts judges it.
    """
    parts = tag.replace("-", "_").split("_")
    script = next((part.title() for part in parts[1:] if len(part) == 4), "")
    return Target(tag, script, (parts[0].lower(),), length(tag, script), seed, identifiers)


def length(code: str, script: str, lengths: Path | None = None) -> Length:
    """Return the length facts of a language (of prose, else of messages), of its script, or those pooled over all."""
    own = _own(lengths) if lengths else {}
    table = _table(LENGTHS)
    if found := own.get(code, table["languages"].get(code)):
        return Length(found["median"], 0.0, code, found["spread"])
    if found := table[MESSAGES].get(code):
        return Length(found["median"], table["slack"][MESSAGES], MESSAGES, found["spread"])
    name = script if script in table["scripts"] else POOLED
    found = table["scripts"].get(name, table[POOLED])
    return Length(found["median"], table["slack"]["script" if name == script else POOLED], name, found["spread"])


@cache
def _own(path: Path) -> dict[str, dict[str, float]]:
    from mtqa.core.errors import UsageError

    found = _table(path)
    languages = found.get("languages") if isinstance(found, dict) else None
    if not isinstance(languages, dict) or not all(map(_is_length, languages.values())):
        raise UsageError(
            "The file holds no length bounds.",
            where=path,
            expected="languages: {deu_Latn: {median: 0.15, spread: 0.12}}, as mtqa calibrate-filter writes it",
        )
    return languages


def _is_length(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(value.get(key), int | float) for key in ("median", "spread"))


@cache
def _table(path: Path) -> dict[str, Any]:
    from mtqa.core.recipe import load_yaml

    table: dict[str, Any] = load_yaml(path)
    return table
