"""Several processes, workers, Ray, kills, memory that runs out: the corpus is the same, byte for byte."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from translate_corpora import english_row, save_corpus, words

from mtqa.translate import job
from mtqa.translate.buckets import Buckets
from mtqa.translate.ct2 import CTranslate2Engine
from mtqa.translate.estimate import dry_run, show
from mtqa.translate.run import fill_memory, translate
from mtqa.translate.settings import TranslateSettings

KILLS = 30
FEW_KILLS = 2


def settings(model: Path, **values: Any) -> TranslateSettings:
    return TranslateSettings(to="de", model=str(model), beam_size=1, **values)


def files(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*.parquet"))}


def whole(folder: Path) -> dict[str, bytes]:
    return {**files(folder), "_manifest.json": (folder / "_manifest.json").read_bytes()}


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Questions on passages with answers, so that there is something to align."""
    rows = []
    for i, text in enumerate(words(80)):
        passage = f"{text} Marie Curie moved to Paris in 18{i % 90 + 10}. {{name}} wrote {i} novels."
        at = passage.index("Paris")
        rows.append(english_row(i, f"Where did {text}", passage, [("Paris", at), (f"18{i % 90 + 10}", at + 9)]))
    return save_corpus(tmp_path_factory.mktemp("texts") / "corpus", rows)


@pytest.fixture(scope="module")
def calm(texts: Path, marian: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("calm")
    translate(texts, settings(marian), folder / "out", memory=folder / "memory")
    return folder


def test_two_processes_make_the_same_corpus(texts: Path, marian: Path, calm: Path, tmp_path: Path) -> None:
    translate(texts, settings(marian, devices="0,1"), tmp_path / "out", memory=tmp_path / "memory")
    assert whole(tmp_path / "out") == whole(calm / "out")
    assert files(tmp_path / "memory") == files(calm / "memory")


def test_workers_fill_the_memory_and_the_plain_command_assembles(
    texts: Path, marian: Path, calm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory, done = tmp_path / "memory", []
    for k in (2, 1, 3):
        done.append(fill_memory(texts, settings(marian), (k, 3), memory=memory)["deu_Latn"])
    assert min(done) > 0 and not (tmp_path / "out").exists()
    assert fill_memory(texts, settings(marian), (1, 3), memory=memory) == {"deu_Latn": 0}
    decoded: list[int] = []
    real = CTranslate2Engine.start
    monkeypatch.setattr(CTranslate2Engine, "start", lambda *a: decoded.append(1) or real(*a))
    manifest = translate(texts, settings(marian), tmp_path / "out", memory=memory)
    assert not decoded and sum(done) == manifest.parts["deu_Latn"].counts["segments"]
    assert whole(tmp_path / "out") == whole(calm / "out") and files(memory) == files(calm / "memory")


def test_a_worker_that_ends_while_another_plans_leaves_the_plan_alone(
    texts: Path, marian: Path, calm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look into the memory takes minutes where it is large, and other workers finish chunks meanwhile."""
    memory, other = tmp_path / "memory", tmp_path / "other"
    for k in (1, 2, 3):
        fill_memory(texts, settings(marian), (k, 3), memory=other)
    fill_memory(texts, settings(marian), (1, 3), memory=memory)
    (folder,) = memory.iterdir()
    plan = files(folder / "jobs")
    real = job.make_plan

    def planned(*args: Any) -> job.Plan:
        made = real(*args)
        for part in (other / folder.name).glob("part-*"):
            shutil.copyfile(part, folder / part.name)
        return made

    monkeypatch.setattr(job, "make_plan", planned)
    assert fill_memory(texts, settings(marian), (2, 3), memory=memory) == {"deu_Latn": 0}
    assert files(folder / "jobs") == plan and len(plan) > 3
    monkeypatch.undo()
    translate(texts, settings(marian), tmp_path / "out", memory=memory)
    assert whole(tmp_path / "out") == whole(calm / "out") and files(memory) == files(calm / "memory")


def ray_workers() -> list[int]:
    """Return the processes that work at a chunk: Ray calls them by their task."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes().startswith(b"ray::_ray_task"):
                found.append(int(path.parent.name))
        except OSError:  # it has ended meanwhile
            continue
    return found


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="finds Ray's workers in /proc")
def test_ray_makes_the_same_corpus_though_a_worker_is_killed(
    texts: Path, marian: Path, calm: Path, tmp_path: Path
) -> None:
    ray = pytest.importorskip("ray", reason="ray is not installed")
    ray.init(num_cpus=3, include_dashboard=False, log_to_driver=False)
    before, seen, killed_ones = set(ray_workers()), set(), []

    def strike() -> None:
        until = time.monotonic() + 600
        while not killed_ones and time.monotonic() < until:
            workers = sorted(set(ray_workers()) - before)
            seen.update(workers)
            if len(workers) > 1:
                os.kill(workers[0], signal.SIGKILL)
                killed_ones.append(workers[0])
            time.sleep(0.02)

    thread = threading.Thread(target=strike, daemon=True)
    thread.start()
    try:
        translate(texts, settings(marian, executor="ray"), tmp_path / "out", memory=tmp_path / "memory")
    finally:
        ray.shutdown()
    assert len(killed_ones) == 1 and len(seen) > 1
    assert whole(tmp_path / "out") == whole(calm / "out") and files(tmp_path / "memory") == files(calm / "memory")


SCRIPT = """
from pathlib import Path
from mtqa.translate.run import translate
from mtqa.translate.settings import TranslateSettings
corpus, model, out, memory = map(Path, {paths!r})
print("ready", flush=True)
translate(corpus, TranslateSettings(to="de", model=str(model), beam_size=1), out, memory=memory)
"""


def killed(texts: Path, marian: Path, folder: Path, after: float) -> bool:
    """Run until it has been at work for `after` seconds, then kill it; return whether it was still running."""
    paths = [str(p) for p in (texts, marian, folder / "out", folder / "memory")]
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT.format(paths=paths)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None and process.stdout.readline()
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    return process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("kills", [FEW_KILLS, pytest.param(KILLS, marks=[pytest.mark.slow, pytest.mark.timeout(1200)])])
def test_kills_at_random_moments_leave_no_trace(
    kills: int, texts: Path, marian: Path, calm: Path, tmp_path: Path
) -> None:
    """Each time from nothing: killed, then run again to the end."""
    moments = random.Random(kills)
    struck = 0
    began = time.perf_counter()
    assert not killed(texts, marian, tmp_path / "timed", 120)
    longest = time.perf_counter() - began
    for number in range(kills):
        folder = tmp_path / str(number)
        struck += killed(texts, marian, folder, moments.random() * longest * 0.9)
        translate(texts, settings(marian), folder / "out", memory=folder / "memory")
        assert whole(folder / "out") == whole(calm / "out")
        assert files(folder / "memory") == files(calm / "memory")
        assert not list(folder.glob(".*")) and not list((folder / "memory").rglob("*.tmp"))
    assert struck >= kills // 3


def test_a_batch_that_does_not_fit_is_halved(
    texts: Path, marian: Path, calm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mtqa.translate import engine as engine_module

    assert engine_module.out_of_memory(RuntimeError("CUDA failed with error out of memory"))
    assert not engine_module.out_of_memory(RuntimeError("wrong shape"))
    sizes: list[int] = []
    real = CTranslate2Engine._submit

    class Full:
        def result(self) -> Any:
            raise RuntimeError("CUDA failed with error out of memory")

    def submit(self: Any, batch: Any, decoding: Any) -> Any:
        sizes.append(len(batch.sources))
        return [Full()] if len(batch.sources) > 8 else real(self, batch, decoding)

    monkeypatch.setattr(CTranslate2Engine, "_submit", submit)
    manifest = translate(texts, settings(marian), tmp_path / "out", memory=tmp_path / "memory")
    counts = manifest.parts["deu_Latn"].counts
    assert max(sizes) > 8 and counts["rows"] == 80
    assert 0 < counts["segment_flags"]["halved"] < counts["segments"]
    again = translate(texts, settings(marian), tmp_path / "again", memory=tmp_path / "memory")
    assert again.parts["deu_Latn"].counts == counts  # remembered with the segments


def test_a_dry_run_counts_and_writes_nothing(texts: Path, marian: Path, calm: Path, tmp_path: Path) -> None:
    (fresh,) = dry_run(texts, settings(marian), memory=tmp_path / "none", timed=False)
    (full,) = dry_run(texts, settings(marian), memory=calm / "memory")
    counts = json.loads((calm / "out" / "_manifest.json").read_text("utf-8"))["parts"]["deu_Latn"]["counts"]
    assert fresh.segments == full.segments == full.remembered == counts["segments"]
    assert (fresh.rows, fresh.remembered, full.tokens, full.seconds) == (80, 0, 0, None)
    assert fresh.tokens > 3 * fresh.segments and fresh.cut == {} and not (tmp_path / "none").exists()
    (timed,) = dry_run(texts, settings(marian, max_segment_tokens=16), memory=tmp_path / "none")
    assert timed.seconds and timed.seconds > 0 and sum(timed.cut.values()) > 50
    assert "too long and cut" in show([timed]) and "Nothing was written" in show([timed])


def test_more_than_memory_holds_goes_to_disk(
    texts: Path, marian: Path, calm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    buckets = Buckets(tmp_path / "b", memory_bytes=300)
    records = [(i * 7 % 5, f"{i}".encode() * (i % 4)) for i in range(50)]
    for bucket, record in records:
        buckets.add(bucket, record)
    assert len(list((tmp_path / "b").iterdir())) == 5 and len(buckets) == 50
    assert [list(buckets.read(b)) for b in range(5)] == [[r for n, r in records if n == b] for b in range(5)]
    assert list(buckets.records()) == [r for group in buckets.groups() for r in group]
    monkeypatch.setattr("mtqa.translate.buckets.MEMORY_BYTES", 1000)
    monkeypatch.setattr("mtqa.translate.buckets.GROUP_RECORDS", 20)
    monkeypatch.setattr("mtqa.translate.job.TEXTS_KNOWN", 50)
    monkeypatch.setattr("mtqa.translate.job.ROWS_READ", 7)
    translate(texts, settings(marian), tmp_path / "out", memory=tmp_path / "memory")
    assert (
        whole(tmp_path / "out")["deu_Latn/train-00000.parquet"] == files(calm / "out")["deu_Latn/train-00000.parquet"]
    )
