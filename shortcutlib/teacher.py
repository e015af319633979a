"""The teacher network: the parameters that a student is asked to recover.

A teacher is a unit filter v* of length p and output weights a* of length k.  Gradient descent on
the population loss sees only k, the output sum S = 1'a*, the squared norm N = ||a*||^2 and the
angle between v* and the shortcut; `Teacher.from_numbers` builds vectors with exactly those values.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Protocol, get_args

import numpy as np

from shortcutlib.angles import FloatArray, angle_between

__all__ = ["Reading", "Teacher", "TeacherNumbers", "shortcut_vector"]

#: How the sentence "1'a* = ||a*||^2 / 4" of the paper's section 4 is read.
Reading = Literal["squared", "literal"]

#: Rounding allowed in a unit length and in S^2 <= k N, relative.
_TOLERANCE = 1e-9


def shortcut_vector(p: int) -> FloatArray:
    """The average-pooling shortcut 1/sqrt(p): the unit vector of p equal entries.

    Parameters
    ----------
    p : int
        Patch size, at least 1.

    Returns
    -------
    ndarray, shape (p,)

    Raises
    ------
    ValueError
        If `p` is not a positive whole number.

    Notes
    -----
    Source: Liu et al. (2019), equation (2).
    """
    check_size("p", p)
    return np.full(int(p), 1 / np.sqrt(p))


def check_size(name: str, value: int) -> None:
    """Refuse a size (k or p) that is not a positive whole number, naming it."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"{name} = {value!r}: give a whole number of at least 1")


def check_finite(name: str, value: float) -> float:
    """Return `value` as a float; refuse what is not one finite number, naming it."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{name} = {value!r}: give one finite number") from None
    if not np.isfinite(number):
        raise ValueError(f"{name} = {number}: give a finite number")
    return number


class TeacherNumbers(Protocol):
    """All that the reduced dynamics ask of a teacher: numbers, or arrays of them for many teachers.

    `Teacher` has them, and so has `shortcutlib.dissipativity.Teachers`.
    """

    @property
    def k(self) -> Any:
        """Number of patches."""

    @property
    def output_sum(self) -> Any:
        """S = 1'a*."""

    @property
    def norm_squared(self) -> Any:
        """N = |a*|^2."""

    @property
    def spread(self) -> Any:
        """N - S^2/k, without cancellation."""


@dataclass(frozen=True, eq=False)
class Teacher:
    """A teacher network g(v*, a*, Z) = sum_j a*_j relu(Z_j' v*).

    Parameters
    ----------
    filter : array_like, shape (p,)
        The convolutional weight v*, of unit length.
    output_weights : array_like, shape (k,)
        The output weights a*, not all zero.

    Raises
    ------
    ValueError
        If a shape is wrong, an entry is not finite, v* is not of unit length or a* is zero.

    Notes
    -----
    Source: Liu et al. (2019), equation (4).
    """

    filter: FloatArray
    output_weights: FloatArray

    def __post_init__(self) -> None:
        for name, symbol in (("filter", "v*"), ("output_weights", "a*")):
            array = np.array(getattr(self, name), dtype=float)
            if array.ndim != 1 or array.size == 0:
                raise ValueError(
                    f"{name} ({symbol}) has shape {array.shape}: give a vector of one or more"
                )
            if not np.all(np.isfinite(array)):
                wrong = array[~np.isfinite(array)][0]
                raise ValueError(f"{name} ({symbol}) contains {wrong}: every entry must be finite")
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        length = float(np.linalg.norm(self.filter))
        if abs(length - 1) > _TOLERANCE:
            raise ValueError(
                f"filter (v*) has length {length:.12g}, not 1: divide it by its norm "
                "and multiply output_weights by it (the network stays the same)"
            )
        if not np.any(self.output_weights):
            raise ValueError("output_weights (a*) is zero: there is nothing to learn; give a* != 0")

    @classmethod
    def from_numbers(
        cls,
        *,
        k: int,
        output_sum: float,
        norm_squared: float,
        angle: float,
        p: int = 8,
        rng: np.random.Generator | None = None,
    ) -> "Teacher":
        """Build vectors whose numbers are exactly the requested ones.

        Parameters
        ----------
        k : int
            Number of patches, at least 1.
        output_sum : float
            S = 1'a*, with S^2 <= k N (and S^2 = N when k = 1).
        norm_squared : float
            N = ||a*||^2, positive.
        angle : float
            Angle between v* and the shortcut 1/sqrt(p), in [0, pi]; 0 or pi when p = 1.
        p : int, default 8
            Patch size, at least 1.
        rng : numpy.random.Generator, optional
            Draws the free directions uniformly; without it they are fixed ones.

        Returns
        -------
        Teacher

        Raises
        ------
        ValueError
            If no such teacher exists; the message names the value and the remedy.
        """
        check_size("k", k)
        check_size("p", p)
        total = check_finite("output_sum (S)", output_sum)
        norm_squared = check_finite("norm_squared (N)", norm_squared)
        angle = check_finite("angle", angle)
        if norm_squared <= 0:
            raise ValueError(f"norm_squared (N) = {norm_squared:.12g}: give a positive number")
        excess = total**2 - k * norm_squared
        if k == 1 and abs(excess) > _TOLERANCE * norm_squared:
            raise ValueError(
                f"k = 1 needs S^2 = N, but output_sum^2 = {total**2:.12g} and norm_squared = "
                f"{norm_squared:.12g}: set norm_squared to output_sum^2 or take k >= 2"
            )
        if excess > _TOLERANCE * k * norm_squared:
            raise ValueError(
                f"S^2 = {total**2:.12g} exceeds k N = {k * norm_squared:.12g}: no vector of {k} "
                "entries has that sum and norm; lower |output_sum| or raise norm_squared or k"
            )
        if not 0 <= angle <= np.pi:
            raise ValueError(f"angle = {angle:.12g}: give radians in [0, pi]")
        if p == 1 and 0 < angle < np.pi:
            raise ValueError(f"angle = {angle:.12g} with p = 1: only 0 and pi exist; take p >= 2")

        spread = norm_squared - total**2 / k
        # With one entry, or S^2 = k N, there is no spread: what is left of it here is rounding.
        spread = np.sqrt(spread) if k > 1 and spread > 1e-14 * norm_squared else 0.0
        weights = np.full(k, total / k)
        if spread > 0:
            weights = weights + spread * _unit_orthogonal_to_ones(k, rng)
        shortcut = shortcut_vector(p)
        filter_ = np.cos(angle) * shortcut
        if p > 1:
            filter_ = filter_ + np.sin(angle) * _unit_orthogonal_to_ones(p, rng)
        return cls(filter_ / np.linalg.norm(filter_), weights)

    @classmethod
    def section_4(
        cls,
        k: int,
        *,
        p: int = 8,
        reading: Reading = "squared",
        norm_squared: float | None = None,
    ) -> "Teacher":
        """The teacher of the paper's experiments, under an explicit reading of its sentence.

        Parameters
        ----------
        k : int
            Number of patches.
        p : int, default 8
            Patch size, at least 2.
        reading : {"squared", "literal"}
            ``"squared"`` takes (1'a*)^2 = ||a*||^2 / 4, ``"literal"`` takes 1'a* = ||a*||^2 / 4 as
            printed.  The paper's published success rates fit the first and cannot come from the
            second (see the chapter on success rates).
        norm_squared : float, optional
            N = ||a*||^2, which the paper does not print.  The default, 6 k, belongs to
            ``"squared"``; ``"literal"`` has none, and needs N <= 16 k.

        Returns
        -------
        Teacher
            With v* = (cos 7pi/10, sin 7pi/10, 0, ..., 0).

        Raises
        ------
        ValueError
            If the reading is unknown, N is missing or impossible, or p < 2.

        Notes
        -----
        Source: Liu et al. (2019), section 4.  The footnote there gives .45 pi for the angle to the
        shortcut; that is the value for p = 2.  At the printed p = 8 it is .475077 pi.
        """
        check_size("k", k)
        check_size("p", p)
        if reading not in get_args(Reading):
            raise ValueError(f"reading = {reading!r}: choose 'squared' or 'literal'")
        if p < 2:
            raise ValueError(f"p = {p}: the section-4 filter has two non-zero entries; take p >= 2")
        if norm_squared is None:
            if reading == "literal":
                raise ValueError(
                    "the literal reading S = N/4 fixes no N, and the paper prints none: "
                    "give norm_squared, at most 16 k"
                )
            norm_squared = 6.0 * k
        norm_squared = check_finite("norm_squared (N)", norm_squared)
        if norm_squared <= 0:
            raise ValueError(f"norm_squared (N) = {norm_squared:.12g}: give a positive number")
        total = norm_squared / 4 if reading == "literal" else np.sqrt(norm_squared) / 2
        weights = cls.from_numbers(
            k=k, output_sum=total, norm_squared=norm_squared, angle=0.0
        ).output_weights
        filter_ = np.zeros(p)
        filter_[:2] = np.cos(0.7 * np.pi), np.sin(0.7 * np.pi)
        return cls(filter_, weights)

    @property
    def k(self) -> int:
        """Number of patches: the length of a*."""
        return self.output_weights.size

    @property
    def p(self) -> int:
        """Patch size: the length of v*."""
        return self.filter.size

    @cached_property
    def output_sum(self) -> float:
        """S = 1'a*."""
        return float(np.sum(self.output_weights))

    @cached_property
    def norm_squared(self) -> float:
        """N = ||a*||^2."""
        return float(self.output_weights @ self.output_weights)

    @cached_property
    def spread(self) -> float:
        """N - S^2/k, the squared norm of the part of a* orthogonal to 1 (0 if below 1e-20 N)."""
        centred = self.output_weights - self.output_weights.mean()
        value = float(centred @ centred)
        return value if value > 1e-20 * self.norm_squared else 0.0

    @cached_property
    def shortcut(self) -> FloatArray:
        """The average-pooling shortcut 1/sqrt(p), a unit vector of shape (p,)."""
        return shortcut_vector(self.p)

    @cached_property
    def residual(self) -> FloatArray:
        """w* = v* - 1/sqrt(p), of shape (p,): what the student's w should become."""
        return self.filter - self.shortcut

    @cached_property
    def angle(self) -> float:
        """Angle between v* and the shortcut, in [0, pi]: where a student with w = 0 starts."""
        return angle_between(self.filter, self.shortcut)

    @property
    def satisfies_shortcut_prior(self) -> bool:
        """Whether ||w*|| <= 1, that is angle <= pi/3 (the paper's Assumption 1)."""
        return self.angle <= np.pi / 3 * (1 + 1e-15)

    @property
    def start_radius(self) -> float:
        """Radius |S|/sqrt(k) of the ball from which the paper draws a_0."""
        return float(abs(self.output_sum) / np.sqrt(self.k))

    def __repr__(self) -> str:
        return (
            f"Teacher(k={self.k}, p={self.p}, output_sum={self.output_sum:.6g}, "
            f"norm_squared={self.norm_squared:.6g}, angle={self.angle / np.pi:.6g} pi)"
        )


def _unit_orthogonal_to_ones(size: int, rng: np.random.Generator | None) -> FloatArray:
    """A unit vector orthogonal to (1, ..., 1): alternating signs, or uniform with `rng`."""
    if rng is None:
        direction = np.zeros(size)
        pairs = size // 2
        direction[: 2 * pairs : 2], direction[1 : 2 * pairs : 2] = 1.0, -1.0
    else:
        direction = rng.standard_normal(size)
        # Twice is enough: the second pass removes what rounding left of the mean in the first.
        for _ in range(2):
            direction = direction - direction.mean()
    return direction / np.linalg.norm(direction)
