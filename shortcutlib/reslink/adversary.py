"""How small the constant of one-point convexity can be made: a search for the worst matrices.

Theorem 3.3 says that ``<-grad L(W), W* - W> > 0.03 |W* - W|_F^2`` for all W and W* with spectral
norms up to some gamma, in any dimension, as long as the potential is at most 0.1.  The search looks
for matrices that make the ratio of both sides small.  Large dimensions are reached with matrices of
equal blocks (`Blocks`), whose cost does not depend on the number of copies.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from shortcutlib.angles import FloatArray
from shortcutlib.reslink.exchangeable import Blocks, measure_blocks

__all__ = ["POTENTIAL_CAP", "PRINTED", "Worst", "small_limit", "with_witnesses", "worst_case"]

#: The constant of Theorem 3.3.
PRINTED = 0.03
#: The largest potential that Theorem 3.3 admits.
POTENTIAL_CAP = 0.1
#: Weight of the penalty on a potential above the cap in the first round, and its growth; and the
#: weight of the penalty on matrices that nearly coincide.
_PENALTY, _GROWTH, _APART = 30.0, 4.0, 50.0
#: Rounds of the penalty, at most.
_ROUNDS = 6
#: Smallest |W* - W|_F^2 over copies * gamma^2: nearer matrices lose the ratio in rounding.
_NEAREST = 1e-4


class Worst(NamedTuple):
    """Matrices found by the search, with the ratio and the potential there."""

    ratio: float
    potential: float
    weights: Blocks
    teacher: Blocks


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

    @classmethod
    def at(cls, matrix: FloatArray, gamma: float) -> "_Bounded":
        """The A of a matrix, whose spectral norm is first made smaller than gamma if need be."""
        left, sizes, right = np.linalg.svd(matrix)
        sizes = np.minimum(sizes / gamma, 0.9999)
        # The smaller root of sizes = 2 x / (1 + x^2).
        return cls.of((left * (sizes / (1 + np.sqrt(1 - sizes**2)))) @ right, gamma)


#: The blocks of one matrix: of shape (1, m, m), the mean alone, or (2, m, m), difference and mean.
_Stack = FloatArray


def _whole(stack: _Stack, copies: int) -> Blocks:
    return Blocks(stack[0], stack[-1], copies)


def _stack(whole: Blocks) -> _Stack:
    return np.stack(whole[:2] if whole.copies > 1 else whole[1:2])


def _times(copies: int) -> FloatArray:
    """How often each block of a stack counts in products of whole matrices."""
    return np.array([copies - 1.0, 1.0] if copies > 1 else [1.0]).reshape(-1, 1, 1)


def _ratio_and_slopes(
    first: _Stack, second: _Stack, copies: int, cap: float, penalty: float, nearest: float
) -> tuple[float, _Stack, _Stack]:
    """The ratio with its penalties, and its slopes in the blocks of W and of W*."""

    def gradient(weights: _Stack, teacher: _Stack) -> _Stack:
        found = measure_blocks(_whole(weights, copies), _whole(teacher, copies)).gradient
        return _stack(found)

    here = measure_blocks(_whole(first, copies), _whole(second, copies))
    away, down = second - first, _stack(here.gradient)
    squared, ratio = here.squared_distance, here.ratio
    # The Hessian is symmetric and the loss is the same with W and W* exchanged, so both slopes of
    # the inner product are differences of gradients in the one direction W* - W.
    tiny = 1e-5 / np.sqrt(squared)
    ahead, behind = first + tiny * away, first - tiny * away
    by_first = -(gradient(ahead, second) - gradient(behind, second)) / (2 * tiny) + down
    by_second = -(gradient(second, ahead) - gradient(second, behind)) / (2 * tiny) - down
    by_first = (by_first + 2 * ratio * away) / squared
    by_second = (by_second - 2 * ratio * away) / squared
    over = max(0.0, here.potential - cap)
    close = max(0.0, 1 - squared / nearest)
    value = ratio + penalty * over**2 + _APART * close**2
    slope = 4 * _APART * close / nearest
    by_first += slope * away - 2 * penalty * over * _unit(first, copies)
    by_second += -slope * away + 2 * penalty * over * _unit(second, copies)
    times = _times(copies)
    return value, times * by_first, times * by_second


def _unit(stack: _Stack, copies: int) -> _Stack:
    """The matrix of unit columns of I + W, in blocks: the slope of the sum of all lengths."""
    columns = stack + np.eye(stack.shape[1])
    # A column's square splits into a mean part and copies - 1 differences, each 1/copies of it.
    return columns / np.sqrt(np.sum(_times(copies) * columns**2, axis=(0, 1)) / copies)


def _random_start(
    shape: tuple[int, ...], copies: int, gamma: float, rng: np.random.Generator
) -> tuple[_Stack, _Stack]:
    """A random pair of free matrices A, of one of two kinds."""
    m = shape[-1]
    if rng.uniform() < 0.5:
        # Any matrices; some have W and W* close together, where the potential is small.
        size = 2 / np.sqrt(m)
        free = size * rng.uniform(0.1, 1.0) * rng.standard_normal(shape)
        other = size * rng.uniform(0.05, 1.0) * rng.standard_normal(shape)
        return free, rng.uniform(-1, 1) * free + other
    # Near opposite rotations, where the inner product is smallest for small gamma.
    gaussian = rng.standard_normal((m, m))
    left, _, right = np.linalg.svd(gaussian - gaussian.T)
    skew = np.broadcast_to(rng.uniform(0.3, 0.9) * left @ right, shape).copy()
    other = -rng.uniform(0.5, 1) * skew
    if copies > 1:
        # A mean of -gamma times the identity keeps (W* - W) u small.
        skew[-1], other[-1] = -rng.uniform(0, 1) * np.eye(m), -rng.uniform(0, 1) * np.eye(m)
    noise = rng.uniform(0.02, 0.4) / np.sqrt(m)
    return skew + noise * rng.standard_normal(shape), other + noise * rng.standard_normal(shape)


def worst_case(
    gamma: float,
    rng: np.random.Generator,
    *,
    block: int = 2,
    copies: int = 1,
    starts: int = 8,
    iterations: int = 400,
    cap: float = POTENTIAL_CAP,
    known: Worst | None = None,
) -> Worst:
    """Search for the smallest ratio under the conditions of Theorem 3.3 (needs SciPy).

    Parameters
    ----------
    gamma : float
        Largest spectral norm of W and of W*, in (0, 1).
    rng : numpy.random.Generator
        Source of the random starts.
    block, copies : int
        Size of a block, at least 2, and number of copies; d is their product.  With one copy the
        matrices are any d x d matrices, with more they are those of `Blocks`.
    starts : int, default 8
        Random starts, each followed by a local optimisation.
    iterations : int, default 400
        Of each local optimisation and round of its penalty, at most.
    cap : float, default 0.1
        The largest potential.
    known : Worst, optional
        Blocks of the same sizes, found for another gamma say: every second start is near them.

    Returns
    -------
    Worst
        The smallest ratio found; the true minimum can only be smaller.

    Raises
    ------
    ValueError
        If a number is out of range, or the known blocks are of other sizes.
    ImportError
        If SciPy is missing.
    RuntimeError
        If no start ended at admissible matrices.

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
    if known is not None and (len(known.weights.mean), known.weights.copies) != (block, copies):
        raise ValueError(
            f"the known blocks are {known.weights.copies} copies of size "
            f"{len(known.weights.mean)}: give {copies} of size {block}"
        )
    from scipy.optimize import minimize

    shape = (2 if copies > 1 else 1, block, block)
    nearest = _NEAREST * gamma**2 * copies

    def bounded(free: FloatArray) -> list[list[_Bounded]]:
        return [[_Bounded.of(a, gamma) for a in stack] for stack in free.reshape(2, *shape)]

    def stacks(parts: list[list[_Bounded]]) -> list[_Stack]:
        return [np.stack([part.matrix for part in stack]) for stack in parts]

    def objective(free: FloatArray, aim: float, penalty: float) -> tuple[float, FloatArray]:
        parts = bounded(free)
        first, second = stacks(parts)
        value, *slopes = _ratio_and_slopes(first, second, copies, aim, penalty, nearest)
        pulled = [
            part.pull_back(slope)
            for stack, by in zip(parts, slopes, strict=True)
            for part, slope in zip(stack, by, strict=True)
        ]
        return value, np.concatenate([slope.ravel() for slope in pulled])

    best: Worst | None = None
    for start in range(starts):
        if known is not None and start % 2 == 0:
            free = np.stack(
                [
                    [_Bounded.at(part, gamma).free for part in _stack(whole)]
                    for whole in (known.weights, known.teacher)
                ]
            )
            # The first start is the known pair itself.
            noise = rng.uniform(0, 0.3) / np.sqrt(block) if start else 0.0
            free = free + noise * rng.standard_normal(free.shape)
        else:
            free = np.stack(_random_start(shape, copies, gamma, rng))
        aim, penalty = cap, _PENALTY
        for _ in range(_ROUNDS):
            found = minimize(
                objective,
                free.ravel(),
                args=(aim, penalty),
                jac=True,
                method="L-BFGS-B",
                options={"maxiter": iterations, "maxcor": 20},
            )
            free = found.x
            weights, teacher = (_whole(stack, copies) for stack in stacks(bounded(free)))
            here = measure_blocks(weights, teacher)
            if here.potential <= cap and penalty > _PENALTY:
                break
            # An aim below the cap by the slack that the next penalty will leave (the method of
            # multipliers), and a little more.
            aim = cap - max(0.0, here.potential - aim) / _GROWTH - 1e-5
            penalty *= _GROWTH
        if (
            here.potential <= cap
            and here.squared_distance >= 0.5 * nearest
            and (best is None or here.ratio < best.ratio)
        ):
            best = Worst(here.ratio, here.potential, weights, teacher)
    if best is None:
        raise RuntimeError("no start ended at admissible matrices: give more starts")
    return best


def with_witnesses(
    records: Sequence[dict[str, Any]], *, few: int = 300, most: int = 600
) -> list[dict[str, Any]]:
    """All records of a search, but with the matrices of those only that show the most.

    Parameters
    ----------
    records : sequence of dict
        With ``gamma``, ``block``, ``copies``, ``ratio`` and the blocks ``weights``, ``teacher``.
    few, most : int
        Most numbers in a pair of matrices, so that what is shipped stays small.

    Returns
    -------
    list of dict
        Blocks are kept for the smallest ratio at every gamma (among pairs of at most `few`
        numbers), and for every size at the smallest gamma for which the printed constant fails (of
        at most `most`); elsewhere the lists are empty.
    """

    def numbers(record: dict[str, Any]) -> int:
        return sum(np.size(record[name]) for name in ("weights", "teacher"))

    kept = set()
    for gamma in {record["gamma"] for record in records}:
        here = [r for r in records if r["gamma"] == gamma and numbers(r) <= few]
        kept |= {id(min(here, key=lambda r: r["ratio"]))} if here else set()
    for size in {(record["block"], record["copies"]) for record in records}:
        here = [r for r in records if (r["block"], r["copies"]) == size and numbers(r) <= most]
        failing = [r for r in here if r["ratio"] < PRINTED]
        kept |= {id(min(failing, key=lambda r: r["gamma"]))} if failing else set()
    return [
        record if id(record) in kept else {**record, "weights": [], "teacher": []}
        for record in records
    ]
