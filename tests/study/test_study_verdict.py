import pytest

from mtqa.study.verdict import answers, judge, sentence


def test_of(difference, interval, p_holm=0.01, measure="Mul", **more):
    base = {"first": "hybrid", "second": "mono", "benchmark": "xquad-r", "group": "all", "measure": measure}
    test = {"difference": difference, "interval": interval, "p_holm": p_holm, "by_seed": [difference] * 5}
    return {**base, **test, "detectable": 0.02, "verdict": judge(measure, test), **more}


test_of.__test__ = False


@pytest.mark.parametrize(
    ("difference", "interval", "p", "measure", "expected"),
    [
        (0.01, (0.002, 0.02), 0.01, "Mul", "better"),
        (-0.01, (-0.02, -0.002), 0.01, "Mul", "worse"),
        (0.01, (-0.002, 0.02), 0.01, "Mul", "undecided"),
        (0.01, (0.002, 0.02), 0.2, "Mul", "undecided"),
        (-9.0, (-12.0, -3.0), 0.01, "rank_distance", "better"),
        (9.0, (3.0, 12.0), 0.01, "rank_distance", "worse"),
    ],
)
def test_judge(difference, interval, p, measure, expected):
    assert judge(measure, {"difference": difference, "interval": interval, "p_holm": p}) == expected


def test_sentences_carry_their_uncertainty():
    text = sentence(test_of(0.0123, (0.001, 0.02)), "unseen topics")
    assert text == (
        "hybrid − mono on Mul of xquad-r (unseen topics): +0.0123 [+0.0010, +0.0200], Holm p = 0.010, "
        "same sign in 5 of 5 seeds: better."
    )
    undecided = sentence(test_of(-3.0, (-9.0, 2.0), measure="rank_distance"), None)
    assert "bias of xquad-r: −3.0 [−9.0, +2.0]" in undecided
    assert undecided.endswith("undecided (a difference of 0.0 would have been found).")


@pytest.mark.parametrize(
    ("verdicts", "start"),
    [
        (["better", "better"], "hybrid beats mono wherever it was asked: better on Mul of xquad-r"),
        (["better", "undecided"], "hybrid beats mono: better on Mul of xquad-r; undecided on"),
        (["worse", "undecided"], "hybrid loses to mono: worse on"),
        (["better", "worse"], "hybrid against mono depends on the measure: better on"),
        (["undecided", "undecided"], "No difference between hybrid and mono is shown: undecided on"),
    ],
)
def test_answers(verdicts, start):
    primary = [test_of(0.1, (0.05, 0.2), verdict=v) for v in verdicts]
    found = answers(primary, 5)
    assert len(found) == 1 and found[0].startswith(start)
    assert "describes these seeds" in answers(primary, 3)[1]
