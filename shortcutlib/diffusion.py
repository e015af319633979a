"""Stochastic descent as a diffusion in s, q, phi and one number more.

A mini-batch gradient is a mean of products E X of the error and a feature (see
`shortcutlib.gradient_noise`).  Both are sums over the patches, so with many patches they are nearly
normal, and then the moments of E X follow from those of order two.  These depend on the output
weights a only through s, q and the length r of the rest of a, the part that is orthogonal to 1 and
to a*.  So (s, q, phi, r) is a closed random walk, and for short steps a diffusion.

In the orthonormal directions 1/sqrt(k), b (the rest of a*, normalised) and the rest of a, and along
e, with v = (pi - 1)/(2 pi) the variance of relu(x) and |a|^2 = s^2/k + beta^2 + r^2::

    mean of E       (s - S)/sqrt(2 pi)
    variance of E   v (|a|^2 + N) - 2 q (g - 1)/(2 pi)
    features        uncorrelated, of variance v, v, v and |a|^2/2; only the first has a mean
    E with them     v a_d - a*_d (g - 1)/(2 pi) for each output direction d,
                    -q (pi - phi) sin(phi)/(2 pi) for e.

If E = m + sd Z with Z standard normal and X = mu + c Z + R with an independent normal R, then

    E X - E[E X] = E R + sd mu Z + c (m Z + sd (Z^2 - 1)),

and the diffusion has the same covariance with independent normal numbers for E R, Z and
(Z^2 - 1)/sqrt 2.  In the directions across all of these the noise is isotropic, and enters through
chi variables: exactly the geometry of `shortcutlib.minibatch`.

A step of length eta with batches of B is one Euler step of the diffusion.  The diffusion itself
depends on eta/B only, so finer steps (`refine`) are steps of eta/refine with batches of B/refine.
What is left out is of relative size 1/k in the covariance, and the laws' higher moments.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shortcutlib.angles import FloatArray
from shortcutlib.paths import check_record_every
from shortcutlib.reduced import ReducedState
from shortcutlib.relu_kernel import g_deficit
from shortcutlib.step_sizes import StepSizes
from shortcutlib.teacher import Teacher, check_size

__all__ = ["Diffused", "Moments", "descend", "moments"]

_VARIANCE = (np.pi - 1) / (2 * np.pi)
_MEAN = 1 / np.sqrt(2 * np.pi)


class Moments(NamedTuple):
    """First and second moments of E and of the features, n students at a time.

    Attributes
    ----------
    error_mean, error_variance : ndarray, shape (n,)
        Of E.
    feature_mean : ndarray, shape (n, 4)
        Of X in the directions 1/sqrt(k), b, the rest of a, and e.
    feature_variance : ndarray, shape (n, 4)
        The features are uncorrelated.
    cross : ndarray, shape (n, 4)
        Covariances of E with the features.
    """

    error_mean: FloatArray
    error_variance: FloatArray
    feature_mean: FloatArray
    feature_variance: FloatArray
    cross: FloatArray

    @property
    def gradient(self) -> FloatArray:
        """Mean of E X, shape (n, 4): the population gradient."""
        return self.error_mean[:, None] * self.feature_mean + self.cross

    @property
    def covariance(self) -> FloatArray:
        """Covariance of E X for normal E and X, shape (n, 4, 4)."""
        m, var, mu, c = self.error_mean, self.error_variance, self.feature_mean, self.cross

        def outer(a: FloatArray, b: FloatArray) -> FloatArray:
            return a[:, :, None] * b[:, None, :]

        second = (m * m + var)[:, None] * self.feature_variance
        return (
            second[:, :, None] * np.eye(4)
            + var[:, None, None] * outer(mu, mu)
            + m[:, None, None] * (outer(mu, c) + outer(c, mu))
            + outer(c, c)
        )

    @property
    def error_square(self) -> FloatArray:
        """Mean of E^2, shape (n,): twice the population loss."""
        return self.error_mean**2 + self.error_variance


@dataclass(frozen=True, eq=False)
class Diffused:
    """Paths of the diffusion.

    Attributes
    ----------
    iteration : ndarray of int, shape (r,)
        Recorded iterates, the first and the last among them, in steps of descent.
    path : ReducedState
        Arrays of shape (r, n).
    """

    iteration: NDArray[np.int64]
    path: ReducedState


class _Frame(NamedTuple):
    """Students in the orthonormal directions: along 1, along b, the rest of a; and phi."""

    along: FloatArray
    beta: FloatArray
    rest: FloatArray
    angle: FloatArray


def _frame(teacher: Teacher, state: ReducedState) -> _Frame:
    s, q, angle, rest = (np.atleast_1d(np.array(column, dtype=float)) for column in state[:4])
    beta = np.zeros_like(s)
    if teacher.spread > 0:
        beta = (q - s * teacher.output_sum / teacher.k) / np.sqrt(teacher.spread)
    return _Frame(s / np.sqrt(teacher.k), beta, rest, angle)


def _reduced(teacher: Teacher, frame: _Frame) -> ReducedState:
    s = frame.along * np.sqrt(teacher.k)
    q = s * teacher.output_sum / teacher.k + np.sqrt(teacher.spread) * frame.beta
    return ReducedState(s, q, frame.angle, frame.rest, np.ones_like(s))


def _moments(teacher: Teacher, frame: _Frame) -> Moments:
    along, beta, rest, angle = frame
    k, S, spread = teacher.k, teacher.output_sum, teacher.spread
    # (g - 1)/(2 pi) = v - (pi - g)/(2 pi), without cancellation where phi is small.
    lost = g_deficit(angle) / (2 * np.pi)
    ours = S / np.sqrt(k), np.sqrt(spread)
    q = along * ours[0] + beta * ours[1]
    length = along**2 + beta**2 + rest**2
    away = (along - ours[0]) ** 2 + (beta - ours[1]) ** 2 + rest**2
    none = np.zeros_like(along)
    same = np.full_like(along, _VARIANCE)
    turn = (np.pi - angle) * np.sin(angle) / (2 * np.pi)
    return Moments(
        _MEAN * np.sqrt(k) * (along - ours[0]),
        np.maximum(_VARIANCE * away + 2 * q * lost, 0.0),
        np.stack([np.full_like(along, _MEAN * np.sqrt(k)), none, none, none], axis=1),
        np.stack([same, same, same, length / 2], axis=1),
        np.stack(
            [
                _VARIANCE * (along - ours[0]) + ours[0] * lost,
                _VARIANCE * (beta - ours[1]) + ours[1] * lost,
                _VARIANCE * rest,
                -q * turn,
            ],
            axis=1,
        ),
    )


def moments(teacher: Teacher, state: ReducedState) -> Moments:
    """Moments of the error and the features in reduced coordinates.

    Parameters
    ----------
    teacher : Teacher
        Only its k, S and N are used.
    state : ReducedState
        One student or n.

    Returns
    -------
    Moments
        Exact.  Its `covariance` is exact up to terms of relative size 1/k.
    """
    return _moments(teacher, _frame(teacher, state))


def _euler(
    teacher: Teacher,
    frame: _Frame,
    output_step: float,
    filter_step: float,
    batch: float,
    rng: np.random.Generator,
) -> _Frame:
    """One step of the diffusion, with the mean and the covariance of a step of descent."""
    found = _moments(teacher, frame)
    n = frame.angle.size
    m, sd = found.error_mean, np.sqrt(found.error_variance)
    with np.errstate(divide="ignore", invalid="ignore"):
        c = np.where(sd[:, None] > 0, found.cross / sd[:, None], 0.0)
        weights = np.where(found.feature_variance > 0, c / found.feature_variance, 0.0)
    # R: features without their regression on E, drawn by removing it.
    X = np.sqrt(found.feature_variance) * rng.standard_normal((n, 4))
    left = np.maximum(1 - np.einsum("nd,nd->n", weights, c), 0.0)
    Z = np.einsum("nd,nd->n", weights, X) + np.sqrt(left) * rng.standard_normal(n)
    size = np.sqrt(found.error_square)
    first, second = rng.standard_normal((2, n))
    noise = size[:, None] * (X - c * Z[:, None]) + (sd * first)[:, None] * found.feature_mean
    noise += c * (m * first + np.sqrt(2) * sd * second)[:, None]
    gradient = found.gradient + noise / np.sqrt(batch)
    across = size / np.sqrt(batch)

    def chi(dimensions: int) -> FloatArray:
        if dimensions <= 0:
            return np.zeros(n)
        return np.sqrt(2 * rng.standard_gamma(dimensions / 2, n))

    along = frame.along - output_step * gradient[:, 0]
    beta, rest = frame.beta, frame.rest
    free = teacher.k - 1
    if teacher.spread > 0:
        beta = beta - output_step * gradient[:, 1]
        free -= 1
    if free > 0:
        rest = np.hypot(
            rest - output_step * gradient[:, 2],
            output_step * across * np.sqrt(_VARIANCE) * chi(free - 1),
        )
    cosine, sine = np.cos(frame.angle), np.sin(frame.angle)
    forward = filter_step * gradient[:, 3]
    length = np.sqrt(found.feature_variance[:, 3])
    sideways = filter_step * across * length * chi(teacher.p - 2)
    angle = np.arctan2(np.hypot(sine + forward * cosine, sideways), cosine - forward * sine)
    return _Frame(along, beta, rest, angle)


def descend(
    teacher: Teacher,
    start: ReducedState,
    steps: StepSizes,
    *,
    batch: int,
    iterations: int,
    rng: np.random.Generator,
    refine: int = 1,
    record_every: int | None = None,
) -> Diffused:
    """Follow the diffusion that belongs to stochastic descent.

    Parameters
    ----------
    teacher : Teacher
        The network to recover, with p >= 2.
    start : ReducedState
        n students of the residual network.
    steps : StepSizes
        Step sizes over time, of descent.
    batch : int
        B, inputs a step of descent.
    iterations : int
        Steps of descent to cover.
    rng : numpy.random.Generator
        Source of the randomness.
    refine : int, default 1
        Steps of the diffusion for each step of descent: with 1 it moves in the same steps as
        descent, and many come close to continuous time.
    record_every : int, optional
        Record every so many iterates of descent; by default the first and the last.

    Returns
    -------
    Diffused

    Raises
    ------
    ValueError
        If an argument is impossible.
    """
    check_size("batch", batch)
    check_size("iterations", iterations if iterations != 0 else 1)
    check_size("refine", refine)
    if record_every is not None:
        check_record_every(record_every)
    if teacher.p < 2:
        raise ValueError("p = 1: the filter has two directions and cannot turn; take p >= 2")
    frame = _frame(teacher, start)
    every = record_every or max(iterations, 1)
    recorded = np.array(sorted({*range(0, iterations + 1, every), iterations}), dtype=np.int64)
    rows: list[ReducedState] = []
    for iteration in range(iterations + 1):
        if iteration == recorded[len(rows)]:
            rows.append(_reduced(teacher, frame))
        if iteration == iterations:
            break
        output_step, filter_step = steps.at(iteration)
        for _ in range(refine):
            frame = _euler(
                teacher, frame, output_step / refine, filter_step / refine, batch / refine, rng
            )
    return Diffused(recorded, ReducedState(*(np.stack(c) for c in zip(*rows, strict=True))))
