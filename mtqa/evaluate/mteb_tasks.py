"""XQuAD-R and MLQA-R as tasks of the mteb library, so that any of its models can be measured.

    import mteb
    from mtqa.evaluate.mteb_tasks import XQuADR

    result = mteb.evaluate(mteb.get_model("intfloat/multilingual-e5-small"), XQuADR("lareqa/xquad-r"))

One subset a query language; its candidates are the sentences of all languages, as in the official files. The numbers
are those of `mtqa evaluate`: ranks are exact over the whole pool, whereas mteb's own evaluator cuts rankings at 1,000.
Needs the extra `mteb`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from datasets import Dataset
from mteb.abstasks.retrieval import AbsTaskRetrieval
from mteb.abstasks.task_metadata import TaskMetadata
from mteb.types import PromptType
from torch.utils.data import DataLoader

from mtqa.core.languages import resolve
from mtqa.core.search import gold_ranks
from mtqa.evaluate.lareqa import Benchmark, data_files, data_fingerprint, load
from mtqa.evaluate.mteb_result import MAIN_SCORE, NAMES, SPLIT, subset_scores, tag
from mtqa.evaluate.perquery import from_ranks
from mtqa.evaluate.settings import BENCHMARKS
from mtqa.evaluate.summary import by_language, by_pair

LANGUAGES = {
    "xquad-r": ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh"),
    "mlqa-r": ("ar", "de", "en", "es", "hi", "vi", "zh"),
}
CITATION = """@inproceedings{roy-etal-2020-lareqa,
  author = {Roy, Uma and Constant, Noah and Al-Rfou, Rami and Barua, Aditya and Phillips, Aaron and Yang, Yinfei},
  booktitle = {Proceedings of the 2020 Conference on Empirical Methods in Natural Language Processing (EMNLP)},
  title = {{LAReQA}: Language-Agnostic Answer Retrieval from a Multilingual Pool},
  year = {2020},
}"""


def _metadata(benchmark: str) -> TaskMetadata:
    codes = sorted(resolve(language) for language in LANGUAGES[benchmark])
    return TaskMetadata(
        name=NAMES[benchmark],
        description="Find the sentence that answers a question, among the sentences of all languages together.",
        reference="https://aclanthology.org/2020.emnlp-main.477/",
        dataset={"path": "google-research-datasets/lareqa", "revision": "official files"},
        type="Retrieval",
        category="t2t",
        eval_splits=[SPLIT],
        eval_langs={code: [tag(code)] for code in codes},
        main_score=MAIN_SCORE,
        date=("2016-01-01", "2020-12-31"),
        domains=["Encyclopaedic", "Written"],
        task_subtypes=["Question answering"],
        license=BENCHMARKS[benchmark].lower().replace(" ", "-"),
        annotations_creators="derived",
        dialect=[],
        sample_creation="found",
        bibtex_citation=CITATION,
    )


class _Lareqa(AbsTaskRetrieval):  # type: ignore[misc]
    """A benchmark of the LAReQA protocol, read from a folder of the official files."""

    benchmark: ClassVar[str]
    metadata: Any
    data_loaded: bool = False
    _support_cross_encoder = False
    _support_search = False

    def __init__(self, data: str | Path, **kwargs: Any) -> None:
        """Take the folder of the official files; raises UsageError where it holds none."""
        self._files = data_files(Path(data), self.benchmark)
        self.metadata = self.metadata.model_copy(
            update={
                "dataset": {**self.metadata.dataset, "revision": data_fingerprint(self._files)},
                "eval_langs": {code: [tag(code)] for code in self._files},
            }
        )
        self._measured: tuple[Any, dict[str, Any], dict[str, dict[str, float]]] | None = None
        super().__init__(**kwargs)

    def load_data(self, num_proc: int | None = None, **kwargs: Any) -> None:
        """Read the files into mteb's form; raises UsageError naming file and place where one is wrong."""
        if self.data_loaded:
            return
        self._benchmark = load(self.benchmark, self._files)
        self.dataset = _mteb_dataset(self._benchmark)
        self.data_loaded = True

    def _evaluate_subset(self, model: Any, data_split: Any, *, hf_subset: str, **kwargs: Any) -> dict[str, float]:
        """Return the scores of one query language; texts are encoded once for all of them."""
        encode_kwargs = dict(kwargs.get("encode_kwargs") or {})
        if self._measured is None or self._measured[0] is not model or self._measured[1] != encode_kwargs:
            self._measured = (model, encode_kwargs, self._measure(model, encode_kwargs))
        return dict(self._measured[2][hf_subset])

    def _measure(self, model: Any, encode_kwargs: dict[str, Any]) -> dict[str, dict[str, float]]:
        bench = self._benchmark
        queries = self._encode(model, [q.text for q in bench.queries], PromptType.query, encode_kwargs)
        candidates = self._encode(model, [c.sentence for c in bench.candidates], PromptType.document, encode_kwargs)
        values = from_ranks(bench, gold_ranks(queries, candidates, bench.gold, bench.bounds))
        rows, pairs = by_language(bench, values), by_pair(values)
        return {lang: subset_scores(lang, rows, pairs) for lang in bench.languages}

    def _encode(self, model: Any, texts: list[str], kind: PromptType, encode_kwargs: dict[str, Any]) -> np.ndarray:
        """Return vectors of length 1, each distinct text encoded once, so that equal sentences tie."""
        distinct = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        loader = DataLoader(Dataset.from_dict({"text": list(distinct)}), batch_size=encode_kwargs.get("batch_size", 32))
        some = model.encode(
            loader, task_metadata=self.metadata, hf_split=SPLIT, hf_subset="all", prompt_type=kind, **encode_kwargs
        )
        vectors = np.asarray(some.cpu() if hasattr(some, "cpu") else some, np.float32)
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return vectors[[distinct[text] for text in texts]]


class XQuADR(_Lareqa):
    """XQuAD-R: 1,190 questions in eleven languages, 13,014 sentences."""

    benchmark = "xquad-r"
    metadata = _metadata("xquad-r")


class MLQAR(_Lareqa):
    """MLQA-R: about 1,150 questions, each in two to four of seven languages, 20,534 sentences."""

    benchmark = "mlqa-r"
    metadata = _metadata("mlqa-r")


def _mteb_dataset(bench: Benchmark) -> dict[str, dict[str, Any]]:
    """Return subset → split → queries, corpus (the same one for all), relevant documents."""
    ids = [f"{candidate.lang}:{candidate.id}" for candidate in bench.candidates]
    corpus = Dataset.from_dict({"id": ids, "text": [c.sentence for c in bench.candidates], "title": [""] * len(ids)})
    out = {}
    for lang in bench.languages:
        rows = [number for number, query in enumerate(bench.queries) if query.lang == lang]
        names = [f"{lang}:{bench.queries[row].id}" for row in rows]
        relevant = {
            name: {ids[gold]: 1 for gold in bench.gold[row] if gold >= 0} for name, row in zip(names, rows, strict=True)
        }
        queries = Dataset.from_dict({"id": names, "text": [bench.queries[row].text for row in rows]})
        out[lang] = {SPLIT: {"queries": queries, "corpus": corpus, "relevant_docs": relevant, "top_ranked": None}}
    return out
