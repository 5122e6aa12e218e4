"""Files that come with the package: a small MT model, sample QA, a piece of XQuAD-R."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent
MT_MODEL = FOLDER / "mt"
"""The bundled English → German/Spanish Marian model (`--model demo`)."""
QA_SAMPLE = FOLDER / "squadshifts-new_wiki.json.gz"
"""SQuADShifts new_wiki (CC BY 4.0), SQuAD JSON (`mtqa collect sample`)."""
XQUAD_SAMPLE = FOLDER / "xquad-r"
"""A piece of XQuAD-R (CC BY-SA 4.0): en.json.gz, de.json.gz, es.json.gz, evaluation only (`--data sample`)."""
