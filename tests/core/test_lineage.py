"""Lineage: order, what each summary holds, and that it does not nest."""

from pathlib import Path

from mtqa.core.lineage import lineage, stage_summary
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
