from mtqa.report.heat import heat_table


def test_ends_of_the_scale_and_empty_cells():
    table = heat_table(["a"], ["x", "y", "z"], [[0.0, 1.0, None]], 0.0, 1.0, "{:.1f}")
    low, high, empty = table["rows"][0]["cells"]
    assert (low["text"], low["colour"], low["ink"]) == ("0.0", "#eff6ff", "#111827")
    assert (high["text"], high["colour"], high["ink"]) == ("1.0", "#1d4ed8", "#ffffff")
    assert empty["text"] == "–"


def test_a_scale_without_width_and_values_beyond_it():
    cells = heat_table(["a"], ["x", "y"], [[5.0, 9.0]], 5.0, 5.0, "{:.0f}")["rows"][0]["cells"]
    assert {cell["colour"] for cell in cells} == {"#eff6ff"}
    beyond = heat_table(["a"], ["x"], [[3.0]], 0.0, 1.0, "{:.0f}")["rows"][0]["cells"][0]
    assert beyond["colour"] == "#1d4ed8"
