"""Lineage: order, what each summary holds, and that it does not nest."""

from pathlib import Path

import pytest

from mtqa.core.lineage import lineage, model_lineage, model_manifest, model_name, stage_summary
from mtqa.core.manifest import FileRecord, Manifest, Part, load_manifest


def manifest(stage: str, before: Manifest | None, **counts: int) -> Manifest:
    part = Part("f" * 64, {f"deu_Latn/{stage}": FileRecord("a" * 64, 1, 1)}, dict(counts))
    info = {"model": stage.upper()} | ({"lineage": lineage(before)} if before else {})
    return Manifest(stage, 3, {"seed": 7}, {}, {"deu_Latn": part}, {"rows": 2}, ["MIT"], info)


def test_three_stages_are_listed_oldest_first_without_nesting() -> None:
    collected = manifest("collect", None, kept=9)
    translated = manifest("translate", collected, kept=8)
    filtered = manifest("filter", translated, kept=5)
    chain = lineage(filtered)
    assert [s["stage"] for s in chain] == ["collect", "translate", "filter"]
    assert [s["parts"]["deu_Latn"] for s in chain] == [{"kept": 9}, {"kept": 8}, {"kept": 5}]
    assert [s["info"] for s in chain] == [{"model": "COLLECT"}, {"model": "TRANSLATE"}, {"model": "FILTER"}]
    assert [s["content"] for s in chain] == [m.content for m in (collected, translated, filtered)]
    assert chain[0] == {
        "stage": "collect",
        "stage_version": 3,
        "settings": {"seed": 7},
        "counts": {"rows": 2},
        "parts": {"deu_Latn": {"kept": 9}},
        "licences": ["MIT"],
        "info": {"model": "COLLECT"},
        "content": collected.content,
    }


def test_a_stage_is_found_by_name_and_an_absent_one_is_empty() -> None:
    filtered = manifest("filter", manifest("translate", None, kept=8), kept=5)
    assert stage_summary(filtered, "translate")["info"] == {"model": "TRANSLATE"}
    assert stage_summary(filtered, "filter")["parts"] == {"deu_Latn": {"kept": 5}}
    assert stage_summary(filtered, "collect")["settings"] == {}


def test_lineage_survives_saving(tmp_path: Path) -> None:
    filtered = manifest("filter", manifest("translate", None, kept=8), kept=5)
    filtered.save(tmp_path)
    assert lineage(load_manifest(tmp_path)) == lineage(filtered)


def test_a_model_s_name_and_history_are_its_folder_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "model"
    (folder / "inner").mkdir(parents=True)
    made = manifest("train", None, steps=3)
    made.save(folder)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(folder / "inner")
    for name in (str(folder), "~/model", ".."):
        assert model_name(name) == "model"
        assert model_manifest(name) == made and model_lineage(name) == {"lineage": lineage(made)}
    for name in ("owner/name", "demo"):
        assert model_name(name) == name
        assert model_manifest(name) is None and model_lineage(name) == {}
