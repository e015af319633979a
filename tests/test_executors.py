import errno
import os
import signal
import time
from contextlib import closing
from multiprocessing.context import SpawnProcess
from pathlib import Path

import distributed
import psutil
import pytest

from shortcutlib.executors import WorkersLostError, dask_cluster, processes, results


def square(x):
    return x * x


def square_but_die_once(job):
    """Kill the worker, as a lack of memory would, the first time that the marker is asked for."""
    x, marker = job
    if x == 3 and not Path(marker).exists():
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return x * x


def die(x):
    if x == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return x


def fail(x):
    raise KeyError(x)


def sleep(seconds):
    time.sleep(seconds)
    return seconds


@pytest.mark.parametrize("workers", [1, 2])
def test_every_item_is_done_once(workers):
    found = list(results(processes(workers), square, range(20)))
    assert sorted(found) == [(x, x * x) for x in range(20)]


def test_a_dead_worker_costs_nothing(tmp_path):
    jobs = [(x, str(tmp_path / "died")) for x in range(8)]
    found = dict(results(processes(2), square_but_die_once, jobs))
    assert (tmp_path / "died").exists()
    assert found == {job: job[0] ** 2 for job in jobs}


def test_work_that_always_kills_its_worker_ends_the_run_after_the_rest():
    found = []
    with pytest.raises(WorkersLostError, match="died 3 times running"):
        found.extend(results(processes(2), die, range(8)))
    assert sorted(found) == [(x, x) for x in (0, 1, 2, 4, 5, 6, 7)]


@pytest.mark.parametrize("delay", [0.005, 0.01, 0.015, 0.02, 0.025])
def test_a_worker_being_started_while_another_dies_does_not_hold_up_the_run(delay, monkeypatch):
    start = SpawnProcess.start

    def slow_start(process):
        start(process)
        time.sleep(delay)

    monkeypatch.setattr(SpawnProcess, "start", slow_start)
    with pytest.raises(WorkersLostError):
        list(results(processes(2), die, range(8)))


def failing_once(problem, monkeypatch):
    """Let the second worker fail to start, once."""
    start, started = SpawnProcess.start, []

    def start_or_fail(process):
        started.append(process)
        if len(started) == 2:
            raise problem
        start(process)

    monkeypatch.setattr(SpawnProcess, "start", start_or_fail)
    return started


def test_a_worker_that_gets_a_closed_pipe_is_a_loss_and_costs_nothing(monkeypatch):
    # What the multiprocessing library says when another worker's end closed the pipe.
    started = failing_once(OSError("handle is closed"), monkeypatch)
    found = list(results(processes(2), square, range(8)))
    assert sorted(found) == [(x, x * x) for x in range(8)]
    assert len(started) > 2


def test_a_worker_that_the_system_refuses_is_no_loss(monkeypatch):
    failing_once(OSError(errno.EAGAIN, "no more processes"), monkeypatch)
    with pytest.raises(OSError, match="no more processes"):
        list(results(processes(2), square, range(8)))


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(
        n_workers=2, processes=False, protocol="tcp", host="127.0.0.1", dashboard_address=None
    ) as cluster:
        yield dask_cluster(cluster.scheduler_address)


def test_a_result_that_the_cluster_loses_on_its_way_here_is_a_result(cluster, monkeypatch):
    gather, lost = distributed.Client._gather, []

    async def gather_and_lose(client, futures, *arguments, **options):
        found = await gather(client, futures, *arguments, **options)
        for future in futures:
            # As when the worker that holds it goes just then.
            client._handle_lost_data(future.key)
            lost.append(future.status)
        return found

    monkeypatch.setattr(distributed.Client, "_gather", gather_and_lose)
    found = list(results(cluster, square, range(8)))
    assert sorted(found) == [(x, x * x) for x in range(8)]
    assert lost == ["lost"] * 8


def test_a_result_that_cannot_be_fetched_ends_the_run(cluster, monkeypatch):
    async def fail_to_gather(client, futures, *arguments, **options):
        raise OSError("the connection is gone")

    monkeypatch.setattr(distributed.Client, "_gather", fail_to_gather)
    with pytest.raises(OSError, match="the connection is gone"):
        list(results(cluster, square, range(8)))


def test_an_error_in_the_work_of_a_cluster_is_raised(cluster):
    with pytest.raises(KeyError):
        list(results(cluster, fail, [1]))


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_in_the_work_is_raised(workers):
    with pytest.raises(KeyError):
        list(results(processes(workers), fail, [1]))


def test_workers_are_ended_at_once_when_the_results_are_not_wanted_any_more():
    began = time.monotonic()
    with closing(results(processes(2), sleep, [0, 300, 300])) as found:
        next(found)
        workers = [
            process
            for process in psutil.Process().children()
            if any("spawn_main" in word for word in process.cmdline())
        ]
        assert len(workers) == 2
    assert time.monotonic() - began < 60
    assert not any(process.is_running() for process in workers)


def test_the_number_of_workers_is_checked():
    with pytest.raises(ValueError, match="workers = 0"):
        processes(0)
