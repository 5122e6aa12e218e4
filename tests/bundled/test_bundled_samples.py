"""The samples are what they say they are, and no training item occurs in the evaluation piece."""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import pytest

from mtqa.bundled import QA_SAMPLE, XQUAD_SAMPLE

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"
LANGUAGES = ("en", "de", "es")


def load(path: Path) -> Any:
    return json.loads(gzip.decompress(path.read_bytes()))


def paragraphs(data: Any) -> list[Any]:
    return [p for article in data["data"] for p in article["paragraphs"]]


def normal(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def grams(text: str, n: int = 13) -> set[str]:
    words = normal(text).split()
    return {" ".join(words[i : i + n]) for i in range(len(words) - n + 1)}


@pytest.fixture(scope="module")
def training() -> list[Any]:
    return paragraphs(load(QA_SAMPLE))


@pytest.fixture(scope="module")
def evaluation() -> dict[str, list[Any]]:
    return {lang: paragraphs(load(XQUAD_SAMPLE / f"{lang}.json.gz")) for lang in LANGUAGES}


def test_no_training_item_occurs_in_the_evaluation_piece(training: Any, evaluation: Any) -> None:
    questions = {normal(qa["question"]) for ps in evaluation.values() for p in ps for qa in p["qas"]}
    passages = {normal(p["context"]) for ps in evaluation.values() for p in ps}
    sentences = {normal(s) for ps in evaluation.values() for p in ps for s in p["sentences"]}
    seen = set().union(*(grams(p["context"]) for ps in evaluation.values() for p in ps))
    assert len(questions) > 1900
    assert len(seen) > 30_000
    for paragraph in training:
        assert normal(paragraph["context"]) not in passages | sentences
        assert not grams(paragraph["context"]) & seen
        for qa in paragraph["qas"]:
            assert normal(qa["question"]) not in questions


def test_the_check_would_see_a_leak(evaluation: Any) -> None:
    paragraph = evaluation["en"][0]
    seen = grams(paragraph["context"])
    assert grams("Something before. " + paragraph["context"][:300] + " and after.") & seen


def test_sizes(training: Any, evaluation: Any) -> None:
    assert len(training) == 976
    assert sum(len(p["qas"]) for p in training) == 4950
    assert {lang: len(ps) for lang, ps in evaluation.items()} == dict.fromkeys(LANGUAGES, 131)
    files = [QA_SAMPLE, *(XQUAD_SAMPLE / f"{lang}.json.gz" for lang in LANGUAGES)]
    assert sum(path.stat().st_size for path in files) < 750_000


def test_evaluation_piece_is_parallel_and_in_the_official_layout(evaluation: Any) -> None:
    ids = [[qa["id"] for p in evaluation[lang] for qa in p["qas"]] for lang in LANGUAGES]
    assert ids[0] == ids[1] == ids[2]
    assert len(set(ids[0])) == 648
    for lang in LANGUAGES:
        for p in evaluation[lang]:
            assert set(p) == {"context", "qas", "sentences", "sentence_breaks"}
            assert len(p["sentences"]) == len(p["sentence_breaks"])
            for qa in p["qas"]:
                start = qa["answers"][0]["answer_start"]
                assert sum(s <= start < e for s, e in p["sentence_breaks"]) == 1


def test_training_answers_stand_where_they_say(training: Any) -> None:
    for p in training:
        for qa in p["qas"]:
            for answer in qa["answers"]:
                assert p["context"][answer["answer_start"] :].startswith(answer["text"])


def test_attribution_stands_beside_the_files() -> None:
    text = (QA_SAMPLE.parent / "README.md").read_text(encoding="utf-8")
    for wanted in ("CC BY 4.0", "CC BY-SA 4.0", "John Miller", "Mikel Artetxe", "Uma Roy", "4,950", "648"):
        assert wanted in text


def test_gzip_files_hold_no_time() -> None:
    for path in (QA_SAMPLE, XQUAD_SAMPLE / "en.json.gz"):
        assert path.read_bytes()[4:8] == b"\0\0\0\0"


def test_the_recipe_makes_the_same_samples(tmp_path: Path) -> None:
    source = SHARED / "qa" / "squadshifts-new_wiki.json"
    if not source.is_file():
        pytest.skip("the original data are not here")
    spec = importlib.util.spec_from_file_location("make_samples", ROOT / "recipes" / "samples" / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main(source, SHARED / "lareqa" / "xquad-r", tmp_path)
    for name in ("squadshifts-new_wiki.json.gz", *(f"xquad-r/{lang}.json.gz" for lang in LANGUAGES)):
        made, bundled = (gzip.decompress((folder / name).read_bytes()) for folder in (tmp_path, QA_SAMPLE.parent))
        assert hashlib.sha256(made).hexdigest() == hashlib.sha256(bundled).hexdigest()
