from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from mtqa.translate.segment import Span, join, sentences, split, translatable


def count_words(texts):
    """A model that makes one token of four characters, two of a character outside ASCII."""
    return [1 + sum(len(word) // 4 + 1 for word in text.split()) + sum(not c.isascii() for c in text) for text in texts]


ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=200) | st.lists(
    st.sampled_from(
        [
            "Dr. ",
            "1. ",
            "- ",
            "# ",
            "www.a.b ",
            "A b. ",
            "x",
            ", ",
            "; ",
            "\n",
            "\r\n",
            "\u2028",
            "  ",
            "é",
            "中。",
            "U.S. ",
            "? ",
            "(a) ",
            "ﷺ",
        ]
    )
).map("".join)


@settings(max_examples=300, deadline=None)
@given(ANY_TEXT, st.sampled_from([3, 8, 40]))
@example("no end", 3)
@example(" \n ", 3)
def test_every_character_is_in_exactly_one_segment_or_separator(text: str, budget: int) -> None:
    spans = split(text, count_words, budget)
    pieces = [text[s.start : s.end] for s in spans]
    assert join(pieces, text, spans) == (text, [s.start for s in spans])
    at = 0
    for span in spans:
        assert at <= span.start < span.end
        assert text[at : span.start].strip() == ""
        at = span.end
    assert text[at:].strip() == ""
    for piece in pieces:
        assert piece == piece.strip()
        assert len(piece) == 1 or count_words([piece])[0] <= budget or (piece.isascii() and len(piece) < budget)


def test_one_sentence_a_segment() -> None:
    text = "  Dr. Smith went home.  Did he? \n\n- one\n- two, three"
    pieces = [text[a:b] for a, b in sentences(text)]
    assert pieces == ["Dr. Smith went home.", "Did he?", "-", "one", "-", "two, three"]


def test_marks_of_lists_and_headings_stand_alone() -> None:
    text = "## Steps\n1. Open it.\n2. Close it.\n  * - (1) deep\n> said\n| a | b |\n-5 degrees"
    pieces = [text[a:b] for a, b in sentences(text)]
    first = ["##", "Steps", "1.", "Open it.", "2.", "Close it.", "*", "-", "(1)", "deep", ">", "said"]
    assert pieces == [*first, "|", "a | b |", "-5 degrees"]


def test_a_long_sentence_is_cut_at_the_clause_mark_nearest_its_middle() -> None:
    text = "aaa bbb, ccc ddd eee; fff ggg hhh iii"
    spans = split(text, lambda texts: [len(t.split()) * 5 for t in texts], 25)
    assert [text[s.start : s.end] for s in spans] == ["aaa bbb, ccc ddd eee;", "fff ggg hhh iii"]
    assert [s.pieces for s in spans] == [-1, 2]


def test_without_marks_it_is_cut_at_words_and_then_between_characters() -> None:
    text = "aaaa bbbb cccc dddd"
    spans = split(text, lambda texts: [len(t) for t in texts], 10)
    assert spans == [Span(0, 9, -1), Span(10, 19, 2)]
    word = "a" * 25
    parts = split(word, lambda texts: [len(t) for t in texts], 10)
    assert [(s.start, s.end) for s in parts] == [(0, 6), (6, 12), (12, 18), (18, 25)]
    assert [s.pieces for s in parts] == [
        -1,
        -1,
        -1,
        4,
    ]


def test_what_fits_is_not_cut() -> None:
    assert split("One. Two.", count_words, 10) == [Span(0, 4), Span(5, 9)]
    assert split("", count_words, 10) == []


def test_join_moves_starts_when_pieces_change_length() -> None:
    text = " One.  Two.\n"
    spans = split(text, count_words, 10)
    assert join(["Eins!!", ""], text, spans) == (" Eins!!  \n", [1, 9])


def test_numbers_and_signs_alone_are_not_translated() -> None:
    assert [translatable(t) for t in ("1984", "— 3.5 %", "…", "x = 1", "中")] == [False, False, False, True, True]
    assert [translatable(t) for t in ("https://a.org/b", "mail@a.org, {name}", "see www.a.org")] == [False, False, True]
