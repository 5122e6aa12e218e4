"""docs/recipe.md, generated from the models that check a recipe: `python tests/docs/test_recipe_page.py` writes it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from mtqa.pipeline.recipe import STAGE_SETTINGS, Arm, Recipe

PAGE = Path(__file__).parents[2] / "docs" / "recipe.md"
BEGIN, END = "<!-- keys begin -->\n", "<!-- keys end -->\n"


def kind(annotation: Any) -> str:
    """Return a type in words: a literal's values, a list's and a mapping's parts, a nested model's keys."""
    arguments = get_args(annotation)
    origin = getattr(get_origin(annotation), "__name__", "")
    if origin == "Annotated":
        return kind(arguments[0])
    if origin == "Literal":
        return ", ".join(f"`{str(a).lower()}`" if isinstance(a, bool) else f"`{a}`" for a in arguments)
    if origin in ("Union", "UnionType"):
        return " or ".join(kind(a) for a in arguments if a is not type(None))
    if origin in ("list", "tuple", "dict"):
        return f"{'mapping' if origin == 'dict' else 'list'} of {kind(arguments[-1])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "mapping"
    return {"str": "text", "int": "whole number", "float": "number", "bool": "true or false", "Any": "anything"}.get(
        getattr(annotation, "__name__", str(annotation)), getattr(annotation, "__name__", str(annotation))
    )


def default(field: FieldInfo) -> str:
    if field.is_required():
        return "**needed**"
    value = field.get_default(call_default_factory=True)
    if value is None or value == "" or isinstance(value, BaseModel):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`" if value not in ([], {}) else ""


def table(model: type[BaseModel]) -> str:
    lines = ["| key | takes | default | what |", "|---|---|---|---|"]
    for name, field in model.model_fields.items():
        shown = default(field) if name != "arms" else "one arm, `model`"
        lines.append(f"| `{field.alias or name}` | {kind(field.annotation)} | {shown} | {field.description or ''} |")
    return "\n".join(lines) + "\n"


def keys() -> str:
    parts = [f"## The recipe\n\n{table(Recipe)}", f"## An arm\n\n{table(Arm)}"]
    parts += [f"## {stage}\n\n{table(model)}" for stage, model in STAGE_SETTINGS.items()]
    return "\n" + "\n".join(parts)


def test_the_page_is_what_the_models_say() -> None:
    text = PAGE.read_text(encoding="utf-8")
    written = text[text.index(BEGIN) + len(BEGIN) : text.index(END)]
    assert written == keys(), "run: python tests/docs/test_recipe_page.py"


def test_every_key_of_the_recipes_is_on_the_page() -> None:
    yaml = pytest.importorskip("yaml")
    text = PAGE.read_text(encoding="utf-8")
    for path in (PAGE.parents[1] / "recipes").glob("quickstart.yaml"):
        for key, value in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            names = [key, *value] if isinstance(value, dict) and key != "arms" else [key]
            assert all(re.search(rf"^\| `{name}` \|", text, flags=re.MULTILINE) for name in names), key


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    start, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    PAGE.write_text(text[:start] + keys() + text[end:], encoding="utf-8", newline="\n")
