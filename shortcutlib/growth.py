"""How the failures die out with k: their exact probability, however small, and a law for it.

The success probability of large networks is 1 up to rounding, so `failure_probability` integrates
the failures themselves, and `sampled_failure` simulates them where they are rare.

**The limit of the border.**  Let N/k, rho = S^2/N and alpha = eta_w/eta_a be fixed, and the steps
short.  Then s settles within a time of 1/k, and q and the angle race on the longer time scale
1/sqrt(k).  With q = sqrt(N) y and the time eta_a t/(2 pi) = z/sqrt(N),

    dy/dz = g(phi) - 1 - (pi - 1) y/sqrt(N),        dphi/dz = -alpha y (pi - phi) sin(phi).

Without the small last term y^2/2 - F(phi)/alpha is constant, where F(phi) is the integral of
(g - 1)/((pi - phi) sin(phi)) from phi to pi/2.  The border is the curve on which it vanishes, the
one that runs into the saddle y = 0, phi = pi/2.  So it starts at y_0 = -sqrt(2 F(phi_0)/alpha), and
as a share of the ball's radius |S|/sqrt(k), in units of sqrt(N), it is

    h_inf = y_0 sqrt(k)/|S| .

**The first correction** goes with 1/sqrt(k).  Two things push the border down by
h_1/sqrt(k):  while s settles, q gains S^2/k (and x = q - s S/k gains that whatever s_0 is);  and
the term (pi - 1) y/sqrt(N) makes |y_0| larger by (pi - 1)/(alpha |y_0| sqrt(N)) times the integral
of |y|/((pi - phi) sin(phi)) over the border.

**The law.**  A share beyond |h| along a fixed direction has probability about
(1 - h^2)^(k/2)/(|h| sqrt(2 pi k)).  With h_inf + h_1/sqrt(k) for h,

    -log P(failure) = lambda k + mu sqrt(k) + log(k)/2 + nu + xi/sqrt(k) + ...,
    lambda = -log(1 - h_inf^2)/2,        mu = h_inf h_1/(1 - h_inf^2):

an exponential law with a small rate, hidden for a long time behind mu sqrt(k).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from shortcutlib import reduced
from shortcutlib.angles import FloatArray
from shortcutlib.exact import _geometry, _q_lines, separatrix
from shortcutlib.outcomes import PATIENCE, classify
from shortcutlib.quadrature import gauss_gegenbauer, special, upper_tail
from shortcutlib.relu_kernel import g
from shortcutlib.step_sizes import StepSizes
from shortcutlib.teacher import Teacher, check_finite, check_size

__all__ = [
    "BorderLimit",
    "GrowthLaw",
    "SampledFailure",
    "border_limit",
    "failure_probability",
    "fit_growth_law",
    "sampled_failure",
]

#: Nodes of the outer integral; the integrand is smooth, and more change nothing from k = 16 on.
_NODES = 14
#: Nodes of the integrals over the angle, whose integrands are smooth in log(phi).
_ANGLE_NODES = 48


def failure_probability(
    teacher: Teacher, steps: StepSizes, *, tolerance: float = 1e-9, nodes: int = _NODES
) -> float:
    """Probability that one of the paper's random starts is trapped, to a small relative error.

    Parameters
    ----------
    teacher : Teacher
        The network to recover; k >= 9, and a* is not a multiple of 1.
    steps : StepSizes
        Step sizes over time.
    tolerance : float, default 1e-9
        Accuracy of the border, as a fraction of half the range of q.
    nodes : int, default 14
        Nodes of the outer integral.

    Returns
    -------
    float
        With a relative error of about k times the tolerance.

    Raises
    ------
    ValueError
        If k is too small for one rule over the whole ball, or a* is a multiple of 1.
    RuntimeError
        If there is no single border.
    """
    _check_teacher(teacher)
    u, weight = gauss_gegenbauer(nodes, (teacher.k + 1) / 2)
    s, half = _geometry(teacher, u)
    border = _q_lines(teacher, steps, "residual", s, half, teacher.angle).border(tolerance)
    # P(t < place) = P(t > -place), without the cancellation of 1 - P(t > place).
    return float(weight @ upper_tail(-border.place, teacher.k / 2))


def _check_teacher(teacher: Teacher) -> None:
    if teacher.k < 9 or teacher.spread == 0.0:
        raise ValueError(
            f"k = {teacher.k}, spread = {teacher.spread:.3g}: this needs k >= 9 and an a* that is "
            "no multiple of 1; take 1 - exact.success_probability(...).probability instead"
        )


@dataclass(frozen=True)
class SampledFailure:
    """A probability of failure from random starts that fail more often than they should.

    Attributes
    ----------
    probability : float
        Mean of the weights of the starts that fail: an unbiased estimate.
    error : float
        Its standard error.
    """

    probability: float
    error: float


def sampled_failure(
    teacher: Teacher, steps: StepSizes, trials: int, rng: np.random.Generator
) -> SampledFailure:
    """Probability of failure by simulation, however small: importance sampling.

    Parameters
    ----------
    teacher : Teacher
        The network to recover; k >= 9, and a* is not a multiple of 1.
    steps : StepSizes
        Step sizes over time.
    trials : int
        Number of random starts, at least 2.
    rng : numpy.random.Generator
        Source of the starts.

    Returns
    -------
    SampledFailure

    Raises
    ------
    ValueError
        If an argument is out of range.
    RuntimeError
        If a start stays undecided.
    ImportError
        If SciPy is missing.

    Notes
    -----
    The share t of a start along the rest of a* has a density proportional to (1 - t^2)^((k-2)/2).
    It is drawn from a normal law of variance 1/k around the border instead, so that about half of
    the starts fail, and each start weighs the ratio of the two densities.  Where the normal law is
    centred makes the estimate better or worse, but never wrong.
    """
    _check_teacher(teacher)
    check_size("trials", trials)
    if trials < 2:
        raise ValueError(f"trials = {trials}: give at least 2")
    k = teacher.k
    border = float(separatrix(teacher, steps, 0.0, tolerance=1e-4))
    scale = teacher.start_radius * np.sqrt(teacher.spread)
    centre = border / scale if np.isfinite(border) else 0.0
    # The first coordinate of a uniform point of the ball is one of the sphere in k + 2 dimensions.
    first = rng.standard_normal(trials)
    u = first / np.sqrt(first**2 + rng.chisquare(k + 1, trials))
    z = rng.standard_normal(trials)
    t = centre + z / np.sqrt(k)
    inside = np.abs(t) < 1
    log_density = (k - 2) / 2 * np.log1p(-(np.where(inside, t, 0.0) ** 2))
    log_density -= float(special().betaln(k / 2, 0.5))
    weight = np.exp(log_density + z**2 / 2 + np.log(2 * np.pi / k) / 2) * inside
    s, half = _geometry(teacher, u)
    q = s * teacher.output_sum / k + half * np.clip(t, -1, 1)
    # The paper's steps shrink like 1/k^2, so runs may take 100 k^2 of them.
    patience = max(PATIENCE, 100 * k**2)
    found = classify(teacher, reduced.state(s, q, teacher.angle), steps, patience=patience)
    if not np.all(found.success | found.trapped):
        raise RuntimeError("a start is still undecided after millions of steps: try another seed")
    lost = weight * found.trapped
    return SampledFailure(float(lost.mean()), float(lost.std(ddof=1) / np.sqrt(trials)))


@dataclass(frozen=True)
class BorderLimit:
    """Where the border between the fates goes as k grows, as a share of the ball's radius.

    Attributes
    ----------
    share : float
        h_inf, the limit; negative.
    slope : float
        h_1: for finite k the border is at about h_inf + h_1/sqrt(k).
    """

    share: float
    slope: float

    @property
    def linear(self) -> float:
        """lambda of the growth law; inf if h_inf <= -1, where in the limit no start fails."""
        return float(-np.log1p(-(self.share**2)) / 2) if self.share > -1 else np.inf

    @property
    def root(self) -> float:
        """mu of the growth law; inf where lambda is."""
        return self.share * self.slope / (1 - self.share**2) if self.share > -1 else np.inf


def border_limit(
    angle: float, norm_per_k: float, sum_ratio: float, step_ratio: float = 1.0
) -> BorderLimit:
    """The limit of the border for k to infinity, and how it is approached.

    Parameters
    ----------
    angle : float
        phi_0 in (0, pi/2).
    norm_per_k : float
        N/k, positive and the same for all k.
    sum_ratio : float
        rho = S^2/N, positive and the same for all k.
    step_ratio : float, default 1
        alpha = eta_w/eta_a, positive; the steps themselves short: eta_a sqrt(N) far below 1.

    Returns
    -------
    BorderLimit

    Raises
    ------
    ValueError
        If a number is out of range.

    Notes
    -----
    Derived in the docstring of this module.
    """
    if not 0 < check_finite("angle", angle) < np.pi / 2:
        raise ValueError(f"angle = {angle}: give one inside (0, pi/2)")
    for name, value in (
        ("norm_per_k", norm_per_k),
        ("sum_ratio", sum_ratio),
        ("step_ratio", step_ratio),
    ):
        if not check_finite(name, value) > 0:
            raise ValueError(f"{name} = {value}: give a positive number")
    x, weight = np.polynomial.legendre.leggauss(_ANGLE_NODES)

    def over_angles(low: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Nodes and weights in log(phi), from each of the given angles to pi/2."""
        half = np.log(np.pi / 2 / low)[..., None] / 2
        phi = low[..., None] * np.exp(half * (1 + x))
        return phi, weight * half * phi / ((np.pi - phi) * np.sin(phi))

    def potential(low: FloatArray) -> FloatArray:
        phi, measure = over_angles(low)
        return np.sum((g(phi) - 1) * measure, axis=-1)

    start = np.asarray(float(angle))
    first = float(np.sqrt(2 * potential(start) / step_ratio))
    phi, measure = over_angles(start)
    along = float(np.sum(np.sqrt(2 * potential(phi) / step_ratio) * measure))
    # In units of 1/sqrt(N): what q gains while s settles, and what the decay of q costs.
    lift = sum_ratio * norm_per_k + (np.pi - 1) / (step_ratio * first) * along
    radius = float(np.sqrt(norm_per_k * sum_ratio))
    return BorderLimit(-first / radius, -lift / float(np.sqrt(norm_per_k)) / radius)


@dataclass(frozen=True)
class GrowthLaw:
    """-log P(failure) = lambda k + mu sqrt(k) + log(k)/2 + nu + xi/sqrt(k).

    Attributes
    ----------
    linear, root, constant, inverse_root : float
        lambda, mu, nu and xi.
    worst : float
        Largest relative deviation of a fitted probability from the law.
    """

    linear: float
    root: float
    constant: float
    inverse_root: float
    worst: float

    def exponent(self, k: ArrayLike) -> FloatArray:
        """-log P(failure) by the law, which does not underflow.

        Parameters
        ----------
        k : array_like
            Numbers of patches.

        Returns
        -------
        ndarray
        """
        size = np.asarray(k, dtype=float)
        root = np.sqrt(size)
        rest = self.constant + self.inverse_root / root + np.log(size) / 2
        return np.asarray(self.linear * size + self.root * root + rest)

    def failure(self, k: ArrayLike) -> FloatArray:
        """Probability of failure by the law.

        Parameters
        ----------
        k : array_like
            Numbers of patches.

        Returns
        -------
        ndarray
        """
        return np.asarray(np.exp(-self.exponent(k)))


def fit_growth_law(
    k: Sequence[int], failure: Sequence[float], limit: BorderLimit | None = None
) -> GrowthLaw:
    """Fit the law to exact probabilities of failure, by least squares of their logarithms.

    Parameters
    ----------
    k : sequence of int
        At least five numbers of patches.
    failure : sequence of float
        Probabilities, in (0, 1).
    limit : BorderLimit, optional
        With it lambda and mu are those of the theory, and only nu and xi are fitted.  Without it
        all four are.

    Returns
    -------
    GrowthLaw

    Raises
    ------
    ValueError
        If there are too few points or a probability is not in (0, 1).
    """
    size, found = np.asarray(k, dtype=float), np.asarray(failure, dtype=float)
    if size.size < 5 or size.shape != found.shape:
        raise ValueError(
            f"{size.size} sizes, {found.size} probabilities: give five or more of each"
        )
    if not np.all((found > 0) & (found < 1)):
        raise ValueError("a probability of failure is not inside (0, 1): nothing to fit")
    columns = np.stack([size, np.sqrt(size), np.ones_like(size), 1 / np.sqrt(size)], axis=1)
    target = -np.log(found) - np.log(size) / 2
    known = np.array([limit.linear, limit.root]) if limit is not None else np.zeros(0)
    if not np.all(np.isfinite(known)):
        raise ValueError(f"h_inf = {limit.share if limit else 0:.3g}: in the limit no start fails")
    free = known.size
    target = target - columns[:, :free] @ known
    solution, *_ = np.linalg.lstsq(columns[:, free:], target, rcond=None)
    left = target - columns[:, free:] @ solution
    linear, root, constant, inverse_root = (float(x) for x in [*known, *solution])
    return GrowthLaw(linear, root, constant, inverse_root, float(np.max(np.abs(np.expm1(left)))))
