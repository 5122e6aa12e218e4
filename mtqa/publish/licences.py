"""What licences allow, and what follows from combining those of the sources with those of the models.

This is bookkeeping, not legal advice: it takes the careful reading in each case and says where that reading is
disputed. Flags are read off the licence texts; the names in `hub` are those of the Hub's `license:` key
(https://huggingface.co/docs/hub/repositories-licenses).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mtqa.core.errors import UsageError
from mtqa.publish.markdown import listing


@dataclass(frozen=True)
class Licence:
    """One licence: its name, its id on the Hub (`other` where the Hub has none) and what it asks for."""

    name: str
    hub: str
    terms: frozenset[str]

    @property
    def redistribution(self) -> bool:
        """Copies may be passed on."""
        return "no-redistribution" not in self.terms

    @property
    def commercial(self) -> bool:
        """Commercial use is allowed."""
        return "non-commercial" not in self.terms

    @property
    def derivatives(self) -> bool:
        """Changed versions, such as translations, may be passed on."""
        return "no-derivatives" not in self.terms

    @property
    def share_alike(self) -> bool:
        """Changed versions must carry the same licence."""
        return "share-alike" in self.terms

    @property
    def attribution(self) -> bool:
        """The authors must be named."""
        return "attribution" in self.terms


@dataclass(frozen=True)
class Use:
    """A thing that went into what is published (`what` ends a sentence: "the source X") and its licence as named."""

    what: str
    licence: str


@dataclass(frozen=True)
class Verdict:
    """What a combination allows: the licence to put on it (`hub` id), sentences for the card, reasons to refuse."""

    hub: str
    name: str
    commercial: bool
    sentences: tuple[str, ...]
    refusals: tuple[str, ...]


# From loosest to strictest; the strictest of a compatible combination is the licence of the whole.
_TABLE: dict[str, tuple[str, str]] = {
    "CC0-1.0": ("cc0-1.0", ""),
    "PDDL-1.0": ("pddl", ""),
    "CDLA-Permissive-2.0": ("cdla-permissive-2.0", ""),
    "MIT": ("mit", "attribution"),
    "BSD-2-Clause": ("bsd-2-clause", "attribution"),
    "BSD-3-Clause": ("bsd-3-clause", "attribution"),
    "Apache-2.0": ("apache-2.0", "attribution"),
    "CDLA-Permissive-1.0": ("cdla-permissive-1.0", "attribution"),
    "ODC-By-1.0": ("odc-by", "attribution"),
    "CC-BY-2.0-FR": ("cc-by-2.0", "attribution"),
    "CC-BY-2.0": ("cc-by-2.0", "attribution"),
    "CC-BY-2.5": ("cc-by-2.5", "attribution"),
    "CC-BY-3.0": ("cc-by-3.0", "attribution"),
    "CC-BY-4.0": ("cc-by-4.0", "attribution"),
    "CC-BY-SA-2.0": ("other", "attribution share-alike"),
    "CC-BY-SA-3.0": ("cc-by-sa-3.0", "attribution share-alike"),
    "CC-BY-SA-4.0": ("cc-by-sa-4.0", "attribution share-alike"),
    "CDLA-Sharing-1.0": ("cdla-sharing-1.0", "attribution share-alike"),
    "ODbL-1.0": ("odbl", "attribution share-alike"),
    "GPL-3.0": ("gpl-3.0", "attribution share-alike"),
    "CC-BY-NC-2.0": ("cc-by-nc-2.0", "attribution non-commercial"),
    "CC-BY-NC-3.0": ("cc-by-nc-3.0", "attribution non-commercial"),
    "CC-BY-NC-4.0": ("cc-by-nc-4.0", "attribution non-commercial"),
    "CC-BY-NC-SA-2.0": ("cc-by-nc-sa-2.0", "attribution non-commercial share-alike"),
    "CC-BY-NC-SA-3.0": ("cc-by-nc-sa-3.0", "attribution non-commercial share-alike"),
    "CC-BY-NC-SA-4.0": ("cc-by-nc-sa-4.0", "attribution non-commercial share-alike"),
    "CC-BY-ND-3.0": ("other", "attribution no-derivatives"),
    "CC-BY-ND-4.0": ("cc-by-nd-4.0", "attribution no-derivatives"),
    "CC-BY-NC-ND-3.0": ("cc-by-nc-nd-3.0", "attribution non-commercial no-derivatives"),
    "CC-BY-NC-ND-4.0": ("cc-by-nc-nd-4.0", "attribution non-commercial no-derivatives"),
    "Microsoft-Research-Data": ("other", "attribution non-commercial share-alike"),
    "MS-MARCO": ("other", "attribution non-commercial no-redistribution"),
    "NewsQA": ("other", "attribution non-commercial no-redistribution"),
    "Yahoo-Webscope": ("other", "attribution non-commercial no-redistribution"),
    "research-only": ("other", "attribution non-commercial no-redistribution"),
    "proprietary": ("other", "non-commercial no-redistribution no-derivatives"),
}
LICENCES = {name: Licence(name, hub, frozenset(terms.split())) for name, (hub, terms) in _TABLE.items()}
_ORDER = {name: place for place, name in enumerate(_TABLE)}
_ALIASES = {"public-domain": "CC0-1.0", "cc0": "CC0-1.0", "apache": "Apache-2.0", "apache2": "Apache-2.0"}
_ALIASES |= {"gpl-3.0-only": "GPL-3.0", "gpl-3.0-or-later": "GPL-3.0", "odbl": "ODbL-1.0", "odc-by": "ODC-By-1.0"}
_BY_KEY = {name.lower(): name for name in _TABLE} | _ALIASES


def find(text: str) -> Licence | None:
    """Return the licence that a text names (SPDX id, Hub id or usual spelling: `CC BY-SA 4.0`), or None."""
    key = re.sub(r"[\s_]+", "-", text.strip().lower())
    key = re.sub(r"-?(licen[cs]e|version|international)-?", "-", key).strip("-")
    key = re.sub(r"-+v?(?=\d)", "-", key)
    name = _BY_KEY.get(key)
    return LICENCES[name] if name else None


def combine(uses: Sequence[Use]) -> Verdict:
    """Return what follows from using all these things in one published work.

    A name may join several licences by ` AND `. Non-commercial terms reach the whole; share-alike terms decide its
    licence unless they contradict each other or a non-commercial term, which is said. Licences that are unknown or
    forbid redistribution or changed versions are reasons to refuse.
    """
    pairs = [(use.what, name.strip()) for use in uses for name in re.split(r"\s+AND\s+", use.licence)]
    found = {name: find(name) for _, name in pairs}
    known = {name: licence for name, licence in found.items() if licence}
    by: dict[str, list[str]] = {}
    for what, name in pairs:
        by.setdefault(known[name].name if name in known else name, []).append(what)
    licences = sorted({licence.name: licence for licence in known.values()}.values(), key=lambda i: _ORDER[i.name])
    refusals = tuple(_refusals(by, licences))
    conflict = _conflict(licences)
    limited = [i for i in licences if not i.commercial]
    sentences = []
    if limited:
        sentences.append(f"Commercial use is excluded, because of {_because(by, limited)}.")
    shared = [i for i in licences if i.share_alike]
    if shared:
        sentences.append(f"Share-alike: adapted versions must keep the licence of {_because(by, shared)}.")
    if conflict:
        sentences.append(conflict)
    if any(i.attribution for i in licences):
        sentences.append(
            "The authors of the sources and models named here must be credited, and changes must be stated."
        )
    commercial = not limited and not refusals
    if refusals or conflict or not licences:
        return Verdict("other", "mixed", commercial, tuple(sentences), refusals)
    whole = shared[-1] if shared else limited[-1] if limited else licences[-1]
    return Verdict(whole.hub, whole.name, commercial, tuple(sentences), refusals)


def check(verdict: Verdict, *, allow_restricted: bool, where: object) -> None:
    """Raise UsageError where the verdict holds reasons to refuse and no override was given."""
    if verdict.refusals and not allow_restricted:
        raise UsageError(
            "This may not be published: " + " ".join(verdict.refusals),
            where=where,
            expected="sources and models whose licences allow passing on changed versions",
            next_step="collect without that source, or name a licence that is unknown (collect --licence, publish "
            "--translation-licence or --encoder-licence); if you hold the rights, --allow-restricted publishes anyway "
            "and the card records it",
        )


def _refusals(by: dict[str, list[str]], licences: Sequence[Licence]) -> list[str]:
    reasons = []
    names = {licence.name for licence in licences}
    for name, what in by.items():
        if name not in names:
            label = name or "(none)"
            reasons.append(f"The licence '{label}' of {listing(_some(what))} is unknown.")
    for licence in licences:
        things = listing(_some(by[licence.name]))
        if not licence.redistribution:
            reasons.append(f"{licence.name} of {things} forbids redistribution.")
        elif not licence.derivatives:
            reasons.append(f"{licence.name} of {things} forbids passing on changed versions such as translations.")
    return reasons


def _conflict(licences: Sequence[Licence]) -> str:
    """Return the sentence that names a contradiction between licences, or an empty string."""
    shared = [i for i in licences if i.share_alike]
    free = [i for i in shared if i.commercial]
    limited = [i for i in licences if not i.commercial]
    families = {re.sub(r"-[\d.]+$", "", i.name) for i in shared}
    if free and limited:
        return (
            f"Conflict: {free[-1].name} forbids adding restrictions, {limited[-1].name} demands one "
            "(no commercial use). No single licence satisfies both: as a collection each row keeps its own licence "
            "(column `licence`), and what is made from both at once may not be passed on under either alone."
        )
    if len(families) > 1:
        names = listing(sorted(i.name for i in shared))
        return f"Conflict: {names} each demand their own licence for adapted versions; each row keeps its own."
    return ""


def _because(by: dict[str, list[str]], licences: Sequence[Licence]) -> str:
    return listing([f"{listing(_some(by[i.name]))} ({i.name})" for i in licences])


def _some(things: Sequence[str], most: int = 5) -> list[str]:
    distinct = list(dict.fromkeys(things))
    return distinct if len(distinct) <= most else [*distinct[:most], f"{len(distinct) - most} more"]
