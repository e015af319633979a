"""The chapters' experiments in steps: each yields how far it is, and returns a small table.

Between two yields lies, as a rule, a fraction of a second of work, so that whoever runs an
experiment can show progress and stop.  What is computed is computed by the library; only rounding
is done here.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from shortcutlib import descent, population, reduced
from shortcutlib.angles import tangent_projection, unit
from shortcutlib.certificates import certify
from shortcutlib.networks import sample_inputs, teacher_network, weight_normalised_cnn
from shortcutlib.paths import Network, StopReason
from shortcutlib.rerun.result import Experiment, Result, below
from shortcutlib.starts import sample_ball, sample_reduced
from shortcutlib.step_sizes import Phase, StepSizes
from shortcutlib.success import (
    PRINTED,
    Cell,
    Setting,
    cell_rng,
    section_4_steps,
    success_rate,
)
from shortcutlib.teacher import Reading, Teacher, shortcut_vector

__all__ = [
    "certified",
    "normalisation",
    "paths",
    "population_loss",
    "reduction",
    "spurious",
    "success",
]

#: Numbers drawn at a time: a few milliseconds and two megabytes.
_DRAW = 2**18
#: Steps of a descent between two yields.
_STEPS = 256
#: Steps after which a path is given up.
_LONGEST = 500_000
#: Accuracy asked of an exact probability: two digits more than are shown.
_TOLERANCE = 1e-6


def normalisation(
    patches: int = 100_000, p: int = 4, size: float = 5.0, seed: int = 0
) -> Experiment:
    """What division by the filter's length does to the numbers that enter the ReLU.

    Parameters
    ----------
    patches : int, default 100000
        Number of random patches, at least 2.
    p : int, default 4
        Patch size.
    size : float, default 5
        Length of the longest residual weight w; 0, a hundredth and a tenth of it are shown as well.
        The direction of w is random.
    seed : int, default 0
        Seed of the direction and of the patches.

    Yields
    ------
    float
        Share of the patches that were drawn.

    Returns
    -------
    Result
    """
    rng = np.random.default_rng(seed)
    sizes = np.array([0.0, size / 100, size / 10, size])
    direction = unit(rng.standard_normal(p))
    filters = shortcut_vector(p) + sizes[:, None] * direction
    lengths = np.linalg.norm(filters, axis=1)
    done, sums, squares = 0, np.zeros(sizes.size), np.zeros(sizes.size)
    while done < patches:
        yield done / patches
        Z = sample_inputs(min(_DRAW // p, patches - done), p, 1, rng)[:, :, 0]
        before = Z @ filters.T
        done += len(Z)
        sums += before.sum(axis=0)
        squares += (before**2).sum(axis=0)
    variances = (squares - sums**2 / patches) / (patches - 1)
    after = variances / lengths**2
    return Result(
        ("length of w", "length of the filter", "squared", "variance before", "variance after"),
        tuple(
            (f"{x:g}", f"{y:.4f}", f"{y * y:.4f}", f"{before:.4f}", f"{scaled:.4f}")
            for x, y, before, scaled in zip(sizes, lengths, variances, after, strict=True)
        ),
        f"After the division the variance lies between {np.min(after):.4f} and "
        f"{np.max(after):.4f}, whatever w is.",
    )


def population_loss(
    inputs: int = 100_000, k: int = 16, p: int = 8, angle: float = 0.6, seed: int = 0
) -> Experiment:
    """The loss as a mean over random inputs, against its closed form.

    Parameters
    ----------
    inputs : int, default 100000
        Number n of inputs, at least 2; the first n/100 and n/10 are shown as well.
    k, p : int
        Number of patches and patch size, of the teacher of section 4.
    angle : float, default 0.6
        Angle between the student's filter and v*, divided by pi.
    seed : int, default 0
        Seed of the student and of the inputs.

    Yields
    ------
    float
        Share of the inputs that were drawn.

    Returns
    -------
    Result
    """
    rng = np.random.default_rng(seed)
    teacher = Teacher.section_4(k, p=p)
    a = sample_ball(1, k, teacher.start_radius, rng)[0]
    sideways = unit(tangent_projection(teacher.filter, rng.standard_normal(p)))
    v = np.cos(angle * np.pi) * teacher.filter + np.sin(angle * np.pi) * sideways
    exact = population.loss(v, a, teacher)
    rows = []
    done, total, squares = 0, 0.0, 0.0
    largest = max(1, _DRAW // (k * p))
    for size in sorted({max(2, inputs // 100), max(2, inputs // 10), inputs}):
        while done < size:
            yield done / inputs
            Z = sample_inputs(min(largest, size - done), p, k, rng)
            losses = 0.5 * (weight_normalised_cnn(v, a, Z) - teacher_network(teacher, Z)) ** 2
            done += losses.size
            total += float(np.sum(losses))
            squares += float(losses @ losses)
        mean = total / size
        error = float(np.sqrt(max(squares / size - mean**2, 0.0) / (size - 1)))
        away = f"{(mean - exact) / error:+.2f}" if error > 0 else "-"
        rows.append((f"{size:,}", f"{mean:.4f}", f"{error:.4f}", f"{exact:.4f}", away))
    return Result(
        ("inputs", "mean", "standard error", "closed form", "off by, in errors"),
        tuple(rows),
        f"The closed form gives {exact:.6f}, without any inputs.",
    )


def spurious(ks: Sequence[int] = (25,), trials: int = 5000, seed: int = 1) -> Experiment:
    """How often the plain network reaches the global optimum.

    Parameters
    ----------
    ks : sequence of int
        Numbers of patches.
    trials : int, default 5000
        Random starts for each.
    seed : int, default 1
        Seed of the starts.

    Yields
    ------
    float
        Share of the cells that are done.

    Returns
    -------
    Result
    """
    rows = []
    trapped = 0
    for done, k in enumerate(_some(ks)):
        yield done / len(ks)
        cell = success_rate("cnn", k, trials=trials, seed=seed)
        trapped += round(trials * (1 - cell.success_rate))
        rows.append((str(k), f"{cell.success_rate:.4f}", _interval(cell), _printed(cell.printed)))
    return Result(
        ("k", "success rate", "95% interval", "printed"),
        tuple(rows),
        f"{trapped:,} of {trials * len(ks):,} runs did not reach the global optimum.",
    )


def success(
    setting: Setting = "resnet",
    ks: Sequence[int] = (16, 25, 36, 49, 64, 81, 100),
    size: float = 6.0,
    reading: Reading = "squared",
    warmup: int = 1000,
    trials: int = 5000,
    seed: int = 0,
) -> Experiment:
    """A row of Table 1: simulated, exact and printed.

    Parameters
    ----------
    setting : {"resnet", "resnet-warmup", "cnn"}
        Which row.
    ks : sequence of int
        Numbers of patches.
    size : float, default 6
        N / k.
    reading : {"squared", "literal"}
        How the paper's a* is read, see `shortcutlib.teacher.Teacher.section_4`.
    warmup : int, default 1000
        Iterations of warm-up, in the setting that has one.
    trials : int, default 5000
        Random starts for each k.
    seed : int, default 0
        Seed of the starts.

    Yields
    ------
    float
        Share of the work that is done.

    Returns
    -------
    Result
    """
    rows = []
    covered = compared = 0
    for done, k in enumerate(_some(ks)):
        yield done / len(ks)
        options: dict[str, Any] = {
            "reading": reading,
            "norm_squared": size * k,
            "warmup": warmup,
            "tolerance": _TOLERANCE,
        }
        cell = success_rate(setting, k, trials=trials, seed=seed, **options)
        yield (done + 0.3) / len(ks)
        try:
            exact = success_rate(setting, k, method="exact", **options).success_rate
        except ImportError:
            # The simulated rates are worth showing without SciPy, too.
            probability = "needs SciPy"
        else:
            probability = f"{exact:.4f}"
            covered += cell.low <= exact <= cell.high
            compared += 1
        # The printed rate is what the reader compares with, whatever N and the reading are.
        printed = _printed(PRINTED[setting].get(k))
        rows.append((str(k), f"{cell.success_rate:.4f}", _interval(cell), probability, printed))
    return Result(
        ("k", "success rate", "95% interval", "exact", "printed"),
        tuple(rows),
        f"The interval contains the exact probability in {covered} of {compared} cases."
        if compared
        else "Exact probabilities need SciPy: pip install scipy.",
    )


def reduction(
    k: int = 16,
    p: int = 8,
    step: float = 1.0,
    warmup: int = 500,
    iterations: int = 2000,
    seed: int = 1,
) -> Experiment:
    """The full descent and the reduced one, side by side.

    Parameters
    ----------
    k, p : int
        Number of patches and patch size, of the teacher of section 4.
    step : float, default 1
        Step size times k^2; during the warm-up the filter's is its square over k^4.
    warmup : int, default 500
        Iterations of warm-up.
    iterations : int, default 2000
        Length of both runs.
    seed : int, default 1
        Seed of the start.

    Yields
    ------
    float
        Share of the steps taken.

    Returns
    -------
    Result
        The largest differences along the way, by powers of ten.
    """
    teacher = Teacher.section_4(k, p=p)
    eta = step / k**2
    steps = StepSizes.with_warmup(eta, eta, iterations=warmup, warmup_filter=eta**2)
    a = sample_ball(1, k, teacher.start_radius, np.random.default_rng(seed))[0]
    v = teacher.shortcut
    current = reduced.reduce(teacher, v, a)
    names = ("sum s / (√k |a*|)", "alignment q / |a*|²", "angle φ / π", "rest of a / |a*|")
    norm = float(np.sqrt(teacher.norm_squared))
    units = np.array([np.sqrt(k) * norm, norm**2, np.pi, norm])
    full = short = np.array(current[:4]) / units
    largest = np.zeros(4)
    for iteration in range(iterations):
        if iteration % _STEPS == 0:
            yield iteration / iterations
        v, a = descent.step(v, a, teacher, *steps.at(iteration))
        current = reduced.step(teacher, current, *steps.at(iteration))
        full = np.array(reduced.reduce(teacher, v, a)[:4]) / units
        short = np.array(current[:4]) / units
        largest = np.maximum(largest, np.abs(full - short))
    return Result(
        ("number", "full run", "reduced run", "largest difference"),
        tuple(
            (name, f"{x + 0.0:.6f}", f"{y + 0.0:.6f}", below(float(gap)))
            for name, x, y, gap in zip(names, full, short, largest, strict=True)
        ),
        f"Largest difference over {iterations:,} steps: {below(float(np.max(largest)))}.",
    )


def paths(k: int = 9, warmup: int = 1000, seed: int = 3) -> Experiment:
    """One random start, with warm-up and without.

    Parameters
    ----------
    k : int, default 9
        Number of patches.
    warmup : int, default 1000
        Iterations of warm-up; with 0 there is one run only.
    seed : int, default 3
        Seed of the start.

    Yields
    ------
    float
        About how much is done.

    Returns
    -------
    Result
        When the alignment turns positive, and where and when the runs stop.
    """
    teacher = Teacher.section_4(k)
    drawn = sample_reduced(teacher, 1, np.random.default_rng(seed))
    start = reduced.ReducedState(*(column[0] for column in drawn))
    rows, ends = [], []
    lengths = (warmup, 0) if warmup > 0 else (0,)
    # Runs that arrive need about this many steps; it is only for the progress bar.
    usual = 40.0 * k**2
    for number, length in enumerate(lengths):
        state, done = start, 0
        crossing: int | None = None
        largest = 0.0
        stop = StopReason.ITERATIONS_SPENT
        while stop is StopReason.ITERATIONS_SPENT and done < _LONGEST:
            yield (number + done / (done + usual)) / len(lengths)
            # What is left of the warm-up after `done` steps is a shorter warm-up.
            steps = StepSizes.section_4(k, warmup=max(length - done, 0))
            part = reduced.descend(teacher, state, steps, iterations=_STEPS)
            if part.stop is StopReason.INTERRUPTED:
                raise KeyboardInterrupt
            positive = part.path.alignment > 0
            if crossing is None and np.any(positive):
                crossing = done + int(part.path.iteration[np.argmax(positive)])
            largest = max(largest, float(np.max(part.path.angle)))
            state, stop, done = part.state, part.stop, done + part.iterations
        name = f"{length:,} steps of warm-up" if length else "no warm-up"
        when = "never" if crossing is None else f"{crossing:,}"
        rows.append((name, when, f"{largest / np.pi:.4f} π", stop.value, f"{done:,}"))
        ends.append(stop.value)
    start_q = float(start.alignment)
    same = " both times" if len(ends) == 2 and ends[0] == ends[1] else ""
    return Result(
        ("run", "q > 0 first at step", "largest angle", "stops at", "after steps"),
        tuple(rows),
        f"The start has q = {start_q:.4f}. "
        + (f"It ends{same} at: {ends[0]}." if same or len(ends) == 1 else "The two ends differ."),
    )


def certified(
    setting: Setting = "resnet-warmup",
    ks: Sequence[int] = (4, 9),
    trials: int = 200,
    seed: int = 0,
) -> Experiment:
    """Steps until the paper's rule stops a run, and until its fate is proved.

    Parameters
    ----------
    setting : {"resnet", "resnet-warmup", "cnn"}
        Which row of Table 1.
    ks : sequence of int
        Numbers of patches.
    trials : int, default 200
        Random starts for each k.
    seed : int, default 0
        Seed of the starts.

    Yields
    ------
    float
        About how much is done.

    Returns
    -------
    Result
    """
    rows = []
    alike = compared = 0
    network: Network = "cnn" if setting == "cnn" else "residual"
    # Runs by the paper's rule need about this many steps; it is only for the progress bar.
    expected = [60.0 * k**2 + 1000 for k in _some(ks)]
    for number, k in enumerate(ks):
        teacher, steps = Teacher.section_4(k), section_4_steps(setting, k)
        starts = sample_reduced(teacher, trials, cell_rng(seed, setting, k), network)
        proved, promised = np.full(trials, -1), np.zeros(trials, dtype=bool)
        current, done = starts, 0
        while np.any(proved < 0) and done < _LONGEST:
            if done % _STEPS == 0:
                yield sum(expected[:number]) / sum(expected)
            sure, lost = certify(teacher, current, _after(steps, done).phases, network)
            fresh = (proved < 0) & (sure | lost)
            proved[fresh], promised[fresh] = done, sure[fresh]
            current = reduced.step(teacher, current, *steps.at(done), network)
            done += 1
        taken, arrived = np.full(trials, -1), np.zeros(trials, dtype=bool)
        current, running, done = starts, np.arange(trials), 0
        while running.size and done < _LONGEST:
            share = done / (done + expected[number])
            yield (sum(expected[:number]) + share * expected[number]) / sum(expected)
            part = reduced.descend_batch(
                teacher, current, _after(steps, done), network=network, iterations=_STEPS
            )
            ended = part.reached_global | part.reached_spurious | part.diverged
            taken[running[ended]] = done + part.iterations[ended]
            arrived[running[ended]] = part.reached_global[ended]
            current = reduced.ReducedState(*(column[~ended] for column in part.state))
            running, done = running[~ended], done + _STEPS
        both = (proved >= 0) & (taken >= 0)
        alike += int(np.sum(promised[both] == arrived[both]))
        compared += int(np.sum(both))
        literal, early = float(np.mean(taken[both])), float(np.mean(proved[both]))
        ratio = f"{literal / early:,.0f}" if early > 0 else "-"
        rows.append((str(k), f"{literal:,.0f}", f"{early:,.1f}", ratio))
    return Result(
        ("k", "steps by the paper's rule", "until certified", "ratio"),
        tuple(rows),
        f"The certificate names the fate that the paper's rule finds in {alike:,} of "
        f"{compared:,} runs.",
    )


def _after(steps: StepSizes, done: int) -> StepSizes:
    """What is left of a schedule after some steps."""
    return StepSizes(
        tuple(
            Phase(phase.output, phase.filter, None if end is None else end - max(begin, done))
            for phase, begin, end in steps.stretches()
            if end is None or end > done
        )
    )


def _some(ks: Sequence[int]) -> Sequence[int]:
    if not ks:
        raise ValueError("no value of k is chosen: choose at least one")
    return ks


def _interval(cell: Cell) -> str:
    return f"{cell.low:.4f} to {cell.high:.4f}"


def _printed(rate: float | None) -> str:
    return "-" if rate is None else f"{rate:.4f}"
