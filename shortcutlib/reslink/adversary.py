"""How small the constant of one-point convexity can be made: a search for the worst matrices.

Theorem 3.3 says that ``<-grad L(W), W* - W> > 0.03 |W* - W|_F^2`` for all W and W* with spectral
norms up to some gamma, in any dimension, as long as the potential is at most 0.1.  The search looks
for matrices that make the ratio small.  Large dimensions are reached with copies of one small block
along the diagonal, for which the ratio of the whole follows from the block.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from shortcutlib.angles import FloatArray
from shortcutlib.reslink.convexity import one_point
from shortcutlib.reslink.population import _columns, _pair, gradient
from shortcutlib.reslink.potential import potential

__all__ = ["POTENTIAL_CAP", "Worst", "copies_ratio", "small_limit", "tile", "worst_case"]

#: The largest potential that Theorem 3.3 admits.
POTENTIAL_CAP = 0.1
#: Weight of the penalty on a potential above the cap, and on matrices that nearly coincide.
_PENALTY = 50.0
#: Smallest |W* - W|_F^2 of a block, relative to the squared norms: below it the ratio is rounding.
_NEAREST = 1e-4


class Worst(NamedTuple):
    """Matrices found by the search: a block of each, and the ratio and potential of the whole."""

    ratio: float
    potential: float
    weights: FloatArray
    teacher: FloatArray
    copies: int


def tile(block: ArrayLike, copies: int) -> FloatArray:
    """A block diagonal matrix of equal blocks.

    Parameters
    ----------
    block : array_like, shape (m, m)
        The block.
    copies : int
        How many.

    Returns
    -------
    ndarray, shape (m * copies, m * copies)

    Raises
    ------
    ValueError
        If there is not at least one copy.
    """
    if copies < 1:
        raise ValueError(f"{copies} copies: give at least 1")
    return np.kron(np.eye(copies), np.asarray(block, dtype=float))


def copies_ratio(weights: ArrayLike, teacher: ArrayLike, copies: int) -> tuple[float, float, float]:
    """Ratio, potential and squared distance of block diagonal matrices, from one block.

    Parameters
    ----------
    weights, teacher : array_like, shape (m, m)
        A block of W and of W*.
    copies : int
        Number of blocks.

    Returns
    -------
    ratio, potential, squared_distance : float
        Of the whole matrices; equal to what `one_point` and `potential` say of `tile`.

    Raises
    ------
    ValueError
        If the blocks do not fit.

    Notes
    -----
    Columns of different blocks are at right angles.  To the inner product of the blocks each
    ordered pair of blocks adds ``g h / pi``, with the block's potential g and
    ``h = sum_j <unit p_j, w*_j - w_j>``; their sums of columns are orthogonal.
    """
    first, second = _pair(weights, teacher)
    here = one_point(first, second)
    g = potential(first, second)
    h = float(np.vdot(_columns(first).unit, second - first))
    ratio = (here.inner_product + (copies - 1) * g * h / np.pi) / here.squared_distance
    return ratio, copies * g, copies * here.squared_distance


def small_limit(cap: float = POTENTIAL_CAP) -> float:
    r"""The smallest ratio in the limit of small spectral norms and large dimension.

    Parameters
    ----------
    cap : float, default 0.1
        The largest potential, at least 0.

    Returns
    -------
    float
        :math:`\tfrac12 - \tfrac1\pi - \tfrac{c}{2\pi}` for the cap c.

    Raises
    ------
    ValueError
        If the cap is negative.

    Notes
    -----
    With ``D = W* - W`` the inner product is, to second order, the quadratic form
    ``|D|^2/2 + |Du|^2/2 + (tr(D)^2 + tr(D^2) - 2 sum_i D_ii^2)/pi``, smallest for skew D with
    ``Du = 0``; in large dimension the potential g adds ``-g sum_j |d_j|^2 / (2 pi)``.
    """
    if not cap >= 0:
        raise ValueError(f"the cap is {cap}: give at least 0")
    return float(0.5 - 1 / np.pi - cap / (2 * np.pi))


class _Bounded(NamedTuple):
    """A matrix of spectral norm at most gamma, as a smooth function of any matrix A."""

    free: FloatArray
    inverse: FloatArray
    gamma: float

    @classmethod
    def of(cls, free: FloatArray, gamma: float) -> "_Bounded":
        inverse = np.asarray(np.linalg.inv(np.eye(len(free)) + free.T @ free), dtype=float)
        return cls(free, inverse, gamma)

    @property
    def matrix(self) -> FloatArray:
        # Singular values x of A become 2 gamma x / (1 + x^2).
        return 2 * self.gamma * self.free @ self.inverse

    def pull_back(self, slope: FloatArray) -> FloatArray:
        """The slope in A, from the slope in the matrix."""
        left = self.free @ self.inverse
        right = slope @ self.inverse
        return 2 * self.gamma * (right - left @ slope.T @ left - left @ self.free.T @ right)


def _ratio_and_slopes(
    first: FloatArray, second: FloatArray, copies: int, cap: float, nearest: float
) -> tuple[float, FloatArray, FloatArray]:
    """The ratio with its penalties, and its slopes in W and in W*."""
    away = second - first
    squared = float(np.vdot(away, away))
    down = gradient(first, second)
    inner = -float(np.vdot(down, away))
    p, q = _columns(first), _columns(second)
    g = potential(first, second)
    along = np.einsum("ij,ij->j", p.unit, away)
    h = float(along.sum())
    ratio = (inner + (copies - 1) * g * h / np.pi) / squared
    # The Hessian is symmetric and the loss is the same with W and W* exchanged, so both slopes of
    # the inner product are differences of gradients in the one direction W* - W.
    tiny = 1e-5 / np.sqrt(squared)
    ahead, behind = first + tiny * away, first - tiny * away
    by_first = -(gradient(ahead, second) - gradient(behind, second)) / (2 * tiny) + down
    by_second = -(gradient(second, ahead) - gradient(second, behind)) / (2 * tiny) - down
    more = (copies - 1) / np.pi
    h_by_first = -p.unit + (away - p.unit * along) / p.length
    by_first += more * (-h * p.unit + g * h_by_first)
    by_second += more * (h * q.unit + g * p.unit)
    by_first = (by_first + 2 * ratio * away) / squared
    by_second = (by_second - 2 * ratio * away) / squared
    over = max(0.0, copies * g - cap)
    close = max(0.0, 1 - copies * squared / nearest)
    value = ratio + _PENALTY * (over**2 + close**2)
    by_first -= 2 * _PENALTY * (over * copies * p.unit - 2 * close * copies / nearest * away)
    by_second += 2 * _PENALTY * (over * copies * q.unit - 2 * close * copies / nearest * away)
    return value, by_first, by_second


def worst_case(
    gamma: float,
    rng: np.random.Generator,
    *,
    block: int = 2,
    copies: int = 1,
    starts: int = 8,
    iterations: int = 400,
    cap: float = POTENTIAL_CAP,
) -> Worst:
    """Search for the smallest ratio under the conditions of Theorem 3.3 (needs SciPy).

    Parameters
    ----------
    gamma : float
        Largest spectral norm of W and of W*, in (0, 1).
    rng : numpy.random.Generator
        Source of the random starts.
    block, copies : int
        Size of a block, at least 2, and number of blocks; d is their product.
    starts : int, default 8
        Random starts, each followed by a local optimisation.
    iterations : int, default 400
        Of each local optimisation, at most.
    cap : float, default 0.1
        The largest potential.

    Returns
    -------
    Worst
        The smallest ratio found; the true minimum can only be smaller.

    Raises
    ------
    ValueError
        If a number is out of range.
    ImportError
        If SciPy is missing.

    Notes
    -----
    Source of the conditions: Li and Yuan (2017), Theorem 3.3.
    """
    if not 0 < gamma < 1:
        raise ValueError(f"gamma is {gamma}: give a number between 0 and 1")
    if block < 2 or copies < 1 or starts < 1:
        raise ValueError(
            f"block {block}, copies {copies}, starts {starts}: give at least 2, 1 and 1"
        )
    from scipy.optimize import minimize

    half = block * block

    def parts(free: FloatArray) -> tuple[_Bounded, _Bounded]:
        return (
            _Bounded.of(free[:half].reshape(block, block), gamma),
            _Bounded.of(free[half:].reshape(block, block), gamma),
        )

    nearest = _NEAREST * gamma**2 * copies
    # The penalty leaves the potential a little above what is aimed at.
    aim = cap - 0.003

    def objective(free: FloatArray) -> tuple[float, FloatArray]:
        first, second = parts(free)
        value, *slopes = _ratio_and_slopes(first.matrix, second.matrix, copies, aim, nearest)
        pulled = [
            part.pull_back(slope) for part, slope in zip((first, second), slopes, strict=True)
        ]
        return value, np.concatenate([slope.ravel() for slope in pulled])

    best: Worst | None = None
    for _ in range(starts):
        # Some starts have W and W* close together, where the potential is small.
        free = rng.standard_normal(half) * rng.uniform(0.2, 1.5)
        other = rng.uniform(-1, 1) * free + rng.uniform(0.05, 1.0) * rng.standard_normal(half)
        free = np.concatenate([free, other])
        found = minimize(
            objective, free, jac=True, method="L-BFGS-B", options={"maxiter": iterations}
        )
        weights, teacher = (part.matrix for part in parts(found.x))
        ratio, g, squared = copies_ratio(weights, teacher, copies)
        if g <= cap and squared >= 0.5 * nearest and (best is None or ratio < best.ratio):
            best = Worst(ratio, g, weights, teacher, copies)
    if best is None:
        raise RuntimeError("no start ended at admissible matrices: give more starts")
    return best
