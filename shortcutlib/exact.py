"""Success probabilities without chance: the border between the fates, and an integral over it.

A start a_0, uniform in the ball of radius R = |S|/sqrt(k), matters only through s = 1'a_0 and
x = q - s S/k.  In units of R they are the coordinates of a_0 along 1 and along the rest of a*, so
s = R sqrt(k) u with density (1 - u^2)^((k-1)/2), and x = sqrt(N - S^2/k) R sqrt(1 - u^2) t, where t
has density (1 - t^2)^((k-2)/2) whatever u is.

**Residual network.**  The starts of one s that fail are those with t below some t*(u), so

    P(success) = integral of P(t > t*(u)) over u:

an incomplete beta function inside, Gauss-Gegenbauer nodes outside.  "At most one border for each s"
is proved in `shortcutlib.order` for eta_a (k + pi - 1) <= 2 pi and eta_w |q| < 2.

**CNN.**  The angle is random too, with density sin(phi)^(p-2).  Here the border is sought in the
angle: for each (u, t) the starts below some angle succeed.  The angle's distribution is again an
incomplete beta function, the border phi*(u, t) always exists, and it is smooth where q* as a
function of the angle would leave the ball.  That there is one border is *not* proved for the CNN,
nor for step sizes outside the conditions above: it is tested along every line that is searched.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from shortcutlib import order
from shortcutlib.angles import FloatArray
from shortcutlib.border import Border, Lines
from shortcutlib.paths import Network, check_network
from shortcutlib.quadrature import gauss_gegenbauer, special, upper_tail
from shortcutlib.step_sizes import StepSizes
from shortcutlib.teacher import Teacher

__all__ = ["ExactProbability", "separatrix", "success_probability"]

#: Places along the edge of the ball at which it is seen whether the border leaves it.
_EDGE = 129
#: Below this k the integrand's kinks are too sharp for one rule over the whole ball.
_SMOOTH_FROM = 9
#: Largest rule over the whole ball, and over a piece of it, before giving up.
_MOST_NODES = 20, 96


@dataclass(frozen=True)
class ExactProbability:
    """A success probability computed by quadrature.

    Attributes
    ----------
    probability : float
        In [0, 1].
    error_estimate : float
        Sum of the estimated errors of the quadrature, of the border's position and of the strides.
    nodes : int
        Points at which the border was located.
    """

    probability: float
    error_estimate: float
    nodes: int


#: The CNN's angles are searched up to here: nearer to pi a filter takes for ever to move.
_LARGEST_ANGLE = np.pi - 1e-3


def _geometry(teacher: Teacher, u: FloatArray) -> tuple[FloatArray, FloatArray]:
    """s of the starts with first coordinate u, and half the range of their x."""
    radius = teacher.start_radius
    s = np.sqrt(teacher.k) * radius * u
    return s, np.sqrt(teacher.spread) * radius * np.sqrt(np.maximum((1 - u) * (1 + u), 0.0))


def _q_lines(
    teacher: Teacher,
    steps: StepSizes,
    network: Network,
    s: FloatArray,
    half: FloatArray,
    angle: float,
) -> Lines:
    """Lines of starts with the given s, q across the ball, and one angle."""
    radius = teacher.start_radius
    ends = np.array([-1.0, 1.0]) * radius
    proved = network == "residual" and order.preserves_order(
        teacher, ends * np.sqrt(teacher.k), ends * np.sqrt(teacher.norm_squared), steps
    )
    angles = np.full(s.shape, angle)
    return Lines(
        teacher,
        steps,
        network,
        proved,
        np.array([s, s * teacher.output_sum / teacher.k, angles]),
        np.array([np.zeros_like(s), half, np.zeros_like(s)]),
    )


def separatrix(
    teacher: Teacher,
    steps: StepSizes,
    output_sum: ArrayLike,
    network: Network = "residual",
    *,
    angle: float | None = None,
    tolerance: float = 1e-8,
) -> FloatArray:
    """The border between the fates: the q*(s0) below which the paper's starts fail.

    It is the constant that the authors' response to the reviews calls hard to characterise.

    Parameters
    ----------
    teacher : Teacher
        The network to recover; a* not a multiple of 1, since q follows from s there.
    steps : StepSizes
        Step sizes over time.
    output_sum : array_like, shape (n,) or ()
        s0 = 1'a_0, each in [-|S|, |S|], the range in the ball of starts.
    network : {"residual", "cnn"}
        Which descent is run.
    angle : float, optional
        Initial angle in (0, pi); by default the one between v* and the shortcut, where the residual
        student starts.  The CNN's filter starts with |v| = 1.
    tolerance : float, default 1e-8
        Accuracy as a fraction of half the range of q in the ball, in [1e-12, 0.01].

    Returns
    -------
    ndarray, shape of `output_sum`
        q*(s0); -inf where every start of the ball with that s0 succeeds, inf where every one fails.

    Raises
    ------
    ValueError
        If an argument is out of range.
    RuntimeError
        If the outcome changes more than once along a line (possible only where the order of
        `shortcutlib.order` is not preserved), or a start stays undecided.
    """
    check_network(network)
    _check_tolerance(tolerance)
    s = np.asarray(output_sum, dtype=float)
    if not np.all(np.abs(s) <= abs(teacher.output_sum) * (1 + 1e-12)):
        raise ValueError(
            f"output_sum leaves [-|S|, |S|] with S = {teacher.output_sum:.6g}: no start is there"
        )
    if teacher.spread == 0.0:
        raise ValueError(
            "a* is a multiple of 1: q = s S / k follows from s, there is no border in q"
        )
    start_angle = teacher.angle if angle is None else float(angle)
    if not 0 < start_angle < np.pi:
        raise ValueError(f"angle = {start_angle}: give one inside (0, pi)")
    flat = np.clip(s.ravel(), -abs(teacher.output_sum), abs(teacher.output_sum))
    u = flat / (abs(teacher.output_sum) or 1.0)
    _, half = _geometry(teacher, u)
    lines = _q_lines(teacher, steps, network, flat, half, start_angle)
    place = lines.border(tolerance).place
    with np.errstate(invalid="ignore"):
        q = flat * teacher.output_sum / teacher.k + half * place
    return np.where(np.isinf(place), place, q).reshape(s.shape)


def success_probability(
    teacher: Teacher,
    steps: StepSizes,
    network: Network = "residual",
    *,
    tolerance: float = 1e-8,
) -> ExactProbability:
    """Probability that one of the paper's random starts reaches the global optimum.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.
    steps : StepSizes
        Step sizes over time.
    network : {"residual", "cnn"}
        The residual student starts at w_0 = 0; the CNN's filter is uniform on the sphere, p >= 2.
    tolerance : float, default 1e-8
        Accuracy sought, in [1e-12, 0.01]; `error_estimate` says whether it was reached.

    Returns
    -------
    ExactProbability

    Raises
    ------
    ValueError
        If an argument is out of range.
    RuntimeError
        As for `separatrix`.
    ImportError
        If SciPy is missing.
    """
    check_network(network)
    _check_tolerance(tolerance)
    special()
    # Measured: n nodes leave about 0.05 (k/2)^-n.
    base = np.log(max(teacher.k, _SMOOTH_FROM) / 2)
    coarse = max(4, int(np.ceil(np.log(0.1 / tolerance) / base)))
    if network == "cnn":
        if teacher.p < 2:
            raise ValueError("p = 1: the CNN's filter has two directions, not a sphere of them")
        moving = steps.phases[-1].filter > 0
        if teacher.k == 1 and moving and all(0 < phase.output <= 2 for phase in steps.phases):
            # q+ = (1 - eta_a/2) q + eta_a/(2 pi) g N: a negative q dies out geometrically, so
            # phi never gets to pi, g stays positive, and q turns positive for ever.
            return ExactProbability(1.0, 0.0, 0)
        return _converge(
            lambda n: _cnn(teacher, steps, n, tolerance), coarse, tolerance, _MOST_NODES[0]
        )
    if teacher.output_sum == 0.0:
        # The ball is a point.
        zero = np.zeros(1)
        lines = _q_lines(teacher, steps, network, zero, zero, teacher.angle)
        won = lines.succeed(np.array([0]), np.zeros((1, 1)), 8)
        return ExactProbability(float(won[0, 0]), 0.0, 1)
    if teacher.spread == 0.0:
        # Only s varies, and success favours s S > 0.
        end = np.sqrt(teacher.k) * teacher.start_radius * np.sign(teacher.output_sum)
        zero = np.zeros(1)
        lines = _q_lines(teacher, steps, network, zero, zero, teacher.angle)
        lines.reach[:2] = np.array([[end], [end * teacher.output_sum / teacher.k]])
        border = lines.border(tolerance)
        power = (teacher.k + 1) / 2
        return ExactProbability(
            float(upper_tail(border.place, power)[0]), float(_spread(border, power)[0]), 1
        )
    return _residual(teacher, steps, coarse, tolerance)


def _check_tolerance(tolerance: float) -> None:
    if not 1e-12 <= tolerance <= 1e-2:
        raise ValueError(f"tolerance = {tolerance}: give one from 1e-12 to 0.01")


def _spread(border: Border, power: float) -> FloatArray:
    """What the border's uncertainty does to the probability above it."""
    with np.errstate(invalid="ignore"):
        low, high = border.place - border.error, border.place + border.error
    inside = np.isfinite(border.place)
    return np.where(inside, upper_tail(low, power) - upper_tail(high, power), 0.0)


def _converge(rule: Any, coarse: int, tolerance: float, most: int) -> ExactProbability:
    """Compare rules of n and n + 2 nodes, for larger n until they agree to half the tolerance."""
    while True:
        (first, _, used), (value, uncertain, more) = rule(coarse)
        found = ExactProbability(
            float(np.clip(value, 0, 1)), float(abs(value - first) + uncertain), used + more
        )
        if abs(value - first) <= tolerance / 2 or coarse >= most:
            return found
        coarse = min(coarse + 6, most) if most < 50 else min(2 * coarse, most)


def _residual(
    teacher: Teacher, steps: StepSizes, coarse: int, tolerance: float
) -> ExactProbability:
    """The residual network's probability, where both coordinates of the start matter."""
    k = teacher.k
    # Where does the border leave the ball?  Look along its lower and upper edge, u = sin(theta).
    theta = np.linspace(-np.pi / 2, np.pi / 2, _EDGE)

    def lines(u: FloatArray) -> Lines:
        s, half = _geometry(teacher, u)
        return _q_lines(teacher, steps, "residual", s, half, teacher.angle)

    def kind(angles: FloatArray) -> FloatArray:
        """-1 where every start succeeds, 1 where every start fails, 0 where the border is."""
        edges = np.broadcast_to([-1.0, 1.0], (angles.size, 2))
        won = lines(np.sin(angles)).succeed(np.arange(angles.size), edges, 1)
        return np.where(won[:, 0], -1, np.where(won[:, 1], 0, 1))

    kinds = kind(theta)
    if np.all(kinds == kinds[0]) and kinds[0] != 0:
        return ExactProbability(float(kinds[0] < 0), 0.0, _EDGE)

    def gauss(n: int) -> Any:
        rules = [gauss_gegenbauer(m, (k + 1) / 2) for m in (n, n + 2)]
        return _both(lines, rules, k / 2, tolerance)

    if k >= _SMOOTH_FROM:
        found = _converge(gauss, coarse, tolerance, _MOST_NODES[0])
        if 0 < found.probability < 1 and found.error_estimate <= tolerance:
            return found

    # Otherwise the integrand has kinks where the border enters or leaves the ball: split there.
    changes = np.flatnonzero(np.diff(kinds))
    low, high = theta[changes], theta[changes + 1]
    for _ in range(8):
        if changes.size == 0:
            break
        inner = low[:, None] + (high - low)[:, None] * np.linspace(0, 1, 18)[1:-1]
        same = kind(inner.ravel()).reshape(inner.shape) == kinds[changes][:, None]
        grid = np.concatenate([low[:, None], inner, high[:, None]], axis=1)
        count = np.sum(np.logical_and.accumulate(same, axis=1), axis=1)
        rows = np.arange(changes.size)
        low, high = grid[rows, count], grid[rows, count + 1]
    places = np.concatenate([[-np.pi / 2], (low + high) / 2, [np.pi / 2]])
    kind_of_piece = kinds[np.concatenate([changes, [_EDGE - 1]])]
    mass = -np.diff(upper_tail(np.sin(places), (k + 1) / 2))
    certain = float(np.sum(mass[kind_of_piece == -1]))
    pieces = [
        (a, b) for a, b, kd in zip(places[:-1], places[1:], kind_of_piece, strict=True) if kd == 0
    ]

    def split(n: int) -> Any:
        rules = []
        for m in (2 * n, 2 * n + 8):
            x, weight = np.polynomial.legendre.leggauss(m)
            # A smooth step flattens the powers k/2 with which the integrand meets the kinks.
            y = (x + 1) / 2
            step, slope = y**3 * (10 - 15 * y + 6 * y * y), 30 * y * y * (1 - y) ** 2
            at, share = [], []
            for a, b in pieces:
                angles = a + (b - a) * step
                at.append(np.sin(angles))
                share.append(weight / 2 * slope * (b - a) * np.cos(angles) ** k)
            whole = special().beta((k + 1) / 2, 0.5)
            rules.append((np.concatenate(at), np.concatenate(share) / whole))
        (first, e1, used), (value, e2, more) = _both(lines, rules, k / 2, tolerance)
        return (first + certain, e1, used), (value + certain, e2, more)

    return _converge(split, max(coarse, 12), tolerance, _MOST_NODES[1])


def _both(lines: Any, rules: Any, power: float, tolerance: float) -> Any:
    """Integrals by two rules (nodes u, weights), with what the border's error does to each."""
    border = lines(np.concatenate([u for u, _ in rules])).border(tolerance)
    above, uncertain = upper_tail(border.place, power), _spread(border, power)
    cut = rules[0][0].size
    return tuple(
        (float(weight @ above[part]), float(weight @ uncertain[part]), weight.size)
        for (_, weight), part in zip(rules, (slice(cut), slice(cut, None)), strict=True)
    )


def _cnn(teacher: Teacher, steps: StepSizes, n: int, tolerance: float) -> Any:
    """The CNN's probability by two product rules; the border is sought in the angle."""
    k = teacher.k
    rules = []
    for m in (n, n + 2):
        u, weight_u = gauss_gegenbauer(m, (k + 1) / 2)
        t, weight_t = np.zeros(1), np.ones(1)
        if teacher.spread > 0:
            # Success depends more sharply on t than on u.
            t, weight_t = gauss_gegenbauer(m + 4, k / 2)
        if teacher.output_sum == 0.0:
            u, weight_u, t, weight_t = np.zeros(1), np.ones(1), np.zeros(1), np.ones(1)
        pairs = np.array(np.meshgrid(u, t, indexing="ij")).reshape(2, -1)
        rules.append((pairs.T, np.outer(weight_u, weight_t).ravel()))

    def lines(pairs: FloatArray) -> Lines:
        u, t = pairs.T
        s, half = _geometry(teacher, u)
        q = s * teacher.output_sum / k + half * t
        zero = np.zeros_like(s)
        # From the largest angle, where training fails first, to angle 0.
        return Lines(
            teacher,
            steps,
            "cnn",
            False,
            np.array([s, q, zero + _LARGEST_ANGLE / 2]),
            np.array([zero, zero, zero - _LARGEST_ANGLE / 2]),
        )

    border = lines(np.concatenate([pairs for pairs, _ in rules])).border(tolerance)
    # cos(phi) at the border: -1 where all succeeds, 1 where all fails.
    cosine = np.cos(_LARGEST_ANGLE / 2 * (1 - np.clip(border.place, -1, 1)))
    cosine = np.where(border.place == -np.inf, -1.0, cosine)
    unknown = np.where(border.place == -np.inf, 1 + np.cos(_LARGEST_ANGLE), np.pi * border.error)
    in_cosine = Border(cosine, np.where(border.place == np.inf, 0.0, unknown))
    above = upper_tail(in_cosine.place, (teacher.p - 1) / 2)
    uncertain = _spread(in_cosine, (teacher.p - 1) / 2)
    cut = rules[0][1].size
    return tuple(
        (float(weight @ above[part]), float(weight @ uncertain[part]), weight.size)
        for (_, weight), part in zip(rules, (slice(cut), slice(cut, None)), strict=True)
    )
