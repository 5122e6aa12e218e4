from mtqa.report.results import claims


def _comparison(measures):
    return {"xquad-r": {"differences": [{"first": "hybrid", "second": "mono", "measures": measures}]}}


def test_claims_say_what_the_intervals_decide():
    comparison = _comparison(
        {
            "Mo": {"difference": 0.0123, "interval": [0.004, 0.02]},
            "Cr": {"difference": -0.01, "interval": [-0.02, -0.001]},
            "Mul": {"difference": 0.001, "interval": [-0.002, 0.004]},
            "rank_distance": {"difference": -3.26, "interval": [-5.0, -1.0]},
        }
    )
    assert claims(comparison) == [
        "hybrid against mono on xquad-r: Mo +0.012 [+0.004, +0.020] (better); Cr −0.010 [−0.020, −0.001] (worse); "
        "Mul +0.001 [−0.002, +0.004] (undecided); language bias −3.3 [−5.0, −1.0] (better)."
    ]


def test_more_bias_is_worse():
    comparison = _comparison({"rank_distance": {"difference": 2.0, "interval": [1.0, 3.0]}})
    assert claims(comparison)[0].endswith("language bias +2.0 [+1.0, +3.0] (worse).")
