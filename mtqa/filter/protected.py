"""What has to come through unchanged: URLs, e-mail addresses, placeholders and tags."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache, lru_cache

from mtqa.filter.target import Target
from mtqa.filter.text import REMEMBERED, characters

SCHEME = r"(?:(?:https?|ftp)://|www\.)[^\s<>\"'“”«»、。，）；]+"
MAIL = r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
PATH = r"(?<![\w.@/-])(?:[a-z0-9-]+\.)+(?:com|org|net|edu|gov|int|info|io|[a-z]{2})/[^\s<>\"'“”]+"
DOMAIN_SLASH = re.compile(r"\.[a-z]{2,4}/", re.I)
AFTER = ".,;:!?)]}'\"*_·।۔؟。，…"
PLACEHOLDER = re.compile(
    r"\$?\{\{?\s?[\w.:-]*\s?\}?\}|%\([\w.]+\)[a-z]|%\d\$[a-z@]|%[sdifu@](?![a-zà-ÿ])|%%\w+%%|\$[A-Z_][A-Z0-9_]+\b"
    r"|\[[A-Z][A-Z0-9_]+\]|</?[A-Za-z][\w-]{0,30}(?:\s[^<>]{0,200})?/?>|(?<!\w)__\w+?__(?!\w)|(?<!\w)##?\w+##?(?!\w)"
    r"|(?<![\w.])@[A-Za-z_]\w{2,}(?![\w.]*@)|`(?![\s`])[^`\n]{1,80}(?<!\s)`|\{\w+,\s?(?:plural|select|selectordinal|number|date|time),|\\[A-Za-z]{3,}|\[\d{1,3}\]"
)
PLACEHOLDER_SIGNS = frozenset("{%$[<_#@`\\")
PROTECTED = re.compile("|".join((SCHEME, MAIL, PATH, r"(?<!\w)[#@]\w+", PLACEHOLDER.pattern)))
PROTECTED_SIGNS = PLACEHOLDER_SIGNS | {"/"}


def lost_urls(source: str | None, target: str, lang: Target) -> float | None:
    """Return how many URLs and e-mail addresses were lost or added (a change is both; the greater number counts).

    Compared without scheme, case, closing slash and the punctuation around them. Bare domains without a path are
    names as often as addresses (Amazon.com) and are not compared. None without a source.
    """
    if source is None:
        return None
    ours, theirs = _urls(source), _urls(target)
    if not ours and not theirs:
        return 0.0
    lost = [url for url in (ours - theirs).elements() if not _stands(url, target)]
    added = [url for url in (theirs - ours).elements() if not _stands(url, source)]
    return float(max(len(lost), len(added)))


def lost_placeholders(source: str | None, target: str, lang: Target) -> float | None:
    """Return how many placeholders of the source were lost: `{name}`, `%s`, `$HOME`, `[NAME]`, tags, code, handles.

    None without a source. What the translation has beyond its source, `leftover_markup` counts.
    """
    if source is None:
        return None
    if PLACEHOLDER_SIGNS.isdisjoint(characters(source)):
        return 0.0
    ours = Counter(_squeezed(piece) for piece in PLACEHOLDER.findall(source))
    if not ours:
        return 0.0
    whole = _squeezed(target)
    return float(sum(max(0, number - whole.count(piece)) for piece, number in ours.items()))


def without_protected(text: str) -> str:
    """Return a text with a bar for each address, placeholder, tag and handle: their words are not copied text."""
    if PROTECTED_SIGNS.isdisjoint(characters(text)) and "www." not in text:
        return text
    return PROTECTED.sub(" | ", text)


@lru_cache(maxsize=REMEMBERED)
def _urls(text: str) -> Counter[str]:
    pattern = _pattern(
        "://" in text or "www." in text.lower(),
        "@" in text,
        "/" in text and DOMAIN_SLASH.search(text) is not None,
    )
    return Counter(_bare(match) for match in pattern.findall(text)) if pattern else Counter()


@cache
def _pattern(scheme: bool, mail: bool, path: bool) -> re.Pattern[str] | None:
    """Return a pattern of the addresses that a text may hold: looking for all in each text would take long."""
    kinds = [kind for kind, here in ((SCHEME, scheme), (MAIL, mail), (PATH, path)) if here]
    return re.compile("|".join(kinds), re.I) if kinds else None


def _bare(url: str) -> str:
    url = url.rstrip(AFTER).casefold()
    return re.sub(r"^(?:https?|ftp)://", "", url).removeprefix("www.").rstrip("/")


def _stands(url: str, text: str) -> bool:
    """Whether an address stands in a text, where a script without spaces (or a grammar ending) hides its limits."""
    place = text.casefold().find(url)
    return place >= 0 and not re.match(r"[a-z0-9/]", text.casefold()[place + len(url) :])


def _squeezed(text: str) -> str:
    return "".join(text.split()).replace("％", "%").replace("｛", "{").replace("｝", "}")
