"""Markdown: text from data stays text."""

import pytest
import yaml

from mtqa.publish.markdown import code, escape, fence, front_matter, link, listing, table


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a|b", r"a\|b"),
        ("<script>alert(1)</script>", r"\<script\>alert(1)\</script\>"),
        ("**bold** `code` [x](y)", r"\*\*bold\*\* \`code\` \[x\](y)"),
        ("two\nlines\tand  more", "two lines and more"),
        ("AT&amp;T", "AT&amp;amp;T"),
        ("see https://x.org", "see https&#58;//x.org"),
        ("$x$", r"\$x\$"),
        ("\u202eevil\x07", "evil"),
        ("נקודה हिन्दी", "נקודה हिन्दी"),
    ],
)
def test_escape(text: str, shown: str) -> None:
    assert escape(text) == shown


def test_a_cut_never_leaves_half_an_escape() -> None:
    assert escape("||||||", 3) == r"\|\|…"
    assert escape("abc", 3) == "abc"


def test_blocks() -> None:
    assert code("a`b|c\nd") == "`a'b¦c d`"
    assert fence("x ```` y", "python") == "`````python\nx ```` y\n`````"
    assert link("a [b]", "https://x.org/y") == r"[a \[b\]](https://x.org/y)"
    assert link("a", "javascript:alert(1)") == "a"
    assert link("a", "https://x.org/) evil") == "a"
    assert listing(["a", "b", "c"]) == "a, b and c" and listing(["a"]) == "a" and listing([]) == ""
    assert table(["n", "t"], [["1,000", "x"], ["2%", "y"]]) == "| n | t |\n| --: | --- |\n| 1,000 | x |\n| 2% | y |"
    assert table(["n"], [["1"]], text=True) == "| n |\n| --- |\n| 1 |"


def test_front_matter_survives_hostile_values() -> None:
    values = {"pretty_name": "a: [b] # c\n---\nd", "empty": [], "language": ["no", "de"]}
    text = front_matter(values)
    assert text.startswith("---\n") and text.endswith("\n---\n")
    assert yaml.safe_load(text[4:-4]) == {"pretty_name": values["pretty_name"], "language": ["no", "de"]}
