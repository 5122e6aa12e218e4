"""Another language: two identifiers that both know the language say, each with confidence, that it is another."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from mtqa.filter.identifiers import NO_LANGUAGE, Identifier, identifier
from mtqa.filter.sentences import language_tag, sentences
from mtqa.filter.target import Target
from mtqa.filter.text import squeezed, uncopied, without_names

MIN_LETTERS, MIN_LETTERS_DENSE = 15, 6
FEW = 3
DENSE = frozenset({"Hans", "Hant", "Jpan", "Hang", "Ethi"})
"""Scripts that say in a letter what others say in three."""
SAMPLE, PART = 200, 50
SHARED = frozenset({"Latn", "Cyrl", "Arab", "Deva"})
"""Scripts of several languages that identifiers know."""
BRACKETS = re.compile(r"[(（][^()（）]*[)）]")
"""Good translators give titles and terms in the original language in them."""
DOUBT = 0.3
ALONE = 0.2
ENGLISH_SCORE = 0.9
ENGLISH_HITS, ENGLISH_SHARE = 2, 0.2
LATIN_WORDS = re.compile(r"[a-z]+(?:'[a-z]+)?")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ENGLISH_WORDS = _words(
    "the of and which with this that these those from have been were their they would should could between through "
    "during about because what when where why who whose whom how did does than also other into its his her are is was "
    "many much most some it by for has had he she we you not or if there to in on at a an as be been do"
)
CLEAR_WORDS = _words(
    "the which with this that these those from have been were their they would should could between through during "
    "about because what when where why who whose whom did does than into"
)
"""English words that hardly any other language writes; the longer list adds those that some do."""
VARIANTS: tuple[frozenset[str], ...] = tuple(
    frozenset(group.split())
    for group in (
        "zh zh-cn zh-tw yue wuu",
        "ar ary arz",
        "bs hr sr sh",
        "no nb nn nob nno da",
        "id ms min bjn ace",
        "jv su id",
        "el grc",
        "he hbo yi",
        "nso st tn",
        "zu xh ss nr",
        "rw rn",
        "uz uzs",
        "lv ltg",
        "gn gug",
        "fa prs tg",
        "az azb tr crh tk",
        "kk ky tt ba",
        "hi bh bho mai mag awa hne ne",
        "it lij vec scn fur lmo pms eml nap sc co",
        "es ast an ext gl",
        "pt gl",
        "ca oc",
        "ht gcf gcr fr",
        "ku kmr ckb sdh diq",
        "bo dz",
        "ln kg",
        "fr wa",
        "lb de",
        "af nl",
        "fo is",
        "gd ga",
        "li nl",
        "am ti",
        "szl pl",
        "tl ceb war ilo pag bcl pam",
        "ks ur sd",
        "ug uz",
        "as bn",
        "sa hi mr ne gom",
    )
)
"""Labels too close to be evidence against each other. A group counts for the languages that are in it."""
TOLD_APART = {"gl": "es pt", "es": "gl", "pt": "gl", "da": "no nb nn", "hi": "mr ne", "mr": "hi ne"}
LONG = 120
"""Of these, some that are told apart in texts of so many characters: two identifiers erred on none of 3,800 (XQuAD,
FLORES dev, GNOME's help)."""


def wrong_language(source: str | None, target: str, lang: Target) -> float | None:
    """Return how sure the less sure of two identifiers is that the text is in another language than the target.

    0 where one of them says that the language is right. Judged are the first and last 200 characters of what was not
    copied from the source; abstains below 15 such letters (6 in scripts of syllables and ideographs), where two
    identifiers err on under 1 in 1,000 of short clean sentences. An identifier votes only on languages that it knows:
    where only one knows the target, or all name one other language and one alone is sure of it, another that knows none
    better must name the same, and .2 is taken off; where none does, only English function words are evidence (of
    English). Of short texts, below three times those letters, all who know the language are asked. Parts of the whole
    text outside brackets, of 50 bytes or more, that CLD2 doubts, and the sentences that they touch, are judged
    likewise, by all; in scripts of several languages each such sentence that it doubts by itself.
    """
    judges, others = judges_for(lang)
    if any(_right_throughout(text, lang, judges, others) for text in _lightened(source, target, lang)):
        return 0.0
    text, letters = uncopied(source, target)
    least = MIN_LETTERS_DENSE if lang.script in DENSE else MIN_LETTERS
    if letters < least:
        return None
    whole = _plain(text)
    text = _ends(whole)
    if lang.script == "Latn" and _is_english(text):
        return ENGLISH_SCORE
    if not judges:
        return None
    score = _judged(text, lang, judges, others, ask_all=letters < FEW * least)
    foreign = [
        _judged(part, lang, judges, others, ask_all=True)
        for part in _foreign_parts(BRACKETS.sub(" ", whole), lang, judges)
    ]
    return max([score, *foreign])


def _lightened(source: str | None, target: str, lang: Target) -> Iterator[str]:
    """Yield what may well be right throughout: the whole, and it without names; in other scripts long texts only."""
    if lang.script == "Latn" or (lang.script in SHARED and len(target) >= 2 * PART):
        yield target
        yield without_names(source, target)


def _right_throughout(text: str, lang: Target, judges: Sequence[Identifier], others: Sequence[Identifier]) -> bool:
    """Whether CLD2 finds a text right, or each of several long sentences, where others may speak if it knows nothing.

    That is seen sooner than what was copied.
    """
    teller = next((judge for judge in judges if judge.parts), None)
    if teller is None or teller.parts is None:
        return False
    text = _plain(text)
    long = _long(sentences(text, language_tag(lang)))
    if len(long) > 1:
        if TOLD_APART.keys() & lang.labels and not _right(text, lang, teller):  # one sentence may be too short for it
            return False
        return all(
            _right(sentence, lang, teller)
            or (
                teller.identify(sentence)[0] == NO_LANGUAGE
                and not _judged(sentence, lang, judges, others, ask_all=True)
            )
            for sentence in long
        )
    return _right(text, lang, teller)


def _right(text: str, lang: Target, teller: Identifier) -> bool:
    """Whether CLD2 finds a text or a part of it right, and no long part in another language."""
    assert teller.parts is not None
    labels, right = {teller.identify(text)[0]}, _right_labels(text, lang)
    for label, start, end in teller.parts(text):
        if label in right or end - start >= PART:
            labels.add(label)
    return not right.isdisjoint(labels) and labels <= right | {NO_LANGUAGE}


def _long(texts: Iterable[str]) -> list[str]:
    return [text for text in texts if len(text) >= PART or len(text.encode("utf-8", "ignore")) >= PART]


def _plain(text: str) -> str:
    return squeezed(text).encode("utf-8", "ignore").decode()


def _ends(text: str) -> str:
    return text if len(text) <= 2 * SAMPLE else f"{text[:SAMPLE]} {text[-SAMPLE:]}"


def _foreign_parts(text: str, lang: Target, judges: Sequence[Identifier]) -> list[str]:
    """Return the long parts of a text that may be in another language.

    They are those that CLD2 doubts, the sentences that these touch and, in scripts of several languages, the sentences
    that it doubts by themselves: a foreign one is often taken for one with the text around it.
    """
    teller = next((judge for judge in judges if judge.parts), None)
    if teller is None or teller.parts is None:
        return []
    right = _right_labels(text, lang)
    parts = teller.parts(text)
    doubted = [(label, start, end) for label, start, end in parts if label not in right] if len(parts) > 1 else []
    found = [text[start:end] for label, start, end in doubted if label != NO_LANGUAGE]
    by_themselves = lang.script in SHARED and len(text) >= 2 * PART
    position = 0
    for sentence in sentences(text, language_tag(lang)) if doubted or by_themselves else []:
        begin = text.find(sentence, position)
        position = begin + len(sentence)
        touched = any(start < position and begin < end for _, start, end in doubted)
        if touched or (by_themselves and teller.identify(sentence)[0] not in right):
            found.append(sentence)
    return _long(found)


def _judged(
    text: str, lang: Target, judges: Sequence[Identifier], others: Sequence[Identifier], *, ask_all: bool
) -> float:
    score = _against(text, lang, judges, others, ask_all=ask_all)
    if score > 0 and lang.script == "Latn" and not text.isascii():
        # Tone marks and accents that a language may be written with or without (Igbo) mislead identifiers.
        bare = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
        if any(judge.identify(bare)[0] in _right_labels(text, lang) for judge in judges):
            return 0.0
    return score


def _against(
    text: str, lang: Target, judges: Sequence[Identifier], others: Sequence[Identifier], *, ask_all: bool
) -> float:
    against: list[tuple[str, float]] = []
    named: set[str] = set()
    for judge in judges:
        label, probability = judge.identify(text)
        if label in _right_labels(text, lang):
            return 0.0
        named.add(label)
        if label != NO_LANGUAGE and probability >= DOUBT:
            against.append((label, probability))
        if len(against) == 2 and not ask_all:
            break
    if len(against) >= 2:
        return min(probability for _, probability in against[:2])
    return _confirmed(text, against, others) if len(named) == 1 else 0.0


def _confirmed(text: str, against: Sequence[tuple[str, float]], others: Sequence[Identifier]) -> float:
    """Return the score where one identifier alone is against the target: others must name the same language."""
    for label, probability in against:
        for other in others:
            second, sure = other.identify(text)
            if second in _meanings((label,)):
                return max(min(probability, sure) - ALONE, 0.0)
    return 0.0


def _is_english(text: str) -> bool:
    words = LATIN_WORDS.findall(text.lower())
    clear = CLEAR_WORDS.intersection(words)
    if len(clear) < ENGLISH_HITS:
        return False
    hits = sum(1 for word in words if word in ENGLISH_WORDS)
    return hits >= ENGLISH_SHARE * len(words)


@lru_cache(maxsize=1024)
def judges_for(lang: Target) -> tuple[tuple[Identifier, ...], tuple[Identifier, ...]]:
    """Return the identifiers that know the language, in the order in which they are asked, and the others."""
    known: list[Identifier] = []
    others: list[Identifier] = []
    for name in lang.identifiers:
        judge = identifier(name, lang.seed)
        knows = any(label in judge.labels for label in (*lang.labels, lang.code))
        (known if knows and lang.labels else others).append(judge)
    return tuple(known), tuple(others)


def _right_labels(text: str, lang: Target) -> frozenset[str]:
    """Return the labels that say that a text is in the language."""
    labels = _meanings(lang.labels)
    if len(text) >= LONG:
        for label in TOLD_APART.keys() & lang.labels:
            labels = labels.difference(TOLD_APART[label].split())
    return labels


@lru_cache(maxsize=1024)
def _meanings(labels: Sequence[str]) -> frozenset[str]:
    """Return the labels with the variants that count as the same."""
    same = [group for group in VARIANTS if not group.isdisjoint(labels)]
    return frozenset(labels).union(*same)
