"""Text to a model's tokens and back, with the language marks that each family wants."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from mtqa.core.errors import UsageError
from mtqa.core.languages import Language, all_languages, get, resolve
from mtqa.core.schema import ENGLISH
from mtqa.translate.model import ModelFiles
from mtqa.translate.spans import Piece, place_pieces

SHOWN = 30
MODELS_KEPT = 4
GERMAN = "deu_Latn"
BACKEND = ("nllb", "madlad")
T5_POSITIONS = 512  # no hard limit: positions are relative; what MADLAD-400 was trained on
OPUS_PAIR = re.compile(r"opus-mt(?:-tc-(?:big|base))?-[a-z_]+-([A-Za-z_]+)$")


@dataclass(frozen=True)
class Tokens:
    """A tokenizer set up for one source and one target language.

    `source_prefix` opens every source (`>>deu<<`, `eng_Latn`, `__en__`), `target_prefix` every target (`deu_Latn`,
    `__de__`); sources end with `</s>`. `limit` is the model's number of positions.
    """

    tokenizer: Any
    family: str
    source_prefix: tuple[str, ...]
    target_prefix: tuple[str, ...]
    limit: int

    @property
    def overhead(self) -> int:
        """How many tokens are added to a text's own."""
        return len(self.source_prefix) + 1

    def pieces(self, texts: Sequence[str]) -> list[list[str]]:
        """Return the texts' own tokens, nothing added and nothing truncated.

        The sentencepiece model is called directly (Marian, M2M-100): as the tokenizer does, many texts at a time, and
        without taking `</s>` or `>>deu<<` inside a text for a mark.
        """
        if self.family in BACKEND:
            return [self._plain(e.tokens) for e in self._backend(texts)]
        return list(self._processor(target=False).encode(list(texts), out_type=str))

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens of its own each text has."""
        if self.family in BACKEND:
            return [len(e) for e in self._backend(texts)]
        return [len(ids) for ids in self._processor(target=False).encode(list(texts), out_type=int)]

    def places(self, texts: Sequence[str], *, target: bool = False) -> list[list[Piece]]:
        """Return the texts' own tokens with their places; `target` takes texts as outputs of the model."""
        if self.family in BACKEND:
            encoded = self._backend(texts)
            return [
                [Piece(t, *place) for t, place in zip(self._plain(e.tokens), e.offsets, strict=True)] for e in encoded
            ]
        pieces = self._processor(target=target).encode(list(texts), out_type=str)
        return [place_pieces(text, tokens) for text, tokens in zip(texts, pieces, strict=True)]

    def _backend(self, texts: Sequence[str]) -> Any:
        backend = self.tokenizer.backend_tokenizer
        backend.encode_special_tokens = True  # as plain text; a call of the tokenizer itself resets it
        return backend.encode_batch(list(texts), add_special_tokens=False)

    def _plain(self, tokens: list[str]) -> list[str]:
        """Return tokens with `<unk>` for what would be a mark: T5's vocabulary has `</s>` as a piece too."""
        marks = (self.tokenizer.eos_token, self.tokenizer.pad_token)
        return [self.tokenizer.unk_token if token in marks else token for token in tokens]

    def _processor(self, *, target: bool) -> Any:
        if self.family == "marian":
            return self.tokenizer.spm_target if target else self.tokenizer.spm_source
        return self.tokenizer.sp_model

    def names(self) -> dict[int, str]:
        """Return the token of every vocabulary id."""
        return {index: name for name, index in _known(self.tokenizer).items()}

    def encode(self, texts: Sequence[str]) -> list[list[str]]:
        """Return the model's input tokens, marks included."""
        eos = self.tokenizer.eos_token
        return [[*self.source_prefix, *pieces, eos] for pieces in self.pieces(texts)]

    def decode(self, outputs: Sequence[Sequence[str]]) -> list[str]:
        """Return the texts of output tokens; marks and special tokens are left out."""
        special = self._special
        rows = [[t for t in output if t not in special] for output in outputs]
        if self.family in BACKEND:
            decode = self.tokenizer.backend_tokenizer.decoder.decode
            return [decode(tokens).strip() for tokens in rows]
        made = self._processor(target=True).decode_pieces(rows, num_threads=1)  # all at once: no call a text
        return [(text.replace("▁", " ") if self.family == "marian" else text).strip() for text in made]

    @cached_property
    def _special(self) -> frozenset[str]:
        codes = [t for t in self.tokenizer.get_vocab() if t.startswith((">>", "<2")) and t.endswith(("<<", ">"))]
        return frozenset([*self.tokenizer.all_special_tokens, *self.target_prefix, *codes])

    def ids(self, tokens: Sequence[str]) -> list[int]:
        """Return vocabulary ids; a piece that the vocabulary lacks is `<unk>`."""
        return list(self.tokenizer.convert_tokens_to_ids(list(tokens)))


def load_tokens(files: ModelFiles, lang: str, source: str = ENGLISH) -> Tokens:
    """Return the tokenizer of a model for one target language and source language.

    Raises UsageError where the files cannot be read, or the model has no code for a language. What a Marian model reads
    stands nowhere in its files.
    """
    tokenizer, config = _read(files.path, files.revision)
    if files.family == "t5":
        return Tokens(tokenizer, "madlad", _madlad_prefix(tokenizer, files, lang), (), T5_POSITIONS)
    limit = int(config.max_position_embeddings)
    if files.family == "marian":
        return Tokens(tokenizer, "marian", _marian_prefix(tokenizer, files, lang), (), limit)
    nllb = "nllb" in type(tokenizer).__name__.lower()
    reads, writes = (_code(tokenizer, get(code), files, nllb) for code in (source, lang))
    return Tokens(tokenizer, "nllb" if nllb else "m2m", (reads,), (writes,), limit)


@lru_cache(MODELS_KEPT)
def _read(path: Path, revision: str) -> tuple[Any, Any]:
    """Return a model's tokenizer and config; all languages share them, as 202 tokenizers would take gigabytes."""
    from transformers import AutoConfig, AutoTokenizer

    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Recommended: pip install sacremoses")  # which tokenizing ignores
            tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True)
        return tokenizer, AutoConfig.from_pretrained(path, local_files_only=True)
    except Exception as error:  # whatever a broken file makes a parser raise
        raise UsageError(
            f"The model's tokenizer cannot be read: {error}",
            where=path,
            expected="the files that save_pretrained or the Hub gave",
            next_step="copy the model again",
        ) from error


def reference_tokens(files: ModelFiles, tokens: Tokens) -> Tokens:
    """Return the tokenizer for German, else for the first language that the model writes, `tokens` where none is known.

    For what is measured once a model, so that it does not depend on the language that is translated first.
    """
    for code in (GERMAN, *(language.code for language in all_languages())):
        with suppress(UsageError):
            return load_tokens(files, code)
    return tokens


def vocabulary(tokenizer: Any, size: int) -> list[str]:
    """Return the token of every id below `size`; ids without one get a made-up word, as fairseq calls it.

    Reads what each tokenizer says of itself: under transformers 5 `special_tokens_map` no longer lists the language
    codes of M2M-100, on which CTranslate2's own converter relies.
    """
    known = _known(tokenizer)
    names = [f"madeupword{index}" for index in range(size)]
    for name, index in known.items():
        if index < size:
            names[index] = name
    return names


def _known(tokenizer: Any) -> dict[str, int]:
    return {**tokenizer.get_vocab(), **getattr(tokenizer, "lang_token_to_id", {})}


def _marian_prefix(tokenizer: Any, files: ModelFiles, lang: str) -> tuple[str, ...]:
    codes = {t for t in tokenizer.get_vocab() if t.startswith(">>") and t.endswith("<<")}
    if codes:
        for code in get(lang).marian:
            if f">>{code}<<" in codes:
                return (f">>{code}<<",)
        able = [la.code for la in all_languages() if any(f">>{c}<<" in codes for c in la.marian)]
        raise _unable(files, lang, able)
    for told in (tokenizer.target_lang, *OPUS_PAIR.findall(files.name)):
        try:
            able = [resolve(told)] if told else []
        except UsageError:
            continue
        if able and able[0].split("_")[0] != lang.split("_")[0]:
            raise _unable(files, lang, able)
    return ()


def _code(tokenizer: Any, language: Language, files: ModelFiles, nllb: bool) -> str:
    """Return a language's token; an unknown one would silently be `<unk>`, so it is looked up in the vocabulary."""
    known = _known(tokenizer)
    for code in _codes(language, nllb):
        if code in known:
            return code
    raise _unable(files, language.code, [la.code for la in all_languages() if set(_codes(la, nllb)) & set(known)])


def _codes(language: Language, nllb: bool) -> list[str]:
    if nllb:
        return [c for c in (language.nllb, language.code) if c]
    return [f"__{c}__" for c in (language.iso1, *language.marian, language.iso3) if c]


def _madlad_prefix(tokenizer: Any, files: ModelFiles, lang: str) -> tuple[str, ...]:
    """Return MADLAD's `<2xx>` token, with whatever the tokenizer puts before it."""
    known = _known(tokenizer)
    for code in _madlad_codes(get(lang)):
        if code in known:
            word = tokenizer.tokenize("a")
            return tuple(tokenizer.tokenize(f"{code} a")[: -len(word)])
    raise _unable(files, lang, [la.code for la in all_languages() if set(_madlad_codes(la)) & set(known)])


def _madlad_codes(language: Language) -> list[str]:
    """Return the tokens that may stand for a language: with its script, then bare codes that mean no other one."""
    names = dict.fromkeys([language.iso1, *language.aliases, *language.marian, language.iso3])
    bare = [c for c in names if re.fullmatch("[a-z]{2,3}", c) and _means(c, language)]
    return [*(f"<2{c}_{language.script}>" for c in bare), *(f"<2{c}>" for c in bare)]


def _means(code: str, language: Language) -> bool:
    try:
        return resolve(code) == language.code
    except UsageError:  # several scripts share it, or only Marian knows it
        return code in language.marian or code == language.iso3


def _unable(files: ModelFiles, lang: str, able: list[str]) -> UsageError:
    shown = ", ".join(c for c in able[:SHOWN] if c != ENGLISH) + (
        f" and {len(able) - SHOWN} more" * (len(able) > SHOWN)
    )
    return UsageError(
        f"The model '{files.name}' does not translate into {lang} ({get(lang).name}).",
        where=files.name,
        expected=f"one of {shown}" if able else "a model with language codes",
        next_step="choose another language or another --model",
    )
