"""Two systems evaluated on the bundled benchmark, from vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mtqa.bundled import XQUAD_SAMPLE
from mtqa.evaluate.lareqa import data_files, load
from mtqa.evaluate.run import evaluate
from mtqa.evaluate.settings import EvaluateSettings

HOSTILE = "far <script>"


def write_evaluations(root: Path) -> Path:
    """Write `evaluation/NAME/xquad-r`, as a run has it, of `close` and a worse system with a hostile name."""
    found = load("xquad-r", data_files(XQUAD_SAMPLE, "xquad-r"))
    random = np.random.default_rng(0)
    candidates = random.standard_normal((len(found.candidates), 16))
    own = candidates[found.gold[np.arange(len(found.queries)), found.query_languages]]
    for name, noise in (("close", 0.5), (HOSTILE, 2.0)):
        vectors = root / f"{name}.npz"
        np.savez(vectors, queries=own + noise * random.standard_normal(own.shape), candidates=candidates)
        settings = EvaluateSettings(data="sample", vectors=str(vectors), resamples=100)
        evaluate(None, settings, root / "evaluation" / name / "xquad-r")
    return root
