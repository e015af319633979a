"""Command line: ``python -m shortcutlib success`` prints the paper's Table 1 beside ours."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from shortcutlib import __version__, minibatch_command, sweep_command
from shortcutlib.linear_bound import command as linear_bound_command
from shortcutlib.reslink import command as reslink_command
from shortcutlib.success import (
    CNN_STEP,
    METHODS,
    PRINTED_K,
    SETTINGS,
    UNSTABLE_CNN_FROM,
    Cell,
    Setting,
    success_rate,
)
from shortcutlib.teacher import Teacher

__all__ = ["main"]

_INTERRUPTED = 130
#: Rows in the order of the printed table.
_SETTING_ORDER: tuple[Setting, ...] = ("resnet-warmup", "resnet", "cnn")


class _Parser(argparse.ArgumentParser):
    """An argument parser whose complaint is one line."""

    def error(self, message: str) -> NoReturn:
        sys.stderr.write(f"{self.prog}: {message} (see --help)\n")
        raise SystemExit(2)


def _whole(text: str, least: int) -> int:
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
    if value < least:
        raise argparse.ArgumentTypeError(f"{value} is too small: give at least {least}")
    return value


def _positive(text: str) -> int:
    return _whole(text, 1)


def _not_negative(text: str) -> int:
    return _whole(text, 0)


def _tolerance(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if not 1e-12 <= value <= 1e-2:
        raise argparse.ArgumentTypeError(f"{text} is out of range: give one from 1e-12 to 0.01")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m shortcutlib", description=__doc__)
    parser.add_argument("--version", action="version", version=f"shortcutlib {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)
    success = commands.add_parser(
        "success",
        help="success rates of training, beside the paper's Table 1",
        description="Success rates of the three settings of Table 1, beside the printed ones.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = success.add_argument
    add("--k", type=_positive, nargs="+", default=list(PRINTED_K), help="numbers of patches")
    add("--setting", nargs="+", choices=SETTINGS, default=list(_SETTING_ORDER), help="rows")
    add(
        "--method",
        choices=METHODS,
        default="simulated",
        help="random trials, or quadrature over the ball of starts (needs SciPy)",
    )
    add("--tolerance", type=_tolerance, default=1e-8, help="accuracy of the exact method")
    add("--trials", type=_positive, default=5000, help="random starts a cell")
    add("--seed", type=_not_negative, default=0, help="seed of the random streams")
    add(
        "--reading",
        choices=("squared", "literal"),
        default="squared",
        help="of the sentence on a*: (1'a*)^2 = ||a*||^2/4, or 1'a* = ||a*||^2/4 as printed",
    )
    add(
        "--norm-squared",
        type=float,
        default=None,
        metavar="N",
        help="||a*||^2; without it 6k for 'squared'; required for 'literal'",
    )
    add("--p", type=_positive, default=8, help="patch size")
    add("--warmup", type=_not_negative, default=1000, help="iterations of step-size warm-up")
    add(
        "--json",
        metavar="FILE",
        help="also write the cells as JSON; '-' is standard output, and the table goes to stderr",
    )
    success.set_defaults(run=_success, parser=success)
    sweep_command.add_parser(commands)
    minibatch_command.add_parser(commands)
    linear_bound_command.add_parser(commands)
    reslink_command.add_parser(commands)
    return parser


def _success(options: argparse.Namespace) -> int:
    parser: argparse.ArgumentParser = options.parser
    if options.json not in (None, "-"):
        folder = Path(options.json).absolute().parent
        if not folder.is_dir() or not os.access(folder, os.W_OK) or Path(options.json).is_dir():
            parser.error(f"--json {options.json}: that file cannot be written there")
    settings = [s for s in _SETTING_ORDER if s in options.setting]
    sizes = list(dict.fromkeys(options.k))
    try:
        for k in sizes:
            Teacher.section_4(
                k, p=options.p, reading=options.reading, norm_squared=options.norm_squared
            )
    except ValueError as problem:
        parser.error(str(problem))

    # With --json - standard output belongs to the JSON alone.
    table = sys.stderr if options.json == "-" else sys.stdout
    print(_heading(options), file=table)
    cells: list[Cell] = []
    status = 0
    try:
        with _progress(len(settings) * len(sizes)) as bar:
            for setting in settings:
                for k in sizes:
                    cell = success_rate(
                        setting,
                        k,
                        trials=options.trials,
                        seed=options.seed,
                        p=options.p,
                        reading=options.reading,
                        norm_squared=options.norm_squared,
                        warmup=options.warmup,
                        method=options.method,
                        tolerance=options.tolerance,
                    )
                    cells.append(cell)
                    if options.json not in (None, "-"):
                        _write_json(Path(options.json), cells)
                    bar.update()
    except KeyboardInterrupt:
        print(f"interrupted after {len(cells)} cells; what is finished follows", file=sys.stderr)
        status = _INTERRUPTED
    except (ImportError, RuntimeError) as problem:
        print(f"{parser.prog}: {problem}", file=sys.stderr)
        status = 1
    for cell in cells:
        print(_row(cell), file=table)
    if any(cell.setting == "cnn" and cell.k >= UNSTABLE_CNN_FROM for cell in cells):
        print(
            f"cnn: step {CNN_STEP} is unstable from k = {UNSTABLE_CNN_FROM} on; every run diverges",
            file=table,
        )
    if options.json == "-":
        print(json.dumps([cell.as_dict() for cell in cells], indent=2))
    return status


def _heading(options: argparse.Namespace) -> str:
    norm = "6 k" if options.norm_squared is None else f"{options.norm_squared:g}"
    sentence = {
        "squared": "(1'a*)^2 = ||a*||^2 / 4",
        "literal": "1'a* = ||a*||^2 / 4, as printed",
    }[options.reading]
    how = f"{options.trials} trials a cell, seed {options.seed}"
    columns = f"{'ours':>9}   {'95% interval':<18}printed inside"
    if options.method == "exact":
        how = f"exact probabilities, tolerance {options.tolerance:g}"
        columns = f"{'ours':>16}   error estimate"
    return (
        f"Success rates: {how}, p = {options.p}\n"
        f"Reading '{options.reading}': {sentence}, with ||a*||^2 = {norm}; "
        f"warm-up of {options.warmup} iterations\n\n"
        f"{'setting':<14}{'k':>5}{'printed':>10}{columns}"
    )


def _row(cell: Cell) -> str:
    printed = "-" if cell.printed is None else f"{cell.printed:.4f}"
    if cell.error_estimate is not None:
        return (
            f"{cell.setting:<14}{cell.k:>5}{printed:>10}{cell.success_rate:>16.12f}   "
            f"{cell.error_estimate:.1e}"
        )
    inside = ""
    if cell.printed is not None:
        inside = "yes" if cell.low <= cell.printed <= cell.high else "no"
    interval = f"[{cell.low:.4f}, {cell.high:.4f}]"
    return (
        f"{cell.setting:<14}{cell.k:>5}{printed:>10}{cell.success_rate:>9.4f}   "
        f"{interval:<18}{inside}"
    ).rstrip()


def _write_json(target: Path, cells: Sequence[Cell]) -> None:
    """Replace the file in one go, so that a kill leaves the last whole version."""
    draft = target.with_name(target.name + ".partial")
    draft.write_text(json.dumps([cell.as_dict() for cell in cells], indent=2) + "\n")
    os.replace(draft, target)


def _progress(total: int) -> Any:
    """A bar on a terminal, if tqdm is installed; nothing elsewhere."""
    with suppress(ImportError):
        from tqdm import tqdm

        return tqdm(total=total, unit="cell", leave=False, disable=None)
    from shortcutlib.paths import progress_bar

    return progress_bar(total, "", enabled=False)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Arguments after the program's name; by default those of the process.

    Returns
    -------
    int
        Exit status: 0 done, 1 failed, 130 interrupted.  Bad options raise SystemExit(2).
    """
    options = _parser().parse_args(arguments)
    return int(options.run(options))


if __name__ == "__main__":
    raise SystemExit(main())
