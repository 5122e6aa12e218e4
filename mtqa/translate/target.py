"""One target language: its model, its tokenizer, how texts are split for it, and what its memory is keyed by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from typing import Any

from mtqa.core.languages import get
from mtqa.core.schema import ENGLISH
from mtqa.translate import protect, watch
from mtqa.translate.decode import RETRY, VERSION, Decoder
from mtqa.translate.engine import Engine, engine_version, load_engine, resolve_compute_type, resolve_device
from mtqa.translate.memory import Entry
from mtqa.translate.model import CONVERSION, ModelFiles
from mtqa.translate.segment import Span, split
from mtqa.translate.settings import TranslateSettings
from mtqa.translate.tokens import Tokens, load_tokens

SPLITS_KEPT = 4096
CPU_BATCH, GPU_BATCH = 512, 16_384

Stream = Callable[[Iterable[Sequence[str]]], Iterator[list[Entry]]]
"""Chunks of texts to chunks of entries, as `Decoder.stream`."""


@dataclass(frozen=True)
class Target:
    """One target language; `source` is English but for the way back (roundtrip.py)."""

    lang: str
    files: ModelFiles
    tokens: Tokens
    settings: TranslateSettings
    device: str
    compute_type: str
    source: str = ENGLISH

    @property
    def batch_tokens(self) -> int:
        """Source tokens of a batch: as set, else what was fastest on one core, and room for a GPU to work."""
        return self.settings.batch_tokens or (CPU_BATCH if self.device == "cpu" else GPU_BATCH)

    @property
    def key(self) -> dict[str, Any]:
        """All that the translation of a segment depends on."""
        return {
            "engine": engine_version(self.settings.engine),
            "conversion": CONVERSION,
            "name": self.files.name,
            "model": self.files.revision,
            "device": self.device,
            "compute_type": self.compute_type,
            "decoding": {"beam_size": self.settings.beam_size, "batch_tokens": self.batch_tokens},
            "retry": {**asdict(RETRY), "version": VERSION},
            "watch": watch.VERSION,
            "protect": protect.VERSION,
            "source": self.source,
            "target": self.lang,
        }

    @cached_property
    def split(self) -> Callable[[str], list[Span]]:
        """The function from a text to its segments, remembering recent texts (questions share passages)."""
        room = self.tokens.limit - self.tokens.overhead - 2
        budget = min(self.settings.max_segment_tokens, room)
        iso = get(self.source).iso1 or get(self.source).iso3
        return lru_cache(SPLITS_KEPT)(lambda text: split(text, self.tokens.count, budget, iso))

    @property
    def spec(self) -> Spec:
        """What another process needs to do the same."""
        return Spec(self.lang, self.files, self.settings, self.device, self.compute_type, self.source)

    def engine(self, place: str) -> Engine:
        """Load the model at a place (`cpu`, `cuda`, `cuda:1`)."""
        return load_engine(self.files, self.tokens, self.settings.engine, place, self.compute_type)

    def decoder(self, engine: Engine) -> Decoder:
        """Return the decoder that uses a loaded model for this language."""
        return Decoder(engine, self.tokens, self.lang, self.settings.beam_size, self.batch_tokens)


def open_target(files: ModelFiles, settings: TranslateSettings, lang: str, source: str = ENGLISH) -> Target:
    """Return a target with the device and number format that the settings stand for here.

    Raises UsageError where these are not to be had or the model cannot do the pair.
    """
    device = resolve_device(settings)
    compute_type = resolve_compute_type(settings, device)
    return Target(lang, files, load_tokens(files, lang, source), settings, device, compute_type, source)


@dataclass(frozen=True)
class Spec:
    """A target that can be sent to another process."""

    lang: str
    files: ModelFiles
    settings: TranslateSettings
    device: str
    compute_type: str
    source: str


def load_stream(spec: Spec, place: str) -> Stream:
    """Load tokenizer and model of a spec at a place and return what decodes chunks there."""
    tokens = load_tokens(spec.files, spec.lang, spec.source)
    target = Target(spec.lang, spec.files, tokens, spec.settings, spec.device, spec.compute_type, spec.source)
    return target.decoder(target.engine(place)).stream
