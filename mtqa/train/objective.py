"""What is minimised, by name: the loss of each pair from the vectors of a batch, and what it needs beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mtqa.core.errors import UsageError
from mtqa.train.batch import Needs, Prepared
from mtqa.train.gradcache import encode
from mtqa.train.loss import info_nce
from mtqa.train.ranks import Ranks

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor, nn

    from mtqa.core.shardfile import Batch, Shards
    from mtqa.train.settings import TrainSettings

TAUGHT = ("distill", "mimo")
"""Objectives with a teacher, which reads English versions of the texts."""
AGREEING = ("lakda", "jsd")
"""Objectives that compare two language versions of each query."""
WEIGHTS = {"mimo": 0.2, "lakda": 0.5}
"""λ and a where the settings have no `weight`: the values of the objectives' papers."""
COLDEST = 0.01
"""The lowest learned temperature, as in CLIP (Radford et al., arXiv 2103.00020)."""


@dataclass(frozen=True)
class Objective:
    """The objective of a training. `extras` holds what is trained beside the model and thrown away afterwards."""

    settings: TrainSettings
    ranks: Ranks
    steps: int
    teacher: SentenceTransformer | None = None
    extras: nn.ParameterDict | None = None

    def needs(self) -> Needs:
        """Return what batches have to be prepared for."""
        second = self.settings.objective in AGREEING
        return Needs(second, self.teacher, self.ranks.rank, self.ranks.world)

    def targets(self, batch: Prepared, embed: Any) -> Tensor | None:
        """Return the teacher's vectors of the batch's English texts, (k, t), without gradient."""
        import torch

        if batch.taught is None:
            return None
        with torch.no_grad():
            return encode(lambda features: embed(self.teacher, features), batch.taught.parts)

    def losses(self, vectors: Tensor, batch: Prepared, targets: Tensor | None) -> Tensor:
        """Return the loss of each of this process's pairs, (n,), from the vectors of its texts."""
        from mtqa.train.distill import distances, per_pair

        name, n = self.settings.objective, len(batch)
        taught = None
        if targets is not None and batch.taught is not None and self.extras is not None:
            places = batch.taught.places
            distance = distances(vectors[places], targets, self.extras["projection"])
            taught = per_pair(distance, places, n, batch.taught.share)
            if name == "distill" or batch.number < self.first_stage:
                return taught
        own = batch.documents[batch.rank]
        documents = self.ranks.gather(vectors[n : n + own], batch.documents)
        contrast = info_nce(vectors[:n], documents, self.temperature, batch.false_negatives, batch.answers)
        weight = self.settings.weight if self.settings.weight is not None else WEIGHTS.get(name, 0.0)
        if taught is not None:
            return weight * contrast + (1 - weight) * taught
        if batch.seconds is None:
            return contrast
        return self._with_agreement(contrast, vectors, documents, batch, weight)

    def _with_agreement(
        self, contrast: Tensor, vectors: Tensor, documents: Tensor, batch: Prepared, weight: float
    ) -> Tensor:
        from mtqa.train.agreement import jensen_shannon, kl

        assert batch.seconds is not None
        first, second = vectors[batch.seconds], vectors[len(vectors) - len(batch.seconds) :]
        divergence = (kl if self.settings.objective == "lakda" else jensen_shannon)(first, second, documents)
        share = 1 - weight if self.settings.objective == "lakda" else 1.0
        return (share * contrast).index_add(0, batch.seconds, weight * divergence)

    @property
    def temperature(self) -> float | Tensor:
        """What cosines are divided by: a tensor with a gradient where it is learned."""
        if self.extras is not None and "log_temperature" in self.extras:
            learned: Tensor = self.extras["log_temperature"].exp().clamp(min=COLDEST)
            return learned
        return self.settings.temperature

    @property
    def fixed_temperature(self) -> float:
        """The temperature as it is now, a plain number."""
        now = self.temperature
        return now if isinstance(now, float) else float(now.detach())

    @property
    def first_stage(self) -> int:
        """How many steps of mimo are distillation alone: half of them where the settings don't say."""
        if self.settings.objective != "mimo":
            return 0
        return self.steps // 2 if self.settings.distill_steps is None else self.settings.distill_steps


def make_objective(
    model: SentenceTransformer, teacher: SentenceTransformer | None, settings: TrainSettings, ranks: Ranks, steps: int
) -> Objective:
    """Return the objective with its extra parameters at their start, on the model's device."""
    import torch

    from mtqa.train.distill import start

    extras = torch.nn.ParameterDict()
    if teacher is not None:
        dimensions = model.get_embedding_dimension() or 0, teacher.get_embedding_dimension() or 0
        extras["projection"] = torch.nn.Parameter(start(*dimensions, settings.seed).to(model.device))
    if settings.learn_temperature:
        value = torch.tensor(settings.temperature, device=model.device).log()
        extras["log_temperature"] = torch.nn.Parameter(value)
    return Objective(settings, ranks, steps, teacher, extras if len(extras) else None)


def check_shards(shards: Shards, settings: TrainSettings) -> None:
    """Raise UsageError where the shards lack what the objective needs; looks at the settings and the first batch."""
    name, mode = settings.objective, shards.manifest.settings.get("mode", "cross")
    if name == "mimo" and mode != "cross":
        raise UsageError(
            f"The objective mimo contrasts cross batches; these shards are {mode}.",
            where=shards.path,
            expected="shards of build-shards --mode cross",
        )
    if name == "infonce":
        return
    batch = shards.batch(0)
    if name in AGREEING and not any(batch.column("query_2")):
        what = "The shards have no second versions of the queries."
        raise UsageError(what, where=shards.path, expected="shards of build-shards --pair-with eng_Latn or other")
    if name in TAUGHT and not _english(batch):
        what = "The shards have no English versions of the texts."
        raise UsageError(what, where=shards.path, expected="shards of build-shards --pair-with eng_Latn")


def _english(batch: Batch) -> bool:
    from mtqa.core.languages import ENGLISH

    return any(ENGLISH in langs for langs in (batch.query_langs, batch.passage_langs, batch.column("lang_2")))
