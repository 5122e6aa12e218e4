"""The made-up texts of the study in these tests."""

from __future__ import annotations


def text(lang: str, number: int) -> tuple[str, str, str]:
    """Question, sentence and answer of an item; the languages share some of its words, so that it can be learnt."""
    own = [f"{lang}{number}", f"{lang}{number % 7}", f"n{number}"]
    return f"who {own[0]} {own[2]}", f"{own[2]} is {own[1]} {own[0]}.", own[1]
