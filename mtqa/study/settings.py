"""A study's recipe: the data, the arms, the seeds, the benchmarks, and the comparisons fixed beforehand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from mtqa.collect.settings import CollectSettings
from mtqa.core.languages import resolve
from mtqa.core.recipe import Settings, load_yaml, parse
from mtqa.evaluate.settings import EvaluateSettings
from mtqa.pipeline.recipe import Arm
from mtqa.shards.settings import ShardSettings
from mtqa.train.settings import TrainSettings

MEASURES = ("Mo", "Cr", "Mul", "rank_distance")
"""mAP in three settings (more is better) and the rank distance (language bias: less is better)."""
FEW_SEEDS = 5
"""From so many seeds on a study claims something about seeds; fewer describe the seeds they are."""
MODES: dict[str, Arm] = {
    "untrained": Arm(train=False),
    "english": Arm(shards={"mode": "mono", "languages": ["eng_Latn"]}),
    "mono": Arm(shards={"mode": "mono"}),
    "cross": Arm(shards={"mode": "cross"}),
    "hybrid": Arm(shards={"mode": "hybrid"}),
}


class ParallelSettings(Settings):
    """Files that hold the same items in several languages, each item under one id: a corpus without translating."""

    files: dict[str, str] = Field(min_length=2, description="Language → file; English among them.")
    dataset: str = Field("parallel", min_length=1, description="Name of the data set.")
    licence: str = Field("unknown", min_length=1, description="Licence of the files: SPDX ids or names.")
    map: dict[str, str] = Field(default_factory=dict, description="Columns by field, as for collect.")
    passage_unit: Literal["passage", "sentence"] = Field(
        "sentence", description="Keep passages whole, or the sentence that holds the answer's start."
    )

    @field_validator("files")
    @classmethod
    def _codes(cls, files: dict[str, str]) -> dict[str, str]:
        codes = {resolve(lang): path for lang, path in files.items()}
        if "eng_Latn" not in codes:
            raise ValueError("one file has to be English: its rows give passages and questions their ids")
        return dict(sorted(codes.items()))


class Contrast(Settings):
    """One comparison that is fixed before the study: `first` minus `second` on these measures."""

    first: str
    second: str
    measures: list[Literal["Mo", "Cr", "Mul", "rank_distance"]] = Field(default=["Mo", "Cr", "Mul"], min_length=1)


PRIMARY = [
    Contrast(first="hybrid", second="mono", measures=["Mul"]),
    Contrast(first="hybrid", second="cross", measures=["Mo"]),
    Contrast(first="hybrid", second="english", measures=["Mo", "Cr", "Mul"]),
]


class Study(Settings):
    """All that `mtqa study` needs. Every arm is trained once a seed; a seed is that of the batches and of dropout."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", description="small letters, digits and . _ -")
    description: str = ""
    seeds: list[int] = Field(default_factory=lambda: [1, 2, 3, 4, 5], min_length=1)
    corpora: list[str] = Field(default_factory=list, description="Corpus folders of collect, translate or filter.")
    parallel: ParallelSettings | None = Field(None, description="Or files of the same items in several languages.")
    dev: CollectSettings | None = Field(None, description="Held-out English pairs: their loss is logged.")
    dev_batches: int = Field(5, ge=1, description="Batches of held-out pairs.")
    shards: dict[str, Any] = Field(description="Settings of build-shards that the arms share.")
    train: dict[str, Any] = Field(default_factory=dict, description="Settings of train that the arms share.")
    arms: dict[str, Arm] = Field(default_factory=lambda: dict(MODES), min_length=1)
    alphas: list[float] = Field(default_factory=list, description="More hybrid arms, hybrid-0.3 … by their α.")
    evaluate: list[EvaluateSettings] = Field(min_length=1)
    topics: dict[str, str] = Field(default_factory=dict, description="Benchmark → how near its topics are to training.")
    groups: dict[str, list[str]] = Field(default_factory=dict, description="More groups of query languages.")
    corrections: list[Literal["shift", "centre"]] = Field(
        default_factory=list, description="Corrections without training that every arm is evaluated with too."
    )
    correct_from: dict[str, str] = Field(
        default_factory=dict,
        description="Language → text file, line for line parallel, English among them; the study's corpus by default.",
    )
    primary: list[Contrast] = Field(default_factory=lambda: list(PRIMARY), description="Comparisons fixed beforehand.")
    secondary: list[Contrast] = Field(default_factory=list, description="Further ones, corrected among themselves.")
    resamples: int = Field(5000, ge=100, le=100_000, description="Bootstrap resamples over questions and seeds.")

    @field_validator("arms")
    @classmethod
    def _arm_names(cls, arms: dict[str, Arm]) -> dict[str, Arm]:
        for name in arms:
            if not name.replace("-", "").replace("_", "").replace(".", "").isalnum():
                raise ValueError(f"the arm name {name!r} may hold letters, digits, . - and _ only")
        return arms

    @field_validator("correct_from")
    @classmethod
    def _text_codes(cls, files: dict[str, str]) -> dict[str, str]:
        codes = {resolve(lang): path for lang, path in files.items()}
        if codes and ("eng_Latn" not in codes or len(codes) < 2):
            raise ValueError("name files in English and at least one other language")
        return dict(sorted(codes.items()))

    @field_validator("groups")
    @classmethod
    def _group_codes(cls, groups: dict[str, list[str]]) -> dict[str, list[str]]:
        return {name: sorted(map(resolve, langs)) for name, langs in groups.items()}

    @model_validator(mode="after")
    def _whole(self) -> Study:
        if (self.parallel is None) == (not self.corpora):
            raise ValueError("give either corpora or parallel")
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError("each seed may stand in 'seeds' once")
        benchmarks = [settings.benchmark for settings in self.evaluate]
        if len(set(benchmarks)) < len(benchmarks):
            raise ValueError("each benchmark may stand in 'evaluate' once")
        if len(set(self.corrections)) < len(self.corrections):
            raise ValueError("each correction may stand in 'corrections' once")
        trainings = [{**self.train, **(arm.train or {})} for arm in self.all_arms.values()]
        if self.corrections and any(training.get("similarity") == "dot" for training in trainings):
            raise ValueError("corrections are made for cosine, and an arm is compared by dot product")
        unknown = sorted(set(self.topics) - set(benchmarks))
        if unknown:
            raise ValueError(f"'topics' names {', '.join(unknown)}, which is not evaluated")
        arms = self.all_arms
        if not self.trained_arms:
            raise ValueError("no arm is trained; mtqa evaluate and mtqa compare need no study")
        for contrast in (*self.primary, *self.secondary):
            for name in (contrast.first, contrast.second):
                if name not in arms:
                    raise ValueError(f"unknown arm {name} in a comparison; the study has {', '.join(arms)}")
        return self

    @property
    def all_arms(self) -> dict[str, Arm]:
        """The arms with those that `alphas` adds."""
        hybrid = {
            f"hybrid-{alpha:g}": Arm(shards={"mode": "hybrid", "alpha": alpha}) for alpha in sorted(set(self.alphas))
        }
        return {**self.arms, **hybrid}

    def seeds_of(self, arm: str) -> list[int | None]:
        """Return the seeds that an arm is trained with; None for the encoder as it is, which has none."""
        return [None] if self.all_arms[arm].train is False else list(self.seeds)

    @property
    def trained_arms(self) -> list[str]:
        """The names of the arms that are trained."""
        return [name for name, arm in self.all_arms.items() if arm.train is not False]

    def encoder_of(self, arm: str) -> str:
        """Return the encoder that an arm starts from."""
        own = {**self.train, **(self.all_arms[arm].train or {})}
        return str(own.get("encoder", TrainSettings.model_fields["encoder"].default))

    def shard_settings(self, arm: str, seed: int) -> ShardSettings:
        """Return build-shards' settings of an arm and seed."""
        values = {"common_items": True, **self.shards, **self.all_arms[arm].shards, "seed": seed}
        return parse(ShardSettings, values, f"study {self.name}: shards of the arm {arm}")

    def train_settings(self, arm: str, seed: int, validation: Path | None = None) -> TrainSettings:
        """Return train's settings of an arm and seed."""
        changes = self.all_arms[arm].train
        values = {**self.train, **(changes or {}), "seed": seed, "validation": validation}
        return parse(TrainSettings, values, f"study {self.name}: train of the arm {arm}")


def load_study(path: Path, data: Path = Path()) -> Study:
    """Read and check a study's recipe, every arm included; relative places of data start from the folder `data`.

    Raises UsageError naming file and key.
    """
    study = parse(Study, load_yaml(path), path)
    for arm in study.all_arms:
        for seed in study.seeds_of(arm):
            if seed is not None:
                study.shard_settings(arm, seed)
                study.train_settings(arm, seed)
    return study.model_copy(update=_placed(study, data))


def _placed(study: Study, data: Path) -> dict[str, Any]:
    """Return the parts of a study that name files, with `data` before relative names."""

    def place(name: str) -> str:
        return name if name == "sample" else str(data / Path(name).expanduser())

    parts: dict[str, Any] = {
        "corpora": [place(name) for name in study.corpora],
        "evaluate": [one.model_copy(update={"data": place(one.data)}) for one in study.evaluate],
    }
    parts["correct_from"] = {lang: place(name) for lang, name in study.correct_from.items()}
    if study.parallel is not None:
        files = {lang: place(name) for lang, name in study.parallel.files.items()}
        parts["parallel"] = study.parallel.model_copy(update={"files": files})
    if study.dev is not None:
        parts["dev"] = _collected_from(study.dev, place)
    return parts


def _collected_from(dev: CollectSettings, place: Callable[[str], str]) -> CollectSettings:
    """Return settings of collect with its files in their places; names of known sources stay as they are."""

    def source(text: str) -> str:
        name, equals, file = text.partition("=")
        if equals:
            return f"{name}={place(file)}"
        return place(text) if "/" in text or "." in text else text

    exclude = [source(name) if "=" in name else place(name) for name in dev.exclude]
    pair_with = place(dev.pair_with) if dev.pair_with else None
    sources = [source(text) for text in dev.sources]
    return dev.model_copy(update={"sources": sources, "exclude": exclude, "pair_with": pair_with})
