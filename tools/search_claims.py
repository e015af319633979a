"""Try every inequality of the proofs harder than the tests do, and record what was found.

    python tools/search_claims.py [--seeds 1 2 3] [--samples N] [--starts N] [--output FILE]

Every inequality of ``shortcutlib.inequalities``, which are those of the book's paper, and of
``shortcutlib.neighbour_inequalities`` is searched for its worst point: with the printed constants,
with the best or repaired ones, and slightly beyond those, once for each seed.  Each search is on
the disk as soon as it is done, so that the same command continues an interrupted run; further seeds
add to the searches already made.  At the end they are written to ``book/claims-search.json``, and
those that contradict the ledger's verdict are named.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import scipy
import yaml

from shortcutlib import inequalities, neighbour_inequalities
from shortcutlib.angles import FloatArray
from shortcutlib.dissipativity import (
    ACUTE,
    best_delta_factor,
    best_filter_constant,
    best_output_constant,
)
from shortcutlib.inequalities import Inequality
from shortcutlib.linear_bound.losses import LOSSES
from shortcutlib.relu_kernel import g
from shortcutlib.results_file import ResultsFile, ResultsFileError

ROOT = Path(__file__).resolve().parent.parent
LEDGER = ROOT / "book" / "claims.yml"
TARGET = ROOT / "book" / "claims-search.json"
WORK = ROOT / "_build"

#: Verdicts under which the printed constant stands.
STANDS = ("holds", "better constant")

#: Where the inequalities are; no two have one name.
MODULES = (inequalities, neighbour_inequalities)

Result = dict[str, Any]


class Trial(NamedTuple):
    """One inequality with one choice of its constants.

    Attributes
    ----------
    row : str
        The row of the ledger that it belongs to.
    inequality : str
        Its name in `shortcutlib.inequalities` or `shortcutlib.neighbour_inequalities`.
    role : {"printed", "best", "beyond"}
        As printed; repaired or with the best constant; slightly beyond the best constant.
    constant : str
        The choice, in words.
    options : mapping
        The choice, as the inequality's arguments.
    rounding : float
        How far below 0 the slack may come where it is exactly 0 at its worst point.
    """

    row: str
    inequality: str
    role: Literal["printed", "best", "beyond"]
    constant: str
    options: Mapping[str, Any] = {}
    rounding: float = 0.0

    def build(self) -> Inequality:
        """The inequality with these constants."""
        module = next(m for m in MODULES if self.inequality in m.__all__)
        make: Callable[..., Inequality] = getattr(module, self.inequality)
        return make(**self.options)


def _beyond_delta_factor(norm_squared: FloatArray, m: FloatArray) -> FloatArray:
    return 0.999 * best_delta_factor(norm_squared, m)


_OUTPUT = float(best_output_constant())
_LOW = (float(g(ACUTE)) - 1) / (np.pi - 1)
_FILTER = float(best_filter_constant(1.0, ACUTE))
_SHARP = {"largest_angle": ACUTE}

TRIALS = (
    Trial("liu2019-lemma-5", "lemma_5", "printed", "-3 S^2"),
    Trial("liu2019-lemma-5", "lemma_5", "best", "-2 S^2", {"width": 2.0}),
    Trial("liu2019-lemma-5", "lemma_5", "beyond", "-1.99 S^2", {"width": 1.99}),
    Trial("liu2019-lemma-6", "lemma_6", "printed", "C = 1"),
    Trial("liu2019-lemma-6", "lemma_6", "printed", "C = .0001", {"constant": 1e-4}),
    Trial("liu2019-lemma-6", "lemma_6_step", "best", "r = 1.8198"),
    Trial("liu2019-lemma-6", "lemma_6_step", "beyond", "r = 1.75", {"turn": 1.75}),
    Trial("liu2019-lemma-7", "lemma_7", "printed", "1/(10 pi)"),
    Trial("liu2019-lemma-7", "lemma_7", "best", f"{_OUTPUT:.5g}", {"constant": _OUTPUT}, 1e-13),
    Trial(
        "liu2019-lemma-7", "lemma_7", "beyond", f"1.001 * {_OUTPUT:.5g}",
        {"constant": 1.001 * _OUTPUT},
    ),
    Trial("liu2019-lemma-8", "lemma_8", "best", f"{_LOW:.5g} N"),
    Trial(
        "liu2019-lemma-8", "lemma_8", "beyond", f"1.001 * {_LOW:.5g} N", {"limit": 1.001 * _LOW}
    ),
    Trial("liu2019-lemma-9", "lemma_9", "printed", "N/5"),
    Trial("liu2019-lemma-9", "lemma_9", "best", f"{_LOW:.5g} N", {"low": _LOW}, 1e-12),
    Trial("liu2019-lemma-9", "lemma_9", "beyond", f"1.001 * {_LOW:.5g} N", {"low": 1.001 * _LOW}),
    Trial("liu2019-theorem-10", "theorem_10", "printed", "no band"),
    Trial("liu2019-theorem-10", "theorem_10", "best", "with the band (10)", {"width": 3.0}),
    Trial("liu2019-lemma-11", "lemma_11", "printed", "m/8", {}, 1e-15),
    Trial("liu2019-lemma-11", "lemma_11", "beyond", "1.001 m/8", {"factor": 1.001 / 8}),
    Trial(
        "liu2019-lemma-11", "lemma_11", "best", f"{_FILTER:.4g} m, phi <= 5 pi/12",
        {"factor": _FILTER, **_SHARP}, 1e-15,
    ),
    Trial(
        "liu2019-lemma-11", "lemma_11", "beyond", f"1.001 * {_FILTER:.4g} m, phi <= 5 pi/12",
        {"factor": 1.001 * _FILTER, **_SHARP},
    ),
    Trial("liu2019-lemma-12", "lemma_12", "printed", "delta/5"),
    Trial(
        "liu2019-lemma-12", "lemma_12", "best", "(N - m) delta/4",
        {"delta_factor": best_delta_factor},
    ),
    Trial(
        "liu2019-lemma-12", "lemma_12", "beyond", ".999 (N - m) delta/4",
        {"delta_factor": _beyond_delta_factor},
    ),
    Trial("liu2019-lemma-14", "lemma_14", "printed", "any angle", {"largest_angle": np.pi}),
    Trial("liu2019-lemma-14", "lemma_14", "best", "phi <= pi/2", {}, 1e-12),
    Trial("liu2019-lemma-14", "lemma_14", "beyond", "rate .2501 m eta", {"rate": 0.2501}),
    Trial("liu2019-lemma-15", "lemma_15", "printed", "5 delta"),
    Trial("liu2019-lemma-15", "lemma_15", "best", "5 delta, N <= 11.6", {"largest_norm": 11.6}),
    Trial("liu2019-lemma-15", "lemma_15", "beyond", "5 delta, N <= 11.7", {"largest_norm": 11.7}),
    Trial("liu2019-lemma-15", "lemma_15", "best", "N delta", {"homogeneous": True}),
    Trial("liu2019-theorem-13", "theorem_13", "best", "5 delta"),
    Trial("liu2019-theorem-13", "theorem_13", "best", "2.71 delta", {"bound": 2.71}),
    Trial("liu2019-theorem-13", "theorem_13", "beyond", "2.7 delta", {"bound": 2.7}),
    Trial("li-yuan2017-lemma-2-5", "li_yuan_lemma_2_5", "printed", "the bound", {}, 1e-12),
    Trial("li-yuan2017-lemma-2-5", "li_yuan_lemma_2_5", "best", "1/2", {"share": 0.5}, 1e-11),
    Trial("li-yuan2017-lemma-2-5", "li_yuan_lemma_2_5", "beyond", "0.499", {"share": 0.499}),
    *(
        Trial(f"shamir2018-{row}", f"shamir_{row.replace('-', '_')}", "printed", loss,
              {"loss": loss}, rounding)
        for row, rounding in (("lemma-1", 1e-12), ("theorem-1", 1e-9), ("theorem-2", 1e-7))
        for loss in LOSSES
    ),
    *(
        Trial("shamir2018-theorem-2", "shamir_theorem_2", "best", f"least eigenvalue, {loss}",
              {"loss": loss, "share": 0.0}, 1e-7)
        for loss in LOSSES
    ),
    Trial(
        "shamir2018-theorem-2", "shamir_theorem_2", "beyond", "share -0.01, squared",
        {"loss": "squared", "share": -0.01},
    ),
    Trial("shamir2018-theorem-3", "shamir_theorem_3", "printed", "squared"),
)  # fmt: skip


def verdicts(path: Path = LEDGER) -> dict[str, str]:
    """The verdict of every row of the ledger."""
    return {row["id"]: row["verdict"] for row in yaml.safe_load(path.read_text(encoding="utf-8"))}


def disagreements(results: Iterable[Result], verdict: Mapping[str, str]) -> list[str]:
    """What the searches found otherwise than the ledger says, in words.

    A constant that holds must stand under every seed.  One that fails needs one seed that finds
    the counterexample.
    """
    worst: dict[tuple[str, str], float] = {}
    for result in results:
        key = result["row"], result["constant"]
        worst[key] = min(worst.get(key, np.inf), result["worst"])
    found = []
    for trial in TRIALS:
        key = trial.row, trial.constant
        name = f"{trial.row}, {trial.constant}"
        if key not in worst:
            found.append(f"{name}: not searched")
            continue
        stands = worst[key] >= -trial.rounding
        expected = trial.role == "best" or (
            trial.role == "printed" and verdict[trial.row] in STANDS
        )
        if stands != expected:
            found.append(f"{name}: should {'hold' if expected else 'fail'}, worst {worst[key]:.3g}")
    return found


def configuration(samples: int, starts: int) -> dict[str, Any]:
    """All that the outcome of a search depends on, besides its seed."""
    code = hashlib.blake2b(digest_size=8)
    library = ROOT / "shortcutlib"
    for module in sorted([*library.glob("*.py"), *(library / "linear_bound").glob("*.py")]):
        code.update(module.read_bytes())
    return {
        "samples": samples,
        "starts": starts,
        "code": code.hexdigest(),
        "versions": {"numpy": np.__version__, "scipy": scipy.__version__},
    }


def run(
    seeds: Sequence[int],
    samples: int,
    starts: int,
    folder: Path,
    *,
    trials: Sequence[Trial] | None = None,
    tell: Callable[[str], None] = print,
) -> list[Result]:
    """Make the searches that are still to be made; all of them, in the order of trials and seeds.

    Parameters
    ----------
    seeds : sequence of int
        Each trial is searched once for each of them.
    samples, starts : int
        As for `shortcutlib.adversary.search`.
    folder : Path
        Where the searches are kept, in one file for each configuration.
    trials : sequence of Trial, optional
        What is searched; all by default.
    tell : callable
        Called with a line about each search.

    Returns
    -------
    list of dict
    """
    trials = TRIALS if trials is None else trials
    settings = configuration(samples, starts)
    digest = hashlib.blake2b(json.dumps(settings).encode(), digest_size=4).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    done: dict[tuple[str, str, int], Result] = {}
    with ResultsFile(folder / f"claims-search-{digest}.jsonl", settings) as file:
        for record in file.records:
            done[record["inequality"], record["constant"], record["seed"]] = record
        for seed in seeds:
            for trial in trials:
                key = trial.inequality, trial.constant, seed
                if key in done:
                    continue
                began = time.monotonic()
                rng = np.random.default_rng(seed)
                worst = trial.build().worst(rng, samples=samples, starts=starts)
                done[key] = {
                    "row": trial.row,
                    "inequality": trial.inequality,
                    "role": trial.role,
                    "constant": trial.constant,
                    "seed": seed,
                    "evaluations": worst.evaluations,
                    "worst": worst.value,
                    # Where there is no right side, JSON has no number for the ratio.
                    "ratio": worst.ratio if np.isfinite(worst.ratio) else None,
                    "point": worst.point,
                }
                file.append(done[key])
                tell(
                    f"{trial.inequality:<17} {trial.constant:<32} seed {seed}: "
                    f"{worst.value: .3e} ({time.monotonic() - began:.1f} s)"
                )
    return [done[trial.inequality, trial.constant, seed] for trial in trials for seed in seeds]


def write(
    path: Path, seeds: Sequence[int], samples: int, starts: int, results: Sequence[Result]
) -> None:
    """Write the searches where the book reads them, whole or not at all: a line for each."""
    head = {
        "versions": configuration(samples, starts)["versions"],
        "seeds": list(seeds),
        "samples": samples,
        "starts": starts,
    }
    lines = ",\n".join(json.dumps(result) for result in results)
    partial = path.with_suffix(".part")
    partial.write_text(f'{json.dumps(head)[:-1]}, "results": [\n{lines}\n]}}\n', encoding="utf-8")
    os.replace(partial, path)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status."""
    parser = argparse.ArgumentParser(description="Search for the worst point of every inequality.")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--samples", type=int, default=1_000_000, help="random points a search")
    parser.add_argument("--starts", type=int, default=30, help="points that are improved")
    parser.add_argument("--work", type=Path, default=WORK, help="folder of the unfinished run")
    parser.add_argument("--output", type=Path, default=TARGET)
    options = parser.parse_args(arguments)
    if min(options.samples, options.starts) < 1 or min(options.seeds) < 0:
        parser.error("samples and starts must be at least 1, seeds at least 0")
    seeds = list(dict.fromkeys(options.seeds))
    try:
        results = run(seeds, options.samples, options.starts, options.work)
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    except ResultsFileError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    write(options.output, seeds, options.samples, options.starts, results)
    faults = disagreements(results, verdicts())
    for fault in faults:
        print(f"against the ledger: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
