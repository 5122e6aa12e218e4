import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from killed import contents

from mtqa.core.encode import encode_texts, load_encoder
from mtqa.core.errors import MtqaError, UsageError
from mtqa.core.manifest import check_files, load_manifest
from mtqa.train import checkpoint, loop
from mtqa.train.checkpoint import work_folder
from mtqa.train.run import train
from mtqa.train.settings import TrainSettings
from mtqa.train.validation import Measured

TEXTS = ["w1 w2 w3", "w4", "w9 w8 w7 w6 w5"]
LEARNS = {"learning_rate": 1e-2, "steps": 12, "save_every": 4, "micro_batch_tokens": 40, "device": "cpu"}


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def settings(encoder, held_out):
    return TrainSettings(encoder=str(encoder), validation=held_out, validate_every=5, **LEARNS)


@pytest.fixture(scope="module")
def undisturbed(shards, settings, tmp_path_factory):
    out = tmp_path_factory.mktemp("undisturbed") / "model"
    train(shards, settings, out)
    return out


def test_the_loss_falls_and_is_logged(undisturbed):
    steps = table(undisturbed / "training.csv")
    assert [row["step"] for row in steps] == [str(n) for n in range(1, 13)]
    assert float(steps[-1]["loss"]) < 0.8 * float(steps[0]["loss"])
    assert [row["step"] for row in steps if row["validation_loss"]] == ["5", "10", "12"]
    assert all(row["pairs"] == "8" and 0 <= float(row["padding"]) < 1 for row in steps)
    by_pair = table(undisturbed / "losses_by_pair.csv")
    assert sum(int(row["pairs"]) for row in by_pair) == 12 * 8
    total = sum(int(row["pairs"]) * float(row["loss"]) for row in by_pair)
    assert total / 96 == pytest.approx(sum(float(row["loss"]) for row in steps) / 12, rel=1e-4)
    first = [(row["query_lang"], row["passage_lang"], row["pairs"]) for row in by_pair if row["first_step"] == "1"]
    assert first == [("deu_Latn", "deu_Latn", "4"), ("eng_Latn", "eng_Latn", "4")]


def test_opens_with_sentence_transformers_and_gives_the_vectors_of_load_encoder(undisturbed):
    from sentence_transformers import SentenceTransformer

    theirs, ours = SentenceTransformer(str(undisturbed), device="cpu"), load_encoder(str(undisturbed))
    assert theirs.prompts["query"] == "Query: " and theirs.prompts["document"] == "Passage: "
    for role, encode in (("query", theirs.encode_query), ("document", theirs.encode_document)):
        assert np.allclose(encode(TEXTS, normalize_embeddings=True), encode_texts(ours, TEXTS, role), atol=1e-6)


def test_names_no_path_and_no_time_and_leaves_no_work_folder(undisturbed, encoder, shards):
    check_files(undisturbed, load_manifest(undisturbed))
    for name, content in contents(undisturbed).items():
        for path in (encoder, shards, undisturbed):
            assert str(path.parent).encode() not in content, name
    assert not work_folder(undisturbed).exists()
    manifest = load_manifest(undisturbed)
    assert manifest.counts == {"batches": 14, "steps": 12, "pairs": 96, "tokens": manifest.counts["tokens"]}
    assert manifest.settings["encoder"] == "tiny-xlm-roberta" and manifest.licences == ["CC0-1.0"]
    assert [summary["stage"] for summary in manifest.info["lineage"]] == ["build-shards"]
    assert set(manifest.info["environment"]) == {"device", "threads", "precision", "torch", "transformers"}


def test_is_up_to_date_the_second_time(undisturbed, shards, settings, monkeypatch):
    monkeypatch.setattr(loop, "train_steps", lambda *_: pytest.fail("trained again"))
    assert train(shards, settings, undisturbed) == load_manifest(undisturbed)
    with pytest.raises(UsageError, match="different: seed"):
        train(shards, settings.model_copy(update={"seed": 2}), undisturbed)


KILLED = """
import os, signal, sys
from pathlib import Path
from mtqa.train import loop
from mtqa.train.run import train
from mtqa.train.settings import TrainSettings
rate = loop.learning_rate
def killed(step, *rest):
    if step == 6:
        os.kill(os.getpid(), signal.SIGKILL)
    return rate(step, *rest)
loop.learning_rate = killed
train(Path(sys.argv[1]), TrainSettings.model_validate_json(sys.argv[2]), Path(sys.argv[3]))
"""


def test_killed_and_resumed_is_undisturbed(undisturbed, shards, settings, tmp_path, monkeypatch):
    out = tmp_path / "model"
    arguments = [str(shards), settings.model_dump_json(), str(out)]
    environment = {**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())}
    killed = subprocess.run([sys.executable, "-c", KILLED, *arguments], env=environment, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert [p.name for p in work_folder(out).iterdir()] == ["checkpoint-00000004"]
    done = []
    update = loop._update
    monkeypatch.setattr(
        loop, "_update", lambda o, v, m, batch, *rest: done.append(batch.number) or update(o, v, m, batch, *rest)
    )
    train(shards, settings, out)
    assert done == list(range(4, 12))
    assert contents(out) == contents(undisturbed)
    assert not work_folder(out).exists()


def test_killed_while_it_saves_goes_on_from_the_checkpoint_before(undisturbed, shards, settings, tmp_path, monkeypatch):
    out, rename = tmp_path / "model", Path.rename

    def killed(path, target):
        if Path(target).name == "checkpoint-00000008":
            raise KeyboardInterrupt
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", killed)
    with pytest.raises(KeyboardInterrupt):
        train(shards, settings, out)
    assert sorted(p.name for p in work_folder(out).iterdir()) == [".checkpoint.tmp", "checkpoint-00000004"]
    monkeypatch.undo()
    train(shards, settings, out)
    assert contents(out) == contents(undisturbed)


def test_a_full_disk_keeps_the_last_checkpoint(undisturbed, shards, settings, tmp_path, monkeypatch):
    from sentence_transformers import SentenceTransformer

    out = tmp_path / "model"

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(SentenceTransformer, "save_pretrained", full)
    with pytest.raises(MtqaError, match="No space left") as error:
        train(shards, settings, out)
    assert error.value.exit_code == 1 and not out.exists()
    assert [p.name for p in work_folder(out).iterdir()] == ["checkpoint-00000012"]
    monkeypatch.undo()
    monkeypatch.setattr(loop, "_update", lambda *_: pytest.fail("trained again"))
    train(shards, settings, out)
    assert contents(out) == contents(undisturbed)

    saved = checkpoint.save_file
    monkeypatch.undo()
    monkeypatch.setattr(checkpoint, "save_file", lambda t, p: full() if "optimizer" in p.name else saved(t, p))
    with pytest.raises(MtqaError, match="No space left"):
        train(shards, settings, tmp_path / "other")


def test_a_checkpoint_of_other_settings_is_removed_and_never_used(shards, settings, tmp_path, monkeypatch):
    out = tmp_path / "model"
    monkeypatch.setattr(loop, "learning_rate", lambda step, *_: 1e-2 if step < 5 else 1 / 0)
    with pytest.raises(ZeroDivisionError):
        train(shards, settings, out)
    assert [p.name for p in work_folder(out).iterdir()] == ["checkpoint-00000004"]
    seen = []
    monkeypatch.setattr(loop, "learning_rate", lambda step, *_: seen.append(step) or 1e-2)
    train(shards, settings.model_copy(update={"seed": 3, "steps": 5}), out)
    assert seen == [0, 1, 2, 3, 4]


def test_grad_cache_trains_the_same_model(undisturbed, shards, settings, tmp_path):
    cached = settings.model_copy(update={"grad_cache": True, "steps": 3, "warmup": 0.0, "schedule": "constant"})
    plain = cached.model_copy(update={"grad_cache": False})
    one, two = (load_weights(train_to(shards, s, tmp_path / str(s.grad_cache))) for s in (cached, plain))
    assert one.keys() == two.keys()
    # AdamW's first steps have the size of the learning rate, 1e-2, whatever the gradient: noise shows up enlarged.
    assert all(torch.allclose(one[name], two[name], atol=2e-3) for name in one)


def train_to(shards, settings, out):
    train(shards, settings, out)
    return out


def load_weights(folder):
    from safetensors.torch import load_file

    return load_file(folder / "model.safetensors")


def test_early_stopping_keeps_the_best_model(shards, held_out, encoder, tmp_path, monkeypatch):
    measured = iter([2.0, 1.0, 1.5, 1.2, 0.1])
    best = []

    def loss(pairs, *_):
        value = next(measured)
        if value == 1.0:
            best.append({name: p.detach().clone() for name, p in pairs.model.named_parameters()})
        return Measured(value)

    monkeypatch.setattr(loop.HeldOut, "measure", loss)
    settings = TrainSettings(encoder=str(encoder), validation=held_out, validate_every=2, patience=2, **LEARNS)
    out = tmp_path / "model"
    manifest = train(shards, settings, out)
    assert manifest.counts["steps"] == 8 and manifest.info["best_step"] == 4
    trained = dict(load_encoder(str(out)).named_parameters())
    assert all(torch.equal(value, trained[name]) for name, value in best[0].items())


def test_bfloat16_computes_otherwise_and_saves_float32(undisturbed, shards, encoder, tmp_path):
    train(shards, TrainSettings(encoder=str(encoder), bf16=True, **{**LEARNS, "steps": 12}), tmp_path / "model")
    assert {tensor.dtype for tensor in load_weights(tmp_path / "model").values()} == {torch.float32}
    ours, full = ([float(r["loss"]) for r in table(p / "training.csv")] for p in (tmp_path / "model", undisturbed))
    assert ours != full and ours[0] == pytest.approx(full[0], rel=0.05)


def test_no_steps_save_the_encoder_as_it_was(shards, encoder, tmp_path):
    out = tmp_path / "model"
    manifest = train(shards, TrainSettings(encoder=str(encoder), steps=0, device="cpu"), out)
    assert manifest.counts["steps"] == 0 and table(out / "training.csv") == []
    assert not any(json.loads((out / "config_sentence_transformers.json").read_text())["prompts"].values())
    before, after = (encode_texts(load_encoder(str(p)), TEXTS, "query") for p in (encoder, out))
    assert np.array_equal(before, after)


def test_frozen_parameters_stay(shards, encoder, tmp_path):
    before = dict(load_encoder(str(encoder)).named_parameters())
    embeddings = sorted(
        {name.rpartition(".embeddings.")[0] + ".embeddings." for name in before if ".embeddings." in name}
    )
    settings = TrainSettings(encoder=str(encoder), freeze=embeddings, **{**LEARNS, "steps": 1})
    train(shards, settings, tmp_path / "model")
    after = dict(load_encoder(str(tmp_path / "model")).named_parameters())
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed and not any(name.startswith(tuple(embeddings)) for name in changed)
    with pytest.raises(UsageError, match="begins with 'nothing'"):
        train(shards, settings.model_copy(update={"freeze": ["nothing"]}), tmp_path / "other")


def test_a_loss_that_is_not_finite_is_an_error_that_names_the_step(shards, encoder, tmp_path):
    settings = TrainSettings(encoder=str(encoder), **{**LEARNS, "learning_rate": 1e38})
    with pytest.raises(MtqaError, match=r"step [2-9].* is not finite") as error:
        train(shards, settings, tmp_path / "model")
    assert "learning rate" in error.value.next_step and error.value.exit_code == 1
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": 15}, "hold 14 batches, too few for 15 steps"),
        ({"encoder": "./nowhere"}, "no such encoder|neither a folder"),
        ({"device": "cuda:9"}, "cannot be opened"),
    ],
)
def test_bad_input_is_found_before_the_work(shards, encoder, tmp_path, change, message):
    settings = TrainSettings(**{"encoder": str(encoder), **LEARNS, **change})
    with pytest.raises(UsageError, match=message):
        train(shards, settings, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_training_pairs_are_not_held_out_pairs(shards, encoder, tmp_path):
    with pytest.raises(UsageError, match="are the training pairs"):
        train(shards, TrainSettings(encoder=str(encoder), validation=shards), tmp_path / "model")
    with pytest.raises(ValueError, match="patience needs validation"):
        TrainSettings(patience=1)


def test_a_random_state_outside_is_left_alone(shards, encoder, tmp_path):
    torch.manual_seed(11)
    before = torch.get_rng_state()
    train(shards, TrainSettings(encoder=str(encoder), **{**LEARNS, "steps": 2}), tmp_path / "model")
    assert torch.equal(before, torch.get_rng_state())
