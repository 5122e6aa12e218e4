"""CTranslate2, our transformers engine and a plain `generate` call give the same tokens, for every family."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from translate_corpora import SENTENCES

from mtqa.core.errors import UsageError
from mtqa.core.languages import all_languages, get, resolve
from mtqa.translate import model as model_module
from mtqa.translate.engine import Batch, Decoding, Forced, Wait, finished, load_engine, resolve_compute_type
from mtqa.translate.model import find_model
from mtqa.translate.settings import TranslateSettings
from mtqa.translate.tokens import _code, load_tokens, reference_tokens, vocabulary

FAMILIES = ("marian", "marian_pair", "nllb", "m2m", "madlad")
LIMIT = 24


def load(path: Path, engine: str = "ctranslate2", lang: str = "deu_Latn"):
    files = find_model(str(path), lang)
    tokens = load_tokens(files, lang)
    return tokens, load_engine(files, tokens, engine, "cpu", "float32")


def plain_generate(path: Path, tokens, beam: int) -> list[list[int]]:
    """Outputs as a user of transformers gets them, texts in and ids out, `</s>` and what follows left off."""
    import torch
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(path)
    model = AutoModelForSeq2SeqLM.from_pretrained(path, dtype=torch.float32).eval()
    texts, extra, prefix = SENTENCES, {}, len(tokens.target_prefix)
    if tokens.family in ("marian", "madlad") and tokens.source_prefix:
        texts = [f"{tokens.source_prefix[-1]} {text}" for text in texts]
    if prefix:
        extra["forced_bos_token_id"] = tokenizer.convert_tokens_to_ids(tokens.target_prefix[0])
    made = model.generate(
        **tokenizer(texts, return_tensors="pt", padding=True),
        num_beams=beam,
        do_sample=False,
        early_stopping=beam > 1,
        min_new_tokens=prefix + 1,
        max_new_tokens=prefix + LIMIT,
        max_length=None,
        forced_eos_token_id=None,
        suppress_tokens=[tokenizer.unk_token_id],
        renormalize_logits=True,
        **extra,
    )
    end = tokenizer.eos_token_id
    rows = [row[prefix + 1 :] for row in made.tolist()]
    return [row[: row.index(end)] if end in row else row[:LIMIT] for row in rows]


@pytest.mark.parametrize("family", FAMILIES)
def test_engines_agree_with_generate_token_for_token(family: str, request: pytest.FixtureRequest) -> None:
    path = request.getfixturevalue(family)
    tokens, fast = load(path)
    _, reference = load(path, "transformers")
    batch = Batch(tokens.encode(SENTENCES), tokens.target_prefix, LIMIT)
    ended, distinct = 0, set()
    for beam in (1, 4):
        ours, theirs = fast.start([batch], Decoding(beam))()[0], reference.start([batch], Decoding(beam))()[0]
        assert [o.tokens for o in ours] == [o.tokens for o in theirs]
        assert [o.hit_limit for o in ours] == [o.hit_limit for o in theirs]
        assert [o.score for o in ours] == pytest.approx([o.score for o in theirs], abs=2e-3)
        assert [tokens.ids(o.tokens) for o in ours] == plain_generate(path, tokens, beam)
        distinct |= {tuple(o.tokens) for o in ours}
        ended += sum(not o.hit_limit for o in ours)
        assert "<pad>" not in {token for o in ours for token in o.tokens}
    assert ended > 0
    assert len(distinct) > 3  # outputs depend on inputs


@pytest.mark.parametrize("family", FAMILIES)
def test_tokens_are_those_of_the_tokenizer(family: str, request: pytest.FixtureRequest) -> None:
    path = request.getfixturevalue(family)
    tokens = load_tokens(find_model(str(path), "deu_Latn"), "deu_Latn")
    tokenizer = tokens.tokenizer
    mark = f"{tokens.source_prefix[-1]} " if tokens.family in ("marian", "madlad") and tokens.source_prefix else ""
    for text in [*SENTENCES, "Ünknown 中 letters", "two  spaces"]:
        assert tokens.ids(tokens.encode([text])[0]) == tokenizer(mark + text)["input_ids"]
        ids = tokens.ids(tokens.pieces([text])[0])
        if tokenizer.unk_token_id not in ids:
            back = tokens.decode(tokens.pieces([text]))
            assert back == [tokenizer.decode(ids, skip_special_tokens=True).strip()]
            assert " ".join(back[0].split()) == " ".join(text.split())
    assert tokenizer.eos_token_id not in tokens.ids(tokens.pieces(["a </s> b"])[0])


def test_nllb_knows_all_its_codes(nllb: Path) -> None:
    tokens = load_tokens(find_model(str(nllb), "zul_Latn"), "zul_Latn")
    assert (tokens.source_prefix, tokens.target_prefix) == (("eng_Latn",), ("zul_Latn",))
    codes = [language.nllb for language in all_languages() if language.nllb]
    assert len(codes) == len(set(codes)) == 202
    ids = tokens.ids(codes)
    assert len(set(ids)) == 202 and tokens.tokenizer.unk_token_id not in ids
    files = find_model(str(nllb), "zul_Latn")
    assert [_code(tokens.tokenizer, get(resolve(code)), files, True) for code in codes] == codes  # there and back


def test_languages_share_a_tokenizer_and_what_is_measured_with_it(nllb: Path, marian_group: Path) -> None:
    """202 tokenizers would take gigabytes; and the chosen heads must not depend on the language that came first."""
    files = find_model(str(nllb), "swh_Latn")
    swahili, yoruba = (load_tokens(files, code) for code in ("swh_Latn", "yor_Latn"))
    assert swahili.tokenizer is yoruba.tokenizer and swahili.target_prefix != yoruba.target_prefix
    assert reference_tokens(files, swahili) == reference_tokens(files, yoruba) == load_tokens(files, "deu_Latn")
    files = find_model(str(marian_group), "swe_Latn")
    assert reference_tokens(files, load_tokens(files, "swe_Latn")).source_prefix == (">>nob<<",)


def test_a_model_folder_is_hashed_once_and_again_when_it_changes(
    marian: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(marian, tmp_path / "model")
    hashed: list[str] = []
    real = model_module.file_sha256
    monkeypatch.setattr(model_module, "file_sha256", lambda path: hashed.append(path.name) or real(path))
    first = find_model(str(folder), "deu_Latn")
    assert find_model(str(folder), "spa_Latn") == first and hashed.count("model.safetensors") == 1
    config = folder / "config.json"
    config.write_text(config.read_text("utf-8") + "\n", "utf-8")
    assert find_model(str(folder), "deu_Latn").revision != first.revision
    assert hashed.count("config.json") == 2 and hashed.count("model.safetensors") == 1


def test_vocabulary_has_a_name_for_every_id(m2m: Path) -> None:
    tokens = load_tokens(find_model(str(m2m), "fra_Latn"), "fra_Latn")
    assert tokens.target_prefix == ("__fr__",)
    size = len(tokens.tokenizer.encoder) + len(tokens.tokenizer.lang_token_to_id) + 8
    names = vocabulary(tokens.tokenizer, size)
    assert len(names) == len(set(names)) == size
    assert names.index("__fr__") == tokens.ids(["__fr__"])[0]


def test_marian_language_marks(marian: Path, marian_pair: Path) -> None:
    assert load_tokens(find_model(str(marian), "spa_Latn"), "spa_Latn").source_prefix == (">>spa<<",)
    assert load_tokens(find_model(str(marian_pair), "deu_Latn"), "deu_Latn").source_prefix == ()
    with pytest.raises(UsageError, match="deu_Latn, spa_Latn"):
        load_tokens(find_model(str(marian), "fra_Latn"), "fra_Latn")
    with pytest.raises(UsageError, match="deu_Latn"):
        load_tokens(find_model(str(marian_pair), "fra_Latn"), "fra_Latn")


@pytest.mark.parametrize(
    ("break_it", "match"),
    [
        (lambda folder: (folder / "config.json").write_text("{"), "config.json"),
        (lambda folder: (folder / "config.json").write_text('{"model_type": "bert"}'), "bert"),
        (lambda folder: (folder / "model.safetensors").unlink(), "no weights"),
        (lambda folder: (folder / "source.spm").unlink(), "lacks source.spm"),
    ],
)
def test_a_broken_model_folder_says_what_is_missing(marian: Path, tmp_path: Path, break_it, match: str) -> None:
    import shutil

    folder = tmp_path / "model"
    shutil.copytree(marian, folder)
    break_it(folder)
    with pytest.raises(UsageError, match=match) as caught:
        find_model(str(folder), "deu_Latn")
    assert str(folder) in str(caught.value)


@pytest.mark.parametrize("name", ["model.safetensors", "vocab.json", "source.spm"])
def test_truncated_model_files_are_usage_errors(marian: Path, tmp_path: Path, name: str) -> None:
    import shutil

    folder = tmp_path / "model"
    shutil.copytree(marian, folder)
    (folder / name).write_bytes((folder / name).read_bytes()[:100])
    with pytest.raises(UsageError):
        load(folder)


def test_models_that_cannot_be_had(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("nllb-600m", "opus-mt", "someone/some-model"):
        with pytest.raises(UsageError, match="--model demo"):
            find_model(name, "deu_Latn")
    with pytest.raises(UsageError, match="no model folder"):
        find_model("./nowhere", "deu_Latn")
    monkeypatch.setattr(model_module, "MT_MODEL", tmp_path / "none")
    with pytest.raises(UsageError, match="not there"):
        find_model("demo", "deu_Latn")


def test_compute_types(marian: Path) -> None:
    def settings(**values):
        return TranslateSettings(to="de", **values)

    assert resolve_compute_type(settings(), "cpu") == "int8"
    assert resolve_compute_type(settings(engine="transformers"), "cpu") == "float32"
    with pytest.raises(UsageError, match="int8"):
        resolve_compute_type(settings(engine="transformers", compute_type="int8"), "cpu")


def test_settings_take_names_of_languages() -> None:
    assert TranslateSettings(to="es, German").to == ["deu_Latn", "spa_Latn"]
    for wrong in ("en", "klingon", [], [3]):
        with pytest.raises(ValueError):
            TranslateSettings(to=wrong)


def test_madlad_language_marks(madlad: Path) -> None:
    def mark(lang: str) -> str:
        return load_tokens(find_model(str(madlad), lang), lang).source_prefix[-1]

    assert [mark(lang) for lang in ("deu_Latn", "spa_Latn", "zho_Hans", "tgl_Latn", "heb_Hebr")] == [
        "<2de>",
        "<2es>",
        "<2zh>",
        "<2fil>",
        "<2iw>",
    ]
    for wrong in ("fra_Latn", "zho_Hant"):
        with pytest.raises(UsageError, match="deu_Latn"):
            mark(wrong)


def test_what_does_not_fit_is_halved_until_it_does() -> None:
    begun: list[Sequence[int]] = []

    def begin(numbers: Sequence[int]) -> Wait[int]:
        def wait() -> list[int]:
            if 0 in numbers:
                raise RuntimeError("wrong shape")
            if len(numbers) > 2 or max(numbers) > 8:
                raise RuntimeError("CUDA failed with error out of memory")
            return [10 * number for number in numbers]

        begun.append(numbers)
        return wait

    assert finished([1, 2], begin([1, 2]), begin) == ([10, 20], False)
    begun.clear()
    assert finished([5, 4, 3, 2, 1], begin([5, 4, 3, 2, 1]), begin) == ([50, 40, 30, 20, 10], True)
    assert begun == [[5, 4, 3, 2, 1], [5, 4], [3, 2, 1], [3], [2, 1]]
    for numbers, message in (([9], "out of memory"), ([1, 0], "wrong shape")):
        with pytest.raises(RuntimeError, match=message):
            finished(numbers, begin(numbers), begin)


def test_halves_are_aligned_as_the_whole_batch_is(marian: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens, loaded = load(marian)
    pairs = [Forced(source, source[1:4]) for source in tokens.encode(SENTENCES[:5])]
    whole, real = loaded.attention([pairs])(), loaded._force

    class Full:
        def result(self) -> None:
            raise MemoryError

    monkeypatch.setattr(loaded, "_force", lambda some: [Full()] if len(some) > 2 else real(some))
    for ours, theirs in zip(loaded.attention([pairs])(), whole, strict=True):
        assert ours.shape == theirs.shape and abs(ours - theirs).max() < 1e-5
