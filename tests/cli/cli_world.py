"""Good and bad files of every kind that a command reads, made with the real stages where they can make them."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from mtqa.collect.run import collect
from mtqa.collect.settings import CollectSettings
from mtqa.shards.run import build_shards
from mtqa.shards.settings import ShardSettings

Cli = Callable[[str], "Ended"]


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


ROWS = [
    ("Where do otters sleep?", "Otters sleep in dens near the river. They float as well.", "in dens"),
    ("What do owls hunt?", "Owls hunt mice at night. They swallow them whole.", "mice"),
    ("When was the bridge built?", "The bridge was built in 1867. It spans two valleys.", "1867"),
    ("Who wrote the novel?", "The novel was written by Ana Ruiz. It sold few copies.", "Ana Ruiz"),
    ("How tall is the tower?", "The tower is 93 metres tall. It leans to the west.", "93 metres"),
    ("Why did prices rise?", "Prices rose because the harvest had failed. Wages did not.", "the harvest had failed"),
]
RECIPE: dict[str, Any] = {
    "name": "small",
    "collect": {"sources": ["faq.jsonl"]},
    "translate": {"model": "demo", "to": ["deu_Latn"]},
    "shards": {"batch_size": 2, "steps": 2},
    "train": {"encoder": "demo"},
    "arms": {"mono": {"shards": {"mode": "mono"}}, "hybrid": {}},
    "evaluate": [{"benchmark": "xquad-r", "data": "sample"}],
    "compare": [["hybrid", "mono"]],
}
NOT_SAFE = b"\x80\x04K\x01."


def build_world(folder: Path) -> Path:
    """Fill the folder and return it."""
    _tables(folder)
    settings = CollectSettings(sources=[str(folder / "faq.jsonl")], validation=0)
    collect(settings, folder / "corpus")
    build_shards(
        [folder / "corpus"],
        ShardSettings(mode="mono", batch_size=2, steps=3),
        folder / "shards",
    )
    _broken_corpora(folder)
    _recipes(folder)
    _models(folder)
    np.savez(folder / "vectors.npz", queries=np.ones((3, 4), np.float32), candidates=np.ones((3, 4), np.float32))
    (folder / "no-languages").mkdir()
    (folder / "no-language").mkdir()
    (folder / "no-language" / "notes.json").write_text("{}", encoding="utf-8")
    (folder / "foreign").mkdir()
    (folder / "foreign" / "thesis.txt").write_text("years of work", encoding="utf-8")
    (folder / "other-run").mkdir()
    (folder / "other-run" / "run.json").write_text('{"name": "other", "stages": {}}', encoding="utf-8")
    return folder


def _tables(folder: Path) -> None:
    good = [{"question": q, "passage": p, "answer": a} for q, p, a in ROWS]
    lines = [json.dumps(row) for row in good]
    (folder / "faq.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "broken.jsonl").write_text("\n".join([*lines[:2], '{"question": "Wh']) + "\n", encoding="utf-8")
    (folder / "array.jsonl").write_text(f"{lines[0]}\n[1, 2]\n", encoding="utf-8")
    (folder / "broken.json").write_text('{"data": [}', encoding="utf-8")
    (folder / "empty.jsonl").write_text("", encoding="utf-8")
    (folder / "empty.csv").write_text("", encoding="utf-8")
    (folder / "faq.csv").write_text("q,text\nWhere?,Here it is.\n", encoding="utf-8")
    (folder / "header-only.csv").write_text("question,passage\n", encoding="utf-8")
    (folder / "headerless.csv").write_text(
        "Where do otters sleep?,Otters sleep in dens.\nWhat do owls hunt?,Owls hunt mice.\n", encoding="utf-8"
    )
    (folder / "ragged.csv").write_text("question,passage\nWhere?,Here.\nWho?,She,and he\n", encoding="utf-8")
    (folder / "latin1.csv").write_bytes("question,passage\nWo schläft er?,Im Bau.\n".encode("latin-1"))
    (folder / "cut.jsonl.gz").write_bytes(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab")
    (folder / "faq.docx").write_bytes(b"PK\x03\x04")
    pq.write_table(pa.Table.from_pylist(good), folder / "faq.parquet")
    (folder / "cut.parquet").write_bytes((folder / "faq.parquet").read_bytes()[:-200])


def _broken_corpora(folder: Path) -> None:
    for name in ("unlisted", "unreadable", "cut", "scrambled", "newer"):
        shutil.copytree(folder / "corpus", folder / name)
    (folder / "unlisted" / "_manifest.json").unlink()
    (folder / "unreadable" / "_manifest.json").write_text('{"stage": "collect", ', encoding="utf-8")
    table = folder / "cut" / "eng_Latn" / "train-00000.parquet"
    table.write_bytes(table.read_bytes()[:-100])
    table = folder / "scrambled" / "eng_Latn" / "train-00000.parquet"
    table.write_bytes(bytes(table.stat().st_size))
    manifest = json.loads((folder / "corpus" / "_manifest.json").read_text(encoding="utf-8"))
    (folder / "newer" / "_manifest.json").write_text(json.dumps(manifest | {"schema_version": 99}), encoding="utf-8")


def _recipes(folder: Path) -> None:
    bad = {
        "recipe": {},
        "unknown-key": {"translate": {"model": "demo", "to": ["de"], "beam": 2}},
        "wrong-type": {"collect": {"sources": ["faq.jsonl"], "limit": "many"}},
        "missing-key": {"evaluate": None},
        "bad-arm": {"arms": {"hybrid": {"shards": {"alpha": 2}}}, "compare": []},
        "unknown-arm": {"compare": [["hybrid", "english"]]},
        "unknown-language": {"translate": {"model": "demo", "to": ["germna"]}},
    }
    for name, change in bad.items():
        values = {key: value for key, value in (RECIPE | change).items() if value is not None}
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    (folder / "not-yaml.yaml").write_text("name: small\n  collect: [unclosed\n", encoding="utf-8")
    (folder / "list.yaml").write_text("- collect\n- translate\n", encoding="utf-8")


def tiny_encoder(folder: Path) -> Path:
    """Save a BERT of two words and random weights, as transformers does, and return its folder."""
    from transformers import BertConfig, BertModel, BertTokenizer

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "otters", "owls"]
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}
    BertModel(BertConfig(vocab_size=len(words), **sizes)).save_pretrained(folder)
    return folder


def _models(folder: Path) -> None:
    """Folders of models that cannot be opened: what they lack, or why not, is their name."""
    files: dict[str, dict[str, bytes]] = {
        "model-without-config": {"model.safetensors": b""},
        "model-without-weights": {"config.json": b'{"model_type": "xlm-roberta"}'},
        "model-pickled": {"config.json": b'{"model_type": "xlm-roberta"}', "pytorch_model.bin": NOT_SAFE},
        "model-cut": {"config.json": b'{"model_type": "xlm-roberta"}', "model.safetensors": b"\x10\x00"},
        "model-with-code": {
            "modules.json": b'[{"idx": 0, "name": "0", "path": "", "type": "custom.Encoder"}]',
            "config.json": b'{"model_type": "xlm-roberta"}',
            "model.safetensors": b"",
        },
        "mt-without-config": {"model.safetensors": b""},
        "mt-without-weights": {"config.json": b'{"model_type": "marian"}'},
        "mt-without-tokenizer": {"config.json": b'{"model_type": "marian"}', "model.safetensors": b""},
        "mt-of-another-kind": {"config.json": b'{"model_type": "bert"}', "model.safetensors": b""},
        "mt-unreadable": {"config.json": b"{model_type", "model.safetensors": b""},
    }
    for name, contents in files.items():
        (folder / name).mkdir()
        for file, content in contents.items():
            (folder / name / file).write_bytes(content)


def contents(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file below a folder, by relative path; the run folder's lock holds nothing."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}
