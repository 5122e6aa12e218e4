from __future__ import annotations

import re
from random import Random

import ftfy
import pytest

from mtqa.collect import clean
from mtqa.collect.clean import clean_line, clean_text, occurrences, relocate
from mtqa.collect.sentence import sentence_at, sentences


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("plain text", "plain text"),
        ("  two\t blanks  ", "two blanks"),
        ("a \n b\r\nc", "a\nb\nc"),
        ("a\n\n\n\nb", "a\n\nb"),
        ("no\u00a0break\u2009thin", "no break thin"),
        ("AT&amp;T &lt;b&gt; &#39;x&#x27; &eacute;", "AT&T <b> 'x' é"),
        ("R&D; a & b", "R&D; a & b"),
        ("one<br/>two <b>three</b><p class='x'>four</p>", "one\ntwo three\nfour"),
        ("x < y and y > z", "x < y and y > z"),
        ("schÃ¶n", "schön"),
        ("e\u0301", "é"),
        ("\ufb01sh \u201cquoted\u201d", 'fish "quoted"'),
        ("a\x00b\x07c", "abc"),
        ("日本語 😀", "日本語 😀"),
        ("", ""),
    ],
)
def test_clean_text(raw: str, cleaned: str) -> None:
    assert clean_text(raw) == cleaned
    if "<b>" not in cleaned:  # an escaped tag is text, and a tag when cleaned again
        assert clean_text(cleaned) == cleaned


def test_mending_without_ftfy_is_what_ftfy_does() -> None:
    """The short way for quotation marks, dashes and lone accented letters against ftfy itself, on random text."""
    letters = re.sub(r"\\t|\\n|\\x20-\\x7e|[][*]", "", clean._ALMOST.pattern)
    rare = [chr(int(code, 16)) for code in re.findall(r"\\u(\w{4})", letters)] + re.findall(r"[^\x00-\x7f]", letters)
    assert {"’", "—", "é"} < set(rare)
    plain = [*map(chr, range(32, 127)), "\t", "\n"]
    random = Random(5)
    texts = [f"{a}{b}{c}" for a in rare for b in " A'i?" for c in rare]
    texts += ["".join(random.choice(rare if random.random() < 0.3 else plain) for _ in range(9)) for _ in range(4000)]
    assert [t for t in texts if clean._mended(t) != ftfy.fix_text(t, clean._config())] == []


def test_clean_line_has_no_line_breaks() -> None:
    assert clean_line("What is\n\n it ?") == "What is it ?"


def test_occurrences() -> None:
    assert occurrences("ananas", "ana") == [0, 2]
    assert occurrences("x", "y") == []


@pytest.mark.parametrize(
    ("passage", "answer", "start", "found"),
    [
        ("the cat and the cat", "cat", 16, 16),
        ("the  cat and  the cat", "cat", 18, 16),
        ("the  cat and  the cat", "cat", 5, 4),
        ("wrong offset, one cat", "cat", 0, 18),
        ("wrong offset: cat, cat", "cat", 0, None),
        ("not here", "cat", 0, None),
        ("a&amp;b a&amp;b", "b", 6, 2),
        ("a&amp;b a&amp;b", "b", 14, 6),
        ("Ã¤ cat, cat", "cat", 8, 7),
        ("b&#98; b", "b", 7, 3),
    ],
)
def test_relocate(passage: str, answer: str, start: int, found: int | None) -> None:
    cleaned = clean_text(passage)
    place = relocate(passage, cleaned, answer, clean_text(answer), start)
    assert place == found
    if place is not None:
        assert cleaned[place : place + len(answer)] == answer


def test_sentences_are_spans_of_the_text() -> None:
    text = "Dr. Smith came at 5 p.m. to Rome.  He left 😀 again!\n\nA heading\nIt was late."
    spans = sentences(text)
    assert next(text[s:e] for s, e in spans) == "Dr. Smith came at 5 p.m. to Rome."
    assert all(text[s:e].strip() == text[s:e] != "" for s, e in spans)
    covered = {i for s, e in spans for i in range(s, e)}
    assert {i for i, char in enumerate(text) if not char.isspace()} <= covered


def test_sentence_at() -> None:
    text = "One is here. Two is there."
    assert sentence_at(text, 0) == (0, 12)
    assert sentence_at(text, 13) == (13, 26)
    assert sentence_at(text, 12) is None
    assert sentence_at(text, 99) is None
