"""Settings of the evaluate stage."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from mtqa.core.recipe import Settings

BENCHMARKS = {"xquad-r": "CC BY-SA 4.0", "mlqa-r": "CC BY-NC 4.0", "belebele": "CC BY-SA 4.0"}
"""Benchmarks across languages, of sentences (Belebele: of passages), and the licences of their data."""
POOLS = ("multieup-v2", "neuclir", "mlir")
"""Those with documents of several languages in one pool."""
COLLECTIONS = ("beir", "trec", "miracl", "mr-tydi", "ciral", "afriqa", "amharicqa", *POOLS)
"""Benchmarks of retrieval in a collection: how their files are laid out."""
PLACES = {"data", "cache", "run", "qrels", "devices", "executor", "ray_address"}
"""Settings of a collection that change no result."""
METRICS = ["nDCG@10", "Recall@100", "MRR@10", "MAP"]
PARALLEL = ["nDCG@20", "Recall@20", "TLR@20", "PEER@20", "MRC@20", "Lang-nDCG@20", "LPR"]
USUAL: dict[str, dict[str, Any]] = {
    "multieup-v2": {"metrics": PARALLEL, "depth": 100},
    "mlir": {"metrics": PARALLEL, "depth": 100},
    "neuclir": {"metrics": ["nDCG@20", "Recall@20", "PEER@20", "MAP"]},
}
"""Other defaults of some collections: with queries in 24 languages, rankings to 1,000 are of gigabytes."""
OF_POOLS = r"(TLR|PEER|MRC|Lang-nDCG)@[1-9]\d*|LPR"
"""Metrics that need documents of several languages."""


def _codes(languages: list[str] | None) -> list[str] | None:
    if languages is None:
        return None
    from mtqa.core.errors import UsageError
    from mtqa.core.languages import resolve

    if not languages:
        raise ValueError("name at least one language, or leave the key out for all")
    try:
        return sorted({resolve(language) for language in languages})
    except UsageError as error:
        raise ValueError(" ".join(filter(None, [error.what, error.expected]))) from error


def _metrics(names: list[str]) -> list[str]:
    for name in names:
        if not re.fullmatch(rf"MAP|(nDCG|Recall|MRR)@[1-9]\d*|{OF_POOLS}", name):
            raise ValueError(
                f"there is no metric '{name}'; known are MAP, nDCG@k, Recall@k and MRR@k, such as nDCG@20; in pools of "
                "several languages also TLR@k, PEER@k, MRC@k, Lang-nDCG@k and LPR"
            )
    if not names or len(set(names)) < len(names):
        raise ValueError("name at least one metric, and each once")
    if sum(name.startswith("MRC@") for name in names) > 1:
        raise ValueError("MRC is measured at one depth: name it once")
    return names


Languages = Annotated[list[str] | None, AfterValidator(_codes)]


class EvaluateSettings(Settings):
    """What is evaluated, on which data, and how certain the numbers have to be."""

    benchmark: Literal["xquad-r", "mlqa-r", "belebele"] = Field("xquad-r", description="The benchmark.")
    data: str = Field("sample", description="Folder of the official files (en.json, de.json, …), or 'sample'.")
    languages: Languages = Field(None, description="Languages to use, all that the data have by default.")
    candidate: Literal["sentence", "sentence+context", "passage"] = Field(
        "sentence", description="What is found: sentences (alone or with their context), or whole passages (MLIR)."
    )
    resamples: int = Field(1000, ge=100, le=1_000_000, description="Bootstrap resamples for the intervals.")
    seed: int = Field(7, ge=0, description="Seed of the bootstrap.")
    vectors: str | None = Field(None, description="Vectors of queries and candidates (.npz) instead of a model's.")
    device: str = Field("cpu", description="Where the model runs: cpu, cuda, cuda:1, mps.")

    def record(self) -> dict[str, Any]:
        """Return the settings without the places of files, whose contents the manifest's inputs name by hash."""
        return self.model_dump(mode="json", exclude={"data", "vectors"})


class CollectionSettings(Settings):
    """Which collection is searched, how deep, and what is measured; or a run that was made elsewhere."""

    benchmark: Literal[
        "beir",
        "trec",
        "miracl",
        "mr-tydi",
        "ciral",
        "afriqa",
        "amharicqa",
        "multieup-v2",
        "neuclir",
        "mlir",
        "xquad-r",
        "mlqa-r",
    ] = Field("beir", description="The benchmark, that is how its files are laid out.")
    data: str = Field("", description="Folder of the benchmark's files under their published names.")
    split: str | None = Field(None, description="Whose queries are asked, the benchmark's usual split by default.")
    languages: Languages = Field(None, description="Languages to use; of files that tell none, the one they are in.")
    metrics: Annotated[list[str], AfterValidator(_metrics)] = Field(
        METRICS, description="What is measured: MAP, nDCG@k, Recall@k, MRR@k; in pools other ones too."
    )
    depth: int = Field(1000, ge=1, le=100_000, description="Documents that are kept of each query's ranking.")
    search: Literal["exact", "faiss"] = Field(
        "exact", description="Compare with every document, or search FAISS's inverted lists: faster, misses some."
    )
    cache: str | None = Field(None, description="Folder that keeps the documents' vectors for later evaluations.")
    translate: str | None = Field(
        None, description="Model of 'mtqa translate' that puts queries into the documents' language (translate-test)."
    )
    run: str | None = Field(None, description="A ranking (TREC run) to evaluate instead of a model's.")
    qrels: str | None = Field(None, description="The judgements (qrels) for the run.")
    resamples: int = Field(1000, ge=100, le=1_000_000, description="Bootstrap resamples for the intervals.")
    seed: int = Field(7, ge=0, description="Seed of the bootstrap.")
    device: str = Field("cpu", description="Where the model runs and vectors are compared: cpu, cuda, cuda:1.")
    devices: list[int] = Field([], description="GPUs that encode documents; on CPU, a process each.")
    executor: Literal["local", "ray"] = Field("local", description="What encodes documents: local processes or Ray.")
    ray_address: str | None = Field(None, description="A running Ray cluster; none: one is started here.")

    @model_validator(mode="before")
    @classmethod
    def _usual(cls, values: Any) -> Any:
        """Fill in what is usual for the benchmark."""
        return USUAL.get(str(values.get("benchmark")), {}) | values if isinstance(values, dict) else values

    @model_validator(mode="after")
    def _whole(self) -> CollectionSettings:
        if (self.run is None) != (self.qrels is None):
            raise ValueError("a run needs judgements: give both run and qrels")
        unused = (
            ("data", "split", "cache", "translate")
            if self.run
            else ("split",)
            if self.benchmark in (*BENCHMARKS, "multieup-v2", "mlir")
            else ()
        )
        for name in unused:
            if getattr(self, name):
                raise ValueError(f"{name} means nothing for {'a run' if self.run else self.benchmark}: leave it out")
        if self.run and len(self.languages or []) > 1:
            raise ValueError("a run is of one language: name one, or none")
        if not self.data and self.run is None:
            raise ValueError("the folder of the benchmark's files is missing: give data")
        if self.run is not None and self.search != "exact":
            raise ValueError("a run is searched already: leave search out")
        of_pools = [name for name in self.metrics if re.fullmatch(OF_POOLS, name)]
        if of_pools and (self.run is not None or self.benchmark not in POOLS):
            raise ValueError(f"{of_pools[0]} needs documents of several languages in one pool: {', '.join(POOLS)}")
        deepest = max((int(name.partition("@")[2] or 0) for name in self.metrics), default=0)
        if deepest > self.depth:
            raise ValueError(f"depth {self.depth} cannot show metrics at {deepest}: give a greater depth")
        return self

    def record(self) -> dict[str, Any]:
        """Return the settings that bear on the result; the manifest's inputs name the files' contents by hash."""
        return self.model_dump(mode="json", exclude=PLACES)
