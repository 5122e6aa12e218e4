"""Measure the filter: false rejections on professional translations, planted faults found, rows a second.

    python benchmarks/filter.py ../shared/data > filter.json

False rejections: XQuAD-R, English beside each other language (a measuring stick only, never fitted on). Faults: planted
in every other sentence of the half of FLORES dev that lengths were not fitted on, judged as questions and as passages.
"""

from __future__ import annotations

import json
import random
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fit_length import Pair, _lines, fitting_half

from mtqa.core.languages import get, resolve
from mtqa.core.schema import Check
from mtqa.filter.checks import TEXT_CHECKS, check_text
from mtqa.filter.profiles import Rule, load_rules
from mtqa.filter.settings import FilterSettings
from mtqa.filter.target import target

SYMBOLS = ("", ".", "...", "* * *", "—", "?!")
WRONG_SCRIPT = {"Latn": "ru", "Cyrl": "de", "Arab": "hi", "Deva": "zh", "Hans": "ru"}
WRONG_LANGUAGE = {"de": "fr", "es": "de", "fr": "es", "tr": "de", "vi": "fr", "ig": "tr"}


def failed(pair: Pair, lang: str, rules: list[Rule]) -> list[str]:
    """Return the names of the rules that a pair fails."""
    facts, (source, text) = target(lang), pair
    scores = {rule.name: (check_text(rule.check, source, text, facts), rule.threshold) for rule in rules}
    return [name for name, (score, threshold) in scores.items() if score is not None and score > threshold]


def false_rejections(data: Path, rules: list[Rule]) -> dict[str, Any]:
    """Percent of XQuAD-R's translations that are rejected, by field, language and rule."""
    english = _xquad(data, "en")
    result: dict[str, Any] = {}
    for path in sorted((data / "lareqa/xquad-r").glob("*.json")):
        if path.stem == "en":
            continue
        other = _xquad(data, path.stem)
        for field in ("question", "passage", "answer"):
            own = [r for r in rules if r.field == field and r.check in TEXT_CHECKS]
            pairs = [(english[field][key], other[field][key]) for key in english[field] if key in other[field]]
            found = [failed(pair, resolve(path.stem), own) for pair in pairs]
            by_rule = {r.name: _percent([r.name in names for names in found]) for r in own}
            shares = {"all": _percent([bool(names) for names in found])} | {k: v for k, v in by_rule.items() if v}
            result.setdefault(field, {})[path.stem] = shares
    for languages in result.values():
        shares = [value["all"] for value in languages.values()]
        languages["macro"], languages["worst"] = round(sum(shares) / len(shares), 2), max(shares)
    return result


def planted_faults(data: Path, rules: list[Rule]) -> dict[str, Any]:
    """Percent of planted faults found, by kind and language."""
    texts = {}
    for folder in sorted((data / "mt_outputs").glob("en-*")):
        code = folder.name.removeprefix("en-")
        lines = _lines(folder / "flores-dev.en", folder / f"flores-dev.{code}")
        texts[code] = [pair for n, pair in enumerate(lines) if not fitting_half(n)][::2]
    own = {f: [r for r in rules if r.field == f and r.check in TEXT_CHECKS] for f in ("question", "passage")}
    result: dict[str, Any] = {}
    for code, pairs in texts.items():
        for kind, plant in _faults(code, texts).items():
            draw = random.Random(f"{code} {kind}")
            bad = [(n, plant(n, pair, draw)) for n, pair in enumerate(pairs)]
            bad = [(n, text) for n, text in bad if text is not None and text != pairs[n][1]]
            for field, rules_of in own.items():
                found = [bool(failed((pairs[n][0], text), resolve(code), rules_of)) for n, text in bad]
                if found:
                    result.setdefault(kind, {}).setdefault(field, {})[code] = _percent(found)
    for kinds in result.values():
        for languages in kinds.values():
            languages["macro"] = round(sum(languages.values()) / len(languages), 1)
    return result


def rows_a_second(data: Path, rules: list[Rule]) -> dict[str, float]:
    """Questions and passages a second on one core, all checks of the profile, by script."""
    result = {}
    english = _xquad(data, "en")
    for code in ("de", "ru", "zh"):
        other = _xquad(data, code)
        for field in ("question", "passage"):
            own = [r for r in rules if r.field == field and r.check in TEXT_CHECKS]
            pairs = [(english[field][key], other[field][key]) for key in english[field]]
            failed(pairs[0], resolve(code), own)
            began = time.process_time()
            for pair in pairs:
                failed(pair, resolve(code), own)
            result[f"{field} {code}"] = round(len(pairs) / (time.process_time() - began))
    return result


Fault = Callable[[int, Pair, random.Random], str | None]


def _faults(code: str, texts: dict[str, list[Pair]]) -> dict[str, Fault]:
    script = get(resolve(code)).script
    other, foreign = WRONG_LANGUAGE.get(code), WRONG_SCRIPT[script]
    return {
        "copied": lambda n, pair, draw: pair[0],
        "half untranslated": lambda n, pair, draw: _half(pair[1]) + " " + pair[0][len(pair[0]) // 2 :],
        "cut off": lambda n, pair, draw: _half(pair[1]),
        "half dropped": lambda n, pair, draw: _half(pair[1]).rstrip(".,;:。") + pair[1].rstrip('"”')[-1:],
        "loop": lambda n, pair, draw: _half(pair[1]) + 6 * (" " + pair[1][len(pair[1]) // 2 :][:12]),
        "wrong language": lambda n, pair, draw: texts[other][n][1] if other else None,
        "English instead": lambda n, pair, draw: texts[code][n - 1][0],
        "wrong script": lambda n, pair, draw: texts[foreign][n][1],
        "shuffled": lambda n, pair, draw: texts[code][n - 1][1],
        "number changed": lambda n, pair, draw: _change(pair[1], draw),
        "number dropped": lambda n, pair, draw: re.sub(r"\d[\d.,]*", "", pair[1], count=1) if _big(pair[0]) else None,
        "empty or symbols": lambda n, pair, draw: SYMBOLS[n % len(SYMBOLS)],
    }


def _half(text: str) -> str:
    half = text[: len(text) // 2]
    return half.rpartition(" ")[0] or half


def _big(text: str) -> bool:
    return re.search(r"\d{3,}", text) is not None and len(re.findall(r"\d[\d.,]*", text)) == 1


def _change(text: str, draw: random.Random) -> str | None:
    """Change one digit of a number of two digits or more."""
    places = [m.start() + draw.randrange(len(m[0])) for m in re.finditer(r"(?<![\d.,])\d{2,}", text)]
    if not places:
        return None
    place = draw.choice(places)
    return text[:place] + str((int(text[place]) + draw.randint(1, 9)) % 10) + text[place + 1 :]


def _xquad(data: Path, code: str) -> dict[str, dict[Any, str]]:
    raw = json.loads((data / f"lareqa/xquad-r/{code}.json").read_text(encoding="utf-8"))
    paragraphs = [paragraph for article in raw["data"] for paragraph in article["paragraphs"]]
    questions = [question for paragraph in paragraphs for question in paragraph["qas"]]
    return {
        "question": {q["id"]: q["question"] for q in questions},
        "passage": {n: paragraph["context"] for n, paragraph in enumerate(paragraphs)},
        "answer": {q["id"]: q["answers"][0]["text"] for q in questions},
    }


def _percent(flags: list[bool]) -> float:
    return round(100 * sum(flags) / len(flags), 2)


def main(data: Path) -> None:
    _, rules = load_rules(FilterSettings())
    assert all(rule.check in TEXT_CHECKS or rule.check == Check.DUPLICATE for rule in rules)
    result = {
        "false_rejections_percent": false_rejections(data, rules),
        "faults_found_percent": planted_faults(data, rules),
        "rows_a_second": rows_a_second(data, rules),
    }
    print(json.dumps(result, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
