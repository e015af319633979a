"""One residual unit with a linear output layer, w'(x + V z): its objective and derivatives.

z = f_theta(x) are the features that the inner layers make of an input x.  Theta is fixed here, so
any network whatever may have made them: only their values on the data are needed.  Parameters
travel as w of length d and V of shape (d, m); as one long vector w comes first, then V row by row.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from shortcutlib.angles import FloatArray
from shortcutlib.linear_bound.losses import Loss

__all__ = ["Curvature", "ResidualUnit"]


@dataclass(frozen=True)
class Curvature:
    """The Hessian in (w, V) at a point, and its least eigenvalue.

    Attributes
    ----------
    hessian : ndarray, shape (d + d m, d + d m)
        Symmetric; w first, then V row by row.
    least : float
        Least eigenvalue.
    direction : ndarray, shape (d + d m,)
        A unit eigenvector that belongs to it, its largest entry positive.
    """

    hessian: FloatArray
    least: float
    direction: FloatArray


@dataclass(frozen=True, eq=False)
class ResidualUnit:
    """The objective F(w, V) = E l(w'(x + V z); y) over a sample.

    Parameters
    ----------
    inputs : array_like, shape (n, d)
        x, one row each.
    features : array_like, shape (n, m)
        z = f_theta(x), from any feature map.
    targets : array_like, shape (n,)
        y.
    loss : Loss
        Convex and twice differentiable in the prediction.
    weights : array_like, shape (n,), optional
        Probability of each example; by default all are equal.

    Raises
    ------
    ValueError
        If shapes do not fit together, a number is not finite, a target does not suit the loss, or
        the probabilities are negative or do not add up to 1.

    Notes
    -----
    Source: Shamir (2018), equation (2) with theta fixed, that is F_theta(w, V).
    """

    inputs: FloatArray
    features: FloatArray
    targets: FloatArray
    loss: Loss
    weights: FloatArray | None = None

    def __post_init__(self) -> None:
        x, z = matrix("inputs", self.inputs), matrix("features", self.features)
        y = self.loss.check_targets(self.targets)
        if y.shape != (len(x),) or len(z) != len(x):
            raise ValueError(
                f"{len(x)} inputs, {len(z)} features, targets of shape {y.shape}: give one row of "
                "features and one target for every input"
            )
        q = np.full(len(x), 1 / len(x)) if self.weights is None else np.asarray(self.weights, float)
        if q.shape != y.shape or np.any(q < 0) or not abs(q.sum() - 1) < 1e-9:
            raise ValueError("weights: give one probability for every input, together 1")
        for name, value in (("inputs", x), ("features", z), ("targets", y), ("weights", q)):
            object.__setattr__(self, name, value)

    @property
    def d(self) -> int:
        """Number of inputs."""
        return self.inputs.shape[1]

    @property
    def m(self) -> int:
        """Number of features."""
        return self.features.shape[1]

    def check(self, w: ArrayLike, V: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return w and V as arrays; refuse shapes that do not fit the data.

        Parameters
        ----------
        w : array_like, shape (d,)
        V : array_like, shape (d, m)

        Returns
        -------
        w, V : ndarray

        Raises
        ------
        ValueError
            If a shape is wrong.
        """
        w, V = np.asarray(w, dtype=float), np.asarray(V, dtype=float)
        if w.shape != (self.d,) or V.shape != (self.d, self.m):
            raise ValueError(
                f"w of shape {w.shape} and V of shape {V.shape}: these data need "
                f"({self.d},) and ({self.d}, {self.m})"
            )
        return w, V

    def prediction(self, w: ArrayLike, V: ArrayLike) -> FloatArray:
        """w'(x + V z) for every example.

        Parameters
        ----------
        w : array_like, shape (d,)
            Output layer.
        V : array_like, shape (d, m)
            Last layer of the residual branch.

        Returns
        -------
        ndarray, shape (n,)
        """
        w, V = self.check(w, V)
        # V'w has m numbers: no n x d matrix is needed.
        return self.inputs @ w + self.features @ (w @ V)

    def value(self, w: ArrayLike, V: ArrayLike) -> float:
        """F(w, V).

        Parameters
        ----------
        w, V
            As for `prediction`.

        Returns
        -------
        float
        """
        return self._mean(self.loss.value(self.prediction(w, V), self.targets))

    def linear_value(self, w: ArrayLike) -> float:
        """F_lin(w) = E l(w'x; y), the expected loss of a linear predictor.

        Parameters
        ----------
        w : array_like, shape (d,)

        Returns
        -------
        float
        """
        return self._mean(self.loss.value(self.inputs @ np.asarray(w, dtype=float), self.targets))

    def gradient(self, w: ArrayLike, V: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Gradient of F in w and in V.

        Parameters
        ----------
        w, V
            As for `prediction`.

        Returns
        -------
        in_w : ndarray, shape (d,)
            E l'(x + V z).
        in_V : ndarray, shape (d, m)
            w (E l' z)'.
        """
        w, V = self.check(w, V)
        in_x, in_z = self.slopes(w, V)
        return in_x + V @ in_z, np.outer(w, in_z)

    def slopes(self, w: ArrayLike, V: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """E l' x and E l' z: what is left to gain along the inputs and along the features.

        Parameters
        ----------
        w, V
            As for `prediction`.

        Returns
        -------
        in_x : ndarray, shape (d,)
        in_z : ndarray, shape (m,)
        """
        slope = self._weights * self.loss.slope(self.prediction(w, V), self.targets)
        return slope @ self.inputs, slope @ self.features

    def output_hessian(self, w: ArrayLike, V: ArrayLike) -> FloatArray:
        """Second derivatives in w alone, E l''(x + V z)(x + V z)'.

        Parameters
        ----------
        w, V
            As for `prediction`.

        Returns
        -------
        ndarray, shape (d, d)
            Symmetric, without negative eigenvalues.
        """
        w, V = self.check(w, V)
        hidden = self.inputs + self.features @ V.T
        return self._second(hidden, w, V)

    def hessian(self, w: ArrayLike, V: ArrayLike) -> FloatArray:
        """All second derivatives of F in (w, V).

        Parameters
        ----------
        w, V
            As for `prediction`.

        Returns
        -------
        ndarray, shape (d + d m, d + d m)
            Symmetric; w first, then V row by row.
        """
        w, V = self.check(w, V)
        d, m = self.d, self.m
        hidden = self.inputs + self.features @ V.T
        inner = (w[:, None] * self.features[:, None, :]).reshape(len(hidden), d * m)
        whole = self._second(np.hstack([hidden, inner]), w, V)
        # The prediction is bilinear: its own second derivative joins w_a with V_ac only.
        mixed = np.kron(np.eye(d), self.slopes(w, V)[1])
        whole[:d, d:] += mixed
        whole[d:, :d] += mixed.T
        return whole

    def curvature(self, w: ArrayLike, V: ArrayLike) -> Curvature:
        """The Hessian with its least eigenvalue and a direction that belongs to it.

        Parameters
        ----------
        w, V
            As for `prediction`.

        Returns
        -------
        Curvature
        """
        whole = self.hessian(w, V)
        eigenvalues, vectors = np.linalg.eigh(whole)
        direction = vectors[:, 0]
        # Left to the linear algebra library, the sign would differ from machine to machine.
        direction = direction * np.sign(direction[np.argmax(np.abs(direction))])
        return Curvature(whole, float(eigenvalues[0]), direction)

    def is_sopsp(
        self, w: ArrayLike, V: ArrayLike, *, epsilon: float, hessian_lipschitz: float
    ) -> bool:
        """Whether a point is an epsilon-second-order partial stationary point.

        Parameters
        ----------
        w, V
            As for `prediction`.
        epsilon : float
            At least 0.
        hessian_lipschitz : float
            mu_2, a Lipschitz constant of the Hessian in (w, V); at least 0.

        Returns
        -------
        bool
            Whether the gradient is no longer than epsilon, and no eigenvalue of the Hessian lies
            below -sqrt(mu_2 epsilon).

        Raises
        ------
        ValueError
            If epsilon or mu_2 is negative.

        Notes
        -----
        Source: Shamir (2018), Definition 1.
        """
        for name, number in (("epsilon", epsilon), ("hessian_lipschitz", hessian_lipschitz)):
            if not number >= 0:
                raise ValueError(f"{name} = {number}: give a number of at least 0")
        in_w, in_V = self.gradient(w, V)
        if np.hypot(np.linalg.norm(in_w), np.linalg.norm(in_V)) > epsilon:
            return False
        return self.curvature(w, V).least >= -np.sqrt(hessian_lipschitz * epsilon)

    def with_bias(self) -> "ResidualUnit":
        """The same data with a constant 1 as last input and as last feature.

        Returns
        -------
        ResidualUnit

        Notes
        -----
        Source: Shamir (2018), Remark 1.
        """
        ones = np.ones((len(self.inputs), 1))
        return ResidualUnit(
            np.hstack([self.inputs, ones]),
            np.hstack([self.features, ones]),
            self.targets,
            self.loss,
            self.weights,
        )

    @property
    def _weights(self) -> FloatArray:
        assert self.weights is not None
        return self.weights

    def _mean(self, losses: FloatArray) -> float:
        return float(self._weights @ losses)

    def _second(self, jacobian: FloatArray, w: FloatArray, V: FloatArray) -> FloatArray:
        """J' diag(l'') J for the Jacobian of the predictions."""
        bend = self._weights * self.loss.curvature(self.prediction(w, V), self.targets)
        return jacobian.T @ (bend[:, None] * jacobian)


def matrix(name: str, values: ArrayLike) -> FloatArray:
    """Return `values` as a matrix; refuse anything else, naming it."""
    array = np.asarray(values, dtype=float)
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(f"{name} of shape {array.shape}: give a matrix, one row for each example")
    if not np.all(np.isfinite(array)):
        raise ValueError(f"{name}: there is an entry that is not a finite number")
    return array
