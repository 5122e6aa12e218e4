"""Objectives: hand-worked values, second implementations, and trainings on shards with second versions."""

import math

import pytest
import torch

from mtqa.core.encode import load_encoder
from mtqa.core.errors import UsageError
from mtqa.core.shardfile import open_shards
from mtqa.train.agreement import jensen_shannon, kl
from mtqa.train.batch import Needs, prepare
from mtqa.train.distill import distances, per_pair, start
from mtqa.train.loss import info_nce
from mtqa.train.objective import make_objective
from mtqa.train.ranks import Ranks
from mtqa.train.run import train
from mtqa.train.settings import TrainSettings


def unit(*degrees: float) -> torch.Tensor:
    angles = torch.tensor(degrees, dtype=torch.float64).deg2rad()
    return torch.stack([angles.cos(), angles.sin()], dim=1)


@pytest.fixture(scope="module")
def paired(tmp_path_factory, rows_of, shards_of):
    """Six times the same cross batch of 8, whose second version is English; the last row has none and is German."""
    rows = [{**row, "batch": batch} for batch in range(6) for row in rows_of(1, 8)]
    for number, row in enumerate(rows):
        row["kind"] = "cross"
        row["query_2"], row["passage_2"] = row["query"] + " w1", row["passage"] + " w2"
        row["lang_2"] = "eng_Latn"
        if number % 8 == 7:
            row["query_2"] = row["passage_2"] = row["lang_2"] = None
            row["query_lang"], row["passage_lang"] = "deu_Latn", "spa_Latn"
    return shards_of(tmp_path_factory.mktemp("paired") / "shards", rows, 8)


def settings_of(encoder, **changes):
    return TrainSettings(**{"encoder": str(encoder), "device": "cpu", "micro_batch_tokens": 40, **changes})


def test_kl_by_hand():
    # Passages at 0° and 90°: query at 0° scores (1, 0), at 90° (0, 1). p = e/(e+1), q = 1/(e+1).
    p, q = math.e / (math.e + 1), 1 / (math.e + 1)
    found = kl(unit(0, 0), unit(0, 90), unit(0, 90))
    assert found.tolist() == pytest.approx([0, q * math.log(q / p) + p * math.log(p / q)])


def test_kl_is_of_the_second_version_from_the_first():
    first, second, documents = unit(10), unit(100), unit(0, 20, 170)
    p, q = ((x @ documents.T).softmax(1) for x in (second, first))
    theirs = torch.nn.functional.kl_div(q.log(), p, reduction="none").sum(1)
    assert kl(first, second, documents).tolist() == pytest.approx(theirs.tolist())
    assert kl(second, first, documents).item() != pytest.approx(theirs.item(), rel=1e-3)


def test_jensen_shannon_by_hand():
    p, q = math.e / (math.e + 1), 1 / (math.e + 1)
    value = p * math.log(p / 0.5) + q * math.log(q / 0.5)  # the middle is (1/2, 1/2): both halves are equal
    assert jensen_shannon(unit(0, 30), unit(90, 30), unit(0, 90)).tolist() == pytest.approx([value, 0])
    assert torch.allclose(
        jensen_shannon(unit(5), unit(80), unit(0, 90)), jensen_shannon(unit(80), unit(5), unit(0, 90))
    )


def test_distances_by_hand():
    turn = torch.tensor([[0.0, -1.0], [1.0, 0.0]], dtype=torch.float64)  # by 90°
    assert distances(unit(0, 0), 3 * unit(90, 30), turn).tolist() == pytest.approx([0, 0.5])
    # Pair 0 has query and passage, pair 1 only a passage: 3 texts, 2 pairs.
    losses = per_pair(torch.tensor([0.3, 0.6, 0.9]), torch.tensor([0, 2, 3]), 2, 1.5)
    assert losses.tolist() == pytest.approx([0.9 / 1.5, 0.9 / 1.5]) and losses.mean().item() == pytest.approx(0.6)


def test_projection_starts_as_identity_or_orthogonal():
    assert torch.equal(start(3, 3, 1), torch.eye(3))
    weight = start(5, 3, 1)
    assert weight.shape == (3, 5) and torch.allclose(weight @ weight.T, torch.eye(3), atol=1e-6)
    assert torch.equal(weight, start(5, 3, 1)) and not torch.equal(weight, start(5, 3, 2))


@pytest.mark.parametrize(("name", "weight"), [("lakda", None), ("lakda", 0.3), ("jsd", 2.0)])
def test_agreeing_objectives_add_up(encoder, paired, name, weight):
    model = load_encoder(str(encoder))
    objective = make_objective(model, None, settings_of(encoder, objective=name, weight=weight), Ranks(), 6)
    batch = prepare(model, open_shards(paired).batch(0), 40, objective.needs())
    assert batch.seconds.tolist() == list(range(7))
    vectors = torch.nn.functional.normalize(torch.randn(23, 5, generator=torch.Generator().manual_seed(0)), dim=1)
    contrast = info_nce(vectors[:8], vectors[8:16], 0.05, batch.false_negatives)
    first, second, documents = vectors[:7], vectors[16:], vectors[8:16]
    a = 0.5 if weight is None else weight
    if name == "lakda":
        expected, last = (1 - a) * contrast[:7] + a * kl(first, second, documents), (1 - a) * contrast[7]
    else:
        expected, last = contrast[:7] + a * jensen_shannon(first, second, documents), contrast[7]
    found = objective.losses(vectors, batch, None)
    assert torch.allclose(found[:7], expected) and torch.allclose(found[7], last)


def test_mimo_is_distillation_first_then_both(encoder, paired):
    model, teacher = load_encoder(str(encoder)), load_encoder(str(encoder))
    objective = make_objective(model, teacher, settings_of(encoder, objective="mimo", distill_steps=2), Ranks(), 6)
    for number in (1, 2):
        batch = prepare(model, open_shards(paired).batch(number), 40, objective.needs())
        assert batch.taught.places.tolist() == [*range(7), *range(8, 15)] and batch.taught.share == 14 / 8
        vectors = torch.nn.functional.normalize(torch.randn(16, 16, generator=torch.Generator().manual_seed(1)), dim=1)
        targets = objective.targets(batch, lambda m, f: m(dict(f))["sentence_embedding"])
        distance = 1 - torch.nn.functional.cosine_similarity(vectors[batch.taught.places], targets)
        found = objective.losses(vectors, batch, targets)
        contrast = info_nce(vectors[:8], vectors[8:], 0.05, batch.false_negatives).mean()
        expected = distance.mean() if number == 1 else 0.2 * contrast + 0.8 * distance.mean()
        assert torch.allclose(found.mean(), expected)
    assert make_objective(model, teacher, settings_of(encoder, objective="mimo"), Ranks(), 7).first_stage == 3


def test_the_teacher_reads_english(encoder, paired):
    model = load_encoder(str(encoder))
    batch = open_shards(paired).batch(0)
    taught = prepare(model, batch, 40, Needs(teacher=model)).taught
    texts = {}
    for part in taught.parts:
        for row, ids in zip(part.rows.tolist(), part.features["input_ids"], strict=True):
            texts[row] = model.tokenizer.decode(ids, skip_special_tokens=True)
    assert [texts[i] for i in range(14)] == [*batch.column("query_2")[:7], *batch.column("passage_2")[:7]]


def load_weights(folder):
    from safetensors.torch import load_file

    return load_file(folder / "model.safetensors")


@pytest.mark.parametrize(
    "changes",
    [
        {"objective": "distill"},
        {"objective": "mimo", "distill_steps": 3},
        {"objective": "lakda", "grad_cache": True},
        {"objective": "jsd", "weight": 1.0, "learn_temperature": True},
    ],
    ids=lambda changes: changes["objective"],
)
def test_every_objective_trains_and_resumes_exactly(encoder, paired, tmp_path, changes, monkeypatch):
    from mtqa.train import loop

    settings = settings_of(encoder, learning_rate=5e-3, save_every=2, **changes)
    manifest = train(paired, settings, tmp_path / "whole")
    assert manifest.counts["steps"] == 6
    if changes["objective"] != "mimo":  # whose loss is another one in its second stage
        assert manifest.info["final_loss"] < manifest.info["first_loss"]
    assert not any("extras" in name or "projection" in name for name in load_weights(tmp_path / "whole"))
    if "learn_temperature" in changes:
        assert 0.01 <= manifest.info["temperature"] != 0.05
    rate = loop.learning_rate
    monkeypatch.setattr(loop, "learning_rate", lambda step, *rest: rate(step, *rest) if step < 5 else 1 / 0)
    with pytest.raises(ZeroDivisionError):
        train(paired, settings, tmp_path / "resumed")
    monkeypatch.undo()
    train(paired, settings, tmp_path / "resumed")
    for name in ("model.safetensors", "training.csv", "_manifest.json"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "resumed" / name).read_bytes(), name


def test_what_an_objective_lacks_is_said_before_the_work(encoder, shards, paired, tmp_path, rows_of, shards_of):
    for name, weight in (("lakda", None), ("jsd", 1.0)):
        with pytest.raises(UsageError, match="no second versions"):
            train(shards, settings_of(encoder, objective=name, weight=weight), tmp_path / "m")
    german = rows_of(1, 4)
    for row in german:
        row["query_lang"] = row["passage_lang"] = "deu_Latn"
    only = shards_of(tmp_path / "german", german, 4)
    with pytest.raises(UsageError, match="no English versions"):
        train(only, settings_of(encoder, objective="distill"), tmp_path / "m")
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"objective": "jsd"}, "needs a weight"),
        ({"objective": "infonce", "weight": 0.5}, "has no weight"),
        ({"objective": "lakda", "weight": 1.5}, "at most 1"),
        ({"objective": "lakda", "teacher": "demo"}, "has no teacher"),
        ({"objective": "distill", "distill_steps": 5}, "has no distill_steps"),
    ],
)
def test_settings_that_do_not_fit(changes, message):
    with pytest.raises(ValueError, match=message):
        TrainSettings(**changes)
