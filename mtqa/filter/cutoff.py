"""Cut off: the source is a finished sentence, the translation is not."""

from __future__ import annotations

from mtqa.filter.target import Target

SOURCE_ENDS = ".?!:;"
TARGET_ENDS = ".?!:;。？！：；؟۔؛।॥…፡።፧፨·;՞՜։၊။៕៖៚༎།⸮"
CLOSING = "\"'”’»«›‹)]}」』）】］〉》】*_~ \u00a0\u200f\u200e\u202c\u200b“‘„"
WHITE = " \t\r\n\v\f\u2028\u2029\u3000"
NO_SIGNS = frozenset({"Thai", "Laoo", "Khmr", "Mymr", "Tibt"})


def cut_off(source: str | None, target: str, lang: Target) -> float | None:
    """Return 1 where the source ends in .?!:; and the translation in no such sign, else 0.

    Abstains for scripts that write without them (Thai, Lao, Khmer, Burmese, Tibetan).
    """
    if source is None or lang.script in NO_SIGNS:
        return None
    finished = source.rstrip(CLOSING + WHITE)[-1:]
    if not finished or finished not in SOURCE_ENDS:
        return 0.0
    end = target.rstrip(CLOSING + WHITE)[-1:]
    return 0.0 if end and end in TARGET_ENDS else 1.0
