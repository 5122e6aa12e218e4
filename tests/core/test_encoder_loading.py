"""Opening encoders: what may be opened opens and gives its vectors; everything else is one clear UsageError."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import huggingface_hub.constants
import numpy as np
import pytest
import torch

import mtqa
from mtqa.core.encode import encode_texts, load_encoder, model_fingerprint
from mtqa.core.errors import UsageError

TEXTS = ["the river", "who was in the old city?", "rome " * 40]
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def test_a_plain_transformer_gets_mean_pooling(tiny_transformer):
    from transformers import AutoModel, AutoTokenizer

    model = mtqa.load_encoder(str(tiny_transformer))
    tokens = AutoTokenizer.from_pretrained(tiny_transformer)(TEXTS, padding=True, truncation=True, return_tensors="pt")
    with torch.no_grad():
        states = AutoModel.from_pretrained(tiny_transformer).eval()(**tokens).last_hidden_state
    mask = tokens["attention_mask"][:, :, None]
    mean = (states * mask).sum(1) / mask.sum(1)
    expected = torch.nn.functional.normalize(mean, dim=1).numpy()
    assert np.allclose(encode_texts(model, TEXTS, "query"), expected, atol=1e-5)


@pytest.mark.parametrize("which", ["tiny_encoder", "demo_encoder"])
def test_a_saved_encoder_opens_with_its_prompts_and_vectors(request, tmp_path, which):
    model = request.getfixturevalue(which)
    prompts, model.prompts = model.prompts, {"query": "who ", "document": "Passage: "}
    try:
        model.save_pretrained(str(tmp_path), create_model_card=False)
        again = load_encoder(str(tmp_path))
        assert again.prompts == model.prompts
        assert again.similarity_fn_name == "cosine"
        for role in ("query", "document"):
            assert np.array_equal(encode_texts(again, TEXTS, role), encode_texts(model, TEXTS, role))
        assert model_fingerprint(again) == model_fingerprint(model)
    finally:
        model.prompts = prompts


def test_a_saved_transformer_opens_without_mtqa(tiny_encoder, tmp_path):
    from sentence_transformers import SentenceTransformer

    tiny_encoder.save_pretrained(str(tmp_path), create_model_card=False)
    plain = SentenceTransformer(str(tmp_path), device="cpu")
    vectors = plain.encode_query(TEXTS, normalize_embeddings=True)
    assert np.allclose(vectors, encode_texts(tiny_encoder, TEXTS, "query"), atol=1e-5)


def test_weights_that_a_checkpoint_lacks_are_always_the_same(tiny_transformer):
    first = load_encoder(str(tiny_transformer))
    torch.rand(1)
    assert model_fingerprint(load_encoder(str(tiny_transformer))) == model_fingerprint(first)


def test_opening_leaves_the_global_random_state_alone(tiny_transformer):
    before = torch.get_rng_state()
    load_encoder(str(tiny_transformer))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_limit_that_the_tokeniser_lacks_is_the_model_s(tiny_transformer, tmp_path):
    folder = copied(tiny_transformer, tmp_path)
    edit(folder / "tokenizer_config.json", lambda config: config.pop("model_max_length"))
    model = load_encoder(str(folder))
    assert model.max_seq_length == 14  # 16 positions, of which XLM-R leaves the first two unused
    assert encode_texts(model, ["rome " * 40], "query").shape == (1, 16)


def no_config(folder: Path) -> None:
    (folder / "config.json").unlink()


def no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def pickled(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04.")


def truncated(folder: Path) -> None:
    weights = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(weights[:1000])


def broken_modules(folder: Path) -> None:
    (folder / "modules.json").write_text("{not json")


def foreign_class(folder: Path) -> None:
    modules(folder, type="os.path.join")


def outside(folder: Path) -> None:
    modules(folder, path="../elsewhere")


def not_modules(folder: Path) -> None:
    (folder / "modules.json").write_text('{"a": 1}')


def own_code(folder: Path) -> None:
    def change(config: dict) -> None:
        config.update(model_type="mine", auto_map={"AutoConfig": "mine.Config", "AutoModel": "mine.Model"})

    (folder / "mine.py").write_text("raise SystemExit('the code of a model ran')")
    edit(folder / "config.json", change)


def reranker(folder: Path) -> None:
    modules(folder)
    (folder / "config_sentence_transformers.json").write_text('{"model_type": "CrossEncoder"}')


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (no_config, "config.json missing"),
        (no_weights, "the weights missing"),
        (pickled, r"pickle \(pytorch_model.bin\)"),
        (truncated, "cannot be opened"),
        (broken_modules, "not JSON"),
        (not_modules, "does not list modules"),
        (foreign_class, "uses the class os.path.join"),
        (outside, "outside the encoder's folder"),
        (own_code, "cannot be opened"),
        (reranker, "is a CrossEncoder"),
    ],
)
def test_a_folder_that_must_not_or_cannot_be_opened(tiny_transformer, tmp_path, spoil, message):
    folder = copied(tiny_transformer, tmp_path)
    spoil(folder)
    with pytest.raises(UsageError, match=message) as caught:
        load_encoder(str(folder))
    assert caught.value.exit_code == 2 and str(folder) in str(caught.value)


@pytest.mark.parametrize("spoil", [no_weights, truncated])
def test_a_demo_folder_without_its_weights(demo_folder, tmp_path, spoil):
    folder = copied(demo_folder, tmp_path)
    spoil(folder)
    with pytest.raises(UsageError):
        load_encoder(str(folder))


def test_a_demo_folder_without_its_tokeniser(demo_folder, tmp_path):
    folder = copied(demo_folder, tmp_path)
    (folder / "sp.model").unlink()
    with pytest.raises(UsageError, match=r"sp\.model"):
        load_encoder(str(folder))


def test_a_device_that_is_not_there(tiny_transformer):
    with pytest.raises(UsageError, match="cannot be opened"):
        load_encoder(str(tiny_transformer), device="nonsense")


@pytest.mark.parametrize("name", ["./no/such/folder/here", "models/gone", "no spaces allowed", ""])
def test_a_name_that_is_nothing(monkeypatch, tmp_path, name):
    offline(monkeypatch, tmp_path)
    with pytest.raises(UsageError) as caught:
        load_encoder(name)
    assert '"demo"' in str(caught.value)


def test_a_hub_model_without_a_network_names_the_way_out(monkeypatch, tmp_path):
    offline(monkeypatch, tmp_path)
    with pytest.raises(UsageError) as caught:
        load_encoder("sentence-transformers/LaBSE")
    assert "the encoder demo" in str(caught.value) and "HF_HOME" in str(caught.value)


@pytest.mark.parametrize("name", ["someone/tiny", f"someone/tiny@{COMMIT}"])
def test_a_hub_model_in_the_cache_needs_no_network(monkeypatch, tiny_transformer, tmp_path, name):
    offline(monkeypatch, tmp_path)
    repo = tmp_path / "models--someone--tiny"
    (repo / "refs").mkdir(parents=True)
    (repo / "refs" / "main").write_text(COMMIT)
    shutil.copytree(tiny_transformer, repo / "snapshots" / COMMIT)
    assert encode_texts(load_encoder(name), TEXTS, "query").shape == (3, 16)
    assert model_fingerprint(name) == f"someone/tiny@{COMMIT}"


def test_fingerprints_follow_the_contents_only(tiny_transformer, tmp_path):
    one, two = copied(tiny_transformer, tmp_path / "1"), copied(tiny_transformer, tmp_path / "2")
    (two / "README.md").write_text("a card")
    (two / "_manifest.json").write_text("{}")
    assert model_fingerprint(str(one)) == model_fingerprint(str(two))
    edit(two / "config.json", lambda config: config.update(layer_norm_eps=0.5))
    assert model_fingerprint(str(one)) != model_fingerprint(str(two))
    model = load_encoder(str(one))
    before = model_fingerprint(model)
    with torch.no_grad():
        next(model.parameters()).view(-1)[0] += 1e-3
    assert model_fingerprint(model) != before


def copied(folder: Path, to: Path) -> Path:
    return Path(shutil.copytree(folder, to / "model"))


def edit(path: Path, change) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def modules(folder: Path, **changes: str) -> None:
    entry = {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}
    (folder / "modules.json").write_text(json.dumps([entry | changes]))


def offline(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(cache))
