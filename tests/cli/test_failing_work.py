"""Work that fails, or that the user stops, on the way: what there was stays, and the same command can go on."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from cli_world import Cli, contents

from mtqa.bundled import MT_MODEL

REMAKE = {
    "collect": "collect faq.jsonl --limit 3 --out corpus --overwrite",
    "filter": "filter corpus --out new",
    "build-shards": "build-shards corpus --mode mono --batch-size 2 --steps 2 --out shards --overwrite",
}


@pytest.mark.parametrize("command", REMAKE.values(), ids=REMAKE)
def test_a_full_disk_costs_nothing(command: str, world: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = contents(world)
    with monkeypatch.context() as patched:
        patched.setattr(pq.ParquetWriter, "write_table", refuse)
        ended = cli(command)
    assert ended.code == 1
    assert "error: Writing failed: No space left on device.\n  where: " in ended.err
    assert "  next:     make room" in ended.err and ended.err.count("error: ") == 1
    assert contents(world) == before
    assert cli(command).code == 0


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="mounting a small disk needs root on Linux")
def test_a_disk_that_is_really_full(world: Path, cli: Cli) -> None:
    disk = world / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], check=False).returncode:
        pytest.skip("tmpfs cannot be mounted here")
    try:
        assert cli("collect faq.jsonl --limit 3 --out disk/corpus").code == 0
        kept = contents(disk)
        ballast = disk / "ballast"
        with ballast.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
            while True:
                file.write(bytes(4096))
        ended = cli("collect faq.jsonl --limit 5 --out disk/corpus --overwrite")
        assert ended.code == 1
        assert "error: Writing failed: No space left on device.\n  where: " in ended.err
        assert "  next:     make room" in ended.err
        ballast.unlink()
        assert contents(disk) == kept
        assert cli("collect faq.jsonl --limit 5 --out disk/corpus --overwrite").code == 0
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.parametrize("engine", ["ctranslate2", "transformers"])
@pytest.mark.parametrize("weights", [b"\x10\x00", b"\xff" * 64], ids=["cut", "scrambled"])
def test_a_translation_model_with_broken_weights(engine: str, weights: bytes, world: Path, cli: Cli) -> None:
    model = world / "mt"
    model.mkdir()
    for path in MT_MODEL.iterdir():
        if path.suffix != ".safetensors":
            (model / path.name).symlink_to(path)
    (model / "model.safetensors").write_bytes(weights)
    before = contents(world)
    ended = cli(f"translate corpus --to de --model mt --engine {engine} --out new")
    last = ended.err[ended.err.index("error: ") :]
    assert ended.code == 2
    assert last.count("error: ") == 1 and "  where:    mt\n" in last and "  next:     copy the model again" in last
    assert "Traceback" not in ended.err
    assert contents(world) == before


@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_ends_with_130_and_keeps_what_is_there(workers: str, world: Path) -> None:
    rows = "".join(f'{{"question": "What is {n}?", "passage": "A number is {n}."}}\n' for n in range(200_000))
    (world / "many.jsonl").write_text(rows, encoding="utf-8")
    before = contents(world)
    command = [sys.executable, "-m", "mtqa.cli.main", "collect", "many.jsonl", "--out", "corpus", "--overwrite"]
    command += ["--workers", workers]
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # a job in the background ignores it
    pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, preexec_fn=heard, start_new_session=True, **pipes) as process:
        deadline = time.monotonic() + 60
        while not (world / ".corpus.tmp").exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.5)  # workers are starting
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == "error: Interrupted. Finished work is kept: the same command goes on from there.\n"
    assert contents(world) == before


def test_ctrl_c_while_modules_are_imported() -> None:
    code = (
        "import sys\n"
        "class Pressed:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'typer':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Pressed())\n"
        "from mtqa.cli.main import main\n"
        "main()"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 130
    assert ended.stderr == "error: Interrupted. Finished work is kept: the same command goes on from there.\n"


def test_a_reader_that_has_seen_enough(tmp_path: Path) -> None:
    command = f"{sys.executable} -m mtqa.cli.main languages | head -1"
    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (ended.stdout.count("\n"), ended.stderr) == (1, "")


def test_a_bug_is_one_line_with_a_way_on(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mtqa.core.languages.all_languages", lambda: 1 / 0)
    ended = cli("languages")
    assert ended.code == 1
    assert ended.err == (
        "error: Unexpected error: ZeroDivisionError: division by zero\n"
        "  next:     run again with --debug and report it\n"
    )
    monkeypatch.setattr(sys, "argv", ["mtqa", "languages", "--debug"])
    with pytest.raises(ZeroDivisionError):
        from mtqa.cli.main import main

        main()


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (MemoryError(), "Memory ran out."),
        (MemoryError("Unable to allocate 3.64 TiB for an array"), "Memory ran out: Unable to allocate 3.64 TiB"),
        (RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0"), "Memory ran out: CUDA out of memory."),
        (RuntimeError("CUDA failed with error out of memory"), "Memory ran out: CUDA failed"),
    ],
)
def test_too_little_memory_is_no_bug(cli: Cli, monkeypatch: pytest.MonkeyPatch, error: Exception, shown: str) -> None:
    def full() -> None:
        raise error

    monkeypatch.setattr("mtqa.core.languages.all_languages", full)
    ended = cli("languages")
    assert ended.code == 1
    assert ended.err.startswith(f"error: {shown}")
    assert "--micro-batch-tokens" in ended.err and "report it" not in ended.err
