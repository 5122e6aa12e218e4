"""Signatures: one line that says how a number was made, after sacrebleu's. A number never travels without it."""

from __future__ import annotations

from mtqa import __version__
from mtqa.evaluate.lareqa import Benchmark
from mtqa.evaluate.settings import EvaluateSettings


def signature(metric: str, benchmark: Benchmark, settings: EvaluateSettings) -> str:
    """Return the signature of a metric, such as `mAP|pool:xquad-r-13014|langs:…|cand:sentence|gold:all-langs|…`.

    pool: benchmark and its number of candidates; langs: languages of queries and candidates; cand: text of a candidate
    (`sentence+context`: sentence, one space, context, cut by the encoder at its maximum length); gold: relevant is the
    gold sentence in every language; cut: depth of the ranking; tie: order of equal scores; sim: what is ranked by; bs:
    bootstrap resamples over question ids; seed: theirs; v: version of mtqa.
    """
    fields = {
        "pool": f"{benchmark.name}-{len(benchmark.candidates)}",
        "langs": "+".join(benchmark.languages),
        "cand": settings.candidate,
        "gold": "all-langs",
        "cut": "none",
        "tie": "order",
        "sim": "dot",
        "bs": settings.resamples,
        "seed": settings.seed,
        "v": __version__,
    }
    return "|".join([metric, *(f"{key}:{value}" for key, value in fields.items())])
