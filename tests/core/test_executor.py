from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import pytest

from mtqa.core.errors import MtqaError, UsageError
from mtqa.core.executor import Where, run


def path_with_this_folder() -> str:
    """Return a PYTHONPATH on which other processes find this file, and all that this one finds."""
    return os.pathsep.join(filter(None, [str(Path(__file__).parent), os.environ.get("PYTHONPATH")]))


def doubler(place: str):
    """A worker that looks two tasks ahead, as a decoder does."""

    def work(tasks: Iterable[int]) -> Iterator[tuple[int, str, int]]:
        ahead: list[int] = []
        for task in tasks:
            ahead.append(task)
            if len(ahead) > 2:
                yield 2 * ahead.pop(0), place, os.getpid()
        for task in ahead:
            yield 2 * task, place, os.getpid()

    return work


def failing(place: str):
    def work(tasks: Iterable[int]) -> Iterator[int]:
        for task in tasks:
            if task == 3:
                raise UsageError("three is too much")
            yield task

    return work


def dying(place: str):
    def work(tasks: Iterable[int]) -> Iterator[int]:
        for task in tasks:
            if task == 3:
                os.kill(os.getpid(), signal.SIGKILL)
            yield task

    return work


class DiesOnce:
    """Kills its own process at the first task 3 that any process gets, and leaves word of it."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __call__(self, place: str):
        def work(tasks: Iterable[int]) -> Iterator[tuple[int, int]]:
            for task in tasks:
                if task == 3 and not self.mark.exists():
                    self.mark.touch()
                    os.kill(os.getpid(), signal.SIGKILL)
                yield 2 * task, os.getpid()

        return work


def test_here_and_in_processes_give_the_same() -> None:
    here = dict(run(doubler, range(11), Where(("cpu",))))
    assert [here[n][:2] for n in range(11)] == [(2 * n, "cpu") for n in range(11)]
    assert {pid for *_, pid in here.values()} == {os.getpid()}
    apart = dict(run(doubler, range(11), Where(("cuda:0", "cuda:1"))))
    assert {n: r[0] for n, r in apart.items()} == {n: r[0] for n, r in here.items()}
    assert {place for _, place, _ in apart.values()} <= {"cuda:0", "cuda:1"}
    assert os.getpid() not in {pid for *_, pid in apart.values()}
    assert list(run(doubler, [], Where(("cpu", "cpu")))) == []


def test_errors_of_a_process_come_through() -> None:
    with pytest.raises(UsageError, match="three is too much"):
        list(run(failing, range(9), Where(("cpu", "cpu"))))
    with pytest.raises(MtqaError, match="died"):
        list(run(dying, range(9), Where(("cpu", "cpu"))))


def waiting(place: str):
    """A worker that has done a task and is then busy for long."""

    def work(tasks: Iterable[int]) -> Iterator[int]:
        for task in tasks:
            yield task
            time.sleep(60)

    return work


WAITS = """
import itertools
from test_executor import waiting
from mtqa.core.executor import Where, run
if __name__ == "__main__":
    for number, _ in run(waiting, itertools.count(), Where(("cpu", "cpu"))):
        print(number, flush=True)
"""


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_processes_end_with_their_parent_and_say_nothing(sent: signal.Signals, tmp_path: Path) -> None:
    (tmp_path / "waits.py").write_text(WAITS, encoding="utf-8")
    env = {**os.environ, "PYTHONPATH": path_with_this_folder()}
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # a job in the background ignores it
    with subprocess.Popen(
        [sys.executable, str(tmp_path / "waits.py")],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=heard,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        if sent == signal.SIGINT:
            os.killpg(process.pid, sent)  # as a terminal does
        else:
            process.send_signal(sent)
        _, err = process.communicate(timeout=30)  # ends when no process holds the pipes any more
    assert err.count("Traceback") == (sent == signal.SIGINT)  # this program's own


INTERRUPTED = """
import itertools, threading
from test_executor import waiting
from mtqa.core.executor import Where, run
notify = threading.Condition.notify
def interrupted(self, n=1):
    if self._waiters and threading.current_thread() is threading.main_thread():
        threading.Condition.notify = notify
        self._waiters[0].release()
        raise KeyboardInterrupt
    notify(self, n)
if __name__ == "__main__":
    tasks = itertools.count()
    for number, _ in run(waiting, tasks, Where(("cpu", "cpu"))):
        threading.Condition.notify = interrupted
"""


def test_ctrl_c_while_a_task_is_queued_ends_the_program(tmp_path: Path) -> None:
    (tmp_path / "waits.py").write_text(INTERRUPTED, encoding="utf-8")
    env = {**os.environ, "PYTHONPATH": path_with_this_folder()}
    command = [sys.executable, str(tmp_path / "waits.py")]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert "KeyboardInterrupt" in done.stderr


@pytest.mark.slow
def test_ray_gives_a_dead_workers_task_to_another(tmp_path: Path) -> None:
    ray = pytest.importorskip("ray", reason="ray is not installed")
    here = {"env_vars": {"PYTHONPATH": path_with_this_folder()}}
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False, runtime_env=here)
    try:
        mark = tmp_path / "died"
        made = dict(run(DiesOnce(mark), range(8), Where(("cpu",), "ray")))
        assert mark.exists() and {n: r[0] for n, r in made.items()} == {n: 2 * n for n in range(8)}
        assert len({pid for _, pid in made.values()}) >= 2
        with pytest.raises(MtqaError, match="three is too much"):
            list(run(failing, range(9), Where(("cpu",), "ray")))
    finally:
        ray.shutdown()
