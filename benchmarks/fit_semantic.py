"""Fit mtqa/filter/scales.yaml: cosines of random and right pairs of the demo encoder, from halves of parallel data.

    python benchmarks/fit_semantic.py data > mtqa/filter/scales.yaml

The half is that of fit_length.py. Languages that the encoder was trained on but that have no data get the means.
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

import yaml
from fit_length import _lines, fitting_half

from mtqa.core.languages import resolve
from mtqa.filter.semantic import SAMPLE, Semantic

TRAINED_ON = "ar de es fr it ja ko nl pl pt ru th tr zh zho_Hant"
HEADER = """\
# Cosines of the demo encoder (USE multilingual v3) between English and translations, by benchmarks/fit_semantic.py from
# one half of FLORES dev: medians of random and of right pairs, and the share of random pairs below the right ones.
# Languages that it was trained on and that have no data here have the means.
"""


def main(data: Path) -> None:
    semantic, scales = Semantic("demo"), {}
    for code in TRAINED_ON.split():
        folder = data / f"mt_outputs/en-{code}"
        if folder.is_dir():
            lines = _lines(folder / "flores-dev.en", folder / f"flores-dev.{code}")
            pairs = [pair for n, pair in enumerate(lines) if fitting_half(n)][:SAMPLE]
            scale = semantic.fit(pairs, resolve(code))
            scales[resolve(code)] = {"random": scale.random, "right": scale.right, "area": scale.area}
            print(code, scale, file=sys.stderr)
    mean = {key: round(statistics.mean(s[key] for s in scales.values()), 3) for key in ("random", "right", "area")}
    scales |= {resolve(code): dict(mean) for code in TRAINED_ON.split() if resolve(code) not in scales}
    sys.stdout.write(HEADER + yaml.safe_dump(dict(sorted(scales.items())), default_flow_style=None))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
