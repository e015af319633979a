"""The experiments of the chapters on the two stages, in steps, as `shortcutlib.rerun.experiments`.

Both runs are counted in steps and shown in units of 1/eta, in which the step size hardly matters.
"""

import numpy as np

from shortcutlib import reduced
from shortcutlib.convergence import (
    alignment_bounds,
    filter_time,
    printed_filter_time,
    printed_output_time,
    stage_one_iterations,
    theorem_4_output_step,
    theorem_13_step,
)
from shortcutlib.dissipativity import ACUTE, filter_distance
from shortcutlib.rerun.result import Experiment, Result
from shortcutlib.starts import sample_reduced
from shortcutlib.teacher import Teacher
from shortcutlib.warmup import rim

__all__ = ["stage_one", "stage_two"]

#: Steps of a descent between two yields.
_STEPS = 256
#: Starts on the rim, among which the worst one lies.
_RIM = 128


def stage_one(
    k: int = 5,
    share: float = 0.3,
    angle: float = 0.333,
    ratio: float = 0.48,
    starts: int = 500,
    seed: int = 0,
) -> Experiment:
    """How long Stage I takes, and how far the filter turns away.

    Parameters
    ----------
    k : int, default 5
        Number of patches.
    share : float, default 0.3
        S^2/(k N).
    angle : float, default 0.333
        First angle over pi, below 1/2.
    ratio : float, default 0.48
        eta_w N/eta_a; eta_a is that of Theorem 4.
    starts : int, default 500
        Random starts in the ball, beside 128 on its rim.
    seed : int, default 0
        Seed of the starts.

    Yields
    ------
    float
        Share of the promised time that has passed.

    Returns
    -------
    Result
    """
    teacher = Teacher.from_numbers(
        k=k, output_sum=float(np.sqrt(share * k)), norm_squared=1.0, angle=angle * np.pi
    )
    eta = theorem_4_output_step(k)
    promised = stage_one_iterations(eta)
    drawn = sample_reduced(teacher, starts, np.random.default_rng(seed))
    edge = (np.broadcast_to(column, _RIM) for column in rim(teacher, _RIM))
    state = reduced.ReducedState(
        *(np.concatenate([x, y]) for x, y in zip(edge, drawn, strict=True))
    )
    largest, last = np.array(state.angle), np.zeros(state.angle.size)
    for step in range(1, promised + 1):
        if step % _STEPS == 1:
            yield step / promised
            # Alignments this high fall no more while the angle is at most 5 pi/12.
            if np.all((state.alignment > 0.2) & (state.angle <= ACUTE)):
                break
        last = np.where(state.alignment < 1 / 5, step, last)
        state = reduced.step(teacher, state, eta, ratio * eta)
        largest = np.maximum(largest, state.angle)
    over = state.alignment >= 1 / 5
    rows = []
    for name, chosen in (("rim", slice(None, _RIM)), ("drawn", slice(_RIM, None))):
        done = over[chosen]
        times = np.where(done, last[chosen] * eta, np.inf)
        rows.append(
            (
                name,
                f"{np.mean(done):.4f}",
                f"{np.max(largest[chosen]) / np.pi:.4f} π",
                _time(float(np.quantile(times, 0.5, method="higher"))),
                _time(float(np.max(times))),
            )
        )
    return Result(
        ("starts", "share with q ≥ N/5", "largest angle", "median η T₁", "longest η T₁"),
        tuple(rows),
        f"Proved, for filter steps of at most 0.48 η/N and angles of at most π/3: "
        f"η T₁ = {promised * eta:.2f}.",
    )


def _time(value: float) -> str:
    return f"{value:.2f}" if np.isfinite(value) else "not in time"


def stage_two(
    k: int = 5, share: float = 0.3, size: float = 1.0, digits: int = 6, steps: int = 400_000
) -> Experiment:
    """How long Stage II takes, from the corner where it is slowest.

    Parameters
    ----------
    k : int, default 5
        Number of patches.
    share : float, default 0.3
        S^2/(k N).
    size : float, default 1
        N.
    digits : int, default 6
        The wanted delta is 10 to the power of minus `digits`.
    steps : int, default 400000
        Steps after which the run is given up.

    Yields
    ------
    float
        About how much is done.

    Returns
    -------
    Result
    """
    teacher = Teacher.from_numbers(
        k=k, output_sum=float(np.sqrt(share * k * size)), norm_squared=size, angle=ACUTE
    )
    delta = 10.0**-digits
    eta, low = theorem_13_step(teacher), alignment_bounds(teacher).low
    state = reduced.state(0.0 if teacher.spread > 0 else teacher.output_sum / 5, low, ACUTE)
    if teacher.spread == 0:
        state = state._replace(alignment=state.output_sum * teacher.output_sum / k)
    distance = float(reduced.output_distance(teacher, state))
    wanted = (delta, 5 * delta)
    reached: list[int | None] = [None, None]
    for step in range(steps + 1):
        values = (float(filter_distance(state)), float(reduced.output_distance(teacher, state)))
        reached = [
            (step if seen is None else seen) if value <= goal else None
            for value, goal, seen in zip(values, wanted, reached, strict=True)
        ]
        if step % _STEPS == 0:
            yield step / (step + 10 / eta)
            # Far beyond both goals, and falling.
            if all(value < goal / 100 for value, goal in zip(values, wanted, strict=True)):
                break
        state = reduced.step(teacher, state, eta, eta)
    filters, outputs = (
        "not in time" if count is None else f"{count * eta:.1f}" for count in reached
    )
    first = printed_filter_time(low, eta, delta) * eta
    second = max(printed_output_time(eta, distance, delta) * eta, 0.0)
    return Result(
        ("layer", "goal", "observed η t", "promised η t"),
        (
            ("filter", f"|w - w*|² ≤ 1e-{digits}", filters, f"{first:.1f}"),
            ("outputs", f"|a - a*|² ≤ 5e-{digits}", outputs, f"{first + second:.1f}"),
        ),
        f"η = {eta:.3g}. With the angle at most π/2, "
        f"{filter_time(low, eta, delta) * eta:.1f} is enough for the filter.",
    )
