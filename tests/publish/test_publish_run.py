"""The published folders: layout, cards, licences, repeatability; cards are read back with huggingface_hub."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import DatasetCard, ModelCard
from killed import contents

from mtqa.core.errors import UsageError
from mtqa.core.manifest import Manifest, Part, load_manifest
from mtqa.publish.layout import public, published_files, read_checksums
from mtqa.publish.run import publish_dataset, publish_model
from mtqa.publish.settings import PublishSettings

SETTINGS = PublishSettings(repo="me/demo-qa", title="Demo <QA>")
MakeCorpus, MakeModel = Callable[..., Path], Callable[..., tuple[Path, Path]]


def code_blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)\n```", text, flags=re.DOTALL)


def test_dataset_folder(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    manifest = publish_dataset(corpus, SETTINGS, out)
    data = [f"data/{lang}/{split}-00000-of-00001.parquet" for lang in ("deu_Latn", "eng_Latn", "spa_Latn")
            for split in ("train", "validation")]  # fmt: skip
    data[4:4] = [f"data/parallel/{split}-00000-of-00001.parquet" for split in ("train", "validation")]
    assert published_files(out) == ["README.md", "SHA256SUMS", "croissant.json", *data, "mtqa.json"]
    assert (out / data[0]).read_bytes() == (corpus / "deu_Latn/train-00000.parquet").read_bytes()
    assert sum(record.rows or 0 for record in manifest.parts["all"].files.values()) == 59 + 20
    sums = read_checksums((out / "SHA256SUMS").read_text())
    assert sums == {n: hashlib.sha256((out / n).read_bytes()).hexdigest() for n in published_files(out) if n in sums}
    assert sorted([*sums, "SHA256SUMS"]) == published_files(out)


def test_the_same_work_gives_the_same_bytes_and_is_not_done_twice(corpus: Path, tmp_path: Path) -> None:
    publish_dataset(corpus, SETTINGS, tmp_path / "one")
    publish_dataset(corpus, SETTINGS, tmp_path / "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    before = (tmp_path / "one" / "README.md").stat().st_mtime_ns
    publish_dataset(corpus, SETTINGS, tmp_path / "one")
    assert (tmp_path / "one" / "README.md").stat().st_mtime_ns == before
    with pytest.raises(UsageError, match="different: samples"):
        publish_dataset(corpus, SETTINGS.model_copy(update={"samples": 1}), tmp_path / "one")


def test_dataset_card_yaml(corpus: Path, tmp_path: Path) -> None:
    publish_dataset(corpus, SETTINGS, tmp_path / "out")
    data = DatasetCard.load(tmp_path / "out" / "README.md").data.to_dict()
    assert data["language"] == ["en", "de", "es"] and data["license"] == "cc-by-4.0"
    assert data["size_categories"] == ["n<1K"] and data["pretty_name"] == "Demo <QA>"
    assert [c["config_name"] for c in data["configs"]] == ["eng_Latn", "deu_Latn", "spa_Latn", "parallel"]
    for config in data["configs"]:
        for entry in config["data_files"]:
            assert all((tmp_path / "out" / path).is_file() for path in entry["path"])
    german = next(i for i in data["dataset_info"] if i["config_name"] == "deu_Latn")
    assert {s["name"]: s["num_examples"] for s in german["splits"]} == {"train": 15, "validation": 4}


def test_dataset_card_text(corpus: Path, tmp_path: Path) -> None:
    publish_dataset(corpus, SETTINGS, tmp_path / "out")
    text = (tmp_path / "out" / "README.md").read_text()
    assert r"# Demo \<QA\>" in text
    assert "`tiny/opus`, revision `abc123` (engine `ctranslate2`, beam size `4`)" in text
    assert "| [demo-qa](https://example.org/qa) | CC-BY-4.0 | 20 |" in text
    assert "| `deu_Latn` | 20 | 19 | 1 | 5.0% |" in text
    assert "| `eng_Latn` | 20 | 20 | 0 | 0.0% |" in text
    assert "| check | `deu_Latn` |" in text and "| `passage.numbers` | 2 |" in text
    assert "@misc{demo}" in text and "2408.10536" in text and "negation" in text
    items = re.findall(r"^Item `(\w+)`$", text, flags=re.MULTILINE)
    assert len(items) == 3 and items == sorted(items)
    assert text.count(r"Mars has two \| moons &amp; \<no\> rings.") % 3 == 0


def test_the_loading_code_of_the_card_works(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    publish_dataset(corpus, SETTINGS, tmp_path / "out")
    (block,) = code_blocks((tmp_path / "out" / "README.md").read_text(), "python")
    names: dict[str, Any] = {}
    exec(block.replace("me/demo-qa", str(tmp_path / "out")), names)
    assert "deu_Latn" in capsys.readouterr().out
    assert len(names["pairs"]) == 15
    assert all(a["item_id"] == b["item_id"] and a["lang"] == "eng_Latn" for a, b in names["pairs"])


def test_nothing_of_the_machine_is_published(corpus: Path, make_model: MakeModel, tmp_path: Path) -> None:
    model, evaluation = make_model()
    publish_dataset(corpus, SETTINGS, tmp_path / "d")
    publish_model(model, [evaluation], SETTINGS, tmp_path / "m")
    for folder in (tmp_path / "d", tmp_path / "m"):
        for name in published_files(folder):
            assert b"/home/someone" not in (folder / name).read_bytes(), name
            assert str(tmp_path).encode() not in (folder / name).read_bytes(), name
    stages = json.loads((tmp_path / "d" / "mtqa.json").read_text())["stages"]
    assert [s["stage"] for s in stages] == ["collect", "translate", "filter"]
    assert stages[0]["settings"]["sources"] == ["qa.json"]
    assert public({"a": ["/x/y/", "C:\\z\\w", "me/name", "~/k", "text"]}) == {"a": ["y", "w", "me/name", "k", "text"]}


def test_licences_reach_the_card_and_can_refuse(make_corpus: MakeCorpus, tmp_path: Path) -> None:
    corpus = make_corpus(licence="CC BY-SA 4.0", mt_licence="CC-BY-NC-4.0")
    publish_dataset(corpus, SETTINGS, tmp_path / "mixed")
    text = (tmp_path / "mixed" / "README.md").read_text()
    data = DatasetCard(text).data.to_dict()
    assert (data["license"], data["license_name"], data["license_link"]) == ("other", "mixed", "LICENSE.md")
    assert "Conflict: CC-BY-SA-4.0" in text and "Commercial use is excluded" in text
    assert "Conflict: CC-BY-SA-4.0" in (tmp_path / "mixed" / "LICENSE.md").read_text()

    secret = make_corpus(licence="NewsQA")
    with pytest.raises(UsageError, match="forbids redistribution"):
        publish_dataset(secret, SETTINGS, tmp_path / "no")
    assert not (tmp_path / "no").exists()
    allowed = SETTINGS.model_copy(update={"allow_restricted": True})
    manifest = publish_dataset(secret, allowed, tmp_path / "yes")
    assert "Published by override" in (tmp_path / "yes" / "README.md").read_text()
    assert manifest.info["override"] == ["NewsQA of the source demo-qa forbids redistribution."]


def test_a_changed_file_is_noticed(corpus: Path, tmp_path: Path) -> None:
    path = corpus / "deu_Latn" / "train-00000.parquet"
    content = bytearray(path.read_bytes())
    content[20] ^= 1
    path.write_bytes(content)
    with pytest.raises(UsageError, match="has changed since it was made"):
        publish_dataset(corpus, SETTINGS.model_copy(update={"samples": 0}), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_model_folder_and_card(make_model: MakeModel, tmp_path: Path) -> None:
    model, evaluation = make_model()
    publish_model(model, [evaluation], SETTINGS, tmp_path / "out")
    assert published_files(tmp_path / "out") == [
        "README.md",
        "SHA256SUMS",
        "config_sentence_transformers.json",
        "model.safetensors",
        "modules.json",
        "mtqa.json",
    ]
    text = (tmp_path / "out" / "README.md").read_text()
    card = ModelCard(text)
    assert card.data.to_dict()["base_model"] == "sentence-transformers/LaBSE" and card.data.license == "cc-by-4.0"
    results = {r.metric_name: r for r in card.data.eval_results}
    mono = results["mAP monolingual (Mo)"]
    assert (mono.metric_value, mono.dataset_type) == (0.71234, "xquad-r")
    assert mono.metric_args == {"ci_high": 0.72, "ci_low": 0.7, "signature": "Mo|pool:13"}
    assert len(results) == 4 and mono.dataset_args == {"questions": 240, "candidates": 870}
    assert "| XQuAD-R (part) | mAP monolingual (Mo) | 0.7123 | 0.7000 to 0.7200 |" in text
    assert "`Mo|pool:13`" in text and "| `query` | `'Query: '` |" in text
    assert 'SentenceTransformer("me/demo-qa")' in code_blocks(text, "python")[0]


def test_a_collection_s_metrics_stand_on_the_card(make_model: MakeModel, tmp_path: Path) -> None:
    model, evaluation = make_model()
    signature = "nDCG@10|data:miracl-small-99|split:dev|v:0"
    info = {
        "metrics": {"nDCG@10": 0.5, "MRC@20": 12.34, "LPR": None},
        "intervals": {"nDCG@10": [0.4, 0.6], "MRC@20": [11.0, 13.0], "LPR": None},
        "signatures": dict.fromkeys(("nDCG@10", "MRC@20", "LPR"), signature),
        "lineage": load_manifest(evaluation).info["lineage"],
    }
    folder = tmp_path / "collection"
    folder.mkdir()
    counts = {"queries": 7, "documents": 99}
    settings = {"benchmark": "miracl"}
    Manifest("evaluate-collection", 2, settings, {}, {"all": Part("e" * 64, {})}, counts, [], info).save(folder)
    publish_model(model, [evaluation, folder], SETTINGS, tmp_path / "out")
    text = (tmp_path / "out" / "README.md").read_text()
    assert "| miracl-small | nDCG@10 | 0.5000 | 0.4000 to 0.6000 |" in text
    assert "| miracl-small | MRC@20 | 12.3 | 11.0 to 13.0 |" in text
    assert "miracl-small: 7 queries, 99 documents." in text and signature in text and "LPR" not in text
    found = {r.metric_name: r for r in ModelCard(text).data.eval_results}
    assert found["nDCG@10"].dataset_args == {"queries": 7, "documents": 99}
    assert (found["nDCG@10"].dataset_split, found["mAP monolingual (Mo)"].dataset_split) == ("dev", "test")
    assert len(found) == 6


def test_a_model_with_our_module_is_opened_with_load_encoder(make_model: MakeModel, tmp_path: Path) -> None:
    model, _ = make_model(own=False)
    publish_model(model, [], SETTINGS, tmp_path / "out")
    text = (tmp_path / "out" / "README.md").read_text()
    assert 'load_encoder("me/demo-qa")' in code_blocks(text, "python")[0]
    assert "No evaluation was given" in text and "model-index" not in text


@pytest.mark.parametrize(
    ("similarity", "measure", "call"),
    [("dot", "dot product", 'ist der Eiffelturm?"])'), (None, "cosine", 'Eiffelturm?"], normalize_embeddings=True)')],
)
def test_the_card_says_how_vectors_are_compared(
    make_model: MakeModel, tmp_path: Path, similarity: str | None, measure: str, call: str
) -> None:
    model, _ = make_model(similarity=similarity)
    publish_model(model, [], SETTINGS, tmp_path / "out")
    text = (tmp_path / "out" / "README.md").read_text()
    assert f"whose {measure} says how well" in text and f"A high {measure} means similar" in text
    assert call in code_blocks(text, "python")[0]


def test_wrong_folders(corpus: Path, make_model: MakeModel, tmp_path: Path) -> None:
    model, evaluation = make_model()
    manifest = load_manifest(model)
    with pytest.raises(UsageError, match="is not a corpus"):
        publish_dataset(model, SETTINGS, tmp_path / "out")
    with pytest.raises(UsageError, match="is not a trained model"):
        publish_model(corpus, [], SETTINGS, tmp_path / "out")
    with pytest.raises(UsageError, match="is not an evaluation"):
        publish_model(model, [corpus], SETTINGS, tmp_path / "out")
    (model / "model.safetensors").write_bytes(b"other bytes")
    other = {**manifest.parts["all"].files}
    other.pop("model.safetensors")
    manifest.parts["all"].files.clear()
    manifest.parts["all"].files.update(other)
    manifest.save(model)
    with pytest.raises(UsageError, match="evaluation is of another model"):
        publish_model(model, [evaluation], SETTINGS, tmp_path / "out")
