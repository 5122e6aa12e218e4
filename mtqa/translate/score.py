"""chrF, BLEU and spBLEU of translations against references, by sacrebleu, each with its signature."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from mtqa.core.corpus import Corpus, open_corpus, read_batches
from mtqa.core.errors import UsageError
from mtqa.core.schema import ENGLISH
from mtqa.core.textfile import read_text

METRICS = ("chrf", "bleu", "spbleu")
DEFAULT_METRICS = ("chrf", "bleu")
FIELDS = ("question", "passage")
CHARACTERS = {"zho_Hans": "zh", "zho_Hant": "zh", "jpn_Jpan": "char", "kor_Hang": "char", "tha_Thai": "char"}
"""Tokenizers of BLEU where a language puts no spaces between words; `13a` elsewhere."""


@dataclass(frozen=True)
class Score:
    """A score from 0 to 100, with the half width of its 95 % bootstrap interval (None: not asked for)."""

    lang: str
    field: str
    metric: str
    score: float
    interval: float | None
    texts: int
    signature: str


@dataclass(frozen=True)
class Request:
    """What to compute: names out of METRICS, and bootstrap samples for intervals (0: none)."""

    metrics: tuple[str, ...] = DEFAULT_METRICS
    bootstrap: int = 0
    field: str | None = None


class Text(NamedTuple):
    """A text with what it is known by: its item, or for a passage, which several items may have, its own id."""

    id: str
    text: str


Pairs = dict[Any, tuple[str, str]]
"""Translations with their references, each text once, by what it is known by."""


def score(hypotheses: Path, references: Path, request: Request, lang: str = "") -> list[Score]:
    """Score a translated corpus against a corpus with references, or a file of lines against another.

    Corpora are matched by item and language, every field that both have; files by line. A table of translations back
    (roundtrip.py) is scored against a corpus's English rows. Raises UsageError where they do not fit together, or a
    metric or field is unknown.
    """
    wrong = [name for name in request.metrics if name not in METRICS]
    if wrong:
        raise UsageError(f"There is no metric {', '.join(wrong)}.", where="metrics", expected=", ".join(METRICS))
    if request.field not in (None, *FIELDS):
        raise UsageError(f"There is no field '{request.field}'.", where="field", expected=" or ".join(FIELDS))
    for path in (hypotheses, references):
        if not path.exists():
            raise UsageError(f"There is no '{path}'.", where=path, expected="a corpus, a table or a file of lines")
    for name in request.metrics:
        _metric(name, lang)  # what is missing is said before any work
    if hypotheses.suffix == ".parquet" and references.is_dir():
        return [one for made in _round_trips(hypotheses, references, request) for one in made]
    if hypotheses.is_dir() != references.is_dir():
        raise UsageError("One is a folder, the other a file.", where=references, expected="two corpora or two files")
    if not hypotheses.is_dir():
        made, wanted = _lines(hypotheses), _lines(references)
        if len(made) != len(wanted):
            raise UsageError(
                "The files do not have equally many lines.",
                where=references,
                expected=f"{len(made):,} lines, found {len(wanted):,}",
            )
        return _scores(dict(enumerate(zip(made, wanted, strict=True))), lang, "lines", request)
    scores = [one for made in _pairs(hypotheses, references, request) for one in made]
    if not scores:
        raise UsageError("The corpora share no item.", where=references, expected=f"items of {hypotheses}")
    return scores


def _pairs(hypotheses: Path, references: Path, request: Request) -> Iterator[list[Score]]:
    made, wanted = open_corpus(hypotheses), open_corpus(references)
    both = sorted(set(made.languages) & set(wanted.languages) - {ENGLISH})
    if not both:
        raise UsageError(
            "The corpora share no language but English.",
            where=references,
            expected=", ".join(made.languages),
        )
    for lang in both:
        ours, theirs = _texts(made, lang), _texts(wanted, lang)
        for name in FIELDS if request.field is None else (request.field,):
            pairs: Pairs = {}
            for key in (key for key in ours if key[1] == name and key in theirs):
                pairs.setdefault(ours[key].id, (ours[key].text, theirs[key].text))
            if pairs:
                yield _scores(pairs, lang, name, request)


def _round_trips(table: Path, references: Path, request: Request) -> Iterator[list[Score]]:
    """Yield the scores of each language's translations back; a passage that several questions share counts once."""
    english = _texts(open_corpus(references), ENGLISH)
    back: dict[tuple[str, str], Pairs] = {}
    for batch in read_batches(table, ["item_id", "lang", "field", "text"]):
        for row in batch.to_pylist():
            source = english.get((row["item_id"], row["field"]))
            if source is not None and row["field"] in ((request.field,) if request.field else FIELDS):
                back.setdefault((row["lang"], row["field"]), {}).setdefault(source.id, (row["text"], source.text))
    if not back:
        raise UsageError("The corpus has no item of the table.", where=references, expected=f"the corpus of {table}")
    for (lang, name), pairs in sorted(back.items()):
        yield [replace(one, lang=f"{lang} and back") for one in _scores(pairs, ENGLISH, name, request)]


def _texts(corpus: Corpus, lang: str) -> dict[tuple[str, str], Text]:
    """Return a language's texts by (item, field)."""
    found: dict[tuple[str, str], Text] = {}
    passages: dict[str, Text] = {}
    for batch in corpus.batches(lang, columns=["item_id", "passage_id", *FIELDS]):
        for row in batch.to_pylist():
            found[row["item_id"], "question"] = Text(row["item_id"], row["question"])
            if row["passage"] is not None:
                passage = passages.setdefault(row["passage_id"], Text(row["passage_id"], row["passage"]))
                found[row["item_id"], "passage"] = passage
    return found


def _lines(path: Path) -> list[str]:
    text = read_text(path, "\n")
    return text.removesuffix("\n").split("\n") if text else []


def _scores(pairs: Pairs, lang: str, field: str, request: Request) -> list[Score]:
    made, wanted = [one for one, _ in pairs.values()], [other for _, other in pairs.values()]
    scores = []
    for name in request.metrics:
        metric = _metric(name, lang)
        result = metric.corpus_score(made, [wanted], n_bootstrap=request.bootstrap or 1)
        interval = float(result._ci) if request.bootstrap else None
        signature = str(metric.get_signature())
        scores.append(Score(lang, field, name, float(result.score), interval, len(made), signature))
    return scores


def _metric(name: str, lang: str) -> Any:
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    if name == "chrf":
        return CHRF()
    if name == "bleu":
        return BLEU(tokenize=CHARACTERS.get(lang, "13a"))
    try:
        return BLEU(tokenize="flores200")
    except Exception as error:  # whatever its download of the tokenizer raises
        from sacrebleu.utils import SACREBLEU_DIR

        raise UsageError(
            f"spBLEU's tokenizer is not on this machine and cannot be downloaded: {error}",
            where="--metrics spbleu",
            expected=f"network, or the tokenizer in {SACREBLEU_DIR}/models",
            next_step="run it once on a machine with network and copy that folder, or leave spbleu out of --metrics",
        ) from error


def show(scores: list[Score]) -> str:
    """Return the scores as text: a line each, with its signature."""
    lines = []
    for s in scores:
        spread = "" if s.interval is None else f" ± {s.interval:.2f}"
        name = f"{s.lang} {s.field}".strip()
        lines.append(f"{name}: {s.metric} = {s.score:.2f}{spread} ({s.texts:,} texts) {s.signature}")
    return "\n".join(lines)


def as_records(scores: list[Score]) -> list[dict[str, Any]]:
    """Return the scores for JSON."""
    return [asdict(one) for one in scores]
