"""The command ``python -m shortcutlib minibatch-sweep``."""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from shortcutlib import executors
from shortcutlib.export import check_export, export
from shortcutlib.grid import Grid
from shortcutlib.minibatch_sweep import Block, Counts, blocks, book_blocks, run_blocks
from shortcutlib.results_file import ResultsFileError
from shortcutlib.sweep_command import Progress, add_teachers

__all__ = ["add_parser"]

_DESCRIPTION = """\
Stochastic gradient descent against batch and step, block by block, into one file.  Each run trains
a student on sampled inputs, without warm-up; counted are the runs near the global optimum, near the
trap and near neither.  Named just a file, the command makes the sweep that comes with the library
(a quarter of an hour on one core).  With any option it runs every combination of the values given;
what is not given is as in the paper's section 4 with k = 16.  Every finished block is safe in the
file at once, and the same command goes on where it stopped.  A file may grow by further sweeps."""
_INTERRUPTED = 130
#: Options that choose what is run, beside those of the grid.
_CHOICES = ("batch", "step", "time", "records", "runs", "p")


def add_parser(commands: Any) -> None:
    """Add the command to a parser.

    Parameters
    ----------
    commands : object
        What `argparse.ArgumentParser.add_subparsers` returned.
    """
    parser: argparse.ArgumentParser = commands.add_parser(
        "minibatch-sweep",
        help="stochastic descent against batch and step, into a file that survives kills",
        description=_DESCRIPTION,
        # Options that are not given stay absent, so that their absence can be told.
        argument_default=argparse.SUPPRESS,
    )
    add = parser.add_argument
    add("file", type=Path, help="results file, one JSON object a line")
    grid = parser.add_argument_group("what is run")
    add_teachers(grid, "16")
    add = grid.add_argument
    add("--p", type=int, help="patch size (default: 8)")
    add("--batch", type=int, nargs="+", metavar="B", help="inputs a step (default: 1 4 16 64)")
    add("--step", type=float, nargs="+", metavar="C", help="eta_a k^2 (default: 1)")
    add("--time", type=float, metavar="T", help="eta_a times the number of steps (default: 12)")
    add("--records", type=int, help="times at which runs are counted, up to T (default: 4)")
    add("--runs", type=int, help="runs of each setting (default: 500)")
    run = parser.add_argument_group("the run")
    run.add_argument("--seed", type=int, default=0, help="of the whole file (default: 0)")
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
        help="also write the counts as .csv or .parquet, one row for each setting and time",
    )
    parser.set_defaults(run=_run, parser=parser)


def _requested(options: dict[str, Any]) -> list[Block]:
    """The blocks that the options describe; without any, those of the library's own sweep."""
    axes = {name: tuple(options[name]) for name in Grid.__dataclass_fields__ if name in options}
    chosen = {name: options[name] for name in _CHOICES if name in options}
    if not axes and not chosen:
        return list(book_blocks())
    grid = Grid(**({"k": (16,), "warmup": (0,)} | axes))
    batches = dict.fromkeys(chosen.pop("batch", (1, 4, 16, 64)))
    multiples = dict.fromkeys(chosen.pop("step", (1.0,)))
    return list(blocks(grid, batches=list(batches), multiples=list(multiples), **chosen))


def _run(options: argparse.Namespace) -> int:
    parser: argparse.ArgumentParser = options.parser
    path: Path = options.file
    try:
        if path.is_dir() or not os.access(path.absolute().parent, os.W_OK):
            raise ValueError(f"{path}: that file cannot be written there")
        for table in options.export:
            check_export(table)
            if Path(table).absolute() == path.absolute():
                raise ValueError(f"{table} is the results file: give the table another name")
        wanted = _requested(vars(options))
        workers = (
            executors.processes(options.workers)
            if options.dask is None
            else executors.dask_cluster(options.dask)
        )
    except (ValueError, ImportError, OSError) as problem:
        parser.error(str(problem))

    progress = Progress("block")
    try:
        counts = run_blocks(path, wanted, seed=options.seed, workers=workers, progress=progress)
        for table in options.export:
            export(table, [row for c in counts for row in _rows(c)], {"seed": options.seed})
    except KeyboardInterrupt:
        progress.close()
        print(
            f"interrupted: {progress.done} of {progress.total} blocks are safe in {path}; "
            "the same command goes on from there",
            file=sys.stderr,
        )
        return _INTERRUPTED
    except ValueError as problem:
        progress.close()
        parser.error(str(problem))
    except (ResultsFileError, executors.WorkersLostError, OSError, ImportError) as problem:
        progress.close()
        print(f"{parser.prog}: {problem}", file=sys.stderr)
        return 1
    progress.close()
    print(f"{path}: {progress.total} blocks, {progress.done - progress.before} of them run now")
    print("    k     B  eta_a k^2    time   runs  optimum    trap  neither  plain descent")
    for c in counts:
        print(_line(c))
    return 0


def _line(c: Counts) -> str:
    """The last record of a setting."""
    setting = c.setting
    shares = (c.optimum[-1], c.trap[-1], c.neither[-1], c.descent_success)
    optimum, trap, neither, plain = (f"{n / c.runs:.4f}" for n in shares)
    return (
        f"{setting.k:>5}{setting.batch:>6}{setting.multiple:>11.4g}{setting.times[-1]:>8.4g}"
        f"{c.runs:>7}{optimum:>9}{trap:>8}{neither:>9}{plain:>15}"
    )


def _rows(c: Counts) -> list[dict[str, Any]]:
    """One row for each record of a setting."""
    return [
        c.setting._asdict()
        | {
            "time": c.setting.times[i],
            "runs": c.runs,
            "descent_success": c.descent_success,
            "optimum": c.optimum[i],
            "trap": c.trap[i],
            "neither": c.neither[i],
            "saved": c.saved[i],
            "lost": c.lost[i],
        }
        for i in range(c.setting.records)
    ]
