"""Where training runs away: an open set of starts that never gets as low as a linear predictor.

One input x = 1 with target 1, and a feature z = 1 or -1 that agrees with it on average: E z = rho.
The predictor w = 1, V = 0 has loss 0.  At w = 0 every prediction is 0, whatever V is, so there the
loss is 1/2: a wall.  Behind it, where w < 0, nothing is better than (1 - rho^2)/2, and that only
in the limit w -> 0, V -> -infinity.
"""

import numpy as np

from shortcutlib.angles import FloatArray
from shortcutlib.linear_bound.losses import SQUARED
from shortcutlib.linear_bound.unit import ResidualUnit

__all__ = ["gradient_flow", "runaway_floor", "runaway_unit"]


def runaway_unit(rho: float) -> ResidualUnit:
    """The two examples, with probabilities (1 + rho)/2 and (1 - rho)/2.

    Parameters
    ----------
    rho : float
        Correlation of the feature and the target, in (-1, 1).

    Returns
    -------
    ResidualUnit
        With one input and one feature.

    Raises
    ------
    ValueError
        If rho is out of range.
    """
    if not -1 < rho < 1:
        raise ValueError(f"rho = {rho}: give a correlation between -1 and 1")
    return ResidualUnit(
        np.ones((2, 1)),
        np.array([[1.0], [-1.0]]),
        np.ones(2),
        SQUARED,
        np.array([(1 + rho) / 2, (1 - rho) / 2]),
    )


def runaway_floor(rho: float) -> float:
    """What the loss stays above wherever w < 0: (1 - rho^2) / 2.

    Parameters
    ----------
    rho : float

    Returns
    -------
    float
    """
    return (1 - rho**2) / 2


def gradient_flow(
    unit: ResidualUnit, w: float, V: float, times: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Gradient descent with infinitely small steps, for one input and one feature (needs SciPy).

    Parameters
    ----------
    unit : ResidualUnit
        With d = m = 1.
    w, V : float
        Start, at time 0.
    times : ndarray
        Increasing times at which to stop and look.

    Returns
    -------
    w, V : ndarray
        Where the flow is at those times.

    Raises
    ------
    ValueError
        If there are more inputs or features.
    RuntimeError
        If the integration fails.
    """
    from scipy.integrate import solve_ivp

    if (unit.d, unit.m) != (1, 1):
        raise ValueError(f"{unit.d} inputs, {unit.m} features: the flow is for one of each")

    def rate(_: float, x: FloatArray) -> FloatArray:
        in_w, in_V = unit.gradient(x[:1], x[1:, None])
        return -np.array([in_w[0], in_V[0, 0]])

    def bend(_: float, x: FloatArray) -> FloatArray:
        return -unit.hessian(x[:1], x[1:, None])

    found = solve_ivp(
        rate,
        (0, float(times[-1])),
        [w, V],
        method="Radau",
        t_eval=times,
        jac=bend,
        rtol=1e-9,
        atol=1e-12,
    )
    if not found.success:
        raise RuntimeError(f"the flow could not be followed: {found.message}")
    return found.y[0], found.y[1]
