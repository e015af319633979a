"""Success rates: how often training reaches the global optimum (the paper's Table 1).

Simulated, each trial draws a start and `shortcutlib.outcomes` settles its fate; exactly, the
probability is an integral (`shortcutlib.exact`).
"""

from dataclasses import asdict, dataclass
from typing import Literal, get_args

import numpy as np

from shortcutlib import exact
from shortcutlib.outcomes import PATIENCE, Outcomes, classify
from shortcutlib.paths import Network
from shortcutlib.starts import sample_reduced
from shortcutlib.step_sizes import StepSizes
from shortcutlib.teacher import Reading, Teacher, check_size
from shortcutlib.wilson import wilson_interval

__all__ = [
    "METHODS",
    "PRINTED",
    "PRINTED_K",
    "SETTINGS",
    "Cell",
    "Method",
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

#: Random trials, or quadrature over the ball of starts.
Method = Literal["simulated", "exact"]
METHODS: tuple[Method, ...] = get_args(Method)

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
#: From this k on that step is too long: 0.1 (k + pi - 1) > 4 pi, and the sum of a blows up.
UNSTABLE_CNN_FROM = 124
#: Trials drawn and settled together: memory is about 50 MB, whatever their number.
BLOCK = 2**18


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
        ``"simulated"``: a rate over random trials.  ``"exact"``: a probability by quadrature.
    trials : int or None
        Number of trials; None if exact.
    seed : int or None
        Seed of the random stream; None if exact.
    success_rate : float
        Fraction of trials that reach the global optimum, or the probability of it.
    low, high : float
        95% Wilson interval of a simulated rate; an exact one plus or minus its error estimate.
    error_estimate : float or None
        Estimated error of an exact probability.
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
    trials: int | None
    seed: int | None
    success_rate: float
    low: float
    high: float
    error_estimate: float | None
    printed: float | None

    def as_dict(self) -> dict[str, object]:
        """The cell as a plain dictionary, for JSON."""
        return asdict(self)


def cell_rng(seed: int, setting: Setting, k: int, block: int = 0) -> np.random.Generator:
    """The random stream of one cell: it depends on these numbers alone.

    Parameters
    ----------
    seed : int
        At least 0.
    setting : str
        One of `SETTINGS`.
    k : int
        Number of patches.
    block : int, default 0
        Which block of 262,144 trials; every block has a stream of its own.

    Returns
    -------
    numpy.random.Generator
    """
    entropy = [seed, SETTINGS.index(setting), k]
    key = (block,) if block else ()
    return np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=key))


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
    method: Method = "simulated",
    tolerance: float = 1e-8,
) -> Cell:
    """One cell of Table 1, simulated or exact.

    Parameters
    ----------
    setting : {"resnet", "resnet-warmup", "cnn"}
        Row of the table.
    k : int
        Number of patches, at least 1.
    trials : int, default 5000
        Number of random starts, if simulated.
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
    method : {"simulated", "exact"}
        Random trials, or quadrature over the ball of starts (`shortcutlib.exact`).
    tolerance : float, default 1e-8
        Accuracy sought if exact, in [1e-12, 0.01].

    Returns
    -------
    Cell

    Raises
    ------
    ValueError
        If an argument is impossible; nothing has been run then.
    RuntimeError
        If a trial is still undecided after ten million steps.
    ImportError
        If the exact method is asked for and SciPy is missing.

    Notes
    -----
    Trials are drawn and settled in blocks of 262,144, each with a random stream of its own (the
    first with the cell's): about 50 MB, however many trials there are.
    """
    if setting not in SETTINGS:
        raise ValueError(f"setting = {setting!r}: choose one of {', '.join(SETTINGS)}")
    if method not in METHODS:
        raise ValueError(f"method = {method!r}: choose one of {', '.join(METHODS)}")
    check_size("trials", trials)
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ValueError(f"seed = {seed!r}: give a whole number of at least 0")
    if isinstance(warmup, bool) or not isinstance(warmup, int | np.integer) or warmup < 0:
        raise ValueError(f"warmup = {warmup!r}: give a whole number of at least 0")
    teacher = Teacher.section_4(k, p=p, reading=reading, norm_squared=norm_squared)
    network: Network = "cnn" if setting == "cnn" else "residual"
    steps = section_4_steps(setting, k, warmup)
    error_estimate = None
    if method == "exact":
        found = exact.success_probability(teacher, steps, network, tolerance=tolerance)
        rate, error_estimate = found.probability, found.error_estimate
        low, high = max(0.0, rate - error_estimate), min(1.0, rate + error_estimate)
    else:
        successes = _simulate(setting, teacher, steps, network, trials, seed)
        rate = successes / trials
        low, high = wilson_interval(successes, trials)
    # The printed table belongs to p = 8 and, in its first row, to 1,000 iterations of warm-up.
    as_printed = p == 8 and (setting != "resnet-warmup" or warmup == 1000)
    return Cell(
        setting=setting,
        k=k,
        p=p,
        reading=reading,
        norm_squared=6.0 * k if norm_squared is None else float(norm_squared),
        warmup=warmup if setting == "resnet-warmup" else 0,
        method=method,
        trials=trials if method == "simulated" else None,
        seed=seed if method == "simulated" else None,
        success_rate=rate,
        low=low,
        high=high,
        error_estimate=error_estimate,
        printed=PRINTED[setting].get(k) if as_printed else None,
    )


def _simulate(
    setting: Setting, teacher: Teacher, steps: StepSizes, network: Network, trials: int, seed: int
) -> int:
    """Number of successes among the cell's trials."""
    successes = undecided = 0
    for block in range(-(-trials // BLOCK)):
        size = min(BLOCK, trials - block * BLOCK)
        starts = sample_reduced(teacher, size, cell_rng(seed, setting, teacher.k, block), network)
        outcomes = classify(teacher, starts, steps, network)
        successes += int(np.sum(outcomes.success))
        undecided += size - int(np.sum(outcomes.success | outcomes.trapped | outcomes.diverged))
    if undecided:
        raise RuntimeError(
            f"{setting}, k = {teacher.k}: {undecided} of {trials} trials are undecided after "
            f"{PATIENCE:,} steps; they lie on the separatrix or in a cycle: try another seed"
        )
    return successes
