"""What training leaves to look at: `training.csv` and `losses_by_pair.csv`, without times, so that reruns are equal."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

TRAINING, BY_PAIR = "training.csv", "losses_by_pair.csv"
WINDOWS = 20


@dataclass
class StepRecord:
    """One step (from 1): mean loss, learning rate, pairs, tokens, share of padding, loss and mAP on held-out pairs."""

    step: int
    loss: float
    learning_rate: float
    pairs: int
    tokens: int
    padding: float
    validation_loss: float | None = None
    validation_map: float | None = None


@dataclass
class History:
    """The course of a training: every step, and for each pair of languages the losses in windows of steps."""

    steps: list[StepRecord] = field(default_factory=list)
    by_pair: dict[str, list[float]] = field(default_factory=dict)
    """'window query_lang passage_lang' → sum of losses, number of pairs."""

    def add(self, record: StepRecord, losses: Sequence[float], pairs: Sequence[tuple[str, str]], window: int) -> None:
        """Append a step with the losses and the languages of its rows; `window` is the steps a window."""
        self.steps.append(record)
        for loss, (query_lang, passage_lang) in zip(losses, pairs, strict=True):
            key = f"{(record.step - 1) // window} {query_lang} {passage_lang}"
            total = self.by_pair.setdefault(key, [0.0, 0])
            total[0] += loss
            total[1] += 1

    def mean_loss(self, first: int, last: int) -> float | None:
        """Return the mean loss of the steps numbered first … last; None where there is none."""
        losses = [record.loss for record in self.steps if first <= record.step <= last]
        return sum(losses) / len(losses) if losses else None

    def to_json(self) -> dict[str, Any]:
        """Return JSON-like values that `from_json` turns back into an equal history."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> History:
        """Return the history that `to_json` described."""
        return cls([StepRecord(**record) for record in values["steps"]], values["by_pair"])


def window_steps(steps: int) -> int:
    """Return the steps a window of `losses_by_pair.csv`: at most 20 windows in a training."""
    return max(1, -(-steps // WINDOWS))


def write_logs(folder: Path, history: History, window: int) -> dict[str, int]:
    """Write both files; return their rows by file name."""
    names = list(StepRecord.__dataclass_fields__)
    if all(record.validation_map is None for record in history.steps):
        names.remove("validation_map")
    steps = [[getattr(record, name) for name in names] for record in history.steps]
    _write(folder / TRAINING, names, steps)
    header = ["first_step", "last_step", "query_lang", "passage_lang", "pairs", "loss"]
    rows, last_step = [], len(history.steps)
    for key, (total, pairs) in sorted(history.by_pair.items(), key=lambda entry: _order(entry[0])):
        number, query_lang, passage_lang = _order(key)
        end = min((number + 1) * window, last_step)
        rows.append([number * window + 1, end, query_lang, passage_lang, int(pairs), total / pairs])
    _write(folder / BY_PAIR, header, rows)
    return {TRAINING: len(steps), BY_PAIR: len(rows)}


def _order(key: str) -> tuple[int, str, str]:
    window, query_lang, passage_lang = key.split()
    return int(window), query_lang, passage_lang


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([f"{v:.6g}" if isinstance(v, float) else v for v in row] for row in rows)
