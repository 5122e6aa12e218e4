from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from translate_corpora import SENTENCES

from mtqa.translate.align import Question, align
from mtqa.translate.engine import Forced, load_engine
from mtqa.translate.heads import attentions, measure, put_first
from mtqa.translate.model import find_model
from mtqa.translate.spans import Piece, place_pieces, project, word_tokens
from mtqa.translate.tokens import load_tokens

SOURCE = [Piece("▁She", 0, 3), Piece("▁moved", 4, 9), Piece("▁to", 10, 12), Piece("▁Par", 13, 16), Piece("is", 16, 18)]
TEXT = "Nach Paris, zog sie."
TARGET = [Piece("▁Nach", 0, 4), Piece("▁Pari", 5, 9), Piece("s,", 9, 11), Piece("▁zog", 12, 15), Piece("▁sie", 16, 19)]
ATTENTION = np.array(
    [
        [0.1, 0.1, 0.6, 0.1, 0.1],
        [0.0, 0.0, 0.1, 0.5, 0.4],
        [0.1, 0.1, 0.0, 0.2, 0.6],
        [0.1, 0.8, 0.1, 0.0, 0.0],
        [0.9, 0.1, 0.0, 0.0, 0.0],
    ],
    dtype=np.float32,
)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [((13, 18), "Paris"), ((4, 9), "zog"), ((0, 3), "sie"), ((10, 18), "Nach Paris"), ((16, 18), "Paris")],
)
def test_an_answer_is_where_the_attention_lies_in_whole_words(answer: tuple[int, int], expected: str) -> None:
    place = project(ATTENTION, SOURCE, TARGET, answer, TEXT)
    assert place is not None and TEXT[place[0] : place[1]] == expected


def test_no_place_without_attention() -> None:
    assert project(np.full((5, 5), 0.2, dtype=np.float32), SOURCE, TARGET, (0, 3), TEXT) is None
    assert project(ATTENTION, SOURCE, TARGET, (40, 44), TEXT) is None
    assert project(np.zeros((0, 5), dtype=np.float32), SOURCE, [], (0, 3), "") is None


def test_pieces_find_their_places_through_normalisation() -> None:
    text = "½  kg “x”… é"
    pieces = place_pieces(text, ["▁1", "⁄2", "▁kg", "▁“", "x", "”", "...", "▁é"])
    assert [text[p.start : p.end] for p in pieces] == ["½", "½", "kg", "“", "x", "”", "…", "é"]
    other = place_pieces("a – b", ["▁a", "▁-", "▁b"])  # a dash that the model writes otherwise
    assert [(p.start, p.end) for p in other] == [(0, 1), (1, 1), (4, 5)]


def test_words_that_stand_once() -> None:
    assert word_tokens(["▁In", "▁18", "67", ",", "▁Par", "is", "▁in", "▁Rom", ".", "▁in"]) == {
        "In": range(0, 1),
        "1867": range(1, 3),
        "Paris": range(4, 6),
        "Rom": range(7, 8),
    }


def torch_model(path: Path):
    import torch
    from transformers import AutoModelForSeq2SeqLM

    return AutoModelForSeq2SeqLM.from_pretrained(path, dtype=torch.float32, attn_implementation="eager").eval()


@pytest.mark.parametrize("family", ["marian", "nllb", "m2m", "madlad"])
def test_both_engines_give_the_attention_of_the_chosen_heads(family: str, request: pytest.FixtureRequest) -> None:
    path = request.getfixturevalue(family)
    files = find_model(str(path), "deu_Latn")
    tokens = load_tokens(files, "deu_Latn")
    own = [[p.token for p in pieces] for pieces in tokens.places(SENTENCES[:4], target=True)]
    batch = [Forced(s, [*tokens.target_prefix, *t]) for s, t in zip(tokens.encode(SENTENCES[4:8]), own, strict=True)]
    fast, slow = (
        load_engine(files, tokens, engine, "cpu", "float32").attention([batch])()
        for engine in ("ctranslate2", "transformers")
    )
    model = torch_model(path)
    chosen = measure(model, tokens)
    for pair, target, one, two in zip(batch, own, fast, slow, strict=True):
        assert one.shape == two.shape == (len(target), len(pair.source))
        np.testing.assert_allclose(one, two, atol=2e-3)
        np.testing.assert_allclose(one.sum(1), 1, atol=1e-3)
        whole = attentions(model, tokens, pair.source, target)
        np.testing.assert_allclose(two, whole[chosen.layer, list(chosen.heads)].mean(0), atol=2e-3)


def test_reordered_heads_compute_the_same(marian: Path) -> None:
    import torch

    from mtqa.translate.heads import cross_attention

    model = torch_model(marian)
    tokens = load_tokens(find_model(str(marian), "deu_Latn"), "deu_Latn")
    source, target = tokens.encode(SENTENCES[:2])
    ids = {"input_ids": torch.tensor([tokens.ids(source)]), "decoder_input_ids": torch.tensor([tokens.ids(target)])}
    with torch.inference_mode():
        before, maps = model(**ids).logits, attentions(model, tokens, source, target)
        put_first(cross_attention(model, 1), (2, 0), 4)
        after, moved = model(**ids).logits, attentions(model, tokens, source, target)
    torch.testing.assert_close(before, after, atol=1e-4, rtol=1e-4)
    np.testing.assert_allclose(moved[1], maps[1][[2, 0, 1, 3]], atol=1e-5)
    np.testing.assert_allclose(moved[0], maps[0], atol=1e-6)


def test_measured_heads_are_those_that_hit_most(monkeypatch: pytest.MonkeyPatch, marian: Path) -> None:
    """A model whose layer 1 looks at the right word with head 3, and with heads 1 and 3 together more often."""
    from mtqa.translate import heads as module

    tokens = load_tokens(find_model(str(marian), "deu_Latn"), "deu_Latn")
    source = tokens.encode(["In 1867 Marie left."])[0]
    target = source[1:-1]
    monkeypatch.setattr(module, "_translate", lambda *_: ([source] * 12, [target] * 12))
    right = np.zeros((2, 4, len(target), len(source)), dtype=np.float32)
    right[..., 1] = 0.3
    for row in range(len(target)):
        right[1, 3, row, row + 1] = 1.0 if row % 3 else 0.2  # misses every third
        right[1, 1, row, row + 1] = 0.5 if row % 3 == 0 else 0.1
    monkeypatch.setattr(module, "attentions", lambda *_: right)
    found = module.measure(None, tokens)
    assert (found.layer, found.heads, found.accuracy) == (1, (3, 1), 1.0)


def test_questions_about_one_pair_share_a_pass(marian: Path) -> None:
    files = find_model(str(marian), "deu_Latn")
    tokens = load_tokens(files, "deu_Latn")
    engine = load_engine(files, tokens, "ctranslate2", "cpu", "float32")
    passed: list[int] = []
    real = engine.attention
    engine.attention = lambda batches: passed.append(sum(map(len, batches))) or real(batches)  # type: ignore[method-assign]
    asked = [Question(SENTENCES[1], SENTENCES[8], (0, 11)), Question(SENTENCES[1], SENTENCES[8], (24, 30))]
    asked += [Question(SENTENCES[2], "x" * 4000, (0, 4)), Question(SENTENCES[2], "", (0, 4))]
    places = align(asked, engine, tokens, 512)()
    assert passed == [1] and places[2:] == [None, None]
    for place in places[:2]:
        assert place is None or 0 <= place[0] < place[1] <= len(SENTENCES[8])
    assert align([], engine, tokens, 512)() == []
