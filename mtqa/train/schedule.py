"""The learning rate as a pure function of the step."""

from __future__ import annotations

from typing import Literal


def learning_rate(
    step: int, steps: int, peak: float, warmup: float = 0.1, schedule: Literal["linear", "constant"] = "linear"
) -> float:
    """Return the rate of step 0 ≤ step < steps.

    It rises evenly over the first round(warmup · steps) steps and is at its peak in the next; `linear` then falls to
    zero, which would come in step `steps`. No step has a rate of zero.
    """
    rising = min(round(warmup * steps), steps - 1)
    if step < rising:
        return peak * (step + 1) / (rising + 1)
    return peak if schedule == "constant" else peak * (steps - step) / (steps - rising)
