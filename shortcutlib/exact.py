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
from numpy.typing import ArrayLike, NDArray

from shortcutlib import multirevolution, order, outcomes
from shortcutlib.angles import FloatArray
from shortcutlib.paths import Network, check_network
from shortcutlib.reduced import state
from shortcutlib.step_sizes import StepSizes
from shortcutlib.teacher import Teacher

__all__ = ["ExactProbability", "separatrix", "success_probability"]

#: Points into which a bracket is divided at once: a batch of 24 costs hardly more than one run.
_SECTIONS = 24


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


def _special() -> Any:
    try:
        from scipy import special
    except ImportError:
        raise ImportError(
            "exact probabilities need SciPy: pip install scipy (or shortcutlib[exact])"
        ) from None
    return special


def _tail(t: FloatArray, power: float) -> FloatArray:
    """P(T > t) for T on [-1, 1] with density proportional to (1 - t^2)^(power - 1)."""
    t = np.clip(t, -1, 1)
    outside = 0.5 * _special().betainc(power, 0.5, (1 - t) * (1 + t))
    return np.where(t >= 0, outside, 1 - outside)


def _gegenbauer(n: int, power: float) -> tuple[FloatArray, FloatArray]:
    """Gauss nodes and weights (of sum 1) for the density (1 - t^2)^(power - 1) on [-1, 1].

    Golub and Welsch's eigenvalues rather than `scipy.special.roots_jacobi`, whose weights involve
    gamma functions that overflow for k in the hundreds.
    """
    i = np.arange(1.0, n)
    alpha = power - 0.5
    # i = 1 in closed form: the general one is 0/0 for alpha = 0.
    square = np.where(
        i == 1,
        1 / (2 * (1 + alpha)),
        i * (i + 2 * alpha - 1) / (4 * (i + alpha) * np.maximum(i + alpha - 1, 1e-300)),
    )
    nodes, vectors = np.linalg.eigh(np.diag(np.sqrt(square), 1) + np.diag(np.sqrt(square), -1))
    return nodes, vectors[0] ** 2


@dataclass(frozen=True)
class _Lines:
    """Straight lines of starts, one for each node; the parameter runs from failure to success."""

    teacher: Teacher
    steps: StepSizes
    network: Network
    output_sum: FloatArray
    middle: FloatArray  # q at parameter 0, or q throughout where the angle is searched
    reach: FloatArray  # q at parameter 1, less `middle`
    angle: FloatArray | None  # None: the parameter is 1 - 2 phi/pi
    proved: bool

    def rows(self, which: NDArray[np.intp], parameter: FloatArray) -> FloatArray:
        """Packed starts of shape (rows, which.size * m) for parameters of shape (which.size, m)."""
        shape = parameter.shape
        q = self.middle[which, None] + self.reach[which, None] * parameter
        angle = (
            np.pi * (1 - parameter) / 2
            if self.angle is None
            else np.broadcast_to(self.angle[which, None], shape)
        )
        s = np.broadcast_to(self.output_sum[which, None], shape)
        start = state(s.ravel(), q.ravel(), np.clip(angle, 0, np.pi).ravel())
        return multirevolution.pack(self.teacher, start, self.network)

    def succeed(
        self, which: NDArray[np.intp], parameter: FloatArray, shorten: int
    ) -> NDArray[np.bool_]:
        """Which starts succeed, of the shape of `parameter`."""
        codes, _ = outcomes.follow(
            self.teacher,
            self.rows(which, parameter),
            self.steps,
            self.network,
            outcomes.PATIENCE,
            shorten=shorten if self.proved else None,
        )
        if np.any(codes == outcomes.RUNNING):
            raise RuntimeError(
                "a start is still undecided after ten million steps: it lies on the border itself "
                "or in a cycle"
            )
        won = (codes == outcomes.SUCCESS).reshape(parameter.shape)
        if np.any(won[:, :-1] & ~won[:, 1:]):
            raise RuntimeError(
                "the outcome changes more than once along a line of starts: with these step sizes "
                "there is no single border; use the simulated rate"
            )
        return won

    def brackets(self, tolerance: float, shorten: int) -> tuple[FloatArray, FloatArray]:
        """Parameters (low fails, high succeeds) at most `tolerance` apart, by repeated division.

        Lines without a border get (-inf, -inf) if all of them succeeds, (inf, inf) if all fails.
        """
        n = self.output_sum.size
        everyone = np.arange(n)
        grid = np.broadcast_to(np.linspace(-1, 1, _SECTIONS + 2), (n, _SECTIONS + 2))
        low, high = np.full(n, -np.inf), np.full(n, np.inf)
        which = everyone
        while which.size:
            won = self.succeed(which, grid, shorten)
            rows = np.arange(which.size)
            first = np.argmax(won, axis=1)
            all_won, all_lost = won[:, 0], ~won[:, -1]
            low[which] = np.where(all_won, low[which], grid[rows, np.where(all_lost, -1, first - 1)])
            high[which] = np.where(all_lost, high[which], grid[rows, first])
            low[which[all_lost & np.isinf(high[which])]] = np.inf
            high[which[all_won & np.isinf(low[which])]] = -np.inf
            # Rounding of the parameter itself ends the search.
            width = high - low
            which = everyone[np.isfinite(low) & np.isfinite(high) & (width > max(tolerance, 4e-16))]
            inner = np.linspace(0, 1, _SECTIONS + 2)[1:-1]
            grid = low[which, None] + width[which, None] * inner
            grid = np.clip(grid, low[which, None], high[which, None])
            if not shorten:
                break
        return low, high
