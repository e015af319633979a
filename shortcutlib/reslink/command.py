"""The command ``python -m shortcutlib reslink``: the experiments of Li and Yuan (2017)."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any, get_args

import numpy as np

from shortcutlib.reslink.exchangeable import Blocks, blocks, measure_blocks
from shortcutlib.reslink.experiments import (
    Convergence,
    Dynamics,
    Student,
    Teacher,
    _streams,
    versions,
)
from shortcutlib.results_file import ResultsFile, ResultsFileError

__all__ = ["add_parser"]

_INTERRUPTED = 130
_DESCRIPTION = """\
Run an experiment of Li and Yuan (2017) into a folder.  Everything recorded is safe in the folder at
once; the same command started again goes on where it was.  Defaults are the paper's sizes.
  convergence  section 5.2, Figure 7: ResLink, Vanilla and 3-Block from a fixed training set
  dynamics     section 5.3, Figure 8: SGD from a start at which the gradient points away
  exact        section 5.3 without noise: descent on the population loss, circulant weights
  zero-start   section 5.4: zero or random start, with identity links and without
  pairs        section 5.5: telling two digits apart with a bounded spectral norm
  adversary    Theorem 3.3: the smallest constant found, for several gamma
  collect      gather what a folder holds into small files"""


def add_parser(commands: Any) -> None:
    """Add the command to a parser.

    Parameters
    ----------
    commands : object
        What `argparse.ArgumentParser.add_subparsers` returned.
    """
    parser: argparse.ArgumentParser = commands.add_parser(
        "reslink",
        help="the experiments of Li and Yuan (2017), resumable",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("experiment", choices=tuple(_EXPERIMENTS), help="which one")
    add("folder", type=Path, help="where results are kept; it must exist")
    add("--students", nargs="+", choices=get_args(Student), default=list(get_args(Student)))
    add("--teacher", choices=get_args(Teacher), default="own", help="of the student 'three-block'")
    add("--runs", type=int, default=5, help="independent runs (default: 5)")
    add("--d", type=int, help="dimension")
    add("--samples", type=int, help="training samples of 'convergence'; a tenth are for tests")
    add("--epochs", type=int, help="of 'convergence' and 'zero-start'")
    add("--iterations", type=int, help="of 'dynamics' and 'exact'")
    add("--rate", type=float, help="step size")
    add("--frobenius", type=float, help="norm of the start of 'dynamics' and 'exact'")
    add("--images", choices=("digits", "mnist"), default="digits", help="(default: digits)")
    add("--seed", type=int, default=0, help="(default: 0)")
    add("--precision", choices=("single", "double"), default="single", help="(default: single)")
    parser.set_defaults(run=_reslink, parser=parser)


def _given(options: argparse.Namespace, *names: str) -> dict[str, Any]:
    """The options that were given, by the names that the experiments use."""
    return {name: getattr(options, name) for name in names if getattr(options, name) is not None}


def _reslink(options: argparse.Namespace) -> int:
    parser: argparse.ArgumentParser = options.parser
    if not options.folder.is_dir():
        parser.error(f"{options.folder} is no folder: make it first")
    if options.runs < 1:
        parser.error(f"--runs {options.runs}: give at least 1")
    try:
        for line in _EXPERIMENTS[options.experiment](options):
            print(line, flush=True)
    except KeyboardInterrupt:
        print("interrupted: what is recorded is safe; the same command goes on", file=sys.stderr)
        return _INTERRUPTED
    except ValueError as problem:
        parser.error(str(problem))
    except (ResultsFileError, ImportError, RuntimeError, OSError) as problem:
        print(f"{parser.prog}: {problem}", file=sys.stderr)
        return 1
    return 0


def _progress(name: str) -> Callable[[int, int], None]:
    """A line on a terminal that says how far a training is."""

    def show(step: int, last: int) -> None:
        if sys.stderr.isatty():
            end = "\n" if step == last else ""
            print(f"\r{name}: {step:,} of {last:,}", end=end, file=sys.stderr, flush=True)

    return show


def _convergence(options: argparse.Namespace) -> Iterator[str]:
    sizes = _given(options, "d", "epochs", "rate")
    if options.samples is not None:
        sizes |= {"training": options.samples, "test": max(1, options.samples // 10)}
    if options.d is not None:
        # Norms that mean the same in another dimension.
        scale = float(np.sqrt(options.d / 100))
        sizes |= {"teacher_frobenius": 5.7 * scale, "start_frobenius": 5.0 * scale}
    for student in options.students:
        for run in range(options.runs):
            training = Convergence(
                student,
                run,
                # The other students have one teacher in both senses.
                options.teacher if student == "three-block" else "own",
                seed=options.seed,
                precision=options.precision,
                **sizes,
            )
            last = training.run_in(options.folder, progress=_progress(training.name))[-1]
            yield (
                f"{training.name}: after {last['step']} epochs training error "
                f"{last['training_error']:.3g}, test error {last['test_error']:.3g}"
            )


def _dynamics(options: argparse.Namespace) -> Iterator[str]:
    sizes = _given(options, "d", "iterations", "rate", "frobenius")
    training = Dynamics(seed=options.seed, precision=options.precision, **sizes)
    records = training.run_in(options.folder, progress=_progress(training.name))
    turned = next((r["step"] for r in records if r["inner_product"] > 0), None)
    when = "never" if turned is None else f"first at step {turned}"
    yield (
        f"{training.name}: inner product {records[0]['inner_product']:.3g} at first, positive "
        f"{when}; distance {records[-1]['distance']:.3g} at step {records[-1]['step']}"
    )


def _exact(options: argparse.Namespace) -> Iterator[str]:
    from shortcutlib.reslink.circulant import CirculantState, circulant_start, descend

    usual = Dynamics(**_given(options, "d", "iterations", "rate", "frobenius"))
    wanted = set(usual.schedule())
    start = circulant_start(usual.d, usual.frobenius, trace=usual.trace)
    configuration = {
        "experiment": "dynamics-without-noise",
        **{n: getattr(usual, n) for n in ("d", "rate", "iterations", "frobenius", "trace")},
    }
    show = _progress("dynamics-without-noise")
    with ResultsFile(options.folder / "exact.jsonl", configuration, versions()) as results:
        # Every step takes less than a millisecond: an interrupted run is computed again.
        known = len(results.records)
        made = 0

        def record(step: int, here: CirculantState) -> None:
            nonlocal made
            if step not in wanted:
                return
            made += 1
            if made > known:
                results.append(
                    {
                        "step": step,
                        "distance": float(np.sqrt(here.squared_distance)),
                        "inner_product": here.inner_product,
                        "potential": here.potential,
                        "loss": here.loss,
                    }
                )
            show(step, usual.iterations)

        if known < len(wanted):
            descend(start, np.zeros(usual.d), usual.rate, usual.iterations, record)
    yield f"exact: {usual.iterations} steps"


def _zero_start(options: argparse.Namespace) -> Iterator[str]:
    from shortcutlib.reslink.identity_blocks import Start, ZeroStart

    sizes = _given(options, "epochs", "rate")
    for link in (True, False):
        for start in get_args(Start):
            for run in range(options.runs):
                training = ZeroStart(
                    start, link, run, images=options.images, seed=options.seed, **sizes
                )
                last = training.run_in(options.folder, progress=_progress(training.name))[-1]
                yield f"{training.name}: test error {100 * last['test_error']:.2f}%"


def _pairs(options: argparse.Namespace) -> Iterator[str]:
    from shortcutlib.reslink.images import load_images
    from shortcutlib.reslink.pairs import RATE, SPECTRAL, STEPS, train_pair

    configuration = {
        "experiment": "pairs",
        "images": options.images,
        "spectral": SPECTRAL,
        "steps": STEPS,
        "rate": RATE,
    }
    path = options.folder / f"pairs-{options.images}.jsonl"
    with ResultsFile(path, configuration, versions()) as results:
        images = load_images(options.images)
        done = {(r["first"], r["second"]) for r in results.records}
        for first, second in combinations(range(10), 2):
            if (first, second) in done:
                continue
            chosen = np.isin(images.training_labels, (first, second))
            found = train_pair(
                images.training[chosen],
                images.training_labels[chosen] == second,
                spectral=SPECTRAL,
                steps=STEPS,
                rate=RATE,
            )
            results.append(
                {
                    "first": first,
                    "second": second,
                    "error_at_zero": found.error_at_zero,
                    "error": found.error,
                }
            )
            yield (
                f"{first} against {second}: {100 * found.error_at_zero:.1f}% at W = 0, "
                f"{100 * found.error:.1f}% trained"
            )


def _adversary(options: argparse.Namespace) -> Iterator[str]:
    from shortcutlib.reslink.adversary import POTENTIAL_CAP, Worst, worst_case

    configuration = {
        "experiment": "adversary",
        "cap": POTENTIAL_CAP,
        "starts": _STARTS,
        "iterations": _ITERATIONS,
        "gammas": list(_GAMMAS),
        "sizes": [list(size) for size in _SIZES],
        "seed": options.seed,
    }
    show = _progress("adversary")
    path = options.folder / "adversary.jsonl"
    with ResultsFile(path, configuration, versions()) as results:
        rows = {(r["gamma"], r["block"], r["copies"]): r for r in results.records}
        for kind, (block, copies) in enumerate(_SIZES):
            known: Worst | None = None
            for number, gamma in enumerate(_GAMMAS):
                row = rows.get((gamma, block, copies))
                if row is None:
                    found = worst_case(
                        gamma,
                        _streams(options.seed, 7, number, block, copies),
                        block=block,
                        copies=copies,
                        starts=_STARTS,
                        iterations=_ITERATIONS,
                        known=known,
                    )
                    # Few digits are kept: of matrices a little smaller, so that the norms are
                    # still bounded, and what is recorded is measured there.
                    weights, teacher = (
                        _short(whole, 1 - 1e-6) for whole in (found.weights, found.teacher)
                    )
                    here = measure_blocks(weights, teacher)
                    row = {
                        "gamma": gamma,
                        "block": block,
                        "copies": copies,
                        "ratio": here.ratio,
                        "potential": here.potential,
                        "weights": _listed(weights),
                        "teacher": _listed(teacher),
                    }
                    results.append(row)
                    yield f"gamma {gamma}, d = {copies} x {block}: ratio {here.ratio:.4f}"
                pair: list[Blocks] = [
                    blocks(row[name][0], row[name][-1], copies) for name in ("weights", "teacher")
                ]
                known = Worst(row["ratio"], row["potential"], pair[0], pair[1])
                show(kind * len(_GAMMAS) + number + 1, len(_SIZES) * len(_GAMMAS))


def _short(whole: Blocks, factor: float) -> Blocks:
    """The matrix times a factor, with eight decimals."""
    return whole._replace(
        difference=np.round(factor * whole.difference, 8), mean=np.round(factor * whole.mean, 8)
    )


def _listed(whole: Blocks) -> list[Any]:
    """The blocks of a matrix: the mean alone, or difference and mean."""
    return [block.tolist() for block in (whole[:2] if whole.copies > 1 else whole[1:2])]


#: Spectral norms for which the smallest constant is sought; sizes of blocks and their numbers.
_GAMMAS: tuple[float, ...] = (
    *(0.01, 0.05, 0.1, 0.15, 0.2, 0.23, 0.25, 0.255, 0.26),
    *(0.27, 0.28, 0.29, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7),
)
_SIZES = ((2, 1), (4, 1), (8, 1), (16, 1), (32, 1), (2, 64), (3, 64), (4, 64), (8, 32))
#: Starts for each, and iterations of each round.
_STARTS, _ITERATIONS = 8, 400


def _collect(options: argparse.Namespace) -> Iterator[str]:
    from shortcutlib.reslink.adversary import with_witnesses
    from shortcutlib.reslink.shipped import DIGITS, collect, write_shipped

    for prefix, name, settings in _COLLECTED:
        if not any(options.folder.glob(f"{prefix}*.jsonl")):
            continue
        path = options.folder / f"{name}.json"
        choose = with_witnesses if name == "adversary" else None
        trainings = collect(options.folder, prefix, choose=choose, **settings)
        if name == "convergence":
            _add_variances(trainings)
        # Witnesses are there to be evaluated again.
        write_shipped(path, {"trainings": trainings}, digits=10 if name == "adversary" else DIGITS)
        yield f"{path.name}: {path.stat().st_size:,} bytes"


def _add_variances(trainings: list[dict[str, Any]]) -> None:
    """Say how much the teacher's answers vary, the unit in which errors can be compared."""
    known: dict[str, float] = {}
    for training in trainings:
        given = {k: v for k, v in training["configuration"].items() if k != "experiment"}
        # All runs, and ResLink and Vanilla, have one and the same teacher.
        own = given["student"] == "three-block" and given["teacher"] == "own"
        kind = json.dumps(given | {"student": own, "run": 0, "teacher": own}, sort_keys=True)
        if kind not in known:
            known[kind] = float(np.var(Convergence(**given).prepare().targets, dtype=float))
        training["variance"] = known[kind]


#: Beginning of the files' names, name of what is shipped, and how it is thinned.
_COLLECTED: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("convergence", "convergence", {"most": 40}),
    ("dynamics", "dynamics", {"head": 101, "most": 400}),
    ("exact", "dynamics-without-noise", {"head": 101, "most": 120}),
    ("zero-start", "zero-start", {"most": 10}),
    ("pairs", "pairs", {}),
    ("adversary", "adversary", {}),
)


_EXPERIMENTS: dict[str, Callable[[argparse.Namespace], Iterator[str]]] = {
    "convergence": _convergence,
    "dynamics": _dynamics,
    "exact": _exact,
    "zero-start": _zero_start,
    "pairs": _pairs,
    "adversary": _adversary,
    "collect": _collect,
}
