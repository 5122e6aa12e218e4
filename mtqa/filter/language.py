"""Another language: two identifiers that both know the language say, each with confidence, that it is another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from mtqa.filter.target import Target
from mtqa.filter.text import letter_count, uncopied

MIN_LETTERS = 20
SAMPLE = 200
ALONE = 0.2
VARIANTS: tuple[frozenset[str], ...] = (
    frozenset({"zh", "zh-cn", "zh-tw", "yue", "wuu"}),
    frozenset({"ar", "ary", "arz"}),
    frozenset({"bs", "hr", "sr"}),
    frozenset({"no", "nb", "nn", "nob", "nno", "da"}),
    frozenset({"id", "ms"}),
    frozenset({"el", "grc"}),
    frozenset({"he", "hbo"}),
    frozenset({"nso", "st"}),
    frozenset({"uz", "uzs"}),
    frozenset({"lv", "ltg"}),
    frozenset({"gn", "gug"}),
)
"""Labels too close to be evidence against each other."""
NO_LANGUAGE = "zxx"
"""py3langid's label for text that is no language."""


@dataclass(frozen=True)
class Identifier:
    """A language identifier: its name, the labels that it knows, and a function text → (label, probability)."""

    name: str
    labels: frozenset[str]
    identify: Callable[[str], tuple[str, float]]

    def knows(self, lang: Target) -> bool:
        """Whether one of its labels means the language."""
        return any(label in self.labels for label in _meanings(lang.labels))


def wrong_language(source: str | None, target: str, lang: Target) -> float | None:
    """Return how sure the less sure of the identifiers is that the text is in another language than the target.

    0 where one of them says that the language is right. Judged are the first and last 200 characters of what was not
    copied from the source; abstains below 20 such letters. An identifier does not vote on a language that it does not
    know: where only one knows it, it must be surer (.2 is taken off its score), where none does the check abstains.
    """
    judges = identifiers_for(lang)
    text = uncopied(source, target)
    if not judges or letter_count(text) < MIN_LETTERS:
        return None
    text = " ".join(text.split())
    if len(text) > 2 * SAMPLE:
        text = f"{text[:SAMPLE]} {text[-SAMPLE:]}"
    score = 1.0 if len(judges) > 1 else 1.0 - ALONE
    for judge in judges:
        label, probability = judge.identify(text)
        if label in _meanings(lang.labels) or label == NO_LANGUAGE:
            return 0.0
        score = min(score, probability if len(judges) > 1 else max(probability - ALONE, 0.0))
    return score


@lru_cache(maxsize=1024)
def identifiers_for(lang: Target) -> tuple[Identifier, ...]:
    """Return the identifiers that know the language, the fastest first: later ones are asked only on a disagreement."""
    return tuple(identifier for identifier in (py3langid(), langdetect(lang.seed)) if identifier.knows(lang))


@cache
def py3langid() -> Identifier:
    """Return py3langid (140 labels, naive Bayes on byte n-grams), with probabilities."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    return Identifier("py3langid", frozenset(model.labels), model.classify)


@cache
def langdetect(seed: int) -> Identifier:
    """Return langdetect (55 labels, sampling): profiles in a fixed order, the same seed for every text."""
    from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory
    from langdetect.lang_detect_exception import LangDetectException

    profiles = sorted(path for path in Path(PROFILES_DIRECTORY).iterdir() if path.is_file())
    factory = DetectorFactory()
    factory.load_json_profile([path.read_text(encoding="utf-8") for path in profiles])
    factory.seed = seed

    def identify(text: str) -> tuple[str, float]:
        detector = factory.create()
        detector.append(text)
        try:
            best = detector.get_probabilities()[:1]
        except LangDetectException:
            best = []
        return (best[0].lang, float(best[0].prob)) if best else (NO_LANGUAGE, 0.0)

    return Identifier("langdetect", frozenset(factory.get_lang_list()), identify)


@lru_cache(maxsize=1024)
def _meanings(labels: Sequence[str]) -> frozenset[str]:
    """Return the labels with the variants that count as the same."""
    same = [group for group in VARIANTS if not group.isdisjoint(labels)]
    return frozenset(labels).union(*same)
