"""What others would write: the same experiment without the reduction, or without its shortcuts.

A is the Python loop of a newcomer, B the same vectorised over trials; both hold whole weight
vectors and stop by the paper's rule.  `plain_reduction` knows the three numbers and the
certificates, but takes single steps.  `compiled` is B in JAX or PyTorch.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from shortcutlib import Teacher, reduced
from shortcutlib.certificates import certify
from shortcutlib.multirevolution import Recurrence, longest_stride, pack, unpack
from shortcutlib.population import spurious_point
from shortcutlib.starts import sample_ball, sample_sphere


def draw(teacher: Teacher, n: int, network: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Whole starts: filters (n, p) and output weights (n, k)."""
    rng = np.random.default_rng(seed)
    a = sample_ball(n, teacher.k, teacher.start_radius, rng)
    if network == "cnn":
        return sample_sphere(n, teacher.p, rng), a
    return np.tile(teacher.shortcut, (n, 1)), a


def one_trial(teacher, v, a, steps, network, most=10**9):
    """A: returns whether the trial reached the global optimum (None: not finished), and steps."""
    v_star, a_star = teacher.filter, teacher.output_weights
    spurious = spurious_point(teacher).a
    for t in range(most):
        eta_a, eta_w = steps.at(t)
        length = np.linalg.norm(v)
        unit = v / length
        to_a, to_w = np.sum((a - a_star) ** 2), np.sum((unit - v_star) ** 2)
        if to_a + to_w <= 1e-6:
            return True, t
        if np.sum((a - spurious) ** 2) + 4 - to_w <= 1e-6:
            return False, t
        cosine = np.clip(unit @ v_star, -1, 1)
        phi = np.arccos(cosine)
        g = (np.pi - phi) * cosine + np.sin(phi)
        q = a @ a_star
        grad_a = (np.sum(a) - np.sum(a_star) + (np.pi - 1) * a - (g - 1) * a_star) / (2 * np.pi)
        grad_v = -q * (np.pi - phi) / (2 * np.pi) / length * (v_star - cosine * unit)
        a = a - eta_a * grad_a
        v = v - eta_w * grad_v
        if network == "residual":
            v = v / np.linalg.norm(v)
    return None, most


def all_trials(teacher, v, a, steps, network, most=10**9):
    """B: returns a flag per trial (-1 not finished, 0 trapped, 1 global), and steps."""
    v_star, a_star, n = teacher.filter, teacher.output_weights, len(a)
    spurious = spurious_point(teacher).a
    fate, taken, active = np.full(n, -1), np.full(n, most), np.arange(n)
    for t in range(most):
        eta_a, eta_w = steps.at(t)
        length = np.linalg.norm(v, axis=1, keepdims=True)
        unit = v / length
        to_w = np.sum((unit - v_star) ** 2, axis=1)
        there = np.sum((a - a_star) ** 2, axis=1) + to_w <= 1e-6
        trap = np.sum((a - spurious) ** 2, axis=1) + 4 - to_w <= 1e-6
        done = there | trap
        if np.any(done):
            fate[active[done]], taken[active[done]] = there[done], t
            active, v, a = active[~done], v[~done], a[~done]
            unit, length = unit[~done], length[~done]
            if active.size == 0:
                break
        cosine = np.clip(unit @ v_star, -1, 1)[:, None]
        phi = np.arccos(cosine)
        g = (np.pi - phi) * cosine + np.sin(phi)
        q = (a @ a_star)[:, None]
        total = a.sum(axis=1, keepdims=True) - a_star.sum()
        grad_a = (total + (np.pi - 1) * a - (g - 1) * a_star) / (2 * np.pi)
        grad_v = -q * (np.pi - phi) / (2 * np.pi) / length * (v_star - cosine * unit)
        a = a - eta_a * grad_a
        v = v - eta_w * grad_v
        if network == "residual":
            v = v / np.linalg.norm(v, axis=1, keepdims=True)
    return fate, taken


def reduce_all(teacher: Teacher, v: np.ndarray, a: np.ndarray) -> reduced.ReducedState:
    """Reduced coordinates of whole starts."""
    each = [reduced.reduce(teacher, v[i], a[i]) for i in range(len(a))]
    return reduced.ReducedState(*(np.array(column) for column in zip(*each, strict=True)))


def plain_reduction(teacher, starts, steps, network="residual"):
    """Success of each start: single reduced steps, certified stops every 16 steps."""
    success = np.zeros(starts.angle.size, dtype=bool)
    active, current, t = np.arange(success.size), starts, 0
    while active.size:
        remaining = [p for p, _, end in steps.stretches() if end is None or end > t]
        sure, lost = certify(teacher, current, remaining, network)
        success[active[sure]] = True
        keep = ~(sure | lost)
        active, current = active[keep], reduced.ReducedState(*(x[keep] for x in current))
        for _ in range(16):
            current = reduced.step(teacher, current, *steps.at(t), network)
            t += 1
    return success


def steps_by_the_papers_rule(teacher, starts, steps, network):
    """How many steps A or B would take for each start, to within one stride."""
    rows = pack(teacher, starts, network)
    rest = starts.orthogonal_norm.copy()
    taken, active, t = np.zeros(rest.size), np.arange(rest.size), 0
    for phase, _, end in steps.stretches():
        stride = 1
        if network == "residual":
            stride = max(1, longest_stride(teacher, phase, float(np.max(np.abs(rows[1])))) // 2)
        recurrence = Recurrence(teacher, phase, stride if stride >= 4 else 1, network)
        shrink = abs(1 - phase.output * (np.pi - 1) / (2 * np.pi)) ** recurrence.stride
        while active.size and (end is None or t + recurrence.stride <= end):
            state = unpack(teacher, rows)._replace(orthogonal_norm=rest)
            there, trap = reduced.arrived(teacher, state)
            keep = ~(there | trap)
            if not np.all(keep):
                taken[active[~keep]] = t
                active, rest = active[keep], rest[keep]
                rows = np.ascontiguousarray(rows[:, keep])
            recurrence.advance(rows)
            rest = rest * shrink
            t += recurrence.stride
    return taken


def compiled(teacher: Teacher, n: int) -> tuple[str, Callable[[], Any], int] | None:
    """B's residual step in JAX or else PyTorch: its name, a call, and trial-steps a call."""
    v, a = draw(teacher, n, "residual", 0)
    eta, count = 1 / teacher.k**2, 200
    try:
        import jax

        jax.config.update("jax_enable_x64", True)
        import jax.numpy as xp

        name, loop = "JAX", jax.jit(lambda x: jax.lax.fori_loop(0, count, lambda _, y: body(y), x))
        convert = xp.asarray
    except ImportError:
        try:
            import torch as xp
        except ImportError:
            return None
        name, convert = "PyTorch", xp.from_numpy

        def loop(x):
            for _ in range(count):
                x = body(x)
            return x

    v_star, a_star = convert(np.array(teacher.filter)), convert(np.array(teacher.output_weights))

    def body(x):
        v, a = x
        cosine = xp.clip(v @ v_star, -1, 1)[:, None]
        phi = xp.arccos(cosine)
        g = (np.pi - phi) * cosine + xp.sin(phi)
        q = (a @ a_star)[:, None]
        total = a.sum(1)[:, None] - a_star.sum()
        a_new = a - eta / (2 * np.pi) * (total + (np.pi - 1) * a - (g - 1) * a_star)
        v = v + eta / (2 * np.pi) * q * (np.pi - phi) * (v_star - cosine * v)
        return v / xp.sqrt((v * v).sum(1))[:, None], a_new

    x = convert(v), convert(a)

    def call():
        done = loop(x)
        return float(done[1][0, 0])

    return name, call, n * count
