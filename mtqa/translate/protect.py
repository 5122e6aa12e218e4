"""What must come through a translation as it is: URLs, e-mail addresses, code, placeholders, markup, numbers."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

from mtqa.core.schema import Flag

ITEM = re.compile(
    r"""
      (?:https?|ftp)://[^\s<>"]+[^\s<>".,;:!?)\]}']          # URLs, without the sentence's own punctuation
    | \bwww\.[^\s<>"]+[^\s<>".,;:!?)\]}']
    | [\w.+-]+@[\w-]+(?:\.[\w-]+)+                           # e-mail addresses
    | `[^`\n]+`                                              # code
    | \$?\{\{?\s*[\w.:\[\]!-]*\s*\}\}?                       # {name} {{name}} ${name} {0:.2f}
    | %\([\w]+\)[-#0+]*\d*(?:\.\d+)?[a-zA-Z]                 # %(name)s
    | %[-#0+]*\d*(?:\.\d+)?(?:l{0,2}[dfu]|[sdfuxXeEgGi@])(?![A-Za-z])   # %s %5.2f %@
    | </?[A-Za-z][\w:-]*(?:\s[^<>\n]*)?/?>                   # markup
    | &(?:\#\d+|\#x[0-9A-Fa-f]+|[A-Za-z][A-Za-z0-9]{1,30});  # entities
    | \*\*|~~|__(?=\w)|(?<=\w)__                             # Markdown emphasis
    | !?\[(?=[^\]\n]*\]\([^)\s]+\))|\]\([^)\s]+\)            # Markdown links and images: their marks and target
    """,
    re.VERBOSE,
)
SIGNS = frozenset("@`{%<&*~_[:.")
VERSION = 1
LETTER = re.compile(r"[^\W\d_]")
NUMBER = re.compile(r"\d+(?:[.,'’\u00a0\u202f٫٬]\d+)*")
DIGITS_TO_RESTORE = 3
WRITTEN_OUT = 20
"""Numbers up to here, and round ones below 1,000,001, may be words in a translation without being lost."""
SCALES = re.compile(r"\b(?:hundred|thousand|million|billion|trillion|dozen)s?\b|\d\s*(?:k|m|bn|tn)\b", re.IGNORECASE)
NATIVE_SCALES = re.compile("[千万萬亿億만억천]|लाख|करोड़|हज़ार|हजार")


def items(text: str) -> list[tuple[int, int]]:
    """Return the places (start, end in code points) of what is copied as it is, numbers aside, in order."""
    if SIGNS.isdisjoint(text):
        return []
    return [match.span() for match in ITEM.finditer(text)]


def lost(source: str, target: str) -> bool:
    """Return whether the target lacks an item of the source, or has it less often."""
    places = items(source)
    wanted = Counter(source[a:b] for a, b in places) if places else {}
    return any(target.count(item) < times for item, times in wanted.items())


def split_around(source: str) -> list[tuple[bool, str]]:
    """Return the source in parts (is it to be translated, text), white space and items apart; joined they are it."""
    parts: list[tuple[bool, str]] = []
    at = 0
    for start, end in [*items(source), (len(source), len(source))]:
        between = source[at:start]
        core = between.strip()
        if LETTER.search(core):
            lead = between.index(core)
            parts += [(False, between[:lead]), (True, core), (False, between[lead + len(core) :])]
        else:
            parts.append((False, between))
        parts.append((False, source[start:end]))
        at = end
    return [(translate, text) for translate, text in parts if text]


def translatable_pieces(source: str) -> list[str]:
    """Return the texts between a source's items that are to be translated."""
    return [text for translate, text in split_around(source) if translate]


def around(source: str, translations: list[str]) -> str:
    """Return the source with each of `translatable_pieces` replaced by its translation."""
    rest = iter(translations)
    return "".join(next(rest) if translate else text for translate, text in split_around(source))


def numbers(source: str, target: str, lang: str) -> tuple[str, list[Flag]]:
    """Return the target with its numbers put right, and what was noticed.

    A number counts as kept where the same digits stand in the target, in any script and with any separators. One that
    is lost while the target has exactly one number too many, with as many digits (three or more), is put back in that
    place: `RESTORED`. Any other loss is `LOST_NUMBER`, except of numbers that translations write as words, join to a
    unit (2.3 million, 230万) or shorten ('70s).
    """
    given = _found(source)
    if not given:
        return target, []
    made = _found(target)
    missing = _less(given, made)
    if not missing:
        return target, []
    extra = _less(made, given)
    if len(missing) == len(extra) == 1 and len(missing[0][0]) == len(extra[0][0]) >= DIGITS_TO_RESTORE:
        (_, _, start, end), (_, written, _, _) = extra[0], missing[0]
        return target[:start] + written + target[end:], [Flag.RESTORED]
    left = [number for number in missing if not _explained(number[0], extra, source, target)]
    return target, [Flag.LOST_NUMBER] if left else []


def _found(text: str) -> list[tuple[str, str, int, int]]:
    """Return numbers as (digits alone in ASCII, as written, start, end)."""
    found = []
    for match in NUMBER.finditer(text):
        written = match[0]
        digits = "".join(str(unicodedata.digit(char)) for char in written if char.isdecimal())
        found.append((digits.lstrip("0") or "0", written, *match.span()))
    return found


def _less(
    these: list[tuple[str, str, int, int]], those: list[tuple[str, str, int, int]]
) -> list[tuple[str, str, int, int]]:
    """Return the numbers of `these` that `those` have not, or less often."""
    left = Counter(number[0] for number in those)
    missing = []
    for number in these:
        left[number[0]] -= 1
        if left[number[0]] < 0:
            missing.append(number)
    return missing


def _explained(digits: str, extra: list[tuple[str, str, int, int]], source: str, target: str) -> bool:
    """Return whether a number may rightly stand otherwise in a translation."""
    if int(digits) <= WRITTEN_OUT or digits.strip("0") in ("1", ""):
        return True
    if SCALES.search(source) or NATIVE_SCALES.search(target):
        return True
    return any(digits.endswith(other[0]) or other[0].endswith(digits) for other in extra if len(other[0]) > 1)
