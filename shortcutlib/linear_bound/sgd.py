"""Stochastic gradient descent with a shortcut to the output, w'x + v'f_theta(x): Theorem 4.

Here (w, v) enter linearly, so for every fixed theta the loss is convex in them, and moving theta
only changes which convex function is played next.  That is online learning, whose regret bound
holds for functions chosen by an adversary.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from shortcutlib.angles import FloatArray
from shortcutlib.linear_bound.features import HiddenLayer
from shortcutlib.linear_bound.losses import Loss
from shortcutlib.linear_bound.unit import matrix
from shortcutlib.paths import check_run
from shortcutlib.teacher import check_size

__all__ = ["SkipRuns", "SkipSetting", "best_linear_in_ball", "excess_bound", "skip_sgd"]


@dataclass(frozen=True, eq=False)
class SkipSetting:
    """Data, loss and domain of Theorem 4.

    Parameters
    ----------
    inputs : array_like, shape (n, d)
        The data distribution draws a row, all alike.
    targets : array_like, shape (n,)
    loss : Loss
        With a bounded slope.
    hidden : int
        m, number of features tanh(A x).
    radius : float
        b: M_1 is the ball ||(w, v)|| <= b.
    hidden_radius : float
        M_2 is the ball ||A|| <= hidden_radius in the Frobenius norm.
    step_ratio : float, default 1
        c: the step size is c b / (l sqrt(T)).

    Raises
    ------
    ValueError
        If the loss has no bounded slope, or a number or shape is wrong.

    Notes
    -----
    Source: Shamir (2018), section 5.
    """

    inputs: FloatArray
    targets: FloatArray
    loss: Loss
    hidden: int = 8
    radius: float = 3.0
    hidden_radius: float = 5.0
    step_ratio: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "inputs", matrix("inputs", self.inputs))
        object.__setattr__(self, "targets", self.loss.check_targets(self.targets))
        check_size("hidden", self.hidden)
        if not np.isfinite(self.loss.steepest):
            raise ValueError(
                f"the {self.loss.name} loss has slopes of any size: take one whose slope is bounded"
            )
        if not (self.radius > 0 and self.hidden_radius > 0):
            raise ValueError(
                f"radius = {self.radius}, hidden_radius = {self.hidden_radius}: give positive ones"
            )
        if not 0 < self.step_ratio < np.inf:
            raise ValueError(f"step_ratio = {self.step_ratio}: give a positive, finite one")

    @property
    def lipschitz(self) -> float:
        """l: a Lipschitz constant of every example's loss in (w, v), since |tanh| <= 1."""
        longest = float(np.max(np.sum(self.inputs**2, axis=1)))
        return self.loss.steepest * float(np.sqrt(longest + self.hidden))

    @property
    def largest_loss(self) -> float:
        """r: a bound on every example's loss over the domain."""
        at_zero = np.max(np.abs(self.loss.value(np.zeros_like(self.targets), self.targets)))
        return float(at_zero) + self.lipschitz * self.radius

    def step(self, steps: int) -> float:
        """The step size c b / (l sqrt(T))."""
        return self.step_ratio * self.radius / (self.lipschitz * float(np.sqrt(steps)))


@dataclass(frozen=True, eq=False)
class SkipRuns:
    """What several runs left.

    Attributes
    ----------
    steps : int
        T.
    best : ndarray, shape (runs,)
        Least objective among the iterates that were looked at: an upper bound for the best of all.
    mean : ndarray, shape (runs,)
        Mean objective of the iterates that were looked at.
    last : ndarray, shape (runs,)
        Objective at the last iterate.
    looked_at : ndarray of int
        Numbers of those iterates, from 1.
    objective : ndarray, shape (looked at, runs)
        The objective at each.
    """

    steps: int
    best: FloatArray
    mean: FloatArray
    last: FloatArray
    looked_at: FloatArray
    objective: FloatArray


def skip_sgd(
    setting: SkipSetting,
    *,
    steps: int,
    runs: int,
    rng: np.random.Generator,
    looks: int = 100,
    train_hidden: bool = True,
) -> SkipRuns:
    """Projected SGD on (w, v, A), all runs side by side.

    Parameters
    ----------
    setting : SkipSetting
    steps : int
        T.
    runs : int
        Independent runs.
    rng : numpy.random.Generator
        Draws starts (uniform directions, (w, v) on the rim of its ball) and examples.
    looks : int, default 100
        At how many iterates, evenly spread, the objective is computed.
    train_hidden : bool, default True
        Whether A moves with the gradient, or at random: the theorem allows both.

    Returns
    -------
    SkipRuns

    Raises
    ------
    ValueError
        If a number makes no sense.
    """
    check_run(steps, 0.0)
    for name, number in (("steps", steps), ("runs", runs), ("looks", looks)):
        check_size(name, number)
    x, y = setting.inputs, setting.targets
    (n, d), m = x.shape, setting.hidden
    joint = rng.standard_normal((runs, d + m))
    joint *= setting.radius / np.linalg.norm(joint, axis=1, keepdims=True)
    layer = _in_ball(rng.standard_normal((runs, m, d)), setting.hidden_radius)
    rate = setting.step(steps)
    look_at = np.unique(np.linspace(1, steps, min(looks, steps)).round().astype(int))
    objective: list[FloatArray] = []
    for t in range(1, steps + 1):
        if t == look_at[len(objective)]:
            objective.append(_objective(setting, joint, layer))
            if t == steps:
                break
        drawn = rng.integers(n, size=runs)
        inputs, targets = x[drawn], y[drawn]
        network = HiddenLayer(layer)
        features = network.features(inputs)
        both = np.concatenate([inputs, features], axis=1)
        slope = setting.loss.slope(np.sum(joint * both, axis=1), targets)[:, None]
        if train_hidden:
            change = network.gradient(inputs, features, slope * joint[:, d:])
        else:
            change = rng.standard_normal(layer.shape) / rate * 0.1
        joint = _in_ball(joint - rate * slope * both, setting.radius)
        layer = _in_ball(layer - rate * change, setting.hidden_radius)
    values = np.array(objective)
    return SkipRuns(steps, values.min(0), values.mean(0), values[-1], look_at, values)


def excess_bound(setting: SkipSetting, *, steps: int, delta: float) -> float:
    """What Theorem 4 allows the mean iterate above the best linear predictor, constants included.

    Parameters
    ----------
    setting : SkipSetting
    steps : int
        T.
    delta : float
        Probability of more, in (0, 1).

    Returns
    -------
    float
        ((2/c + c/2) b l + 2 sqrt(2) min(r, b l) sqrt(log(1/delta))) / sqrt(T) for the step
        c b / (l sqrt(T)).

    Raises
    ------
    ValueError
        If a number is out of range.

    Notes
    -----
    The regret of projected gradient descent over a ball of radius b is at most
    (2b)^2/(2 eta) + eta l^2 T/2; Azuma's inequality adds the rest.  The paper's own r is not
    needed: an l-Lipschitz loss varies by at most 2 b l over that ball.  Source: Shamir (2018),
    Theorem 4.
    """
    check_size("steps", steps)
    if not 0 < delta < 1:
        raise ValueError(f"delta = {delta}: give a probability between 0 and 1")
    bl = setting.radius * setting.lipschitz
    chance = 2 * np.sqrt(2) * min(setting.largest_loss, bl) * np.sqrt(np.log(1 / delta))
    regret = (2 / setting.step_ratio + setting.step_ratio / 2) * bl
    return float((regret + chance) / np.sqrt(steps))


def best_linear_in_ball(setting: SkipSetting) -> tuple[FloatArray, float]:
    """The best u with (u, 0) in M_1, by projected gradient descent with Nesterov's momentum.

    Parameters
    ----------
    setting : SkipSetting

    Returns
    -------
    u : ndarray, shape (d,)
    value : float
        F_lin(u).

    Raises
    ------
    RuntimeError
        If the minimisation does not arrive.
    """
    x, y = setting.inputs, setting.targets
    # l'' of both losses with bounded slopes is at most 3/2.
    smooth = 1.5 * float(np.linalg.norm(x, 2)) ** 2 / len(x)
    u = before = np.zeros(x.shape[1])
    for iteration in range(200_000):
        ahead = u + iteration / (iteration + 3) * (u - before)
        slope = setting.loss.slope(x @ ahead, y) @ x / len(x)
        before, u = u, _in_ball((ahead - slope / smooth)[None], setting.radius)[0]
        slope = setting.loss.slope(x @ u, y) @ x / len(x)
        # No point of the ball is better by more than this (convexity).
        if slope @ u + setting.radius * np.linalg.norm(slope) < 1e-9:
            return u, float(np.mean(setting.loss.value(x @ u, y)))
    raise RuntimeError("the best linear predictor in the ball was not found")


def _objective(setting: SkipSetting, joint: FloatArray, layer: FloatArray) -> FloatArray:
    """F of every run."""
    d = setting.inputs.shape[1]
    hidden = np.tanh(layer @ setting.inputs.T)
    predicted = joint[:, :d] @ setting.inputs.T + np.einsum("rm,rmn->rn", joint[:, d:], hidden)
    return np.asarray(setting.loss.value(predicted, setting.targets).mean(axis=1))


def _in_ball(points: ArrayLike, radius: float) -> FloatArray:
    """The nearest points of a ball; the first axis counts the points."""
    points = np.asarray(points, dtype=float)
    flat = points.reshape(len(points), -1)
    lengths = np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-300)
    return np.asarray((flat * np.minimum(1.0, radius / lengths)).reshape(points.shape))
