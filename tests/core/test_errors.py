"""Errors as text, and their exit codes."""

from pathlib import Path

import pytest

from mtqa.core.errors import MtqaError, UsageError


def test_text_has_a_line_for_each_part_that_is_known() -> None:
    error = MtqaError("It broke.", where=Path("a/b"), expected="better", next_step="try again")
    assert str(error) == "It broke.\n  where:    a/b\n  expected: better\n  next:     try again"
    assert str(MtqaError("It broke.", next_step="try again")) == "It broke.\n  next:     try again"
    assert str(MtqaError("It broke.")) == "It broke."


def test_exit_codes_tell_what_was_found_before_the_work_from_what_came_after() -> None:
    assert (MtqaError("x").exit_code, UsageError("x").exit_code) == (1, 2)
    with pytest.raises(MtqaError):
        raise UsageError("x")


def test_the_parts_can_be_read() -> None:
    error = UsageError("What.", where=3, expected="e", next_step="n")
    assert (error.what, error.where, error.expected, error.next_step) == ("What.", "3", "e", "n")
