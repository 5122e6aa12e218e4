"""Strict settings: frozen pydantic models, YAML read safely, errors that name the key and the nearest known one."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from mtqa.core.errors import UsageError


class Settings(BaseModel):
    """Base of every stage's settings: unknown keys are errors, numbers are finite, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, allow_inf_nan=False)

    def record(self) -> dict[str, Any]:
        """Return the settings as JSON-like values, for the manifest and the fingerprint."""
        return self.model_dump(mode="json")


S = TypeVar("S", bound=BaseModel)


class _Loader(yaml.SafeLoader):
    """YAML's safe loader, which takes the last of two equal keys without a word; here that is an error."""

    def compose_mapping_node(self, anchor: Any) -> Any:
        node = super().compose_mapping_node(anchor)  # before `<<` brings in keys that may be overridden
        seen: set[tuple[str, str]] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if (key.tag, key.value) in seen:
                raise yaml.MarkedYAMLError(problem=f"the key '{key.value}' occurs twice", problem_mark=key.start_mark)
            seen.add((key.tag, key.value))
        return node


def load_yaml(path: Path) -> Any:
    """Return the content of a YAML file; raises UsageError with the line where it is not valid or has a key twice."""
    if not path.is_file():
        raise UsageError(f"There is no file '{path}'.", where=path, expected="a YAML file")
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506  a safe loader
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a date without such a day is a ValueError
        mark = getattr(error, "problem_mark", None)
        line = f"{path}:{mark.line + 1}" if mark else str(path)
        problem = "not UTF-8" if isinstance(error, UnicodeError) else getattr(error, "problem", None) or str(error)
        raise UsageError(f"The file is not valid YAML: {problem}.", where=line, expected="key: value lines") from error


def parse(model: type[S], values: Any, where: object) -> S:
    """Check values against a settings model; raises UsageError that lists every wrong key and value."""
    if not isinstance(values, dict):
        raise UsageError("The settings are not a mapping of keys to values.", where=where, expected="key: value lines")
    try:
        return model.model_validate(values)
    except ValidationError as error:
        problems = [_problem(model, detail) for detail in error.errors()]
        raise UsageError(
            "\n".join(dict.fromkeys(problems)), where=where, next_step="correct the file or option"
        ) from None


def _problem(model: type[BaseModel], detail: Any) -> str:
    key = ".".join(str(part) for part in detail["loc"]) or "settings"
    if detail["type"] == "extra_forbidden":
        known = _known_keys(model, detail["loc"][:-1])
        near = difflib.get_close_matches(str(detail["loc"][-1]), known, n=1, cutoff=0.5)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        listing = f" Known keys: {', '.join(known)}." if known else ""
        return f"Unknown key '{key}'.{hint}{listing}"
    if detail["type"] == "missing":
        return f"The key '{key}' is missing."
    message = str(detail["msg"]).removeprefix("Value error, ")
    if detail["type"] == "string_pattern_mismatch":
        message = _description(model, detail["loc"]) or message
    if not detail["loc"]:
        return f"{message[:1].upper()}{message[1:]}."
    return f"'{key}' is {detail['input']!r}: {message[:1].lower()}{message[1:]}."


def _description(model: type[BaseModel], loc: tuple[Any, ...]) -> str:
    """Return what the field at a location takes, in words: clearer than the pattern that a text must match."""
    found = _model_at(model, loc[:-1])
    field = found.model_fields.get(str(loc[-1])) if found else None
    return f"expected {field.description.removesuffix('.')}" if field and field.description else ""


def _known_keys(model: type[BaseModel], loc: tuple[Any, ...]) -> list[str]:
    """Return the keys of the (nested) model at a location."""
    found = _model_at(model, loc)
    return sorted(f.alias or name for name, f in found.model_fields.items()) if found else []


def _model_at(model: type[BaseModel], loc: tuple[Any, ...]) -> type[BaseModel] | None:
    """Return the nested model at a location, following single models, lists and mappings of models."""
    current: type[BaseModel] | None = model
    for part in loc:
        if current is None:
            return None
        field = current.model_fields.get(str(part))
        if field is not None:
            current = _model_in(field.annotation)
    return current


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _model_in(argument)
        if found is not None:
            return found
    return None
