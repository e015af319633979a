"""Finding the border between success and failure along lines of starts, all lines at once.

The outcome along a line is yes or no, so the border could only be bisected.  But near it every run
lingers at the saddle on the border (q = 0, g(phi) near 1) and leaves it along the one unstable
direction.  The deviation f in that direction, at a time when small deviations have grown by a
factor e^G, is a smooth increasing function of the start whose zero tends to the border like
e^{-3G}.  So: divide brackets by outcomes a few times; then find the zero of f by inverse
interpolation, each time closer and with a larger G; finally look on either side whether the
outcomes confirm it, and fall back on division where they do not.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shortcutlib import outcomes
from shortcutlib.angles import FloatArray
from shortcutlib.multirevolution import Recurrence, longest_stride, pack
from shortcutlib.paths import Network
from shortcutlib.reduced import state
from shortcutlib.relu_kernel import g
from shortcutlib.step_sizes import StepSizes
from shortcutlib.teacher import Teacher

__all__ = ["Border", "Lines"]

#: Points into which a bracket is divided at once: a batch of them costs hardly more than one run.
_SECTIONS = 24
#: Points of the inverse interpolation, in units of half the bracket.
_POINTS = np.array([-1.0, -0.6, 0.0, 0.6, 1.0])
#: Deviation from the saddle, in radians, within which f is close to linear.
_LINEAR = 0.1
#: By how much strides are shortened, by tolerance; the error goes with the fourth power.
_SHORTEN = ((1e-7, 3), (1e-8, 5), (5e-10, 8), (1e-10, 12), (0.0, 36))


#: Steps after which single-step runs are given up: they are outside what is proved.
_PATIENCE_UNPROVED = 300_000
#: Runs in strides may take so many times k^2 steps: with the paper's eta_a = 1/k^2 all k take
#: about as many strides, but at k = 10,000 these are billions of steps.
_PATIENCE_PER_SQUARE = 100


@dataclass(frozen=True, eq=False)
class Border:
    """Where the outcome changes along each line.

    Attributes
    ----------
    place : ndarray, shape (n,)
        The line's parameter, in [-1, 1]; -inf where every start succeeds, inf where every one
        fails.
    error : ndarray, shape (n,)
        Estimated error: the width of the confirmed bracket and the effect of the strides.
    """

    place: FloatArray
    error: FloatArray


@dataclass(frozen=True, eq=False)
class Lines:
    """Lines of starts; the parameter runs from -1 to 1 and only rises from failure to success.

    Attributes
    ----------
    teacher, steps, network
        What is run.
    proved : bool
        Whether the order of `shortcutlib.order` is preserved: only then are strides taken.
    middle, reach : ndarray, shape (3, n)
        (s, q, phi) at parameter 0, and what is added to it at parameter 1.
    """

    teacher: Teacher
    steps: StepSizes
    network: Network
    proved: bool
    middle: FloatArray
    reach: FloatArray

    def rows(self, which: NDArray[np.intp], parameter: FloatArray) -> FloatArray:
        """Packed starts on the lines `which`, for parameters of shape (which.size, m)."""
        s, q, angle = self.middle[:, which, None] + self.reach[:, which, None] * parameter
        start = state(s.ravel(), q.ravel(), np.clip(angle, 0, np.pi).ravel())
        return pack(self.teacher, start, self.network)

    def succeed(
        self, which: NDArray[np.intp], parameter: FloatArray, shorten: int
    ) -> NDArray[np.bool_]:
        """Which starts succeed, of the shape of `parameter` (rising along its last axis)."""
        patience = max(outcomes.PATIENCE, _PATIENCE_PER_SQUARE * self.teacher.k**2)
        codes, _ = outcomes.follow(
            self.teacher,
            self.rows(which, parameter),
            self.steps,
            self.network,
            patience=patience if self.proved else _PATIENCE_UNPROVED,
            shorten=shorten if self.proved else None,
        )
        if np.any(codes == outcomes.RUNNING):
            raise RuntimeError(
                "a start is still undecided after millions of steps: it lies on the border itself "
                "or in a cycle, where there is no probability of success; try smaller step sizes"
            )
        won = (codes == outcomes.SUCCESS).reshape(parameter.shape)
        if np.any(won[:, :-1] & ~won[:, 1:]):
            raise RuntimeError(
                "the outcome changes more than once along a line of starts: with these step sizes "
                "there is no single border; simulate instead"
            )
        return won

    def border(self, tolerance: float) -> Border:
        """Locate the border on every line.

        Parameters
        ----------
        tolerance : float
            Accuracy sought, from 1e-12; brackets are sixteen times narrower.

        Returns
        -------
        Border

        Raises
        ------
        RuntimeError
            If the outcome changes more than once along a line, or a start stays undecided.
        """
        width = max(tolerance / 16, 4e-14)
        n = self.middle.shape[1]
        ends = np.broadcast_to([-1.0, 1.0], (n, 2))
        won = self.succeed(np.arange(n), ends, 1)
        place = np.where(won[:, 0], -np.inf, np.where(won[:, 1], 0.0, np.inf))
        error = np.zeros(n)
        which = np.flatnonzero(place == 0.0)
        low, high = -np.ones(which.size), np.ones(which.size)
        if which.size and not self.proved:
            low, high = self._divide(which, low, high, width, 1)
            place[which], error[which] = (low + high) / 2, (high - low) / 2
        elif which.size:
            low, high = self._divide(which, low, high, 1e-3, 1)
            shorten = next(f for least, f in _SHORTEN if tolerance >= least)
            # Twice: the difference tells what the strides do, 15 times what they do at last.
            rough, _ = self._interpolate(
                which, (low + high) / 2, (high - low) / 2, 10 * width, (shorten + 1) // 2
            )
            fine, sure = self._interpolate(which, rough, np.full(rough.size, 1e-6), width, shorten)
            change = np.where(sure, np.abs(fine - rough) / 8, 0.0)
            beside = np.stack([fine - width, fine + width], axis=1)
            beside = np.where(sure[:, None], beside, [-1.0, 1.0])
            confirmed = sure & np.all(self.succeed(which, beside, shorten) == [False, True], axis=1)
            again = np.flatnonzero(~confirmed)
            if again.size:
                below, above = self._divide(
                    which[again], low[again] - 1e-3, high[again] + 1e-3, width, shorten
                )
                fine[again] = (below + above) / 2
                change[again] = width
            place[which], error[which] = fine, width + change
        return Border(place, error)

    def _divide(
        self,
        which: NDArray[np.intp],
        low: FloatArray,
        high: FloatArray,
        width: float,
        shorten: int,
    ) -> tuple[FloatArray, FloatArray]:
        """Narrow brackets (low fails, high succeeds) by dividing them into many parts at once."""
        low, high = low.copy(), high.copy()
        inner = np.linspace(0, 1, _SECTIONS + 2)[1:-1]
        while True:
            wide = np.flatnonzero(high - low > width)
            if wide.size == 0:
                return low, high
            grid = low[wide, None] + (high - low)[wide, None] * inner
            won = self.succeed(which[wide], grid, shorten)
            grid = np.concatenate([low[wide, None], grid, high[wide, None]], axis=1)
            lost = np.sum(~won, axis=1)
            rows = np.arange(wide.size)
            low[wide], high[wide] = grid[rows, lost], grid[rows, lost + 1]

    def _interpolate(
        self,
        which: NDArray[np.intp],
        place: FloatArray,
        half: FloatArray,
        width: float,
        shorten: int,
    ) -> tuple[FloatArray, NDArray[np.bool_]]:
        """Zeros of f near `place`, and whether each was bracketed in the end."""
        place, half = place.copy(), half.copy()
        sure = np.zeros(place.size, dtype=bool)
        for _ in range(12):
            todo = np.flatnonzero(~sure)
            if todo.size == 0:
                break
            at = place[todo, None] + half[todo, None] * _POINTS
            growth = float(np.log(_LINEAR / np.max(half[todo])))
            f = self._deviation(which[todo], at, shorten, max(growth, 3.0))
            bracketed = (f[:, 0] < 0) & (f[:, -1] > 0) & np.all(np.diff(f, axis=1) > 0, axis=1)
            zero, check = _inverse(f, at), _inverse(f[:, 1:-1], at[:, 1:-1])
            good = bracketed & (np.abs(zero - place[todo]) <= half[todo])
            place[todo] = np.where(good, zero, place[todo])
            sure[todo] = good & (half[todo] <= 30 * width)
            closer = np.maximum(np.abs(zero - check), half[todo] / 1000)
            half[todo] = np.where(good, np.maximum(closer, width), 8 * half[todo])
        return place, sure

    def _deviation(
        self, which: NDArray[np.intp], parameter: FloatArray, shorten: int, most_growth: float
    ) -> FloatArray:
        """The function f: deviation from the saddle in radians of the unstable direction."""
        teacher = self.teacher
        rows = self.rows(which, parameter)
        growth = 0.0
        reach = float(np.max(np.abs(rows[1])))
        for phase, begin, end in self.steps.stretches():
            rate = outcomes.growth_rate(teacher, phase.output, phase.filter)
            stride = max(longest_stride(teacher, phase, reach) // shorten, 1)
            recurrence = Recurrence(teacher, phase, stride if stride >= 4 else 1)
            if end is None:
                strides = int(np.ceil((most_growth - growth) / (rate * recurrence.stride)))
                recurrence.advance(rows, max(strides, 1))
                break
            strides, left = divmod(end - begin, recurrence.stride)
            recurrence.advance(rows, strides)
            if left:
                last = Recurrence(teacher, phase, left if left >= 4 else 1)
                last.advance(rows, 1 if left >= 4 else left)
            growth += rate * (end - begin)
        saddle, direction = _saddle(teacher, phase.output, phase.filter)
        return (direction @ (rows - saddle[:, None])).reshape(parameter.shape)


def _inverse(f: FloatArray, at: FloatArray) -> FloatArray:
    """Value at f = 0 of the polynomial through the points (f, at), by Lagrange's formula."""
    total = np.zeros(f.shape[0])
    with np.errstate(divide="ignore", invalid="ignore"):
        for i in range(f.shape[1]):
            others = np.delete(f, i, axis=1)
            total += at[:, i] * np.prod(others / (others - f[:, i : i + 1]), axis=1)
    return total


def _saddle(
    teacher: Teacher, output_step: float, filter_step: float
) -> tuple[FloatArray, FloatArray]:
    """The saddle (s - S, 0, pi - phi), and the covector that measures its unstable direction."""
    k, total, norm_squared = teacher.k, teacher.output_sum, teacher.norm_squared
    share = total**2 / norm_squared / (k + np.pi - 1)
    # Without a saddle (share above 1/pi) no start fails and this is never asked for.
    kernel = max((1 - np.pi * share) / (1 - share), 0.0)
    low, high = 0.0, np.pi
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if g(middle) > kernel else (low, middle)
    rest = np.pi - low
    rate, turn = output_step / (2 * np.pi), filter_step / (2 * np.pi) * rest * np.sin(rest)
    slope = rest * np.sin(rest)
    jacobian = np.array(
        [
            [-rate * (k + np.pi - 1), 0, rate * total * slope],
            [-rate * total, -rate * (np.pi - 1), rate * norm_squared * slope],
            [0, turn, 0],
        ]
    )
    values, left = np.linalg.eig(jacobian.T)
    covector = np.real(left[:, np.argmax(np.real(values))])
    values, right = np.linalg.eig(jacobian)
    unstable = np.real(right[:, np.argmax(np.real(values))])
    # One unit of f is one radian along the unstable direction, towards success.
    return np.array([-(np.pi - kernel) * total / (k + np.pi - 1), 0.0, rest]), covector / (
        covector @ unstable / unstable[2]
    )
