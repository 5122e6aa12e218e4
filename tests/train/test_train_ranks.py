"""Two processes (gloo) share each batch: the losses, the gradients and the model of one process."""

import csv
import os
import subprocess
import sys

import pytest
import torch

from mtqa.core.encode import load_encoder
from mtqa.core.shardfile import open_shards
from mtqa.train.batch import Needs, prepare
from mtqa.train.loss import info_nce
from mtqa.train.run import train
from mtqa.train.settings import TrainSettings


@pytest.fixture(scope="module")
def rich(tmp_path_factory, rows_of, shards_of):
    """5 batches of 9 pairs with hard negatives, repeated passages and second versions."""
    rows = rows_of(5, 9)
    for number, row in enumerate(rows):
        row["query_2"], row["passage_2"], row["lang_2"] = row["query"] + " w1", row["passage"], "eng_Latn"
        row["kind"] = "cross"
        if number % 3 == 0:
            row["negatives"] = [{"passage_id": f"x{number}", "lang": "eng_Latn", "text": "w1 w2 w3 w4 w5 w6"}]
    rows[4]["passage_id"] = rows[2]["passage_id"]
    rows[7]["negatives"] = [{"passage_id": rows[0]["passage_id"], "lang": "eng_Latn", "text": "w7 w8"}]
    return shards_of(tmp_path_factory.mktemp("rich") / "shards", rows, 9)


@pytest.mark.parametrize("world", [2, 3])
def test_shares_make_up_the_batch(encoder, rich, world):
    model = load_encoder(str(encoder))
    batch = open_shards(rich).batch(0)
    whole = prepare(model, batch, 100)
    shares = [prepare(model, batch, 100, Needs(rank=rank, world=world)) for rank in range(world)]
    assert sorted(row for share in shares for row in share.rows) == list(range(9))
    assert sum(share.tokens for share in shares) == whole.tokens
    count = sum(whole.documents)
    vectors = torch.nn.functional.normalize(
        torch.randn(9 + count, 6, generator=torch.Generator().manual_seed(0)), dim=1
    )
    expected = info_nce(vectors[:9], vectors[9:], 0.05, whole.false_negatives)
    # Each share's documents in the place where the whole batch has them.
    starts, place = {}, 9
    for row, own in enumerate(batch.column("negatives")):
        starts[row] = range(place, place + len(own or []))
        place += len(own or [])
    order = [c for s in shares for c in [*s.rows, *(p for row in s.rows for p in starts[row])]]
    assert all(share.documents == shares[0].documents for share in shares) and len(order) == count
    for share in shares:
        losses = info_nce(vectors[share.rows], vectors[9:][order], 0.05, share.false_negatives, share.answers)
        assert torch.allclose(losses, expected[share.rows])


GRADIENTS = """
import sys
from pathlib import Path
import torch
from mtqa.train import loop
from mtqa.train.run import train
from mtqa.train.settings import TrainSettings
clip = torch.nn.utils.clip_grad_norm_
def saved(parameters, norm):
    if not Path(sys.argv[4]).exists():
        torch.save([p.grad.clone() for p in parameters if p.grad is not None], sys.argv[4])
    return clip(parameters, norm)
torch.nn.utils.clip_grad_norm_ = saved
train(Path(sys.argv[1]), TrainSettings.model_validate_json(sys.argv[2]), Path(sys.argv[3]))
"""


def losses_of(folder):
    with (folder / "training.csv").open(encoding="utf-8", newline="") as file:
        return [(float(row["loss"]), int(row["tokens"])) for row in csv.DictReader(file)]


def weights_of(folder):
    from safetensors.torch import load_file

    return load_file(folder / "model.safetensors")


LAUNCHERS = {
    "torchrun": ["-m", "torch.distributed.run", "--nproc_per_node", "2", "--master_port"],
    "accelerate": ["-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2", "--num_machines", "1",
                   "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("launcher", "changes"),
    [
        ("torchrun", {"grad_cache": True, "objective": "mimo", "distill_steps": 0}),
        ("accelerate", {"objective": "lakda", "learn_temperature": True}),
    ],
    ids=["mimo-gradcache", "lakda-accelerate"],
)
def test_two_processes_train_the_model_of_one(make_encoder, rich, held_out, tmp_path, launcher, changes, monkeypatch):
    settings = TrainSettings(
        encoder=str(make_encoder(0.0)), steps=4, learning_rate=1e-3, device="cpu", micro_batch_tokens=60,
        validation=held_out, validate_every=2, patience=5, weight_decay=0.0, **changes,
    )  # fmt: skip
    gradients = []
    clip = torch.nn.utils.clip_grad_norm_

    def saved(parameters, norm):
        gradients.append([p.grad.clone() for p in parameters if p.grad is not None])
        return clip(parameters, norm)

    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", saved)
    train(rich, settings, tmp_path / "one")
    script = tmp_path / "script.py"
    script.write_text(GRADIENTS, encoding="utf-8")
    port = str(29500 + os.getpid() % 1000)
    command = [sys.executable, *LAUNCHERS[launcher], port, str(script), str(rich), settings.model_dump_json()]
    folders = [str(tmp_path / "two"), str(tmp_path / "gradients.pt")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([*command, *folders], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for ours, theirs in zip(gradients[0], torch.load(tmp_path / "gradients.pt"), strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-4, atol=1e-6)
    one, two = losses_of(tmp_path / "one"), losses_of(tmp_path / "two")
    assert [tokens for _, tokens in one] == [tokens for _, tokens in two]
    # AdamW's first steps have the size of the learning rate, whatever the gradient: noise shows up enlarged.
    assert one[0][0] == pytest.approx(two[0][0], rel=1e-5)
    assert [loss for loss, _ in one] == pytest.approx([loss for loss, _ in two], rel=2e-3)
    first, second = weights_of(tmp_path / "one"), weights_of(tmp_path / "two")
    assert max(float((first[name] - second[name]).abs().max()) for name in first) < 5e-4
    close = [torch.isclose(first[name], second[name], atol=1e-5).float().mean() for name in first]
    assert min(close) > 0.9 and not (tmp_path / ".two.work").exists()
