"""Independent pieces of work, done here, in processes of this machine (one a device), or on a Ray cluster.

A worker is a function from an iterable of tasks to an iterator of their results in order, so that it may begin a task
before the one before it is done; `load(place)` makes one where it will run (`cpu`, `cuda`, `cuda:1`). Results come with
the number of their task, in any order. What a worker returns may depend on its task alone.
"""

from __future__ import annotations

import multiprocessing
import pickle
import queue
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from mtqa.core.errors import MtqaError, UsageError
from mtqa.core.workers import end_with_parent, shielded

T = TypeVar("T")
R = TypeVar("R")
Worker = Callable[[Iterable[T]], Iterator[R]]
Load = Callable[[str], Worker[T, R]]

QUEUED = 3
"""Tasks under way a process: a worker may hold two that it has not finished and wait for a third."""
POLL_SECONDS = 1.0
RETRIES = 10
"""How often Ray gives a task to another worker when one dies."""
NEXT_STEP = "run the same command again: finished work is kept"


@dataclass(frozen=True)
class Where:
    """Where work is done: `places` of this machine, or Ray with `gpus` a task (0: one CPU) at an address.

    `address` is that of a running cluster, `auto` for the one that this machine belongs to, None to start one here.
    """

    places: tuple[str, ...] = ("cpu",)
    kind: Literal["local", "ray"] = "local"
    address: str | None = None
    gpus: float = 0.0


def run(load: Load[T, R], tasks: Iterable[T], where: Where) -> Iterator[tuple[int, R]]:
    """Yield (number of the task, result). Raises MtqaError where a worker process dies for good.

    With more than one place, and with Ray, `load`, tasks and results must be picklable.
    """
    if where.kind == "ray":
        return _on_ray(load, tasks, where)
    if len(where.places) > 1:
        return _in_processes(load, tasks, where.places)
    return enumerate(load(where.places[0])(tasks))


def _in_processes(load: Load[T, R], tasks: Iterable[T], places: tuple[str, ...]) -> Iterator[tuple[int, R]]:
    context = multiprocessing.get_context("spawn")
    todo, done = context.Queue(), context.Queue()
    # A Ctrl-C within `put` can leave the queue's thread asleep for good; nobody needs what it still holds at exit.
    todo.cancel_join_thread()
    processes = [context.Process(target=_serve, args=(load, place, todo, done), daemon=True) for place in places]
    with shielded():
        for process in processes:
            process.start()
    try:
        waiting, numbered, more = 0, enumerate(tasks), True
        while True:
            while more and waiting < QUEUED * len(places):
                task = next(numbered, None)
                if task is None:
                    more = False
                    for _ in places:
                        todo.put(None)
                else:
                    todo.put(task)
                    waiting += 1
            if not waiting:
                return
            number, result = _next(done, processes)
            waiting -= 1
            yield number, result
    finally:
        for process in processes:
            process.terminate()
            process.join()


def _serve(load: Load[Any, Any], place: str, todo: Any, done: Any) -> None:
    """Run in a process: take numbered tasks until None comes, put numbered results."""
    end_with_parent()
    numbers: list[int] = []

    def tasks() -> Iterator[Any]:
        while (item := todo.get()) is not None:
            numbers.append(item[0])
            yield item[1]

    try:
        for result in load(place)(tasks()):
            done.put((numbers.pop(0), result))
    except Exception as error:
        done.put((None, _portable(error)))


def _portable(error: Exception) -> Exception:
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301  our own object, in our own process
    except Exception:
        return MtqaError(f"A worker process failed: {type(error).__name__}: {error}", next_step=NEXT_STEP)
    return error


def _next(done: Any, processes: list[Any]) -> tuple[int, Any]:
    while True:
        try:
            number, result = done.get(timeout=POLL_SECONDS)
        except queue.Empty:
            dead = [process for process in processes if process.exitcode]
            if dead:
                raise MtqaError(
                    f"A worker process died (exit code {dead[0].exitcode}).",
                    expected="enough memory for a model on every device",
                    next_step=NEXT_STEP,
                ) from None
            continue
        if number is None:
            raise result
        return number, result


_loaded: dict[bytes, Worker[Any, Any]] = {}


def _ray_task(load: bytes, place: str, task: Any) -> Any:
    """Run one task in a Ray worker, which keeps what it has loaded for the next."""
    if load not in _loaded:
        _loaded.clear()
        _loaded[load] = pickle.loads(load)(place)  # noqa: S301  sent by our own driver
    return next(iter(_loaded[load]([task])))


def _on_ray(load: Load[T, R], tasks: Iterable[T], where: Where) -> Iterator[tuple[int, R]]:
    ray = _ray()
    started = not ray.is_initialized()
    if started:
        ray.init(address=where.address, log_to_driver=False, configure_logging=False, include_dashboard=False)
    try:
        remote = ray.remote(_ray_task).options(
            num_gpus=where.gpus, num_cpus=1, max_retries=RETRIES, retry_exceptions=False
        )
        slots = int(ray.cluster_resources().get("GPU", 0) / where.gpus) if where.gpus else 0
        slots = slots or int(ray.cluster_resources().get("CPU", 1))
        packed, place = ray.put(pickle.dumps(load)), "cuda" if where.gpus else "cpu"
        waiting: dict[Any, int] = {}
        numbered = enumerate(tasks)
        while True:
            while len(waiting) < 2 * slots and (item := next(numbered, None)) is not None:
                waiting[remote.remote(packed, place, item[1])] = item[0]
            if not waiting:
                return
            for ready in ray.wait(list(waiting), num_returns=1)[0]:
                yield waiting.pop(ready), _result(ray, ready)
    finally:
        if started:
            ray.shutdown()


def _result(ray: Any, ready: Any) -> Any:
    try:
        return ray.get(ready)
    except ray.exceptions.RayTaskError as error:
        cause = error.as_instanceof_cause()
        raise MtqaError(f"A Ray task failed: {error.cause}", next_step=NEXT_STEP) from cause
    except ray.exceptions.RayError as error:
        raise MtqaError(f"Ray gave up on a task: {error}", next_step=NEXT_STEP) from error


def _ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise UsageError(
            "Ray is not installed.", where="executor", next_step="pip install 'mtqa[ray]', or use --executor local"
        ) from error
    return ray
