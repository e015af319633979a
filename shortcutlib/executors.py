"""Where independent pieces of work run: in this process, in others, or on a Dask cluster.

All three are reached through `concurrent.futures.Executor`.  `results` hands out the work, and goes
on with fresh workers when some die.
"""

import logging
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from shortcutlib.teacher import check_size

__all__ = ["Workers", "WorkersLostError", "dask_cluster", "processes", "results"]

Item = TypeVar("Item")
Result = TypeVar("Result")

#: Times that workers may die, one after the other, without one piece of work getting done.
PATIENCE = 3


class WorkersLostError(Exception):
    """Workers keep dying, and nothing gets done."""


@dataclass(frozen=True)
class Workers:
    """A way to get work done.

    Attributes
    ----------
    open : callable
        Returns a context manager that gives a fresh executor.  Leaving it by an exception ends the
        workers at once, without waiting for what they are doing.
    ahead : int
        Pieces of work to have under way at a time: enough to keep every worker busy.
    losses : tuple of exception types
        What an executor raises for a worker that died.
    """

    open: Callable[[], AbstractContextManager[Executor]]
    ahead: int
    losses: tuple[type[BaseException], ...] = (BrokenExecutor,)


def processes(workers: int) -> Workers:
    """Processes on this machine.

    Parameters
    ----------
    workers : int
        Number of processes; 1 works in the calling process itself.

    Returns
    -------
    Workers

    Raises
    ------
    ValueError
        If `workers` is not a positive whole number.

    Notes
    -----
    The processes import the calling script: with more than one, what it does belongs under
    ``if __name__ == "__main__":``.
    """
    check_size("workers", workers)
    if workers == 1:
        return Workers(_Here, ahead=1)
    return Workers(partial(_pool, workers), ahead=2 * workers)


def dask_cluster(address: str, timeout: float = 10.0) -> Workers:
    """The workers of a running Dask cluster, which must have this library installed.

    Parameters
    ----------
    address : str
        Address of the scheduler, such as ``"tcp://127.0.0.1:8786"``.
    timeout : float, default 10
        Seconds to wait for the scheduler's answer.

    Returns
    -------
    Workers

    Raises
    ------
    ImportError
        If Dask is not installed.
    OSError
        If no scheduler answers at that address.
    ValueError
        If the address has no port or the cluster has no workers.

    Notes
    -----
    Dask's nanny starts workers with ``MALLOC_TRIM_THRESHOLD_`` set, which can make work on small
    arrays several times slower.  To have the workers of a `distributed.LocalCluster` do without,
    import `distributed` first (the import itself sets it), then ::

        dask.config.set({"distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None})

    For workers started from the command line, set the same entry to null in a YAML file under
    ``~/.config/dask`` on their machines.
    """
    try:
        import distributed
    except ImportError:
        raise ImportError(
            "a Dask cluster needs Dask: pip install distributed (or shortcutlib[dask])"
        ) from None
    # Untyped, for the type checker.
    connected: Any = partial(distributed.Client, address, timeout=timeout, set_as_default=False)

    @contextmanager
    def connect() -> Iterator[Executor]:
        # Closing the client makes the scheduler forget, and stop, what is still under way.
        with _quiet("distributed.client", "tornado.application"), connected() as client:
            yield _Cluster(client)

    if not address.rpartition(":")[2].isdigit():
        # Dask itself would complain at length.
        raise ValueError(f"{address!r} is no address of a Dask scheduler: give tcp://host:port")
    with connected() as client:
        threads = sum(client.ncores().values())
    if not threads:
        raise ValueError(f"the Dask cluster at {address} has no workers")
    # The scheduler itself starts work again three times before it reports a killed worker; work is
    # cancelled when the scheduler is gone, and connecting again then fails with an OSError.
    return Workers(connect, ahead=2 * threads, losses=(distributed.KilledWorker, CancelledError))


def results(
    workers: Workers, function: Callable[[Item], Result], items: Iterable[Item]
) -> Generator[tuple[Item, Result], None, None]:
    """Apply a function to every item; give each result as soon as it is there, in any order.

    Parameters
    ----------
    workers : Workers
        Where to work.
    function : callable
        Takes an item; can be pickled, and may be called again for an item whose worker died.
    items : iterable
        What to apply it to.

    Yields
    ------
    item, result
        In the order of completion.

    Raises
    ------
    WorkersLostError
        If workers die three times running without one result in between.
    """
    waiting = deque(items)
    failures = 0
    while waiting:
        lost: list[Item] = []
        with workers.open() as executor:
            running: dict[Future[Result], Item] = {}
            while running or (waiting and not lost):
                # After a loss nothing more is handed out: what is under way is brought home first.
                # Then one item at a time, until one succeeds: work that kills its worker would
                # otherwise take innocent work with it, time and again.
                ahead = 1 if failures else workers.ahead
                while waiting and not lost and len(running) < ahead:
                    try:
                        running[executor.submit(function, waiting[0])] = waiting[0]
                    except workers.losses:
                        lost.append(waiting[0])
                    waiting.popleft()
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    item = running.pop(future)
                    try:
                        result = future.result()
                    except workers.losses:
                        lost.append(item)
                    else:
                        failures = 0
                        yield item, result
        if lost:
            failures += 1
            if failures == PATIENCE:
                raise WorkersLostError(
                    f"workers died {failures} times running and nothing got done in between "
                    "(is there enough memory?)"
                )
            # To the end, so that work that kills its worker does not hold up the rest.
            waiting.extend(lost)


@contextmanager
def _quiet(*names: str) -> Iterator[None]:
    """Keep pages of traces out of the log where an exception says that a cluster is gone."""
    logs = [logging.getLogger(name) for name in names]
    levels = [log.level for log in logs]
    for log in logs:
        log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for log, level in zip(logs, levels, strict=True):
            log.setLevel(level)


class _Here(Executor):
    """Works in the calling process, at once."""

    def submit(
        self, function: Callable[..., Any], /, *arguments: Any, **options: Any
    ) -> Future[Any]:
        """Call the function; the future is done when this returns."""
        future: Future[Any] = Future()
        try:
            future.set_result(function(*arguments, **options))
        except Exception as problem:
            future.set_exception(problem)
        return future


class _Cluster(Executor):
    """The workers of a Dask client.

    Not the client's own executor.  That one looks at the state of the work once more after fetching
    the result; it takes a result for an error if the worker that holds it has gone meanwhile, and
    waits for ever if the connection breaks while it fetches.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def submit(
        self, function: Callable[..., Any], /, *arguments: Any, **options: Any
    ) -> Future[Any]:
        """Hand out work."""
        work = self._client.submit(partial(function, **options), *arguments, pure=False)
        future: Future[Any] = Future()
        self._client.loop.add_callback(_pass_on, work, future)
        return future


async def _pass_on(work: Any, future: Future[Any]) -> None:
    """Tell a future what becomes of a piece of work."""
    try:
        result = await work
    except BaseException as problem:
        # Whatever it is, somebody waits for it.
        future.set_exception(problem)
    else:
        future.set_result(result)


class _Processes(ProcessPoolExecutor):
    """A pool that says so when it breaks, also while it starts a worker."""

    def submit(
        self, function: Callable[..., Any], /, *arguments: Any, **options: Any
    ) -> Future[Any]:
        """Hand out work."""
        try:
            return super().submit(function, *arguments, **options)
        except OSError as problem:
            # Another worker died: its end closes the pipe that the new one was to be given.  What
            # the system itself refuses (no memory, no more processes) has a number.
            if problem.errno is not None:
                raise
            raise BrokenProcessPool("a worker died while another was being started") from problem


@contextmanager
def _pool(workers: int) -> Iterator[Executor]:
    # A started process, unlike a forked one, inherits no locks, threads or half-written buffers.
    context = multiprocessing.get_context("spawn")
    reader, writer = context.Pipe(duplex=False)
    executor = _Processes(workers, mp_context=context, initializer=_leave_with, initargs=(reader,))
    try:
        yield executor
    finally:
        # Nothing is under way, or nothing of it is wanted.  The pipe ends every worker, also one
        # that was being started while another died: Python 3.11 forgets to end that one, and
        # then waits for it for ever.
        writer.close()
        executor.shutdown(cancel_futures=True)
        reader.close()


def _leave_with(reader: Connection) -> None:
    """Make this worker end as soon as the other end of a pipe is closed.

    The run holds that end: it closes it to be rid of its workers at once, and so does the system
    if the run is killed; the workers of an ordinary pool would then wait for work for ever.
    """
    # An interrupt from the keyboard reaches the whole group; the run alone answers it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        with suppress(EOFError, OSError):
            reader.recv_bytes()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
