"""Success rates: how often training reaches the global optimum (the paper's Table 1).

Each trial draws a start and runs the reduced dynamics until a certificate settles its fate.
"""

from dataclasses import asdict, dataclass
from typing import Literal, get_args

import numpy as np

from shortcutlib.certificates import certify
from shortcutlib.paths import Network, StopReason
from shortcutlib.reduced import ReducedState, arrived, step
from shortcutlib.starts import sample_reduced
from shortcutlib.step_sizes import StepSizes
from shortcutlib.teacher import Reading, Teacher, check_size
from shortcutlib.wilson import wilson_interval

__all__ = [
    "PRINTED",
    "PRINTED_K",
    "SETTINGS",
    "Cell",
    "Outcomes",
    "Setting",
    "cell_rng",
    "classify",
    "section_4_steps",
    "success_rate",
]

#: The rows of Table 1: the residual network without and with step-size warm-up, and the CNN.
Setting = Literal["resnet", "resnet-warmup", "cnn"]
SETTINGS: tuple[Setting, ...] = get_args(Setting)

#: The values of k in Table 1.
PRINTED_K = (16, 25, 36, 49, 64, 81, 100)

#: The success rates printed in Table 1, by setting and k (5,000 trials each, p = 8).
PRINTED: dict[Setting, dict[int, float]] = {
    "resnet-warmup": dict.fromkeys(PRINTED_K, 1.0),
    "resnet": dict(
        zip(PRINTED_K, (0.7042, 0.7354, 0.7776, 0.7848, 0.8220, 0.8388, 0.8426), strict=True)
    ),
    "cnn": dict(
        zip(PRINTED_K, (0.5348, 0.5528, 0.5312, 0.5426, 0.5192, 0.5368, 0.5374), strict=True)
    ),
}

#: Step size of the CNN's descent in the paper.
CNN_STEP = 0.1
#: Steps between two looks at the certificates: a look costs about as much as two steps.
_LOOK_EVERY = 16
#: Steps before the paper's own stopping rule is tried as well, first; then at every doubling.
_FIRST_ARRIVAL = 4096
#: Steps after which a trial is given up as undecided; the slowest of Table 1 needs under a tenth.
_PATIENCE = 10_000_000


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Fate of every trial of a batch.

    Attributes
    ----------
    success : ndarray of bool, shape (n,)
        The trial reaches the global optimum.
    trapped : ndarray of bool, shape (n,)
        The trial ends at the spurious point.
    diverged : ndarray of bool, shape (n,)
        The weights grow without bound.
    steps : ndarray of int, shape (n,)
        Steps after which the fate was certified.
    """

    success: np.ndarray
    trapped: np.ndarray
    diverged: np.ndarray
    steps: np.ndarray

    def stop(self, index: int) -> StopReason:
        """Where trial number `index` goes."""
        if self.success[index]:
            return StopReason.GLOBAL_OPTIMUM
        if self.trapped[index]:
            return StopReason.SPURIOUS_POINT
        return StopReason.DIVERGED if self.diverged[index] else StopReason.ITERATIONS_SPENT


def classify(
    teacher: Teacher,
    starts: ReducedState,
    steps: StepSizes,
    network: Network = "residual",
    *,
    patience: int = _PATIENCE,
) -> Outcomes:
    """Find out where each start ends up.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.
    starts : ReducedState
        Starts, arrays of shape (n,).
    steps : StepSizes
        Step sizes over time.
    network : {"residual", "cnn"}
        Which descent is run.
    patience : int
        Steps after which a start counts as undecided (all three flags False).

    Returns
    -------
    Outcomes
    """
    n = starts.angle.size
    success, trapped, diverged = (np.zeros(n, dtype=bool) for _ in range(3))
    taken = np.full(n, patience, dtype=np.int64)
    active = np.arange(n)
    current = ReducedState(*(np.array(column, dtype=float) for column in starts))
    largest = 1e8 * max(1.0, teacher.norm_squared)
    iteration = 0
    looks_for_arrival = _FIRST_ARRIVAL
    for phase, begin, end in steps.stretches():
        remaining = [p for p, _, e in steps.stretches() if e is None or e > begin]
        stop_at = patience if end is None else min(end, patience)
        while active.size:
            sure, lost = certify(teacher, current, remaining, network)
            gone = ~(np.abs(current.alignment) < largest)
            if iteration >= looks_for_arrival:
                # Outside the certificates' conditions a run is followed to its very end.
                looks_for_arrival = 2 * iteration
                there, trap = arrived(teacher, current)
                sure, lost = sure | there, lost | trap
            done = sure | lost | gone
            if np.any(done):
                leaving = active[done]
                success[leaving], trapped[leaving] = sure[done], lost[done]
                diverged[leaving], taken[leaving] = gone[done], iteration
                active = active[~done]
                current = ReducedState(*(column[~done] for column in current))
            if iteration >= stop_at:
                break
            for _ in range(min(_LOOK_EVERY, stop_at - iteration)):
                current = step(teacher, current, phase.output, phase.filter, network)
                iteration += 1
    return Outcomes(success, trapped, diverged, taken)


@dataclass(frozen=True)
class Cell:
    """One cell of the success table: how it was computed, and what came out.

    Attributes
    ----------
    setting : str
        One of `SETTINGS`.
    k, p : int
        Number of patches and patch size.
    reading : str
        How the paper's description of a* was read.
    norm_squared : float
        N = ||a*||^2.
    warmup : int
        Iterations of warm-up; 0 where the setting has none.
    method : str
        ``"simulated"``: a rate over random trials.
    trials : int
        Number of trials.
    seed : int
        Seed of the random stream.
    success_rate : float
        Fraction of trials that reach the global optimum.
    low, high : float
        95% Wilson interval.
    printed : float or None
        The rate printed in Table 1, where there is one.
    """

    setting: str
    k: int
    p: int
    reading: str
    norm_squared: float
    warmup: int
    method: str
    trials: int
    seed: int
    success_rate: float
    low: float
    high: float
    printed: float | None

    def as_dict(self) -> dict[str, object]:
        """The cell as a plain dictionary, for JSON."""
        return asdict(self)


def cell_rng(seed: int, setting: Setting, k: int) -> np.random.Generator:
    """The random stream of one cell: it depends on these three alone.

    Parameters
    ----------
    seed : int
        At least 0.
    setting : str
        One of `SETTINGS`.
    k : int
        Number of patches.

    Returns
    -------
    numpy.random.Generator
    """
    return np.random.default_rng([seed, SETTINGS.index(setting), k])


def section_4_steps(setting: Setting, k: int, warmup: int = 1000) -> StepSizes:
    """Step sizes of one row of Table 1.

    Parameters
    ----------
    setting : str
        One of `SETTINGS`.
    k : int
        Number of patches.
    warmup : int, default 1000
        Iterations of warm-up; used by ``"resnet-warmup"`` alone.

    Returns
    -------
    StepSizes

    Notes
    -----
    Source: Liu et al. (2019), section 4.
    """
    if setting == "cnn":
        return StepSizes.constant(CNN_STEP, CNN_STEP)
    return StepSizes.section_4(k, warmup=warmup if setting == "resnet-warmup" else 0)


def success_rate(
    setting: Setting,
    k: int,
    *,
    trials: int = 5000,
    seed: int = 0,
    p: int = 8,
    reading: Reading = "squared",
    norm_squared: float | None = None,
    warmup: int = 1000,
) -> Cell:
    """One cell of Table 1, simulated.

    Parameters
    ----------
    setting : {"resnet", "resnet-warmup", "cnn"}
        Row of the table.
    k : int
        Number of patches, at least 1.
    trials : int, default 5000
        Number of random starts.
    seed : int, default 0
        Seed; the cell's stream depends on (seed, setting, k) alone.
    p : int, default 8
        Patch size, at least 2.
    reading : {"squared", "literal"}
        How the paper's a* is read, see `Teacher.section_4`.
    norm_squared : float, optional
        N = ||a*||^2; by default 6 k for ``"squared"``, required for ``"literal"``.
    warmup : int, default 1000
        Iterations of warm-up in the setting ``"resnet-warmup"``.

    Returns
    -------
    Cell

    Raises
    ------
    ValueError
        If an argument is impossible; nothing has been run then.
    RuntimeError
        If a trial is still undecided after ten million steps.
    """
    if setting not in SETTINGS:
        raise ValueError(f"setting = {setting!r}: choose one of {', '.join(SETTINGS)}")
    check_size("trials", trials)
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ValueError(f"seed = {seed!r}: give a whole number of at least 0")
    if isinstance(warmup, bool) or not isinstance(warmup, int | np.integer) or warmup < 0:
        raise ValueError(f"warmup = {warmup!r}: give a whole number of at least 0")
    teacher = Teacher.section_4(k, p=p, reading=reading, norm_squared=norm_squared)
    network: Network = "cnn" if setting == "cnn" else "residual"
    starts = sample_reduced(teacher, trials, cell_rng(seed, setting, k), network)
    outcomes = classify(teacher, starts, section_4_steps(setting, k, warmup), network)
    undecided = trials - int(np.sum(outcomes.success | outcomes.trapped | outcomes.diverged))
    if undecided:
        raise RuntimeError(
            f"{setting}, k = {k}: {undecided} of {trials} trials are undecided after "
            f"{_PATIENCE:,} steps; they lie on the separatrix or in a cycle: try another seed"
        )
    successes = int(np.sum(outcomes.success))
    low, high = wilson_interval(successes, trials)
    # The printed table belongs to p = 8 and, in its first row, to 1,000 iterations of warm-up.
    as_printed = p == 8 and (setting != "resnet-warmup" or warmup == 1000)
    return Cell(
        setting=setting,
        k=k,
        p=p,
        reading=reading,
        norm_squared=teacher.norm_squared if norm_squared is None else float(norm_squared),
        warmup=warmup if setting == "resnet-warmup" else 0,
        method="simulated",
        trials=trials,
        seed=seed,
        success_rate=successes / trials,
        low=low,
        high=high,
        printed=PRINTED[setting].get(k) if as_printed else None,
    )
