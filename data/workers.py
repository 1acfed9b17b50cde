"""Functions called in several processes, results in the order of the calls."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any, TypeVar

from tickets.files import InputError

TO = TypeVar("TO")
Run = Callable[[Callable[..., TO], Iterable[tuple[Any, ...]]], Iterator[TO]]
"""Calls a function with each of some arguments; results come in the arguments' order."""


@contextmanager
def workers(processes: int) -> Iterator[Run[Any]]:
    """What calls functions in so many processes, and keeps only a few calls waiting.

    Raises:
        InputError: a process was killed, as the system does when memory runs out.
    """
    if processes == 1:
        yield lambda function, calls: (function(*call) for call in calls)
        return
    # Threads of Arrow and the tokenizer do not survive a fork.
    pool = ProcessPoolExecutor(processes, get_context("spawn"), initializer=_use_one_core)

    def run(function: Callable[..., TO], calls: Iterable[tuple[Any, ...]]) -> Iterator[TO]:
        waiting: list[Future[TO]] = []
        for call in calls:
            waiting.append(pool.submit(function, *call))
            if len(waiting) > 2 * processes:
                yield waiting.pop(0).result()
        while waiting:
            yield waiting.pop(0).result()

    try:
        yield run
    except BrokenProcessPool as error:
        raise InputError(
            "a process was killed, likely for want of memory; run the same command again (it goes "
            "on where it ended), with fewer --processes if it happens again"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _use_one_core() -> None:
    """There is a process for each core already."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
