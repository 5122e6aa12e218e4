from html.parser import HTMLParser

from mtqa.report.histograms import HEIGHT, svg


def shapes(drawing):
    found = []

    class Paths(HTMLParser):
        def handle_starttag(self, tag, attrs):
            if tag == "path":
                found.append(dict(attrs))

    Paths().feed(drawing)
    return found


def test_bars_that_failed_wholly_are_told_apart():
    kept, failed, line, _ = shapes(svg([100, 10, 0, 3, 2], 5, 0.5, "a <b>"))
    assert kept["d"] == f"M0 {HEIGHT}v-34h5v34zM6 {HEIGHT}v-18h5v18z"  # log 11 / log 101 of the height
    assert failed["d"] == f"M18 {HEIGHT}v-10h5v10zM24 {HEIGHT}v-8h5v8z"
    assert (kept["fill"], failed["fill"]) == ("var(--blue)", "var(--bad)")
    assert line["d"].startswith("M15.0 0")


def test_a_bar_that_failed_in_part_is_not():
    assert [s["fill"] for s in shapes(svg([5, 5], 4, 0.5, "x")) if "fill" in s] == ["var(--blue)"]


def test_the_text_alternative_is_escaped():
    assert "a &lt;b&gt;" in svg([1, 1], 0, 1.0, "a <b>")
