from __future__ import annotations

import numpy as np
import pytest

from mtqa.core.corpus import TableWriter
from mtqa.core.schema import SCORES, Check
from mtqa.filter.profiles import Rule
from mtqa.filter.score import ScoreReader, score_batch

RULES = [Rule("question", check, 1.0, True) for check in (Check.EMPTY, Check.COPY, Check.NUMBERS)]


@pytest.mark.parametrize("rows_per_file", [4, 7, 10_000])
def test_scores_are_read_as_written_wherever_files_end(tmp_path, rows_per_file):
    scores = np.arange(60, dtype=np.float32).reshape(20, 3)
    scores[3, 1] = np.nan
    with TableWriter(tmp_path, "scores", SCORES, rows_per_file) as writer:
        for rows in (slice(0, 9), slice(9, 20)):
            writer.write(score_batch([f"i{n}" for n in range(20)][rows], scores[rows], RULES))
    reader = ScoreReader([tmp_path / name for name in sorted(writer.rows)], len(RULES))
    found = np.concatenate([reader.take(rows) for rows in (1, 5, 2, 12)])
    np.testing.assert_array_equal(found, scores)
