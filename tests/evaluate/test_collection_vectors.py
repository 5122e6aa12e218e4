from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from mtqa.core.encode import load_encoder
from mtqa.core.errors import UsageError
from mtqa.core.executor import Where
from mtqa.evaluate.collection import vectors as module
from mtqa.evaluate.collection.source import Document
from mtqa.evaluate.collection.vectors import Encoder, encode_shards

ENCODER = Encoder(SimpleNamespace(get_embedding_dimension=lambda: 3), "model", "m", Where())
DOCUMENTS = [Document(f"d{n}", f"text {n}", "deu_Latn" if n > 4 else None) for n in range(8)]


def whole(shards):
    return np.concatenate([read() for read in shards.parts])


@pytest.fixture
def encoded(monkeypatch):
    """Return the list of what was encoded; vectors are made of the texts' numbers, three texts a shard."""
    calls = []

    def encode(model, texts, role, **_):
        assert role == "document"
        if any(text.endswith("boom") for text in texts):
            raise KeyboardInterrupt
        calls.append(list(texts))
        return np.float32([[int(text.split()[1]), len(text), 1] for text in texts])

    monkeypatch.setattr(module, "encode_texts", encode)
    monkeypatch.setattr(module, "PART", 3)
    return calls


def test_shards_hold_all_vectors_and_ids_in_order(tmp_path, encoded):
    shards = encode_shards(ENCODER, iter(DOCUMENTS), tmp_path)
    assert [len(read()) for read in shards.parts] == [3, 3, 2]
    assert whole(shards)[:, 0].tolist() == list(range(8))
    assert shards.ids.to_pylist() == [document.id for document in DOCUMENTS]
    assert shards.langs.to_pylist() == [document.lang for document in DOCUMENTS]


def test_what_was_encoded_is_not_encoded_again(tmp_path, encoded):
    first = encode_shards(ENCODER, DOCUMENTS, tmp_path)
    encoded.clear()
    renamed = encode_shards(ENCODER, [Document(f"x{d.id}", d.text) for d in DOCUMENTS], tmp_path)
    assert encoded == []
    assert renamed.files == first.files
    assert renamed.ids.to_pylist()[0] == "xd0"


def test_other_texts_or_another_model_are_encoded(tmp_path, encoded):
    encode_shards(ENCODER, DOCUMENTS, tmp_path)
    encoded.clear()
    changed = [*DOCUMENTS[:4], Document("d4", "text 44"), *DOCUMENTS[5:]]
    assert whole(encode_shards(ENCODER, changed, tmp_path))[4, 0] == 44
    assert encoded == [["text 3", "text 44", "text 5"]]
    encode_shards(replace(ENCODER, fingerprint="other"), DOCUMENTS, tmp_path)
    assert len(encoded) == 4


def test_a_killed_job_goes_on_where_it_stopped(tmp_path, encoded):
    with pytest.raises(KeyboardInterrupt):
        encode_shards(ENCODER, [*DOCUMENTS[:6], Document("d6", "text boom")], tmp_path)
    encoded.clear()
    resumed = encode_shards(ENCODER, DOCUMENTS, tmp_path)
    assert encoded == [["text 6", "text 7"]]
    other = encode_shards(ENCODER, DOCUMENTS, tmp_path / "elsewhere")
    assert [path.read_bytes() for path in resumed.files] == [path.read_bytes() for path in other.files]


@pytest.mark.parametrize("damage", ["cut", "empty", "other shape", "not an array", "temporary only"])
def test_a_half_written_shard_does_not_count(tmp_path, encoded, damage):
    path = encode_shards(ENCODER, DOCUMENTS, tmp_path).files[1]
    good = path.read_bytes()
    if damage == "temporary only":
        path.rename(path.with_name(f".{path.name}.17.tmp"))
    elif damage == "other shape":
        np.save(path, np.ones((3, 2), np.float32))
    else:
        path.write_bytes({"cut": good[:-4], "empty": b"", "not an array": b"PK\x03\x04 nothing"}[damage])
    encoded.clear()
    encode_shards(ENCODER, DOCUMENTS, tmp_path)
    assert encoded == [["text 3", "text 4", "text 5"]]
    assert path.read_bytes() == good


def test_ids_that_occur_twice_and_empty_collections_are_refused(tmp_path, encoded):
    with pytest.raises(UsageError, match="'d1' occurs twice"):
        encode_shards(ENCODER, [*DOCUMENTS, Document("d1", "text 9")], tmp_path)
    with pytest.raises(UsageError, match="no documents"):
        encode_shards(ENCODER, [], tmp_path)


@pytest.mark.slow
def test_several_processes_make_the_same_shards(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PART", 3)
    one = Encoder(load_encoder("demo"), "demo", "m", Where())
    shards = encode_shards(one, DOCUMENTS, tmp_path / "one")
    several = encode_shards(replace(one, where=Where(("cpu", "cpu"))), DOCUMENTS, tmp_path / "several")
    assert [path.read_bytes() for path in several.files] == [path.read_bytes() for path in shards.files]
