"""The inequalities of the neighbouring papers as objects that can be tried at any point.

Like `shortcutlib.inequalities`, for Lemma 2.5 of Li and Yuan (2017) and for Lemma 1 and Theorems 1
to 3 of Shamir (2018).  Shamir's statements are about any data; here they are tried on two examples
with two inputs and one feature, Theorem 3 with one input.  The variables are ``x11`` to ``x22``,
the inputs of the first and of the second example (``x1`` and ``x2`` where there is one); ``z1``,
``z2``, the features; ``y1``, ``y2``, the targets, of which only the sign counts for losses that
need labels; ``w1``, ``w2`` and ``v1``, ``v2``, the weights w and the column V; and ``s1``, ``s2``,
the linear predictor w* to compare with.

Theorem 3.3 of Li and Yuan has a search of its own, in `shortcutlib.reslink.adversary`.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shortcutlib.adversary import Range
from shortcutlib.angles import FloatArray
from shortcutlib.inequalities import Inequality
from shortcutlib.linear_bound.losses import LOSSES, Loss

__all__ = [
    "li_yuan_lemma_2_5",
    "shamir_lemma_1",
    "shamir_theorem_1",
    "shamir_theorem_2",
    "shamir_theorem_3",
]

_Sides = tuple[FloatArray, FloatArray]

_DATA: Mapping[str, Range] = MappingProxyType(
    {name: Range(-10, 10) for name in ("x11", "x12", "x21", "x22", "z1", "z2", "y1", "y2")}
)
_POINT: Mapping[str, Range] = MappingProxyType(
    {name: Range(-10, 10) for name in ("w1", "w2", "v1", "v2", "s1", "s2")}
)
#: Where V is longer than this, cancellation leaves no digits of the least eigenvalue.
_LARGEST = 1e3
#: A theorem that bounds a gap says nothing where there is none; below this share of what is
#: subtracted, a gap is rounding.  The same for a predictor that is shorter than this.
_NO_GAP, _SHORT = 1e-6, 1e-3
#: Keeps a scale from being 0.
_TINY = 1e-300


def _from_sides(name: str, ranges: Mapping[str, Range], sides: Callable[..., _Sides]) -> Inequality:
    """An inequality whose left side is infinite outside its region."""

    def slack(**variables: FloatArray) -> FloatArray:
        left, right = sides(**variables)
        return left - right

    return Inequality(name, ranges, slack, sides)


def li_yuan_lemma_2_5(share: float | None = None) -> Inequality:
    """The squared distance that remains after T steps under one-point strong convexity.

    Parameters
    ----------
    share : float, optional
        Claim only the share `share` + T^-(1 + alpha) of the bound, where eta delta is at most 1/2;
        1/2 is the least that holds.  By default the whole bound, as printed.

    Returns
    -------
    Inequality
        Slack: the (share of the) bound minus the worst error that the assumptions allow, both over
        the bound.  ``delta`` is the constant of one-point strong convexity, ``steps`` T, ``alpha``
        the lemma's alpha, ``second`` G^2 and ``diameter`` the largest distance to W*.

    Notes
    -----
    Source: Li and Yuan (2017), Lemma 2.5.
    """

    def sides(
        delta: FloatArray,
        steps: FloatArray,
        alpha: FloatArray,
        second: FloatArray,
        diameter: FloatArray,
    ) -> _Sides:
        rate = (1 + alpha) * np.log(steps) / (delta * steps)
        shrink = np.maximum(1 - 2 * rate * delta, 0.0)
        # The distance is bounded by assumption, and by one-point convexity itself.
        most = np.minimum(diameter, np.sqrt(second) / delta) ** 2
        power = shrink**steps
        settled = rate**2 * second * (1 - power) / (1 - shrink)
        final = np.minimum(power * most + settled, most)
        bound = (1 + alpha) * np.log(steps) * second / (delta**2 * steps)
        inside = steps**alpha * np.log(steps) >= diameter**2 * delta**2 / ((1 + alpha) * second)
        allowed = np.ones_like(bound)
        if share is not None:
            allowed = share + steps ** -(1 + alpha)
            inside &= rate * delta <= 0.5
        return np.where(inside, allowed, np.inf), final / bound

    return _from_sides(
        "Lemma 2.5",
        {
            "delta": Range(1e-3, 1e2, "log"),
            "steps": Range(2, 1e6, "whole"),
            "alpha": Range(1e-3, 10, "log"),
            "second": Range(1e-3, 1e3, "log"),
            "diameter": Range(1e-3, 1e4, "log"),
        },
        sides,
    )


class _Unit(NamedTuple):
    """Two examples at n points at once.

    ``x`` has shape (2, 2, n), the examples along the first axis; ``z`` and ``y`` have shape (2, n),
    and so have ``w``, ``v`` and ``star``, whose first axis is that of the inputs.
    """

    x: FloatArray
    z: FloatArray
    y: FloatArray
    w: FloatArray
    v: FloatArray
    star: FloatArray
    loss: Loss

    @property
    def product(self) -> FloatArray:
        """V'w."""
        return np.einsum("in,in->n", self.w, self.v)

    @property
    def prediction(self) -> FloatArray:
        """w'(x + V z) of both examples."""
        return np.einsum("ein,in->en", self.x, self.w) + self.z * self.product

    @property
    def values(self) -> tuple[FloatArray, FloatArray]:
        """F and F_lin(w*)."""
        line = np.einsum("ein,in->en", self.x, self.star)
        here, there = (np.mean(self.loss.value(p, self.y), axis=0) for p in (self.prediction, line))
        return here, there

    @property
    def gap(self) -> FloatArray:
        """F - F_lin(w*)."""
        here, there = self.values
        return here - there

    @property
    def has_gap(self) -> NDArray[np.bool_]:
        """Whether F is above F_lin(w*), by more than rounding."""
        here, there = self.values
        return here - there > _NO_GAP * (here + there)

    def slopes(self) -> tuple[FloatArray, FloatArray]:
        """E l' x and E l' z."""
        slope = self.loss.slope(self.prediction, self.y) / 2
        return np.einsum("en,ein->in", slope, self.x), np.einsum("en,en->n", slope, self.z)


def _loss(name: str) -> Loss:
    if name not in LOSSES:
        raise ValueError(f"there is no loss {name!r}: choose among {', '.join(LOSSES)}")
    return LOSSES[name]


def _unit(loss: Loss, variables: Mapping[str, FloatArray]) -> _Unit:
    x = np.array([[variables[f"x{e}{i}"] for i in (1, 2)] for e in (1, 2)])
    z, y, w, v, star = (np.array([variables[f"{n}{i}"] for i in (1, 2)]) for n in "zywvs")
    if loss.signs:
        y = np.where(y < 0, -1.0, 1.0)
    return _Unit(x, z, y, w, v, star, loss)


def _length(*parts: FloatArray) -> FloatArray:
    """The length of a vector whose entries stand along the first axes of the parts."""
    squares = (np.sum(part.reshape(-1, part.shape[-1]) ** 2, axis=0) for part in parts)
    return np.asarray(np.sqrt(sum(squares)))


def _gradient(unit: _Unit) -> tuple[FloatArray, FloatArray]:
    in_x, in_z = unit.slopes()
    return in_x + unit.v * in_z, unit.w * in_z


def shamir_lemma_1(loss: str = "squared") -> Inequality:
    """Along G the objective falls at least as fast as the gap to a linear predictor is large.

    Parameters
    ----------
    loss : str, default "squared"
        A name of `shortcutlib.linear_bound.losses.LOSSES`.

    Returns
    -------
    Inequality
        Slack: <G, gradient> minus F - F_lin(w*), over the sizes of what is subtracted; w is not 0.

    Raises
    ------
    ValueError
        If there is no such loss.

    Notes
    -----
    Source: Shamir (2018), Lemma 1.
    """
    chosen = _loss(loss)

    def sides(**variables: FloatArray) -> _Sides:
        unit = _unit(chosen, variables)
        size = np.sum(unit.w**2, axis=0)
        along = np.einsum("in,in->n", unit.star, unit.v) / np.where(size > 0, size, 1.0)
        in_w, in_v = unit.w - unit.star, unit.w * along
        slope_w, slope_v = _gradient(unit)
        product = np.sum(in_w * slope_w + in_v * slope_v, axis=0)
        scale = _length(in_w, in_v) * _length(slope_w, slope_v) + sum(unit.values) + _TINY
        return np.where(size > 0, product / scale, np.inf), unit.gap / scale

    return _from_sides("Lemma 1", {**_DATA, **_POINT}, sides)


def shamir_theorem_1(loss: str = "squared") -> Inequality:
    """The least length of the gradient where w is not 0.

    Parameters
    ----------
    loss : str, default "squared"
        As for `shamir_lemma_1`.

    Returns
    -------
    Inequality
        Slack: length of the gradient minus the bound, over the sum of their sizes, where F is above
        F_lin(w*) and w is not 0.

    Raises
    ------
    ValueError
        If there is no such loss.

    Notes
    -----
    Source: Shamir (2018), Theorem 1.
    """
    chosen = _loss(loss)

    def sides(**variables: FloatArray) -> _Sides:
        unit = _unit(chosen, variables)
        size, star = np.sum(unit.w**2, axis=0), np.sum(unit.star**2, axis=0)
        spread = np.sum(unit.v**2, axis=0) / np.where(size > 0, size, 1.0)
        steep = _length(*_gradient(unit))
        bound = unit.gap / np.sqrt(2 * size + star * (2 + spread) + _TINY)
        scale = steep + abs(bound) + _TINY
        inside = (size > 0) & unit.has_gap
        return np.where(inside, steep / scale, np.inf), bound / scale

    return _from_sides("Theorem 1", {**_DATA, **_POINT}, sides)


def shamir_theorem_2(loss: str = "squared", share: float = 1.0) -> Inequality:
    """What gradient and Hessian must show at w = 0.

    Parameters
    ----------
    loss : str, default "squared"
        As for `shamir_lemma_1`.
    share : float, default 1
        The bend is the least eigenvalue of the Hessian in w and this share of the way to the
        largest, which is its norm: 1 as printed, 0 for the sharper bound.  A negative share goes
        beyond that; the bend then stops at 0.

    Returns
    -------
    Inequality
        Slack: left minus right side of the theorem, over the sum of their sizes, where F is above
        F_lin(w*) and w* longer than 1/1000.  Where ``stationary`` is positive, V is the one that
        makes the point stationary, if it is not too long.  ``w1`` and ``w2`` are not there, and in
        the place of ``z2`` there is ``pull``, which is E l' z: where it tends to 0 the theorem is
        tight, and a difference would leave no digits of it.  The second target is positive, which
        is no loss, as all signs can be changed together.

    Raises
    ------
    ValueError
        If there is no such loss.

    Notes
    -----
    Source: Shamir (2018), Theorem 2.
    """
    chosen = _loss(loss)

    def sides(stationary: FloatArray, pull: FloatArray, **variables: FloatArray) -> _Sides:
        nothing = np.zeros_like(stationary)
        unit = _unit(chosen, {**variables, "z2": nothing, "w1": nothing, "w2": nothing})
        # At w = 0 the slopes of the loss do not depend on the features.
        slope = chosen.slope(unit.prediction, unit.y)
        second = (2 * pull - slope[0] * unit.z[0]) / slope[1]
        unit = unit._replace(z=np.array([unit.z[0], second]))
        in_x, _ = unit.slopes()
        pulled = -in_x / pull
        use = (stationary > 0) & (_length(pulled) < _LARGEST)
        unit = unit._replace(v=np.where(use, pulled, unit.v))
        hidden = unit.x + unit.z[:, None] * unit.v
        bend = unit.loss.curvature(unit.prediction, unit.y) / 2
        # Eigenvalues of a sum of two squares, the least one without cancellation.
        squares = bend * np.sum(hidden**2, axis=1)
        cross = hidden[0, 0] * hidden[1, 1] - hidden[0, 1] * hidden[1, 0]
        determinant = bend[0] * bend[1] * cross**2
        trace = np.sum(squares, axis=0)
        largest = (trace + np.sqrt(np.maximum(trace**2 - 4 * determinant, 0.0))) / 2
        least = determinant / np.where(largest > 0, largest, 1.0)
        # The least eigenvalue of the whole Hessian, its sign changed.
        down = 2 * pull**2 / (least + np.hypot(least, 2 * pull))
        middle = np.maximum(least + share * (largest - least), 0.0)
        steep, _ = _gradient(unit)
        left = _length(steep) + _length(unit.v) * np.sqrt(down * middle + down**2)
        star = _length(unit.star)
        right = unit.gap / np.maximum(star, _SHORT)
        scale = left + abs(right) + _TINY
        inside = (star > _SHORT) & unit.has_gap
        return np.where(inside, left / scale, np.inf), right / scale

    ranges = {**_DATA, **_POINT, "y2": Range(0.01, 10, "log")}
    for name in ("z2", "w1", "w2"):
        del ranges[name]
    ranges |= {"pull": Range(1e-6, 10, "log"), "stationary": Range(-1, 1)}
    return _from_sides("Theorem 2", ranges, sides)


def shamir_theorem_3() -> Inequality:
    """How far a second-order stationary point can be above a linear predictor; squared loss.

    Returns
    -------
    Inequality
        One input and one feature.  ``w`` and ``v`` are shares of ``b``, the bound on both; ``r``
        bounds the linear predictor.  Epsilon is the least for which the point is a second-order
        partial stationary point (Definition 1).  Slack: bound minus gap, over the sum of their
        sizes.

    Notes
    -----
    The Lipschitz constants hold over the whole box.
    Source: Shamir (2018), Theorem 3.
    """

    def sides(
        w: FloatArray, v: FloatArray, b: FloatArray, r: FloatArray, **variables: FloatArray
    ) -> _Sides:
        x, z, y = (np.array([variables[f"{name}{e}"] for e in (1, 2)]) for name in "xzy")
        w, v = w * b, v * b
        hidden = x + v * z
        error = w * hidden - y
        in_w, in_v = np.mean(error * hidden, axis=0), np.mean(error * w * z, axis=0)
        # The Hessian [[p, q], [q, s]].
        p, s = np.mean(hidden**2, axis=0), np.mean((w * z) ** 2, axis=0)
        q = np.mean(w * z * hidden + error * z, axis=0)
        least = np.minimum((p + s) / 2 - np.hypot((p - s) / 2, q), 0.0)
        widest, steepest = np.max(abs(x) + b * abs(z), axis=0), np.max(abs(z), axis=0)
        jacobian, farthest = np.hypot(widest, b * steepest), b * widest + np.max(abs(y), axis=0)
        mu_0 = farthest * jacobian
        mu_1, mu_2 = jacobian**2 + farthest * steepest, 3 * jacobian * steepest
        epsilon = np.hypot(in_w, in_v)
        epsilon = np.maximum(epsilon, np.where(mu_2 > 0, least**2 / np.where(mu_2 > 0, mu_2, 1), 0))
        square = np.sum(x**2, axis=0)
        line = np.clip(np.sum(x * y, axis=0) / np.where(square > 0, square, 1.0), -r, r)
        gap = np.mean(error**2 - (line * x - y) ** 2, axis=0) / 2
        root = np.sqrt(epsilon)
        far = np.sqrt(2 * (b**2 + r**2)) * epsilon + r * b * root
        bend = np.minimum(np.sqrt(mu_2 * epsilon) + mu_2 * root, mu_1)
        near = mu_0 * root + r * (epsilon + mu_1 * root + b * np.sqrt(mu_1 * bend + bend**2))
        bound = np.maximum(far, near)
        scale = bound + abs(gap) + _TINY
        return bound / scale, gap / scale

    box = {name: Range(-3, 3) for name in ("x1", "x2", "z1", "z2", "y1", "y2")}
    box |= {"w": Range(-1, 1), "v": Range(-1, 1), "b": Range(0.1, 5), "r": Range(0.1, 5)}
    return _from_sides("Theorem 3", box, sides)
