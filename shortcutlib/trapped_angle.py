"""The trap under noise: the law of the angle at which trapped runs hover.

At the spurious point the error E does not depend on y, and the filter's noise is the same in all
p - 1 directions across v.  A small angle x = pi - phi is pulled back only by eta_w |q| x^2/(2 pi),
because the trap is degenerate.  Let the noise of a step have the variance eta_w^2 D/B in each
direction.  For small steps u, the part of the filter across -v*, |u| = x, is a diffusion with the
drift -eta_w |q| |u| u/(2 pi), minus the slope of eta_w |q| |u|^3/(6 pi).  Its stationary density in
the p - 1 dimensions is proportional to the exponential of minus twice that potential over the
variance, so that of x is proportional to x^(p-2) exp(-l x^3), l = B |q|/(3 pi eta_w D), and

    E x^3 = (p - 1)/(3 l) = (p - 1) pi eta_w D / (B |q|):

the angle of trapped runs goes with the cube root of eta_w/B.  What is left out is of relative order
x^2.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from shortcutlib import population
from shortcutlib.angles import FloatArray
from shortcutlib.gradient_noise import noise
from shortcutlib.teacher import Teacher, check_finite, check_size

__all__ = ["TrappedAngle", "trapped_angle"]


@dataclass(frozen=True)
class TrappedAngle:
    """The stationary law of x = pi - phi of trapped runs: density ~ x^(p-2) exp(-rate x^3).

    Attributes
    ----------
    p : int
        Patch size.
    rate : float
        l = B |q|/(3 pi eta_w D) at the spurious point.
    """

    p: int
    rate: float

    @property
    def mean_cube(self) -> float:
        """E x^3 = (p - 1)/(3 l)."""
        return (self.p - 1) / (3 * self.rate)

    def below(self, x: ArrayLike) -> FloatArray:
        """Probability of at most x (needs SciPy).

        Parameters
        ----------
        x : array_like
            At least 0.

        Returns
        -------
        ndarray
        """
        from shortcutlib.quadrature import special

        # x^3 has a gamma law of shape (p - 1)/3.
        cubes = np.asarray(x, dtype=float) ** 3
        return np.asarray(special().gammainc((self.p - 1) / 3, self.rate * cubes))

    def quantile(self, share: ArrayLike) -> FloatArray:
        """The angle below which a given share lies (needs SciPy).

        Parameters
        ----------
        share : array_like
            Inside [0, 1).

        Returns
        -------
        ndarray
        """
        from shortcutlib.quadrature import special

        cubes = special().gammaincinv((self.p - 1) / 3, np.asarray(share, dtype=float))
        return np.asarray(np.cbrt(cubes / self.rate))

    def sample(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Draw independent angles.

        Parameters
        ----------
        n : int
            How many.
        rng : numpy.random.Generator
            Source of the randomness.

        Returns
        -------
        ndarray, shape (n,)
        """
        return np.cbrt(rng.standard_gamma((self.p - 1) / 3, n) / self.rate)


def trapped_angle(teacher: Teacher, filter_step: float, batch: int) -> TrappedAngle:
    """How far from the trap small noise keeps the filters of trapped runs.

    Parameters
    ----------
    teacher : Teacher
        The network to recover, with p >= 2 and a spurious point that is a minimum.
    filter_step : float
        Step size eta_w, positive.
    batch : int
        B, inputs a step.

    Returns
    -------
    TrappedAngle
        Valid while x stays small; where `mean_cube` is of the order of 1, runs escape.

    Raises
    ------
    ValueError
        If there is no trap or an argument makes no sense.
    """
    check_size("batch", batch)
    if not check_finite("filter_step", filter_step) > 0:
        raise ValueError(f"filter_step = {filter_step}: give a positive number")
    if population.spurious_kind(teacher) is population.SpuriousKind.SADDLE or teacher.p < 2:
        raise ValueError("there is no trap: it needs S^2 < N (k + pi - 1)/pi and p >= 2")
    a = population.spurious_point(teacher).a
    pull = -float(a @ teacher.output_weights)
    across = noise(teacher, a, np.pi).across
    return TrappedAngle(teacher.p, batch * pull / (3 * np.pi * filter_step * across))
