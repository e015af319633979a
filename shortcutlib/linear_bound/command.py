"""The command ``python -m shortcutlib linear-bound``."""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from shortcutlib import executors
from shortcutlib.linear_bound.experiments import run_experiment
from shortcutlib.results_file import ResultsFileError

__all__ = ["add_parser"]

_DESCRIPTION = """\
The experiments of the chapter on linear predictors, piece by piece, into one file: descents of a
residual unit on real data, or stochastic gradient descent with a shortcut to the output.  Every
finished piece is safe in the file at once; the same command started again computes what is missing.
Needs scikit-learn and SciPy."""
_INTERRUPTED = 130


def add_parser(commands: Any) -> None:
    """Add the command to a parser.

    Parameters
    ----------
    commands : object
        What `argparse.ArgumentParser.add_subparsers` returned.
    """
    parser: argparse.ArgumentParser = commands.add_parser(
        "linear-bound",
        help="residual units against linear predictors on real data, into a file",
        description=_DESCRIPTION,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("experiment", choices=("descents", "sgd"))
    parser.add_argument("file", type=Path, help="results file, one JSON object a line")
    parser.add_argument("--starts", type=int, default=40, help="descents: starts a problem")
    parser.add_argument("--seed", type=int, default=0, help="sgd: seed")
    parser.add_argument("--workers", type=int, default=1, metavar="W", help="processes")
    parser.set_defaults(run=_run, parser=parser)


def _run(options: argparse.Namespace) -> int:
    parser: argparse.ArgumentParser = options.parser
    path: Path = options.file
    size = options.starts if options.experiment == "descents" else options.seed
    try:
        if path.is_dir() or not os.access(path.absolute().parent, os.W_OK):
            raise ValueError(f"{path}: that file cannot be written there")
        if size < (1 if options.experiment == "descents" else 0):
            raise ValueError(f"{size} is too small")
        workers = executors.processes(options.workers)
    except ValueError as problem:
        parser.error(str(problem))
    done = [0, 0]

    def progress(finished: int, total: int) -> None:
        done[:] = finished, total
        if sys.stderr.isatty():
            print(f"\r{finished} of {total}", end="", file=sys.stderr)

    try:
        rows = run_experiment(path, options.experiment, size, workers=workers, progress=progress)
    except KeyboardInterrupt:
        print(
            f"interrupted: {done[0]} of {done[1]} pieces are safe in {path}; the same command "
            "goes on from there",
            file=sys.stderr,
        )
        return _INTERRUPTED
    except (ImportError, OSError, ResultsFileError, executors.WorkersLostError) as problem:
        print(f"{parser.prog}: {problem}", file=sys.stderr)
        return 1
    print(f"{path}: {len(rows)} pieces")
    return 0
