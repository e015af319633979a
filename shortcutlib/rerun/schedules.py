"""The experiment of the chapter "What if?", in steps, as `shortcutlib.rerun.experiments`."""

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np

from shortcutlib.angles import FloatArray
from shortcutlib.outcomes import classify
from shortcutlib.rerun.result import Experiment, Result
from shortcutlib.schedules import cost, ramp
from shortcutlib.starts import sample_reduced
from shortcutlib.step_sizes import StepSizes
from shortcutlib.teacher import Teacher
from shortcutlib.wilson import wilson_interval

__all__ = ["SHAPES", "Shape", "schedule"]

#: How the filter's step gets to its final value.
Shape = Literal["rest", "linear", "square", "cosine"]
SHAPES: tuple[Shape, ...] = get_args(Shape)

_GROWTH: dict[Shape, Callable[[FloatArray], FloatArray]] = {
    "linear": lambda t: t,
    "square": lambda t: t**2,
    "cosine": lambda t: (1 - np.cos(np.pi * t)) / 2,
}
#: Lengths shown, over the one that was asked for.
_SHARES = (0.0, 0.5, 1.0, 1.5)


def _steps(shape: Shape, output: float, filter: float, length: int) -> StepSizes:
    """The schedule with a warm-up of this length."""
    if length == 0:
        return StepSizes.constant(output, filter)
    if shape == "rest":
        return StepSizes.layer_wise(output, filter, iterations=length)
    return ramp(output, filter, length, _GROWTH[shape])


def schedule(
    k: int = 25,
    shape: Shape = "rest",
    duration: float = 2.5,
    speed: float = 20.0,
    filter: float = 1.0,
    trials: int = 2000,
    seed: int = 0,
) -> Experiment:
    """Which starts a schedule for the filter saves, and when the worst one arrives.

    Parameters
    ----------
    k : int, default 25
        Number of patches, of the teacher of section 4.
    shape : {"rest", "linear", "square", "cosine"}
        How the filter's step gets to its final value.
    duration : float, default 2.5
        Length of the warm-up, as eta_a times the iterations.
    speed : float, default 20
        eta_a k^2; 1 in the paper.
    filter : float, default 1
        Final eta_w, times N.
    trials : int, default 2000
        Random starts in the ball, beside 33 on the worst part of its rim.
    seed : int, default 0
        Seed of the starts.

    Yields
    ------
    float
        Share of the rows that are done.

    Returns
    -------
    Result

    Raises
    ------
    ValueError
        If a shape is not known, or the steps are too long for the rim to hold the worst starts.
    """
    if shape not in SHAPES:
        raise ValueError(f"shape = {shape!r}: choose one of {', '.join(SHAPES)}")
    teacher = Teacher.section_4(k)
    output = speed / k**2
    starts = sample_reduced(teacher, trials, np.random.default_rng(seed))
    rows = []
    cheapest: tuple[int, int] | None = None
    for number, share in enumerate(_SHARES):
        yield number / len(_SHARES)
        length = round(share * duration / output)
        steps = _steps(shape, output, filter / teacher.norm_squared, length)
        worst = cost(teacher, steps)
        yield (number + 0.5) / len(_SHARES)
        saved = int(np.sum(classify(teacher, starts, steps).success))
        low, high = wilson_interval(saved, trials)
        count = worst.iterations
        if count is not None and (cheapest is None or count < cheapest[1]):
            cheapest = length, count
        rows.append(
            (
                f"{length:,}",
                f"{worst.saved:.0%}",
                f"{saved / trials:.4f}",
                f"[{low:.4f}, {high:.4f}]",
                "-" if count is None else f"{count:,}",
            )
        )
    line = (
        "None of these lengths saves every start."
        if cheapest is None
        else f"Of these lengths {cheapest[0]:,} is the cheapest: the worst start arrives after "
        f"{cheapest[1]:,} steps."
    )
    return Result(
        ("warm-up", "rim starts saved", "random starts saved", "95% interval", "worst arrives"),
        tuple(rows),
        line,
    )
