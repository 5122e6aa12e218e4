"""The check of meaning with a real model folder of LaBSE's layout: BERT, the first token's vector, a dense layer."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mtqa.filter.pairs import judge_pairs
from mtqa.filter.semantic import Semantic
from mtqa.filter.settings import FilterSettings
from mtqa.filter.target import target

TEXTS = {
    "en": "house tree water mother father night morning street village church window garden winter summer mountain "
    "river forest bridge horse bird friend teacher school kitchen bread butter apple evening question answer",
    "de": "Haus Baum Wasser Mutter Vater Nacht Morgen Straße Dorf Kirche Fenster Garten Winter Sommer Berg "
    "Fluss Wald Brücke Pferd Vogel Freund Lehrer Schule Küche Brot Butter Apfel Abend Frage Antwort",
}
WORDS = {lang: text.split() for lang, text in TEXTS.items()}
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def source(number: int, lang: str = "en") -> str:
    return " ".join(WORDS[lang][(7 * number + 5 * k + number * k) % 30] for k in range(6)) + "?"


@pytest.fixture(scope="module")
def labse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model whose German words have the very vectors of the English ones."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Dense, Normalize, Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizer

    folder = tmp_path_factory.mktemp("labse")
    words = [*WORDS["en"], *WORDS["de"]]
    (folder / "vocab.txt").write_text("\n".join([*SPECIAL, "?", *words]) + "\n", encoding="utf-8")
    bert = folder / "bert"
    BertTokenizer(str(folder / "vocab.txt"), do_lower_case=False).save_pretrained(bert)
    first = len(SPECIAL) + 1
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = BertModel(BertConfig(vocab_size=first + len(words), initializer_range=0.3, **sizes))
        vectors = model.embeddings.word_embeddings.weight.data
        for english, german in zip(*WORDS.values(), strict=True):
            vectors[first + words.index(german)] = vectors[first + words.index(english)]
        model.save_pretrained(bert)
        parts = [Transformer(str(bert)), Pooling(32, pooling_mode="cls"), Dense(32, 32), Normalize()]
        SentenceTransformer(modules=parts, device="cpu").save(str(folder / "model"))
    return folder / "model"


def test_a_language_that_it_knows_is_judged_and_another_is_not(labse: Path) -> None:
    semantic = Semantic(str(labse))
    good = [(source(n), source(n, "de")) for n in range(60)]
    scale = semantic.learn(good, target("deu_Latn"))
    assert scale is not None and scale.known and scale.right > 0.999
    assert semantic.scores(good, target("deu_Latn")) == pytest.approx([0] * 60, abs=0.01)
    wrong = [(good[n][0], good[n - 17][1]) for n in range(60)]
    assert np.median(semantic.scores(wrong, target("deu_Latn"))) > 0.5
    unknown = [(source(n), source(59 - n, "de")) for n in range(60)]
    assert not semantic.learn(unknown, target("swh_Latn")).known  # type: ignore[union-attr]
    assert np.isnan(semantic.scores(unknown[:3], target("swh_Latn"))).all()


def test_pairs_are_judged_with_it(labse: Path, tmp_path: Path) -> None:
    rows = [{"id": n, "source": source(n), "translation": source(n, "de")} for n in range(60)]
    rows[5]["translation"] = source(40, "de")
    table = tmp_path / "pairs.jsonl"
    lines = [json.dumps({**row, "lang": "de", "field": "question"}) for row in rows]
    table.write_text("\n".join(lines), encoding="utf-8")
    judge_pairs(table, FilterSettings(encoder=str(labse)), tmp_path / "out.jsonl")
    found = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    scores = [row["scores"]["semantic"] for row in found]
    assert np.argmax(scores) == 5 and "semantic" in found[5]["reasons"]
    assert sum("semantic" in row["reasons"] for row in found) == 1
