"""Many steps of the reduced descent at once: Runge-Kutta weights made for m steps of a map.

One step of the residual student's reduced descent is x -> x + F(x), with x = (s - S, q, pi - phi)
and F small.  A Runge-Kutta step of length m approximates the *flow* of F, which is not what
m steps do; but its coefficients can be chosen to approximate the m-fold *map* instead.  Expanding
m steps in elementary differentials gives sums over 0 <= i < m where the flow has integrals:

    F: m                    F'F: sum i              F''(F, F): sum i^2      F'F'F: sum C(i, 2)
    F'''(F, F, F): sum i^3  F''(F, F'F): sum i C(i, 2)
    F'F''(F, F): sum over i of (sum of j^2 for j < i)                       F'F'F'F: sum C(i, 3)

Matching these eight numbers makes the error of m steps O(|m F|^5), whatever m is; as m grows the
coefficients tend to those of a classical method of order four.  F contains the step's own
arctangent, so nothing is lost there.  Such schemes are called multirevolution methods
(Calvo, Jay, Montijano and Rández, 2004).

F is linear but for two functions of the state, the kernel g and the turn t of the filter.  So every
stage is a fixed combination of the start and of the values of g and t found so far: a matrix
product and a handful of array operations.  Strides of about 1.5/eta_a (k + pi - 1) steps, 1.5 k for
the paper's step sizes, are accurate to about 1e-6 of a start.
"""

import numpy as np

from shortcutlib.angles import FloatArray
from shortcutlib.paths import Network
from shortcutlib.reduced import ReducedState
from shortcutlib.step_sizes import Phase
from shortcutlib.teacher import Teacher

__all__ = ["Recurrence", "longest_stride", "multirevolution_weights", "pack", "unpack"]

#: Shortest stride for which the eight conditions have a solution; below it, steps are single.
SHORTEST_STRIDE = 4
#: Largest stride times a rate of the linearised step; the scheme's error goes with its 5th power.
_STRIDE_TIMES_RATE = 0.24
_STRIDE_TIMES_TURN = 0.36
#: Upper bound of (pi - phi) sin(phi) over [0, pi].
_LARGEST_TURN = 1.8198


def multirevolution_weights(m: int) -> tuple[FloatArray, FloatArray]:
    """Coefficients of the four-stage scheme for m steps of x -> x + F(x).

    Parameters
    ----------
    m : int
        Number of steps, at least 4.

    Returns
    -------
    a : ndarray, shape (4, 4)
        Strictly lower triangular: stage i is taken at x + m sum_j a[i, j] F_j.
    b : ndarray, shape (4,)
        The m steps lead to x + m sum_i b[i] F_i, up to O(|m F|^5).

    Raises
    ------
    ValueError
        If m is below 4, where some of the conditions are 0 = 1.

    Notes
    -----
    With stages 2 and 3 at one node c and a[3, 1] = 0 the conditions can be solved one after the
    other; for m to infinity c = 1/2.
    """
    if m < SHORTEST_STRIDE:
        raise ValueError(f"m = {m}: the scheme needs at least {SHORTEST_STRIDE} steps at once")
    # The eight sums, divided by m, m^2, m^3 and m^4, with x = 1/m (the first is 1).
    x = 1 / m
    line = (1 - x) / 2
    square, chain = (1 - x) * (2 - x) / 6, (1 - x) * (1 - 2 * x) / 6
    cube = (1 - x) ** 2 / 4
    mixed = (cube - x * square) / 2
    inner = (2 * cube - 3 * x * square + x * x * line) / 6
    long_chain = (1 - x) * (1 - 2 * x) * (1 - 3 * x) / 24
    # One node for stages 2 and 3 forces inner = c chain.
    c = inner / chain
    last = (cube - c * square) / (square - c * line)
    b4 = (square - c * line) / (last * (last - c))
    both = (line - b4 * last) / c
    through_3 = (last * chain - mixed) / (last - c)
    through_4 = (mixed - c * chain) / (last - c)
    b3 = through_3 * through_4 / (c * long_chain)
    a = np.zeros((4, 4))
    a[1, 0] = c
    a[2, 1] = through_3 / (b3 * c)
    a[2, 0] = c - a[2, 1]
    a[3, 2] = through_4 / (b4 * c)
    a[3, 0] = last - a[3, 2]
    return a, np.array([1 - both - b4, both - b3, b3, b4])


def longest_stride(teacher: Teacher, phase: Phase, largest_alignment: float) -> int:
    """How many steps may be taken at once for an error of about 1e-6.

    Parameters
    ----------
    teacher : Teacher
        Only its k and N are used.
    phase : Phase
        Step sizes.
    largest_alignment : float
        Largest |q| that occurs.

    Returns
    -------
    int
        At least 1; 1 means single steps.
    """
    turn = _LARGEST_TURN / (2 * np.pi) * phase.filter
    rates = (
        phase.output * (teacher.k + np.pi - 1) / (2 * np.pi * _STRIDE_TIMES_RATE),
        np.sqrt(turn * _LARGEST_TURN * phase.output / (2 * np.pi) * teacher.norm_squared)
        / _STRIDE_TIMES_TURN,
        turn * largest_alignment / _STRIDE_TIMES_TURN,
    )
    stride = int(min(1 / max(*rates, 1e-9), 1e9))
    return stride if stride >= SHORTEST_STRIDE else 1


def pack(teacher: Teacher, state: ReducedState, network: Network = "residual") -> FloatArray:
    """Rows s - S, q, pi - phi, and for the CNN |v|^2: the state as `Recurrence` works on it.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.
    state : ReducedState
        Arrays of shape (n,).
    network : {"residual", "cnn"}
        Whether the filter's length matters.

    Returns
    -------
    ndarray, shape (3, n) or (4, n)
        The norm of the part of `a` across 1 and a* is left out: it influences nothing.
    """
    rows = [state.output_sum - teacher.output_sum, state.alignment, np.pi - state.angle]
    if network == "cnn":
        rows.append(state.filter_norm**2)
    return np.array(rows, dtype=float)


def unpack(teacher: Teacher, rows: FloatArray) -> ReducedState:
    """The reduced states of packed rows, with `orthogonal_norm` zero.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.
    rows : ndarray, shape (3, n) or (4, n)
        As made by `pack`.

    Returns
    -------
    ReducedState
        Arrays of shape (n,).
    """
    length = np.sqrt(rows[3]) if len(rows) == 4 else np.ones(rows.shape[1])
    angle = np.clip(np.pi - rows[2], 0.0, np.pi)
    return ReducedState(
        rows[0] + teacher.output_sum, rows[1], angle, np.zeros(rows.shape[1]), length
    )


class Recurrence:
    """The reduced descent with fixed step sizes, m steps at a time and in place.

    Parameters
    ----------
    teacher : Teacher
        Only its k, S and N are used.
    phase : Phase
        Step sizes; the length is ignored.
    stride : int, default 1
        Steps at once: 1 (exact), or at least 4 for a residual network.  With more than one, no step
        may pass a pole, which eta_w |q| < 2 ensures.
    network : {"residual", "cnn"}
        The CNN has no strides: its steps are large and few.

    Raises
    ------
    ValueError
        If the stride is impossible.
    """

    def __init__(
        self, teacher: Teacher, phase: Phase, stride: int = 1, network: Network = "residual"
    ) -> None:
        if stride != 1 and network == "cnn":
            raise ValueError(f"stride = {stride}: the CNN's steps are taken one at a time")
        a, b = (np.zeros((1, 1)), np.ones(1)) if stride == 1 else multirevolution_weights(stride)
        rate = phase.output / (2 * np.pi)
        k, total, norm_squared = teacher.k, teacher.output_sum, teacher.norm_squared
        self.stride = stride
        self._network = network
        self._turn_rate = phase.filter / (2 * np.pi)
        # Basis: 1, s - S, q, pi - phi, then g and the turn of every stage.
        stages = b.size
        width = 4 + 2 * stages
        position = np.eye(4, width)[1:]
        constant = -rate * np.array([np.pi * total, norm_squared, 0.0])
        linear = -rate * np.array([[k + np.pi - 1, 0, 0], [total, np.pi - 1, 0], [0, 0, 0]])
        forcing = np.array([[rate * total, 0.0], [rate * norm_squared, 0.0], [0.0, 1.0]])
        slopes: list[FloatArray] = []
        self._stages: list[FloatArray] = []
        for i in range(stages):
            stage = position + stride * sum(
                (a[i, j] * slopes[j] for j in range(i)), np.zeros((3, width))
            )
            slope = linear @ stage
            slope[:, 0] += constant
            slope[:, 4 + 2 * i : 6 + 2 * i] += forcing
            slopes.append(slope)
            needed = stage[:, : 4 + 2 * i].copy()
            needed[1] *= self._turn_rate
            self._stages.append(needed)
        self._last = position + stride * np.tensordot(b, np.array(slopes), 1)
        self._rows = np.empty((width, 0))

    def advance(self, rows: FloatArray, strides: int = 1) -> None:
        """Advance all students by `strides` times `stride` steps, in place.

        Parameters
        ----------
        rows : ndarray, shape (3, n) or (4, n)
            Packed states; overwritten.  The working memory is 15 arrays of shape (n,).
        strides : int, default 1
            How many strides to take.
        """
        n = rows.shape[1]
        if self._rows.shape[1] != n:
            self._rows = np.empty((self._last.shape[1], n))
            self._rows[0] = 1.0
            self._stage = np.empty((3, n))
            self._free = np.empty((2, n))
        everything, stage, (sine, cosine) = self._rows, self._stage, self._free
        everything[1:4] = rows[:3]
        for _ in range(strides):
            for number, matrix in enumerate(self._stages):
                used = matrix.shape[1]
                # The first stage is the start itself.
                _, q, rest = (
                    everything[1:4]
                    if number == 0
                    else np.matmul(matrix, everything[:used], out=stage)
                )
                kernel, turn = everything[used : used + 2]
                np.sin(rest, out=sine)
                np.cos(rest, out=cosine)
                np.multiply(sine, rest, out=turn)
                np.multiply(turn, q, out=turn)
                if number == 0:
                    # Later stages hold q times this rate already.
                    np.multiply(turn, self._turn_rate, out=turn)
                # g = sin(x) - x cos(x) for x = pi - phi.
                np.multiply(cosine, rest, out=cosine)
                np.subtract(sine, cosine, out=kernel)
                if self._network == "cnn":
                    turn /= rows[3]
                    np.multiply(turn, turn, out=sine)
                    sine += 1.0
                    rows[3] *= sine
                np.arctan(turn, out=turn)
            np.matmul(self._last, everything, out=stage)
            if self.stride == 1:
                # A single step may pass a pole: phi folds at 0, then at pi.
                rest = stage[2]
                np.subtract(np.pi, rest, out=rest)
                np.abs(rest, out=rest)
                np.subtract(np.pi, rest, out=rest)
                np.abs(rest, out=rest)
            everything[1:4] = stage
        rows[:3] = everything[1:4]
