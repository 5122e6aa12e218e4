import re

import pytest

from mtqa.study.figures import curves_svg

CURVES = {"hybrid": [[1, 3.0], [2, 1.0]], "mono": [[1, 2.0], [2, 2.0]], "cross": [[1, 1.0], [2, 3.0]]}
SHARDS = {"hybrid": {"mode": "hybrid", "alpha": 0.5}, "mono": {"mode": "mono"}, "cross": {"mode": "cross"}}


def study(curves):
    measures = {measure: {"value": value} for measure, value in (("mo", 0.2), ("cr", 0.7), ("mul", 0.5))}
    return {
        "arms": {arm: {"shards": shards, "train": {}} for arm, shards in SHARDS.items()},
        "benchmarks": {"xquad-r": {"groups": {"all": {"arms": dict.fromkeys(SHARDS, measures)}}}},
        "curves": curves,
    }


def panels(svg):
    """Each panel's right edge, and the names in its legend with their left edges."""
    for panel in svg.split('<g id="axes_')[1:]:
        corners = re.search(r'<g id="patch_\d+">\s*<path d="M (\S+) \S+ \nL (\S+) ', panel)
        names = re.findall(r'<text [^>]* x="([\d.]+)"[^>]*>(\w+)</text>', panel.partition('<g id="legend_')[2])
        yield max(map(float, corners.groups())), [(name, float(x)) for x, name in names]


def test_names_stand_beside_the_lines_in_the_order_in_which_these_end():
    losses, measures = panels(curves_svg(study(CURVES)))
    assert [name for name, _ in losses[1]] == ["cross", "mono", "hybrid"]
    assert [name for name, _ in measures[1]] == ["cr", "mul", "mo"]
    for edge, names in (losses, measures):
        assert all(x > edge for _, x in names)


@pytest.mark.parametrize("curves", [{}, {"hybrid": [], "mono": [[4, 1.0]]}])
def test_an_arm_without_a_curve_is_left_out(curves):
    losses, _ = panels(curves_svg(study(curves)))
    assert [name for name, _ in losses[1]] == [arm for arm, curve in curves.items() if curve]
