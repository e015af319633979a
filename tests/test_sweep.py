import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import dask
import distributed
import psutil
import pytest

import shortcutlib.__main__ as command_line
from shortcutlib import executors, sweep
from shortcutlib.export import export
from shortcutlib.grid import Grid
from shortcutlib.results_file import ResultsFileError
from shortcutlib.sweep import Exact, Simulated, Sweep, run_sweep

EXACT = Sweep(Grid(k=(4, 9), warmup=(0, 30)), Exact(1e-6))
SIMULATED = Sweep(Grid(k=(4, 9), angle_over_pi=(0.3, 0.5)), Simulated(200, seed=3))
#: Enough points to be killed among: about two seconds of work.
ANGLES = [str(angle / 100) for angle in range(20, 50)]
LONG = ["--k", "9", "16", "--angle", *ANGLES, "--warmup", "0", "--tolerance", "1e-6"]


@contextlib.contextmanager
def dask_cluster():
    """A real cluster of two processes, reached over the loopback interface alone."""
    # After the import, which sets it: small arrays are slow with it.
    with (
        dask.config.set({"distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None}),
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
        ) as cluster,
    ):
        yield cluster


def command(*arguments):
    return [sys.executable, "-m", "shortcutlib", "sweep", *map(str, arguments)]


def lines(path):
    return path.read_bytes().splitlines(keepends=True) if path.exists() else []


@contextlib.contextmanager
def started(path, *arguments):
    """A run of its own, in a process group of its own, that has finished a few points."""
    process = subprocess.Popen(
        command(path, *arguments),
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 60
        while len(lines(path)) < 5:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.005)
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def workers_of(pid):
    children = psutil.Process(pid).children(recursive=True)
    return [child for child in children if any("spawn_main" in word for word in child.cmdline())]


def tables(tmp_path, rows, name):
    """Exports of some rows, as bytes."""
    for suffix in (".csv", ".parquet"):
        export(tmp_path / (name + suffix), rows)
    return [(tmp_path / (name + suffix)).read_bytes() for suffix in (".csv", ".parquet")]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The table of the long sweep when nothing happens to it."""
    folder = tmp_path_factory.mktemp("whole")
    table = folder / "whole.csv"
    assert command_line.main(["sweep", str(folder / "r"), *LONG, "--export", str(table)]) == 0
    return table.read_bytes()


def test_exact_and_simulated_values(tmp_path):
    grid = Grid(k=(16, 25))
    _, exact = run_sweep(tmp_path / "exact", Sweep(grid, Exact()))
    found = [row["success_rate"] for row in exact]
    assert found == pytest.approx([0.714788, 1.0, 0.742947, 0.999984], abs=1e-6)
    assert [(row["k"], row["warmup"], row["method"]) for row in exact] == [
        (16, 0, "exact"),
        (16, 1000, "exact"),
        (25, 0, "exact"),
        (25, 1000, "exact"),
    ]
    assert all(row["error_estimate"] < 1e-6 and row["problem"] is None for row in exact)
    _, simulated = run_sweep(tmp_path / "simulated", Sweep(grid, Simulated(2000, seed=1)))
    for row, probability in zip(simulated, found, strict=True):
        assert row["success_rate"] == pytest.approx(probability, abs=0.05)
        assert row["low"] <= row["success_rate"] <= row["high"]


def test_the_same_bits_for_any_number_of_workers_and_dask(tmp_path):
    with dask_cluster() as cluster, distributed.Client(cluster) as client:
        assert set(client.run(os.environ.get, "MALLOC_TRIM_THRESHOLD_").values()) == {None}
        places = {
            "one": executors.processes(1),
            "two": executors.processes(2),
            "four": executors.processes(4),
            "dask": executors.dask_cluster(cluster.scheduler_address),
        }
        for what in (EXACT, SIMULATED):
            found = {}
            for name, workers in places.items():
                path = tmp_path / f"{name}-{what.method.as_dict()['method']}"
                _, rows = run_sweep(path, what, workers=workers)
                assert len(rows) == len(what.grid)
                # The file differs in the order of its lines only.
                found[name] = tables(tmp_path, rows, name), sorted(lines(path))
            assert found["one"] == found["two"] == found["four"] == found["dask"]


def test_points_and_seeds_are_independent_of_the_rest_of_the_grid(tmp_path):
    _, rows = run_sweep(tmp_path / "all", SIMULATED)
    one = replace(SIMULATED, grid=Grid(k=(9,), angle_over_pi=(0.5,), warmup=(1000,)))
    assert run_sweep(tmp_path / "one", one)[1] == [rows[-1]]
    other = replace(SIMULATED, method=Simulated(200, seed=4))
    assert [r["success_rate"] for r in run_sweep(tmp_path / "other", other)[1]] != [
        r["success_rate"] for r in rows
    ]


def test_only_what_is_missing_is_computed(tmp_path, monkeypatch):
    path = tmp_path / "results"
    _, rows = run_sweep(path, SIMULATED)
    complete = lines(path)
    computed, shown = [], []
    real = sweep.evaluate
    monkeypatch.setattr(sweep, "evaluate", lambda m, p: computed.append(p) or real(m, p))
    # Lines 3 and 5 are lost, and the last is torn.
    path.write_bytes(b"".join([*complete[:2], complete[3], *complete[5:-1], complete[-1][:30]]))
    assert run_sweep(path, SIMULATED, progress=lambda *n: shown.append(n))[1] == rows
    points = list(SIMULATED.grid)
    assert computed == [points[1], points[3], points[-1]]
    assert shown == [(5, 8), (6, 8), (7, 8), (8, 8)]

    computed.clear()
    before, date = path.read_bytes(), path.stat().st_mtime_ns
    assert sorted(lines(path)) == sorted(complete)
    # Also without saying what it is, and with other versions.
    monkeypatch.setattr(sweep, "versions", lambda: {"numpy": "1.0"})
    assert run_sweep(path) == (SIMULATED, rows)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (before, date)
    assert computed == []


def test_other_versions_do_not_continue_an_unfinished_sweep(tmp_path, monkeypatch):
    path = tmp_path / "results"
    run_sweep(path, SIMULATED)
    path.write_bytes(b"".join(lines(path)[:-1]))
    before = path.read_bytes()
    ours = sweep.versions()
    monkeypatch.setattr(sweep, "versions", lambda: ours | {"numpy": "1.0"})
    with pytest.raises(ResultsFileError, match=r"was begun with numpy .*, not 1\.0"):
        run_sweep(path, SIMULATED)
    assert path.read_bytes() == before


def test_a_worker_with_other_versions_is_refused(tmp_path, monkeypatch):
    real = sweep.evaluate
    monkeypatch.setattr(
        sweep, "evaluate", lambda m, p: (real(m, p)[0], real(m, p)[1] | {"numpy": "1.0"})
    )
    with pytest.raises(ResultsFileError, match=r"a worker has numpy 1\.0, not"):
        run_sweep(tmp_path / "results", SIMULATED)
    assert len(lines(tmp_path / "results")) == 1


def test_a_record_that_is_not_of_the_grid_is_damage(tmp_path):
    path, other = tmp_path / "results", tmp_path / "other"
    run_sweep(path, SIMULATED)
    run_sweep(other, EXACT)
    path.write_bytes(path.read_bytes() + lines(other)[1])
    before = path.read_bytes()
    with pytest.raises(ResultsFileError, match="does not belong there"):
        run_sweep(path, SIMULATED)
    assert path.read_bytes() == before


def test_a_point_without_an_answer_is_recorded_and_does_not_end_the_sweep(
    tmp_path, monkeypatch, capsys
):
    real = Simulated.__call__

    def stubborn(self, point):
        if point.k == 4:
            raise RuntimeError("in a cycle")
        return real(self, point)

    monkeypatch.setattr(Simulated, "__call__", stubborn)
    _, rows = run_sweep(tmp_path / "results", SIMULATED)
    assert [row["success_rate"] is None for row in rows] == [True] * 4 + [False] * 4
    assert [row["problem"] for row in rows[3:5]] == ["in a cycle", None]
    assert list(rows[0]) == list(rows[-1])
    # Neither is it tried again.
    assert command_line.main(["sweep", str(tmp_path / "results")]) == 1
    captured = capsys.readouterr()
    assert "8 points, 0 of them computed now" in captured.out
    assert "4 of them have no answer" in captured.err


def test_a_killed_worker_loses_nothing(tmp_path, whole):
    path, table = tmp_path / "results", tmp_path / "t.csv"
    with started(path, *LONG, "--workers", 2, "--export", table) as run:
        before = lines(path)
        workers_of(run.pid)[0].kill()
        out, err = run.communicate(timeout=60)
        assert run.returncode == 0, err
        assert "60 points, 60 of them computed now" in out
    assert lines(path)[: len(before)] == before
    assert len(lines(path)) == 61
    assert table.read_bytes() == whole


def test_a_killed_run_loses_nothing_leaves_no_process_and_goes_on(tmp_path, whole, capsys):
    path, table = tmp_path / "results", tmp_path / "t.csv"
    with started(path, *LONG, "--workers", 2) as run:
        workers = workers_of(run.pid)
        assert len(workers) == 2
        run.kill()
        run.wait()
        _, alive = psutil.wait_procs(workers, timeout=30)
        assert not alive
    before = lines(path)
    assert 5 <= len(before) < 61
    finished = sum(line.endswith(b"\n") for line in before)
    # The same command, and the file alone, go on from there.
    assert command_line.main(["sweep", str(path), "--export", str(table)]) == 0
    assert f"60 points, {61 - finished} of them" in capsys.readouterr().out
    assert lines(path)[:finished] == before[:finished]
    assert table.read_bytes() == whole


@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupt_ends_at_once_with_what_is_finished(tmp_path, workers):
    path = tmp_path / "results"
    with started(path, *LONG, "--workers", workers) as run:
        # As from a keyboard: to the whole group.
        os.killpg(run.pid, signal.SIGINT)
        _, err = run.communicate(timeout=60)
    assert run.returncode == 130
    assert len(err.splitlines()) == 1
    assert err.startswith("interrupted: ")
    assert int(err.split()[1]) == len(lines(path)) - 1


def test_a_killed_dask_worker_loses_nothing(tmp_path, whole):
    path, table = tmp_path / "results", tmp_path / "t.csv"
    with dask_cluster() as cluster, distributed.Client(cluster) as client:
        pids = list(client.run(os.getpid).values())
        place = ["--dask", cluster.scheduler_address]
        with started(path, *LONG, *place, "--export", table) as run:
            os.kill(pids[0], signal.SIGKILL)
            out, err = run.communicate(timeout=60)
        assert run.returncode == 0, err
        assert "60 points, 60 of them computed now" in out
    assert table.read_bytes() == whole


def test_a_lost_dask_cluster_ends_the_run_and_loses_nothing(tmp_path):
    path = tmp_path / "results"
    grid = Grid(k=(9,), angle_over_pi=tuple(map(float, ANGLES)), warmup=(0,))
    with dask_cluster() as cluster:
        address = cluster.scheduler_address
        place = executors.dask_cluster(address, timeout=1)
        with pytest.raises(OSError):
            run_sweep(
                path,
                Sweep(grid, Exact(1e-6)),
                workers=place,
                progress=lambda done, _: cluster.close() if done == 5 else None,
            )
    finished = len(lines(path)) - 1
    assert 5 <= finished < 30
    _, rows = run_sweep(path)
    assert len(rows) == 30
    with pytest.raises(OSError):
        executors.dask_cluster(address, timeout=0.5)


def test_the_command_continues_exports_and_refuses(tmp_path, capsys):
    path = tmp_path / "results"
    options = ["--k", "9", "--method", "simulated", "--trials", "100", "--warmup", "0", "10"]
    names = [str(tmp_path / "t.csv"), str(tmp_path / "t.parquet")]
    assert command_line.main(["sweep", str(path), *options, "--export", *names]) == 0
    assert "2 points, 2 of them computed now" in capsys.readouterr().out
    assert len(lines(tmp_path / "t.csv")) == 3
    before = path.read_bytes()
    assert command_line.main(["sweep", str(path), *options]) == 0
    assert "2 points, 0 of them computed now" in capsys.readouterr().out
    assert command_line.main(["sweep", str(path), *options, "--seed", "1"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        f"python -m shortcutlib sweep: {path} belongs to another configuration: "
        "seed is 0 there and 1 here; give another file name, or name this file alone to go on "
        "with its own grid"
    ]
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["no/such/folder/results"],
        ["."],
        ["results", "--k", "0"],
        ["results", "--k", "1"],
        ["results", "--k", "x"],
        ["results", "--angle", "1.5"],
        ["results", "--norm-squared", "9", "--norm-per-k", "6"],
        ["results", "--norm-squared", "-9"],
        ["results", "--output-sum", "1e9"],
        ["results", "--sum-ratio", "-1"],
        ["results", "--step-ratio", "nan"],
        ["results", "--warmup", "-1"],
        ["results", "--method", "guess"],
        ["results", "--tolerance", "0"],
        ["results", "--trials", "10"],
        ["results", "--method", "simulated", "--tolerance", "1e-6"],
        ["results", "--method", "simulated", "--trials", "0"],
        ["results", "--method", "simulated", "--seed", "-1"],
        ["results", "--workers", "0"],
        ["results", "--workers", "2", "--dask", "tcp://127.0.0.1:1"],
        ["results", "--dask", "nonsense"],
        ["results", "--export", "t.xlsx"],
        ["results", "--export", "no/such/folder/t.csv"],
        ["results.csv", "--export", "results.csv"],
        ["results", "--colour"],
    ],
)
def test_bad_options_end_with_status_2_and_one_line_before_any_work(
    options, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        command_line.main(["sweep", *options])
    captured = capsys.readouterr()
    assert stopped.value.code == 2
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "missing, options",
    [
        ("pyarrow", ["--export", "t.parquet"]),
        ("distributed", ["--dask", "tcp://127.0.0.1:1"]),
        ("scipy", []),
    ],
)
def test_a_missing_extra_is_named(missing, options, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(SystemExit) as stopped:
        command_line.main(["sweep", "results", *options])
    assert stopped.value.code == 2
    assert f"pip install {missing}" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_progress_tells_the_time_that_is_left(monkeypatch, capsys):
    from shortcutlib import sweep_command

    now = iter([0.0, 0.0, 2.0, 20.0, 21.0])
    monkeypatch.setattr(sweep_command.time, "monotonic", lambda: next(now))
    monkeypatch.setattr(sweep_command, "_bar", lambda *_: None)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    progress = sweep_command.Progress("point")
    for done in (4, 5, 6, 7):
        progress(done, 46)
    # Two of the 42 that were left took 20 seconds.
    assert capsys.readouterr().err == "6 of 46 points, about 7 min left\n"
