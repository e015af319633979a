"""What the ledger's tests on the two stages share: teachers, starts, and a few numbers."""

import functools

import numpy as np

from shortcutlib import StepSizes, Teacher, reduced
from shortcutlib.adversary import Range, Worst
from shortcutlib.convergence import (
    safe_filter_step,
    stage_one_iterations,
    theorem_4_filter_step,
    theorem_4_output_step,
)
from shortcutlib.dissipativity import ACUTE, filter_distance
from shortcutlib.outcomes import classify
from shortcutlib.relu_kernel import g
from shortcutlib.warmup import rim
from tests.claims.ledger import Held

TEACHERS = {
    "k": Range(1, 200, "whole"),
    "share": Range(0, 1),
    "norm_squared": Range(1e-2, 1e3, "log"),
}

#: L = (g(5 pi/12) - 1)/(pi - 1), the level to which q/N climbs.
LEVEL = (float(g(ACUTE)) - 1) / (np.pi - 1)


def held(*found: Worst | Held | float, values=None) -> Held:
    """The smallest of several slacks; a number is the slack of one inequality of a proof."""
    slack = min(
        f if isinstance(f, float) else (f.value if isinstance(f, Worst) else f.slack) for f in found
    )
    tried = sum(
        1 if isinstance(f, float) else (f.evaluations if isinstance(f, Worst) else f.tried)
        for f in found
    )
    return Held(float(slack), tried, values=values or {})


def forgiven(worst: Worst, rounding: float = 1e-13) -> Held:
    """A slack that is exactly 0 at its worst point, but for rounding."""
    return Held(worst.value + rounding, worst.evaluations)


def make_teacher(k: int, share: float, norm_squared: float, angle: float, p: int = 8) -> Teacher:
    return Teacher.from_numbers(
        k=k,
        p=p,
        output_sum=np.sqrt((1.0 if k == 1 else share) * k * norm_squared),
        norm_squared=norm_squared,
        angle=angle,
    )


@functools.cache
def least_ratio() -> float:
    """The least safe eta_w N/eta_a with the step of Theorem 4, over k, from phi_0 = pi/3."""
    return min(
        safe_filter_step(make_teacher(k, 1.0, 1.0, np.pi / 3), theorem_4_output_step(k))
        / theorem_4_output_step(k)
        for k in range(1, 201)
    )


@functools.cache
def stage_one_time() -> float:
    """T_1 in units of 1/eta_a, for the smallest steps, where it is longest."""
    return max(stage_one_iterations(eta) * eta for eta in (1e-2, 1e-4, 1e-6))


def trapped_by_large_norm(constant: float) -> tuple[float, dict[str, float]]:
    """Theorem 4's steps with C: k = 4, S^2 = .8 N, N = 1000/sqrt(C), a_0 opposite to a*."""
    size = 1000 / np.sqrt(constant)
    teacher = make_teacher(4, 0.2, size, np.pi / 3)
    steps = StepSizes.constant(theorem_4_output_step(4), theorem_4_filter_step(teacher, constant))
    root = np.sqrt(0.2)
    start = reduced.state([-root * teacher.output_sum], [-root * size], np.pi / 3)
    assert classify(teacher, start, steps).trapped[0]
    ratio = teacher.output_sum**2 / size
    return float(ACUTE - np.pi), {"k": 4, "ratio": ratio, "size": size * np.sqrt(constant)}


def around(teacher: Teacher, points: int = 33) -> reduced.ReducedState:
    """Starts all around the rim of the ball."""
    turn = np.linspace(0, 2 * np.pi, points)
    s = teacher.output_sum * np.cos(turn)
    across = np.sqrt(teacher.spread) * teacher.start_radius * np.sin(turn)
    return reduced.state(s, s * teacher.output_sum / teacher.k + across, teacher.angle)


def constant_steps_without_noise() -> Held:
    """Without noise the same steps bring both distances down for ever, at the linear rate."""
    slack, tried = np.inf, 0
    rng = np.random.default_rng(15)
    for k, share in ((1, 1.0), (2, 0.3), (5, 0.0), (16, 0.25)):
        teacher = make_teacher(k, share, 1.0, np.pi / 3)
        eta = 0.5 * 2 * np.pi / (k + np.pi - 1)
        state = reduced.ReducedState(*(np.repeat(np.atleast_1d(x), 300) for x in rim(teacher, 1)))
        q = state.alignment + rng.uniform(0, 1, 300) * 0.5
        s = state.output_sum * rng.uniform(0.1, 1, 300)
        if teacher.spread < 1e-12:
            q = s * teacher.output_sum / k
        state = state._replace(output_sum=s, alignment=q)
        step = safe_filter_step(teacher, eta)
        last = np.inf
        for stretch in range(6):
            for _ in range(int(60 / min(step, eta))):
                state = reduced.step(teacher, state, eta, step)
            distance = filter_distance(state) + reduced.output_distance(teacher, state)
            now = float(np.max(distance))
            if stretch > 1 and last > 1e-20:
                slack = min(slack, 1 - 2 * now / last)
            last = now
        slack = min(slack, 1e-20 - last)
        tried += 300
    return Held(slack, tried)
