"""ResLink with weights made of equal blocks: large matrices from four small ones.

A matrix of ``copies`` x ``copies`` blocks that stays the same whenever the copies are exchanged has
one block D on the diagonal and another one O everywhere else.  It acts on vectors that are equal in
all copies like the *mean block* ``C = D + (copies - 1) O``, and on vectors whose copies add up to
zero like the *difference block* ``B = D - O``.  So its spectral norm is the larger one of B and C.
If student and teacher are such matrices, so is the gradient, and everything follows from B and C in
a time that does not depend on the number of copies.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from shortcutlib.angles import FloatArray
from shortcutlib.reslink.population import _Columns, _cosines, _unit_columns

__all__ = ["Blocks", "BlocksState", "blocks", "measure_blocks"]


class Blocks(NamedTuple):
    """A d x d matrix of equal blocks, d = m * copies.

    ``difference`` and ``mean`` are the blocks B and C, of shape (m, m).  With one copy there are no
    differences, and the matrix is C.
    """

    difference: FloatArray
    mean: FloatArray
    copies: int

    @property
    def matrix(self) -> FloatArray:
        """The whole matrix, of shape (d, d)."""
        average = np.full((self.copies, self.copies), 1 / self.copies)
        return np.kron(np.eye(self.copies) - average, self.difference) + np.kron(average, self.mean)

    @property
    def spectral_norm(self) -> float:
        """The spectral norm of the whole matrix."""
        both = (self.mean,) if self.copies == 1 else (self.difference, self.mean)
        return float(max(np.linalg.norm(block, 2) for block in both))


class BlocksState(NamedTuple):
    """What is measured at W, for the whole matrix.

    ``inner_product`` and ``squared_distance`` are as in `OnePoint`, ``potential`` is g.  The blocks
    of ``gradient`` are those of the matrix of all slopes.
    """

    inner_product: float
    squared_distance: float
    potential: float
    gradient: Blocks

    @property
    def ratio(self) -> float:
        """The largest delta of one-point convexity here (nan at W*)."""
        if self.squared_distance == 0:
            return float("nan")
        return self.inner_product / self.squared_distance


def blocks(difference: ArrayLike, mean: ArrayLike, copies: int) -> Blocks:
    """A matrix of equal blocks from what it does to differences and to means of the copies.

    Parameters
    ----------
    difference, mean : array_like, shape (m, m)
        The blocks B and C; equal ones give a block diagonal matrix.
    copies : int
        Number of copies, at least 1.

    Returns
    -------
    Blocks

    Raises
    ------
    ValueError
        If the blocks are not square, not finite or of different sizes, or there is no copy.
    """
    if copies < 1:
        raise ValueError(f"{copies} copies: give at least 1")
    first, second = (np.asarray(block, dtype=float) for block in (difference, mean))
    if first.ndim != 2 or first.shape[0] != first.shape[1] or first.shape != second.shape:
        raise ValueError(
            f"blocks have shapes {first.shape} and {second.shape}: give two square ones of one size"
        )
    if not (np.all(np.isfinite(first)) and np.all(np.isfinite(second))):
        raise ValueError("a block has entries that are not finite")
    return Blocks(first, second, int(copies))


def _parts(whole: Blocks) -> tuple[FloatArray, FloatArray]:
    """The block D on the diagonal and the block O everywhere else."""
    beside = (whole.mean - whole.difference) / whole.copies
    # With one copy there is nothing beside it.
    return (whole.difference + beside, beside) if whole.copies > 1 else (whole.mean, 0 * beside)


def _of_two_copies(own: FloatArray, beside: FloatArray, copies: int) -> tuple[_Columns, _Columns]:
    """The columns that belong to the first copy and those that belong to the second.

    Rows are the first copy, the second, and the equal other ones as one, times the root of their
    number: all lengths and products of columns are those of the whole matrix.
    """
    rest = max(copies - 2, 0) ** 0.5 * beside
    return (
        _unit_columns(np.concatenate([own, beside, rest])),
        _unit_columns(np.concatenate([beside, own, rest])),
    )


def measure_blocks(weights: Blocks, teacher: Blocks) -> BlocksState:
    """Inner product, distance, potential and gradient at a matrix of equal blocks.

    Parameters
    ----------
    weights, teacher : Blocks
        W and W*, with the same number of copies and the same size of blocks.

    Returns
    -------
    BlocksState

    Raises
    ------
    ValueError
        If they do not fit each other.

    Notes
    -----
    Source: Li and Yuan (2017), Lemma 2.1 (with the factor 1/pi) and Definitions 2.2 and 2.4, for
    such matrices.
    """
    n, m = weights.copies, len(weights.mean)
    if teacher.copies != n or len(teacher.mean) != m:
        raise ValueError(
            f"W has {n} copies of size {m}, W* {teacher.copies} of size {len(teacher.mean)}: "
            "give two of one size"
        )
    identity = np.eye(m)
    (p, p_beside), (q, q_beside) = _parts(weights), _parts(teacher)
    away, away_beside = q - p, q_beside - p_beside
    p, q = p + identity, q + identity
    student = _of_two_copies(p, p_beside, n)
    truth = _of_two_copies(q, q_beside, n)
    # At a zero column there is no gradient; the formula then takes a zero direction.
    length = np.where(student[0].length > 0, student[0].length, 1.0)
    own, beside, sines = np.zeros((m, m)), np.zeros((m, m)), np.zeros(m)
    for sign, left, a, b in ((1.0, student, p, p_beside), (-1.0, truth, q, q_beside)):
        angle = _cosines(left[0], student[0])[1]
        own += sign * a @ (np.pi - angle)
        beside += sign * b @ (np.pi - angle)
        sines += sign * left[0].length @ np.sin(angle)
        if n > 1:
            # The columns of the second copy stand for those of all the others.
            angle = _cosines(left[1], student[0])[1]
            own += sign * (n - 1) * b @ (np.pi - angle)
            beside += sign * (a + (n - 2) * b) @ (np.pi - angle)
            sines += sign * (n - 1) * left[0].length @ np.sin(angle)
    own = (own + p * (sines / length)) / np.pi
    beside = (beside + p_beside * (sines / length)) / np.pi
    if n == 1:
        beside = np.zeros((m, m))

    def product(
        first: tuple[FloatArray, FloatArray], second: tuple[FloatArray, FloatArray]
    ) -> float:
        return n * float(np.vdot(first[0], second[0]) + (n - 1) * np.vdot(first[1], second[1]))

    # A difference of squares over a sum keeps its digits where the columns nearly agree.
    longer = np.einsum("ij,ij->j", away, p + q)
    longer += (n - 1) * np.einsum("ij,ij->j", away_beside, p_beside + q_beside)
    total = student[0].length + truth[0].length
    return BlocksState(
        -product((own, beside), (away, away_beside)),
        product((away, away_beside), (away, away_beside)),
        n * float((longer / np.where(total > 0, total, 1.0)).sum()),
        Blocks(own - beside, own + (n - 1) * beside, n),
    )
