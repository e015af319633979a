"""Does the global optimum hold a student who trains on small batches?  An exact threshold.

At the optimum every error vanishes, and with it the noise.  Close to it both are proportional to
the distance, so a step of stochastic gradient descent is, to first order, a *random linear map*.
Let alpha = a - a* and let u be the part of the filter across v* (p - 1 numbers, |u| = phi).  For an
input with the coordinates x_j along v* and r_j across it, the error is

    E = h'alpha + z'u,    h_j = relu(x_j),    z = sum_j a*_j [x_j > 0] r_j,

and a step subtracts the batch means of eta_a E h from alpha and of eta_w E z from u.

**Second moments.**  E alpha alpha' = M (a k x k matrix) and E u u' = m I follow a linear map of
their own.  Given the signs of x, the vector z is normal with the variance
C = sum_j a*_j^2 [x_j > 0] in each component, and three moments are all one needs::

    A = E h h',    T = E C h h',    E C^2 = (N^2 + F)/4,    F = sum_j a*_j^4.

    M -> M - eta_a (A M + M A) + eta_a^2 ((1 - 1/B) A M A + (1/B) E (h'M h) h h')
         + (eta_a^2/B) (p - 1) m T
    m -> m (1 - eta_w N + eta_w^2 (N^2/4) (1 + (p + (p + 1) F/N^2)/B)) + (eta_w^2/B) <T, M>

The map keeps positive matrices positive.  So its largest eigenvalue, the *mean square factor*, is
real, and below one exactly if the map of M alone has that property and a Schur complement is
positive.  Written out, the second moments fall to zero if and only if the output layer is stable
and

    eta_w N (B + p + (p + 1) F/N^2 + chi) < 4 B,                                     (threshold)

with chi = (4 (p - 1) eta_a^2/(B N^2)) <T, R T> >= 0, R the inverse of one minus the map of M.  chi
is the coupling of the layers; for many patches and short output steps it is about
(p - 1) k eta_a/(4 B).

**Single runs.**  The second moment may grow although nearly every run comes home, since rare runs
are thrown far.  What a single linear run does is decided by its *growth rate*, the limit of
(1/t) log of the distance (`growth_rate`); with the output layer held at a* it is the mean of
independent terms (`filter_growth`).  A stable second moment implies a negative growth rate.

Source: the book; for stability in the mean square see Wu, Ma and E (2018).
"""

from typing import NamedTuple

import numpy as np

from shortcutlib.angles import FloatArray
from shortcutlib.teacher import Teacher, check_finite, check_size

__all__ = [
    "Estimate",
    "SecondMoment",
    "coupling",
    "filter_growth",
    "growth_rate",
    "is_stable",
    "largest_stable_step",
    "mean_square_factor",
    "moment_step",
    "smallest_stable_batch",
    "stationary_moment",
]

#: Moments of relu(x), x standard normal: the mean, and central ones of order two, three and four.
_MEAN = 1 / np.sqrt(2 * np.pi)
_SECOND = 0.5 - _MEAN**2
_THIRD = np.sqrt(2 / np.pi) - 1.5 * _MEAN + 2 * _MEAN**3
_FOURTH = 1.5 - 4 * _MEAN * np.sqrt(2 / np.pi) + 3 * _MEAN**2 - 3 * _MEAN**4

#: Conjugate gradients: iterations after which the output layer counts as unstable (a few dozen are
#: enough unless it is within rounding of it), and the square of the accuracy that ends them.
_ITERATIONS = 2000
_CHANGE = 1e-20


class SecondMoment(NamedTuple):
    """Mean squares of a small deviation from the global optimum.

    Attributes
    ----------
    outputs : ndarray, shape (k, k)
        M = E alpha alpha', alpha = a - a*.
    filter : float
        m: E u u' = m I, so that E phi^2 = (p - 1) m.
    """

    outputs: FloatArray
    filter: float


class Estimate(NamedTuple):
    """A mean over random draws.

    Attributes
    ----------
    mean : float
        The estimate.
    error : float
        Its standard error.
    """

    mean: float
    error: float


def _check(batch: int, **steps: float) -> None:
    check_size("batch", batch)
    for name, value in steps.items():
        if not check_finite(name, value) >= 0:
            raise ValueError(f"{name} = {value}: give a number of at least 0")


def _pull(k: int) -> FloatArray:
    """A = E h h'."""
    return np.full((k, k), _MEAN**2) + _SECOND * np.eye(k)


def _weighted(teacher: Teacher) -> FloatArray:
    """T = E C h h'."""
    squares = teacher.output_weights**2
    pairs = _MEAN**2 / 2 * (squares[:, None] + squares)
    return (
        teacher.norm_squared / 2 * _pull(teacher.k) + pairs + np.diag(squares) * (0.25 - _MEAN**2)
    )


def _fourth(M: FloatArray) -> FloatArray:
    """E (h'M h) h h' for a symmetric M, from the central moments of relu(x)."""
    k = len(M)
    rows, diagonal, trace = M.sum(axis=1), np.diag(M), np.trace(M)
    whole = _MEAN**2 * M.sum() * _pull(k)
    whole += _MEAN**2 * _SECOND * (2 * (rows[:, None] + rows) + trace)
    whole += _MEAN * _THIRD * (diagonal[:, None] + diagonal) + 2 * _SECOND**2 * M
    return whole + np.diag(
        2 * _MEAN * _THIRD * rows + _SECOND**2 * trace + (_FOURTH - 3 * _SECOND**2) * diagonal
    )


def _lost(M: FloatArray, output_step: float, batch: int) -> FloatArray:
    """M minus its image, with the filter at v*."""
    A = _pull(len(M))
    # The formulas are for symmetric matrices: what rounding leaves beside must not grow.
    M = (M + M.T) / 2
    half = A @ M
    return output_step * (half + half.T) - output_step**2 * (
        (1 - 1 / batch) * half @ A + _fourth(M) / batch
    )


def _filter_factor(teacher: Teacher, filter_step: float, batch: int) -> float:
    """The factor of m, with the outputs at a*."""
    size, p = teacher.norm_squared, teacher.p
    x = filter_step * size
    return float(1 - x + x * x / 4 * (1 + (p + (p + 1) * _concentration(teacher)) / batch))


def _concentration(teacher: Teacher) -> float:
    """F/N^2: 1/k if all |a*_j| are equal, 1 if only one of them is not zero."""
    return float(np.sum(teacher.output_weights**4) / teacher.norm_squared**2)


def moment_step(
    teacher: Teacher,
    moment: SecondMoment,
    output_step: float,
    filter_step: float,
    batch: int,
    *,
    label_noise: float = 0.0,
) -> SecondMoment:
    """Second moments after one linearised step.

    Parameters
    ----------
    teacher : Teacher
        The network to recover, with p >= 2.
    moment : SecondMoment
        Before the step.
    output_step, filter_step : float
        Step sizes eta_a and eta_w.
    batch : int
        B, inputs a step.
    label_noise : float, default 0
        Standard deviation tau of independent normal noise in every label.

    Returns
    -------
    SecondMoment
    """
    _check(batch, output_step=output_step, filter_step=filter_step, label_noise=label_noise)
    T, tau = _weighted(teacher), label_noise**2
    M, m = moment
    outputs = (
        M
        - _lost(M, output_step, batch)
        + output_step**2 / batch * ((teacher.p - 1) * m * T + tau * _pull(teacher.k))
    )
    filter_ = m * _filter_factor(teacher, filter_step, batch) + filter_step**2 / batch * (
        float(np.sum(T * M)) + tau * teacher.norm_squared / 2
    )
    return SecondMoment(outputs, float(filter_))


def _resolvent(source: FloatArray, output_step: float, batch: int) -> FloatArray | None:
    """R(source): what M settles at if `source` is added in every step; None if M grows.

    `source` is positive definite.  The map of M is symmetric, since a step's matrix is.  So its
    largest eigenvalue is below 1 exactly if one minus the map is positive definite, and conjugate
    gradients either solve the equation or meet a direction of negative curvature.  Their
    preconditioner is the inverse for large batches, known in the eigenvectors of A.
    """
    k = len(source)
    along, across = 1 - output_step * (k * _MEAN**2 + _SECOND), 1 - output_step * _SECOND
    if max(abs(along), abs(across)) >= 1:
        return None
    ones = np.full((k, k), 1 / k)

    def inverse(M: FloatArray) -> FloatArray:
        middle, side = ones @ M @ ones, ones @ M
        mixed = side + side.T - 2 * middle
        return (
            middle / (1 - along**2)
            + mixed / (1 - along * across)
            + (M - middle - mixed) / (1 - across**2)
        )

    found, residual = np.zeros_like(source), source
    direction = better = inverse(residual)
    product = float(np.sum(residual * better))
    first = product
    for _ in range(_ITERATIONS):
        image = _lost(direction, output_step, batch)
        curvature = float(np.sum(direction * image))
        if curvature <= 0:
            return None
        length = product / curvature
        found = found + length * direction
        residual = residual - length * image
        better = inverse(residual)
        product, before = float(np.sum(residual * better)), product
        if product <= _CHANGE * first:
            return found
        direction = better + product / before * direction
    return None


def coupling(teacher: Teacher, output_step: float, batch: int) -> float:
    """chi: what the noise of the output layer adds to the threshold of the filter.

    Parameters
    ----------
    teacher : Teacher
        The network to recover, with p >= 2.
    output_step : float
        Step size eta_a; 0 for outputs held at a*.
    batch : int
        B, inputs a step.

    Returns
    -------
    float
        At least 0, about (p - 1) k eta_a/(4 B) for many patches; inf if the output layer alone is
        unstable.
    """
    _check(batch, output_step=output_step)
    if output_step == 0:
        return 0.0
    T = _weighted(teacher)
    found = _resolvent(T, output_step, batch)
    if found is None:
        return np.inf
    scale = 4 * (teacher.p - 1) * output_step**2 / (batch * teacher.norm_squared**2)
    return float(scale * np.sum(T * found))


def _largest(teacher: Teacher, batch: int, chi: float) -> float:
    """The filter step below which m falls, for a known coupling."""
    p = teacher.p
    return float(
        4 * batch / (batch + p + (p + 1) * _concentration(teacher) + chi) / teacher.norm_squared
    )


def is_stable(teacher: Teacher, output_step: float, filter_step: float, batch: int) -> bool:
    """Whether the second moments of small deviations from the optimum fall to zero: (threshold).

    Parameters
    ----------
    teacher : Teacher
        The network to recover, with p >= 2.
    output_step, filter_step : float
        Step sizes eta_a and eta_w, positive.
    batch : int
        B, inputs a step.

    Returns
    -------
    bool
    """
    _check(batch, output_step=output_step, filter_step=filter_step)
    return 0 < filter_step < _largest(teacher, batch, coupling(teacher, output_step, batch))


def largest_stable_step(teacher: Teacher, batch: int, *, step_ratio: float = np.inf) -> float:
    """The filter step at which the optimum stops holding students, in the mean square.

    Parameters
    ----------
    teacher : Teacher
        The network to recover, with p >= 2.
    batch : int
        B, inputs a step.
    step_ratio : float, default inf
        eta_w/eta_a; inf holds the outputs at a*, so that only the filter moves.

    Returns
    -------
    float
        eta_w; 4 B/(N (B + p + (p + 1) F/N^2)) for a ratio of inf, and smaller for any other.

    Raises
    ------
    ValueError
        If the ratio is not positive.
    """
    _check(batch)
    if not step_ratio > 0:
        raise ValueError(f"step_ratio = {step_ratio}: give a positive number")
    high = _largest(teacher, batch, 0.0)
    if np.isinf(step_ratio):
        return high
    low = 0.0
    # The threshold is a decreasing function of the output step: one crossing.
    for _ in range(60):
        middle = (low + high) / 2
        if is_stable(teacher, middle / step_ratio, middle, batch):
            low = middle
        else:
            high = middle
    return (low + high) / 2


def smallest_stable_batch(
    teacher: Teacher, output_step: float, filter_step: float, *, largest: int = 2**20
) -> int | None:
    """The least batch with which the optimum holds students, in the mean square.

    Parameters
    ----------
    teacher : Teacher
        The network to recover, with p >= 2.
    output_step, filter_step : float
        Step sizes eta_a and eta_w, positive.
    largest : int, default 2**20
        Batches up to here are tried.

    Returns
    -------
    int or None
        None if there is none, for example since plain descent is unstable (eta_w N >= 4).
    """
    check_size("largest", largest)
    if not is_stable(teacher, output_step, filter_step, largest):
        return None
    low, high = 0, largest
    while high - low > 1:
        middle = (low + high) // 2
        if is_stable(teacher, output_step, filter_step, middle):
            high = middle
        else:
            low = middle
    return high


def mean_square_factor(
    teacher: Teacher, output_step: float, filter_step: float, batch: int, *, iterations: int = 4000
) -> float:
    """The factor by which the second moments change in a step, once the fastest mode is left.

    Parameters
    ----------
    teacher : Teacher
        The network to recover, with p >= 2.
    output_step, filter_step : float
        Step sizes eta_a and eta_w.
    batch : int
        B, inputs a step.
    iterations : int, default 4000
        Of the power method.

    Returns
    -------
    float
        The largest eigenvalue of the map, to about one part in `iterations`; below 1 exactly if
        `is_stable`.
    """
    moment = SecondMoment(np.eye(teacher.k), 1.0)
    factor = 0.0
    for _ in range(iterations):
        moment = moment_step(teacher, moment, output_step, filter_step, batch)
        factor = float(np.trace(moment.outputs)) + moment.filter
        moment = SecondMoment(moment.outputs / factor, moment.filter / factor)
    return factor


def stationary_moment(
    teacher: Teacher, output_step: float, filter_step: float, batch: int, label_noise: float
) -> SecondMoment:
    """Second moments at which noisy labels keep a student.

    Parameters
    ----------
    teacher : Teacher
        The network to recover, with p >= 2.
    output_step, filter_step : float
        Step sizes eta_a and eta_w, positive.
    batch : int
        B, inputs a step.
    label_noise : float
        Standard deviation tau of independent normal noise in every label.

    Returns
    -------
    SecondMoment
        E phi^2 = (p - 1) m: about (p - 1) eta_w tau^2/(2 B) far below the threshold, and without
        bound towards it.

    Raises
    ------
    ValueError
        If the optimum is not stable, so that there is nothing stationary near it.
    """
    _check(batch, label_noise=label_noise)
    if not is_stable(teacher, output_step, filter_step, batch):
        raise ValueError(
            f"eta_w = {filter_step} with batches of {batch} is above the threshold of stability: "
            f"take at most {largest_stable_step(teacher, batch):.4g}, or a larger batch"
        )
    T, A = _weighted(teacher), _pull(teacher.k)
    from_errors, from_labels = (_resolvent(part, output_step, batch) for part in (T, A))
    assert from_errors is not None
    assert from_labels is not None
    share = output_step**2 / batch
    loop = filter_step**2 / batch * share * (teacher.p - 1) * float(np.sum(T * from_errors))
    source = (
        filter_step**2 / batch * (teacher.norm_squared / 2 + share * float(np.sum(T * from_labels)))
    )
    tau = label_noise**2
    m = tau * source / (1 - _filter_factor(teacher, filter_step, batch) - loop)
    return SecondMoment(share * (tau * from_labels + (teacher.p - 1) * m * from_errors), float(m))


def filter_growth(
    teacher: Teacher, filter_step: float, batch: int, *, draws: int, rng: np.random.Generator
) -> Estimate:
    """Mean of the change of log phi in a linearised step, with the outputs held at a*.

    Parameters
    ----------
    teacher : Teacher
        The network to recover, with p >= 2.
    filter_step : float
        Step size eta_w.
    batch : int
        B, inputs a step.
    draws : int
        Number of independent steps.
    rng : numpy.random.Generator
        Source of the randomness.

    Returns
    -------
    Estimate
        Steps are independent and the law of the change does not depend on the direction of u.  So
        log phi is a random walk, and this mean decides: negative, phi falls to zero in almost every
        run; positive, in none.
    """
    _check(batch, filter_step=filter_step)
    check_size("draws", draws)
    active = rng.random((draws, batch, teacher.k)) < 0.5
    C = active @ teacher.output_weights**2
    along = rng.standard_normal((draws, batch)) ** 2
    forward = 1 - filter_step / batch * np.sum(C * along, axis=1)
    sideways = (
        (filter_step / batch) ** 2
        * np.sum(C * C * along, axis=1)
        * 2
        * rng.standard_gamma((teacher.p - 2) / 2, draws)
    )
    change = np.log(forward**2 + sideways) / 2
    return Estimate(float(change.mean()), float(change.std() / np.sqrt(draws)))


def growth_rate(
    teacher: Teacher,
    output_step: float,
    filter_step: float,
    batch: int,
    *,
    runs: int,
    iterations: int,
    rng: np.random.Generator,
) -> Estimate:
    """Growth rate of linearised runs: the mean change of the log of their distance in a step.

    Parameters
    ----------
    teacher : Teacher
        The network to recover, with p >= 2.
    output_step, filter_step : float
        Step sizes eta_a and eta_w.
    batch : int
        B, inputs a step.
    runs : int
        Independent runs, at least 2: the error is taken from their scatter.
    iterations : int
        Steps of each run, of which the first fifth is left out.
    rng : numpy.random.Generator
        Source of the randomness.

    Returns
    -------
    Estimate
        Where it is negative nearly every linear run comes home, where positive none does.

    Notes
    -----
    Only alpha and |u| are followed.  The part of the filter's gradient across u is normal, given
    everything else, with the variance sum_i E_i^2 C_i/B^2 in each of its p - 2 components; so its
    length is a chi variable, as in `shortcutlib.minibatch`.
    """
    _check(batch, output_step=output_step, filter_step=filter_step)
    for name, value in (("runs", runs), ("iterations", iterations)):
        check_size(name, value)
    if runs < 2:
        raise ValueError(f"runs = {runs}: give at least 2, for the standard error")
    k, size = teacher.k, teacher.norm_squared
    squares, skipped = teacher.output_weights**2, iterations // 5
    alpha = rng.standard_normal((runs, k)) * np.sqrt(size / k)
    length = np.ones(runs)
    logs = np.zeros(runs)
    for iteration in range(iterations):
        hidden = rng.standard_normal((runs, batch, k))
        C = (hidden > 0) @ squares
        np.maximum(hidden, 0, out=hidden)
        z = np.sqrt(C) * rng.standard_normal((runs, batch))
        errors = np.matmul(hidden, alpha[:, :, None])[:, :, 0] + z * length[:, None]
        alpha = alpha - output_step / batch * np.matmul(errors[:, None], hidden)[:, 0]
        forward = length - filter_step / batch * np.einsum("nb,nb->n", errors, z)
        sideways = (
            filter_step
            / batch
            * np.sqrt(
                np.einsum("nb,nb->n", errors**2, C)
                * 2
                * rng.standard_gamma((teacher.p - 2) / 2, runs)
            )
        )
        length = np.hypot(forward, sideways)
        distance = np.sqrt(length**2 + np.einsum("nk,nk->n", alpha, alpha) / size)
        alpha /= distance[:, None]
        length /= distance
        if iteration >= skipped:
            logs += np.log(distance)
    rates = logs / (iterations - skipped)
    return Estimate(float(rates.mean()), float(rates.std(ddof=1) / np.sqrt(runs)))
