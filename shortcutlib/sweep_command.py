"""The command ``python -m shortcutlib sweep``."""

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

from shortcutlib import executors
from shortcutlib.export import check_export, export
from shortcutlib.grid import SECTION_4_ANGLE, Grid
from shortcutlib.results_file import ResultsFileError
from shortcutlib.sweep import Exact, Method, Simulated, Sweep, run_sweep

__all__ = ["Progress", "add_parser", "add_teachers"]

_DESCRIPTION = """\
Success probabilities of residual students over a grid, point by point, into one file.  The grid is
every combination of the values given; what is not given is as in the paper's section 4, with
eta_a = 1/k^2, and eta_w = eta_a^2 during a warm-up.  Every finished point is safe in the file at
once.  The same command started again computes what is missing; so does one that names just the
file."""
_INTERRUPTED = 130
#: Seconds between two lines of progress where tqdm is not installed.
_EVERY = 5.0


def add_parser(commands: Any) -> None:
    """Add the command to a parser.

    Parameters
    ----------
    commands : object
        What `argparse.ArgumentParser.add_subparsers` returned.
    """
    parser: argparse.ArgumentParser = commands.add_parser(
        "sweep",
        help="success probabilities over a grid, into a file that survives kills",
        description=_DESCRIPTION,
        # Options that are not given stay absent, so that the file's own can take their place.
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument("file", type=Path, help="results file, one JSON object a line")
    grid = parser.add_argument_group("the grid")
    add_teachers(grid, "Table 1's")
    grid.add_argument(
        "--warmup", type=int, nargs="+", metavar="T1", help="iterations (default: 0 1000)"
    )
    method = parser.add_argument_group("the method")
    method.add_argument("--method", choices=("exact", "simulated"), help="(default: exact)")
    method.add_argument("--tolerance", type=float, help="of the exact method (default: 1e-8)")
    method.add_argument("--trials", type=int, help="of a simulated point (default: 5000)")
    method.add_argument("--seed", type=int, help="of the simulated method (default: 0)")
    run = parser.add_argument_group("the run")
    where = run.add_mutually_exclusive_group()
    where.add_argument(
        "--workers", type=int, default=1, metavar="W", help="processes (default: 1, this one)"
    )
    where.add_argument(
        "--dask", metavar="ADDRESS", default=None, help="scheduler of a Dask cluster to work on"
    )
    run.add_argument(
        "--export",
        nargs="+",
        default=[],
        metavar="TABLE",
        help="also write the finished sweep as .csv or .parquet, in the order of the grid",
    )
    parser.set_defaults(run=_sweep, parser=parser)


def add_teachers(grid: Any, sizes: str) -> None:
    """Add the axes of a `Grid` but the warm-up to a group of options.

    Parameters
    ----------
    grid : object
        What `argparse.ArgumentParser.add_argument_group` returned.
    sizes : str
        What the numbers of patches are by default.
    """
    grid.add_argument("--k", type=int, nargs="+", help=f"numbers of patches (default: {sizes})")
    grid.add_argument(
        "--angle",
        type=float,
        nargs="+",
        dest="angle_over_pi",
        metavar="ANGLE",
        help=f"between v* and the shortcut, in units of pi (default: {SECTION_4_ANGLE:.6f}, p = 8)",
    )
    norm = grid.add_mutually_exclusive_group()
    norm.add_argument("--norm-squared", type=float, nargs="+", metavar="N", help="N = ||a*||^2")
    norm.add_argument("--norm-per-k", type=float, nargs="+", metavar="C", help="N/k (default: 6)")
    total = grid.add_mutually_exclusive_group()
    total.add_argument("--output-sum", type=float, nargs="+", metavar="S", help="S = 1'a*")
    total.add_argument(
        "--sum-ratio", type=float, nargs="+", metavar="RHO", help="S^2/N, S >= 0 (default: 0.25)"
    )
    grid.add_argument(
        "--step-ratio", type=float, nargs="+", metavar="R", help="eta_w/eta_a (default: 1)"
    )


def _sweep(options: argparse.Namespace) -> int:
    parser: argparse.ArgumentParser = options.parser
    path: Path = options.file
    try:
        if path.is_dir() or not os.access(path.absolute().parent, os.W_OK):
            raise ValueError(f"{path}: that file cannot be written there")
        for table in options.export:
            check_export(table)
            if Path(table).absolute() == path.absolute():
                raise ValueError(f"{table} is the results file: give the table another name")
        sweep = _requested(vars(options), path)
        workers = (
            executors.processes(options.workers)
            if options.dask is None
            else executors.dask_cluster(options.dask)
        )
    except (ValueError, ImportError, OSError) as problem:
        parser.error(str(problem))

    progress = Progress("point")
    try:
        sweep, rows = run_sweep(path, sweep, workers=workers, progress=progress)
        for table in options.export:
            export(table, rows, sweep.as_dict())
    except KeyboardInterrupt:
        progress.close()
        print(f"interrupted: {_safe(path, progress.total)}", file=sys.stderr)
        return _INTERRUPTED
    except (ResultsFileError, executors.WorkersLostError, OSError, ImportError) as problem:
        progress.close()
        print(f"{parser.prog}: {problem}", file=sys.stderr)
        if not progress.total:
            return 2
        print(_safe(path, progress.total), file=sys.stderr)
        return 1
    progress.close()
    print(f"{path}: {len(rows)} points, {progress.done - progress.before} of them computed now")
    problems = sum(row["problem"] is not None for row in rows)
    if problems:
        first = next(row["problem"] for row in rows if row["problem"] is not None)
        verb = "has" if problems == 1 else "have"
        print(f"{problems} of them {verb} no answer; the first: {first}", file=sys.stderr)
    return 1 if problems else 0


def _safe(path: Path, total: int) -> str:
    # Counted in the file: whatever ended the run may have come between a record and its report.
    try:
        done = max(path.read_bytes().count(b"\n") - 1, 0)
    except OSError:
        done = 0
    return (
        f"{done} of {total or '?'} points are safe in {path}; the same command goes on from there"
    )


def _requested(options: dict[str, Any], path: Path) -> Sweep | None:
    """The sweep that the options describe; None for that of an existing file."""
    axes = {name: tuple(options[name]) for name in Grid.__dataclass_fields__ if name in options}
    settings = {n: options[n] for n in ("tolerance", "trials", "seed") if n in options}
    nothing = not axes and not settings and "method" not in options
    if nothing and path.exists() and path.stat().st_size:
        return None
    name = options.get("method", "exact")
    kind: type[Method] = Exact if name == "exact" else Simulated
    for setting in settings:
        if setting not in kind.__dataclass_fields__:
            raise ValueError(f"--{setting} does not belong to the method '{name}'")
    return Sweep(Grid(**axes), kind(**settings))


class Progress:
    """Progress on a terminal, with the time that is left: tqdm's bar, or a line now and then.

    Parameters
    ----------
    unit : str
        What is counted.
    """

    def __init__(self, unit: str) -> None:
        self.before = self.done = self.total = 0
        self._unit = unit
        self._bar: Any = None
        self._began = self._shown = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        if not self.total:
            self.before = self.done = done
            self.total = total
            self._began = self._shown = time.monotonic()
            self._bar = _bar(done, total, self._unit)
        if self._bar is not None:
            self._bar.update(done - self.done)
        elif sys.stderr.isatty() and done > self.before:
            now = time.monotonic()
            if now - self._shown >= _EVERY:
                self._shown = now
                left = (now - self._began) / (done - self.before) * (total - done)
                print(
                    f"{done} of {total} {self._unit}s, about {_duration(left)} left",
                    file=sys.stderr,
                )
        self.done = done

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()


def _bar(done: int, total: int, unit: str) -> Any:
    try:
        from tqdm import tqdm
    except ImportError:
        return None
    # disable=None: only on a terminal.
    return tqdm(total=total, initial=done, unit=unit, leave=False, disable=None)


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 2:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"
