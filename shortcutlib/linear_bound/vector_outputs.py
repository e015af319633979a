"""Several outputs: W (x + V z) with a matrix W, where the paper goes as far as Theorem 1.

With c outputs and d inputs, c <= d, every second-order stationary point in (W, V) is as good as any
predictor linear in x and z: the question that the paper's Remark 2 leaves open.  With c > d the
rank of W V is in the way, and `more_outputs_than_inputs` shows a local minimum above the best
linear predictor.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from shortcutlib.angles import FloatArray
from shortcutlib.linear_bound.unit import matrix

__all__ = [
    "CROSS_ENTROPY",
    "SQUARED_VECTOR",
    "VectorLoss",
    "VectorUnit",
    "comparison_matrix",
    "curvature_bound",
    "gradient_bound",
    "more_outputs_than_inputs",
]


@dataclass(frozen=True)
class VectorLoss:
    """A convex loss of a prediction with c entries.

    Parameters
    ----------
    name : str
    value : callable
        From predictions and targets, both of shape (n, c), to losses of shape (n,).
    slope : callable
        To gradients of shape (n, c).
    curvature : callable
        To Hessians of shape (n, c, c), none of which has a negative eigenvalue.
    columns : int, default 1
        Columns of the targets for each output.
    """

    name: str
    value: Callable[[FloatArray, FloatArray], FloatArray]
    slope: Callable[[FloatArray, FloatArray], FloatArray]
    curvature: Callable[[FloatArray, FloatArray], FloatArray]
    columns: int = 1


def _softmax(p: FloatArray) -> FloatArray:
    e = np.exp(p - p.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))


def _entropy_value(p: FloatArray, y: FloatArray) -> FloatArray:
    top = p.max(axis=1)
    total = top + np.log(np.exp(p - top[:, None]).sum(axis=1))
    return np.asarray(total * y.sum(axis=1) - (y * p).sum(axis=1))


def _entropy_curvature(p: FloatArray, y: FloatArray) -> FloatArray:
    s = _softmax(p)
    each = s[:, :, None] * np.eye(p.shape[1]) - s[:, :, None] * s[:, None, :]
    return np.asarray(y.sum(axis=1)[:, None, None] * each)


#: ||p - y||^2 / 2.
SQUARED_VECTOR = VectorLoss(
    "squared",
    lambda p, y: ((p - y) ** 2).sum(axis=1) / 2,
    lambda p, y: p - y,
    lambda p, y: np.broadcast_to(np.eye(p.shape[1]), (*p.shape, p.shape[1])),
)

#: -sum_j y_j log softmax(p)_j for targets that are probabilities, such as the rows of an identity.
CROSS_ENTROPY = VectorLoss(
    "cross-entropy",
    _entropy_value,
    lambda p, y: y.sum(axis=1, keepdims=True) * _softmax(p) - y,
    _entropy_curvature,
)


@dataclass(frozen=True, eq=False)
class VectorUnit:
    """The objective F(W, V) = E l(W (x + V z); y) over a sample.

    Parameters
    ----------
    inputs : array_like, shape (n, d)
    features : array_like, shape (n, m)
    targets : array_like, shape (n, c)
        More columns where the loss says so.
    loss : VectorLoss

    Raises
    ------
    ValueError
        If the shapes do not fit together or a number is not finite.

    Notes
    -----
    Source: Shamir (2018), Remark 2.
    """

    inputs: FloatArray
    features: FloatArray
    targets: FloatArray
    loss: VectorLoss

    def __post_init__(self) -> None:
        for name in ("inputs", "features", "targets"):
            object.__setattr__(self, name, matrix(name, getattr(self, name)))
        if not len(self.inputs) == len(self.features) == len(self.targets):
            raise ValueError(
                f"{len(self.inputs)} inputs, {len(self.features)} features, {len(self.targets)} "
                "targets: give one row of each for every example"
            )

    def check(self, W: ArrayLike, V: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return W and V as arrays; refuse shapes that do not fit the data.

        Parameters
        ----------
        W : array_like, shape (c, d)
        V : array_like, shape (d, m)

        Returns
        -------
        W, V : ndarray

        Raises
        ------
        ValueError
            If a shape is wrong.
        """
        W, V = np.asarray(W, dtype=float), np.asarray(V, dtype=float)
        c = self.targets.shape[1] // self.loss.columns
        d, m = self.inputs.shape[1], self.features.shape[1]
        if W.shape != (c, d) or V.shape != (d, m):
            raise ValueError(
                f"W of shape {W.shape} and V of shape {V.shape}: these data need {(c, d)} "
                f"and {(d, m)}"
            )
        return W, V

    def prediction(self, W: ArrayLike, V: ArrayLike) -> FloatArray:
        """W (x + V z) for every example.

        Parameters
        ----------
        W : array_like, shape (c, d)
        V : array_like, shape (d, m)

        Returns
        -------
        ndarray, shape (n, c)
        """
        W, V = self.check(W, V)
        return self.inputs @ W.T + self.features @ (W @ V).T

    def value(self, W: ArrayLike, V: ArrayLike) -> float:
        """F(W, V).

        Parameters
        ----------
        W, V
            As for `prediction`.

        Returns
        -------
        float
        """
        return float(np.mean(self.loss.value(self.prediction(W, V), self.targets)))

    def linear_value(self, W: ArrayLike) -> float:
        """Expected loss of the linear predictor W x.

        Parameters
        ----------
        W : array_like, shape (c, d)

        Returns
        -------
        float
        """
        predicted = self.inputs @ np.asarray(W, dtype=float).T
        return float(np.mean(self.loss.value(predicted, self.targets)))

    def gradient(self, W: ArrayLike, V: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Gradient of F in W and in V.

        Parameters
        ----------
        W, V
            As for `prediction`.

        Returns
        -------
        in_W : ndarray, shape (c, d)
        in_V : ndarray, shape (d, m)
        """
        W, V = self.check(W, V)
        slope = self.loss.slope(self.prediction(W, V), self.targets) / len(self.inputs)
        in_z = slope.T @ self.features
        return slope.T @ self.inputs + in_z @ V.T, W.T @ in_z

    def hessian(self, W: ArrayLike, V: ArrayLike) -> FloatArray:
        """All second derivatives of F in (W, V).

        Parameters
        ----------
        W, V
            As for `prediction`.

        Returns
        -------
        ndarray, shape (c d + d m, c d + d m)
            Symmetric; W first, row by row, then V row by row.
        """
        W, V = self.check(W, V)
        (c, d), m, n = W.shape, V.shape[1], len(self.inputs)
        hidden = self.inputs + self.features @ V.T
        outer = np.einsum("ab,ne->nabe", np.eye(c), hidden).reshape(n, c, c * d)
        inner = np.einsum("ad,nm->nadm", W, self.features).reshape(n, c, d * m)
        jacobian = np.concatenate([outer, inner], axis=2)
        predicted = self.prediction(W, V)
        bend = self.loss.curvature(predicted, self.targets) / n
        whole = np.einsum("nai,nab,nbj->ij", jacobian, bend, jacobian, optimize=True)
        in_z = self.loss.slope(predicted, self.targets).T @ self.features / n
        mixed = np.einsum("am,de->adem", in_z, np.eye(d)).reshape(c * d, d * m)
        whole[: c * d, c * d :] += mixed
        whole[c * d :, : c * d] += mixed.T
        return np.asarray(whole)


def comparison_matrix(
    W: ArrayLike, V: ArrayLike, W_star: ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """The direction along which F falls at least as fast as the gap to W* x.

    Parameters
    ----------
    W : array_like, shape (c, d)
        Of rank c, so that c <= d.
    V : array_like, shape (d, m)
    W_star : array_like, shape (c, d)

    Returns
    -------
    in_W : ndarray, shape (c, d)
        W - W*.
    in_V : ndarray, shape (d, m)
        W+ W* V, with the pseudoinverse W+.

    Raises
    ------
    ValueError
        If the rows of W are linearly dependent.

    Notes
    -----
    Since W W+ = I, the argument of Lemma 1 goes through.  Source: Shamir (2018), Remark 2.
    """
    W, V, W_star = (np.asarray(array, dtype=float) for array in (W, V, W_star))
    if np.linalg.matrix_rank(W) < W.shape[0]:
        raise ValueError("the rows of W are linearly dependent: the bound needs W W+ = I")
    return W - W_star, np.linalg.pinv(W) @ W_star @ V


def gradient_bound(unit: VectorUnit, W: ArrayLike, V: ArrayLike, W_star: ArrayLike) -> float:
    """Theorem 1 for several outputs: the least length of the gradient where W has rank c.

    Parameters
    ----------
    unit : VectorUnit
    W, V
        The point; the rows of W are linearly independent.
    W_star : array_like, shape (c, d)

    Returns
    -------
    float
        (F - F_lin(W*)) / sqrt(2 ||W||^2 + ||W*||^2 (2 + ||V||^2 / sigma^2)) with Frobenius norms of
        W and W*, the spectral norm of V, and sigma the least singular value of W.

    Raises
    ------
    ValueError
        If a shape is wrong or the rows of W are linearly dependent.
    """
    W, V = unit.check(W, V)
    W_star = np.asarray(W_star, dtype=float)
    comparison_matrix(W, V, W_star)
    sigma = float(np.linalg.svd(W, compute_uv=False)[-1])
    spread = (float(np.linalg.norm(V, 2)) / sigma) ** 2
    gap = unit.value(W, V) - unit.linear_value(W_star)
    return gap / float(np.sqrt(2 * np.sum(W**2) + np.sum(W_star**2) * (2 + spread)))


def curvature_bound(unit: VectorUnit, W: ArrayLike, V: ArrayLike, W_star: ArrayLike) -> float:
    """A bound on the gap to W* x at every point, for fewer outputs than inputs.

    Parameters
    ----------
    unit : VectorUnit
        With c < d.
    W, V
        Any point.
    W_star : array_like, shape (c, d)

    Returns
    -------
    float
        ||W - W*|| ||gradient in W|| + ||W* V||_1 sqrt(lambda^2 + alpha |lambda|), which is at least
        F(W, V) - F_lin(W*): Frobenius norms, then the sum of the singular values, the least
        eigenvalue lambda of the Hessian (0 if positive), and the least curvature alpha of F over
        directions p n' of W with W n = 0, where p is the first left singular vector of E l' z'.

    Raises
    ------
    ValueError
        If there are not fewer outputs than inputs, or a shape is wrong.

    Notes
    -----
    Not in the paper: an analogue of its Theorems 2 and 3 for several outputs.
    """
    W, V = unit.check(W, V)
    c, d = W.shape
    if c >= d:
        raise ValueError(f"{c} outputs, {d} inputs: the bound needs fewer outputs than inputs")
    W_star = np.asarray(W_star, dtype=float)
    n = len(unit.inputs)
    predicted = unit.prediction(W, V)
    in_z = unit.loss.slope(predicted, unit.targets).T @ unit.features / n
    left = np.linalg.svd(in_z)[0]
    kernel = np.linalg.svd(W)[2][c:]
    hidden = (unit.inputs + unit.features @ V.T) @ kernel.T
    bend = np.einsum(
        "a,nab,b->n", left[:, 0], unit.loss.curvature(predicted, unit.targets), left[:, 0]
    )
    alpha = max(float(np.linalg.eigvalsh(hidden.T @ (bend[:, None] * hidden) / n)[0]), 0.0)
    least = min(float(np.linalg.eigvalsh(unit.hessian(W, V))[0]), 0.0)
    in_W, _ = unit.gradient(W, V)
    across = float(np.linalg.norm(W_star @ V, "nuc"))
    reach = float(np.sqrt(least**2 + alpha * abs(least)))
    return float(np.linalg.norm(W - W_star) * np.linalg.norm(in_W)) + across * reach


def more_outputs_than_inputs() -> tuple[VectorUnit, FloatArray, FloatArray]:
    """One input, two outputs: data with a local minimum above the best linear predictor.

    Returns
    -------
    unit : VectorUnit
        Four examples, squared loss, each example asking for one of the outputs only.
    W : ndarray, shape (2, 1)
    V : ndarray, shape (1, 1)
        A point in the basin of that minimum: gradient descent from here ends there.

    Notes
    -----
    For a given v the best W leaves half the sum, over the two outputs, of the squared distance
    between the targets and the line through x + v z.  The first output is fitted best at v = 1, the
    second at v = 0, with a narrow dip; between the two the sum has a hill.
    """
    # Which outputs count stands before the targets themselves: (asks 1, asks 2, y_1, y_2).
    x = [[1.0], [0.0], [1.0], [0.0]]
    z = [[0.0], [1.0], [0.0], [10.0]]
    y = [[1.0, 0.0, 1.0, 0.0], [1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 2.0], [0.0, 1.0, 0.0, 0.0]]
    return (
        VectorUnit(np.array(x), np.array(z), np.array(y), _MASKED),
        np.array([[1.0], [0.02]]),
        np.array([[1.0]]),
    )


def _halves(y: FloatArray) -> tuple[FloatArray, FloatArray]:
    c = y.shape[1] // 2
    return y[:, :c], y[:, c:]


def _masked_value(p: FloatArray, y: FloatArray) -> FloatArray:
    mask, wanted = _halves(y)
    return np.asarray((mask * (p - wanted) ** 2).sum(axis=1) / 2)


_MASKED = VectorLoss(
    "squared, some outputs only",
    _masked_value,
    lambda p, y: _halves(y)[0] * (p - _halves(y)[1]),
    lambda p, y: _halves(y)[0][:, :, None] * np.eye(p.shape[1]),
    columns=2,
)
