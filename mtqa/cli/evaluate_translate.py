"""Translate-test: queries translated into the documents' language before they are asked."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING

from mtqa.core.languages import ENGLISH

if TYPE_CHECKING:
    from mtqa.evaluate.collection.tasks import Translator
    from mtqa.translate.target import Target

CHUNK = 4096


def translator(model: str) -> Translator:
    """Return the translation of queries by a model of `mtqa translate`, at its default settings."""
    from mtqa.evaluate.collection.tasks import Translator

    opened = cache(lambda source, target: _target(model, source, target))
    return Translator(
        lambda source, target: opened(source, target).files.label,
        lambda texts, source, target: _translated(opened(source, target), texts),
    )


def _target(model: str, source: str, target: str) -> Target:
    from mtqa.translate.model import find_model
    from mtqa.translate.settings import TranslateSettings
    from mtqa.translate.target import open_target

    settings = TranslateSettings(to=[target if target != ENGLISH else source], model=model)
    return open_target(find_model(model, target, source), settings, target, source)


def _translated(target: Target, texts: Sequence[str]) -> list[str]:
    """Return the texts sentence by sentence in the target's language; each different sentence is translated once."""
    from mtqa.translate.segment import join, translatable

    spans = [target.split(text) for text in texts]
    parts = [[text[span.start : span.end] for span in own] for text, own in zip(texts, spans, strict=True)]
    segments = sorted(set(filter(translatable, chain(*parts))), key=lambda text: (target.tokens.count(text), text))
    chunks = [segments[first : first + CHUNK] for first in range(0, len(segments), CHUNK)]
    entries = chain(*target.decoder(target.engine(target.device)).stream(chunks))
    made = {segment: entry.text for segment, entry in zip(segments, entries, strict=True)}
    return [
        join([made.get(part, part) for part in own], text, places)[0]
        for text, own, places in zip(texts, parts, spans, strict=True)
    ]
