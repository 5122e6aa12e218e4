from mtqa.pipeline.table import text_table, width


def test_width_counts_terminal_cells():
    assert width("abc") == 3
    assert width("日本") == 4
    assert width("e\u0301") == 1


def test_numbers_are_right_aligned_and_text_left():
    lines = text_table(["name", "rows"], [["deu", "1,200"], ["spanish", "7"]]).splitlines()
    assert lines == ["name      rows", "───────  ─────", "deu      1,200", "spanish      7"]


def test_wide_characters_keep_columns_aligned():
    lines = text_table(["a", "b"], [["日本", "x"], ["abcd", "y"]]).splitlines()
    assert lines[2] == "日本  x"
    assert lines[3] == "abcd  y"
