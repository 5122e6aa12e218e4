import pytest
import torch

from mtqa.core import progress
from mtqa.core.encode import load_encoder
from mtqa.train.checkpoint import Checkpoints, State
from mtqa.train.log import History, StepRecord
from mtqa.train.loop import make_optimizer
from mtqa.train.settings import TrainSettings

HERE = {"device": "AVX2", "threads": 1}


@pytest.fixture
def said(monkeypatch):
    lines = []
    monkeypatch.setattr(progress, "say", lines.append)
    return lines


def opened(encoder):
    model = load_encoder(str(encoder))
    return model, make_optimizer(model, TrainSettings())


@pytest.fixture
def saved(encoder, tmp_path):
    """A checkpoint after one step, its model and optimizer."""
    model, optimizer = opened(encoder)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    history = History()
    history.add(StepRecord(1, 0.1 + 0.2, 1e-3, 2, 9, 0.0), [0.1, 0.5], [("eng_Latn", "deu_Latn")] * 2, 1)
    state = State(step=1, best_step=1, best_loss=1 / 3, history=history)
    checkpoints = Checkpoints(tmp_path / "work", "print", HERE)
    checkpoints.save(model, optimizer, state)
    return checkpoints, model, optimizer, state


def test_what_was_saved_comes_back(saved, encoder, said):
    checkpoints, model, optimizer, state = saved
    other, other_optimizer = opened(encoder)
    assert checkpoints.load(other, other_optimizer) == state
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True))
    old, new = optimizer.state_dict()["state"], other_optimizer.state_dict()["state"]
    assert old.keys() == new.keys()
    for number, values in old.items():
        assert {"step", "exp_avg", "exp_avg_sq"} == values.keys()
        assert all(torch.equal(value, new[number][name]) for name, value in values.items())
    assert said == []


def test_other_machinery_is_said(saved, encoder, said):
    checkpoints, *_ = saved
    moved = Checkpoints(checkpoints.folder, "print", {**HERE, "threads": 8})
    assert moved.load(*opened(encoder)).step == 1
    assert len(said) == 1 and "threads 1 → 8" in said[0]


def test_another_fingerprint_is_not_used_and_removed(saved, encoder, said):
    checkpoints, *_ = saved
    assert Checkpoints(checkpoints.folder, "other", HERE).load(*opened(encoder)) == State()
    assert not checkpoints.folder.exists()


@pytest.mark.parametrize("name", ["state.json", "weights.safetensors", "optimizer.safetensors"])
def test_a_damaged_checkpoint_is_said_and_removed(saved, encoder, said, name):
    checkpoints, *_ = saved
    path = checkpoints.folder / "checkpoint-00000001" / name
    path.write_bytes(path.read_bytes()[:-20])
    assert checkpoints.load(*opened(encoder)) == State()
    assert "cannot be read, starting anew" in said[0] and not checkpoints.folder.exists()


def test_only_the_last_checkpoint_and_its_best_are_kept(saved):
    checkpoints, model, optimizer, state = saved
    for step in (2, 3):
        state.step = step
        checkpoints.save_best(model, state)
    state.best_step = 3
    checkpoints.save(model, optimizer, state)
    assert sorted(p.name for p in checkpoints.folder.iterdir()) == ["best-00000003.safetensors", "checkpoint-00000003"]
