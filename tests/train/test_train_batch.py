import pytest
import torch

from mtqa.core.encode import load_encoder
from mtqa.core.shardfile import open_shards
from mtqa.train.batch import prepare


@pytest.fixture(scope="module")
def with_negatives(tmp_path_factory, rows_of, shards_of):
    rows = rows_of(1, 4)
    rows[1]["negatives"] = [
        {"passage_id": "other", "lang": "eng_Latn", "text": "w1 w2 w3 w4"},
        {"passage_id": rows[3]["passage_id"], "lang": "eng_Latn", "text": "w5"},
    ]
    return shards_of(tmp_path_factory.mktemp("negatives") / "shards", rows, 4)


def test_texts_are_queries_passages_negatives_each_once(with_negatives, encoder):
    model = load_encoder(str(encoder))
    batch = open_shards(with_negatives).batch(0)
    prepared = prepare(model, batch, 16)
    texts = [*batch.queries, *batch.passages, "w1 w2 w3 w4", "w5"]
    found = {}
    for part in prepared.parts:
        assert part.features["input_ids"].numel() <= 16 or len(part.rows) == 1
        for row, ids in zip(part.rows.tolist(), part.features["input_ids"], strict=True):
            assert row not in found
            found[row] = model.tokenizer.decode(ids, skip_special_tokens=True)
    assert [found[i] for i in range(len(texts))] == texts


def test_counts_and_mask(with_negatives, encoder):
    prepared = prepare(load_encoder(str(encoder)), open_shards(with_negatives).batch(0), 10_000)
    mask = torch.zeros(4, 6, dtype=torch.bool)
    mask[3, 5] = True
    assert torch.equal(prepared.false_negatives, mask)
    assert prepared.tokens == sum(int(p.features["attention_mask"].sum()) for p in prepared.parts)
    assert prepared.padded == sum(p.features["input_ids"].numel() for p in prepared.parts)
    assert prepared.pairs == [("eng_Latn", "eng_Latn"), ("deu_Latn", "deu_Latn")] * 2
