"""Evaluations with corrections without training: a model is encoded once, and each correction applied to its vectors.

The numbers are those of `mtqa debias` and then `mtqa evaluate`, without a copy of the model for each correction.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtqa.core.errors import UsageError
from mtqa.core.evaluations import EVALUATE_STAGE, PER_QUERY_FILE
from mtqa.core.lineage import model_lineage, model_name
from mtqa.core.manifest import Manifest, write_text_atomic
from mtqa.core.output import Work, building, up_to_date
from mtqa.debias import parallel
from mtqa.debias.settings import DebiasSettings
from mtqa.evaluate.correction import Correction
from mtqa.evaluate.lareqa import Benchmark, candidate_texts, data_fingerprint
from mtqa.evaluate.settings import BENCHMARKS, EvaluateSettings
from mtqa.study.settings import Study

TEXTS = "correction-texts"
Vectors = NDArray[np.float32]


def evaluation_folder(out: Path, run: str, benchmark: str, method: str | None = None) -> Path:
    """Return where a run's evaluation lies; `out / corrected / method` is a folder for `mtqa compare`, as `out` is."""
    return (out / "corrected" / method if method else out) / "evaluation" / run / benchmark


def texts_folder(study: Study, out: Path, corpora: list[Path]) -> Path:
    """Return the parallel texts to estimate from: the study's only corpus, or copies of the files that it names.

    Raises UsageError for files that cannot be read or whose name says that they are for evaluation.
    """
    if not study.correct_from:
        if len(corpora) > 1:
            raise UsageError(
                "The study has several corpora.",
                where="correct_from",
                expected="parallel text files by language, for the corrections to be estimated from",
            )
        return corpora[0]
    target = out / TEXTS
    target.mkdir(exist_ok=True)
    for lang, name in study.correct_from.items():
        path = Path(name)
        # Belebele's passages are FLORES', so a study that evaluates on it may not estimate from FLORES.
        barred = (*parallel.EVALUATION, *(["flores"] if any(e.benchmark == "belebele" for e in study.evaluate) else []))
        if any(word in path.name.lower() for word in barred):
            raise UsageError(f"'{path.name}' is for evaluation.", where="correct_from", expected="other parallel texts")
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"The file '{path}' cannot be read.", where=f"correct_from.{lang}", expected="a UTF-8 text file"
            ) from error
        copy = target / f"{lang}.txt"
        if not copy.is_file() or copy.read_text(encoding="utf-8") != text:
            write_text_atomic(copy, text)
    for stale in target.iterdir():
        if stale.stem not in study.correct_from:
            stale.unlink()
    return target


def languages_of(texts: Path) -> list[str]:
    """Return the languages that corrections can be estimated for."""
    return sorted(parallel.read(texts, 1, 1))


class Corrected:
    """A model and the parallel texts in `texts`; nothing is encoded before an evaluation is missing."""

    def __init__(self, model: str, texts: Path) -> None:
        from mtqa.core.encode import model_fingerprint

        self.model, self.texts = model, texts
        self.inputs = {"model": model_fingerprint(model), "parallel": parallel.fingerprint_of(texts)}
        self._encoded: tuple[EvaluateSettings, Benchmark, Vectors, Vectors] | None = None

    @cached_property
    def _encoder(self) -> Any:
        from mtqa.core.encode import load_encoder

        return load_encoder(self.model)

    @cached_property
    def _parallel(self) -> dict[str, Vectors]:
        from mtqa.core.encode import encode_texts

        settings = DebiasSettings()
        texts = parallel.read(self.texts, settings.limit, settings.seed)
        return {lang: encode_texts(self._encoder, lines, "document") for lang, lines in texts.items()}

    def evaluate(self, settings: EvaluateSettings, method: str, out: Path) -> Manifest:
        """Write the evaluation of the corrected model to `out`, in the format of `mtqa evaluate`."""
        from mtqa.evaluate.run import VERSION, benchmark_files, headline_info, write_results

        recorded = DebiasSettings.model_validate({"method": method}).model_dump(mode="json", exclude={"device"})
        data = data_fingerprint(benchmark_files(settings))
        work = Work(
            EVALUATE_STAGE, VERSION, {**settings.record(), "correction": recorded}, {"data": data, **self.inputs}
        )
        done = up_to_date(out, work)
        if done is not None:
            return done
        benchmark, queries, candidates = self._vectors(settings)
        correct = self._correction(method)
        asked = correct(queries, [q.lang for q in benchmark.queries]) if correct.queries else queries
        found = correct(candidates, [c.lang for c in benchmark.candidates])
        with building(out, work, overwrite=True) as build:
            metrics = write_results(build.path, benchmark, settings, asked, found, None)
            part = build.record_rest(work.fingerprint, {PER_QUERY_FILE: len(benchmark.queries)})
            encoder = {"model": model_name(self.model)}
            return build.finish(
                {"all": part},
                counts=metrics["counts"],
                licences=[BENCHMARKS[settings.benchmark]],
                info={"encoder": encoder, **headline_info(metrics), **model_lineage(self.model)},
            )

    def _vectors(self, settings: EvaluateSettings) -> tuple[Benchmark, Vectors, Vectors]:
        """Return a benchmark and the plain vectors of its queries and candidates; the last one's are kept."""
        from mtqa.core.encode import encode_texts
        from mtqa.evaluate.run import benchmark_files, load_benchmark

        if self._encoded is None or self._encoded[0] != settings:
            benchmark = load_benchmark(settings, benchmark_files(settings))
            queries, candidates = [q.text for q in benchmark.queries], candidate_texts(benchmark, settings.candidate)
            vectors = (
                encode_texts(self._encoder, queries, "query", label="encoding queries"),
                encode_texts(self._encoder, candidates, "document", label="encoding candidates"),
            )
            self._encoded = (settings, benchmark, *vectors)
        return self._encoded[1:]

    def _correction(self, method: str) -> Correction:
        from mtqa.debias.estimate import estimate

        maps = estimate(self._parallel, method)
        arrays = {lang: (one.matrix.astype(np.float32), one.offset.astype(np.float32)) for lang, one in maps.items()}
        return Correction(method, method != "shift", arrays)
