"""A network with several filters: more than one spurious point, and more than one global optimum.

The student computes sum_m sum_j a_mj relu(Z_j'v_m) with M unit filters v_m, each with output
weights of its own, and so does the teacher.  Renumbering the filters changes nothing, so every
optimum comes in M! copies.  With g the kernel, Q_mn = a_m'b_n, s_m = 1'a_m and t_n = 1'b_n, two
networks with filters v_m, u_n and outputs a_m, b_n have

    E f_1 f_2 = 1/(2 pi) [ sum_mn Q_mn (g(angle(v_m, u_n)) - 1) + (sum_m s_m) (sum_n t_n) ],

from which loss and gradients follow.  For M = 1 this is the book's model.
"""

from dataclasses import dataclass

import numpy as np

from shortcutlib.angles import FloatArray
from shortcutlib.relu_kernel import g
from shortcutlib.starts import sample_sphere
from shortcutlib.teacher import check_size

__all__ = ["End", "Student", "angles_between", "descend", "evaluate", "example", "survey"]


@dataclass(frozen=True, eq=False)
class Student:
    """A network with M filters.

    Attributes
    ----------
    filters : ndarray, shape (M, p)
        Unit vectors v_m.
    outputs : ndarray, shape (M, k)
        Output weights a_m.
    """

    filters: FloatArray
    outputs: FloatArray


@dataclass(frozen=True)
class End:
    """Where some of the runs of a survey end.

    Attributes
    ----------
    loss : float
        Expected loss there.
    runs : int
        How many runs end with this loss.
    angles : tuple of tuple of float
        Angles between the student's and the teacher's filters in one of them, in radians; rows are
        sorted, since the order of the student's filters means nothing.
    """

    loss: float
    runs: int
    angles: tuple[tuple[float, ...], ...]


def example() -> Student:
    """A teacher with two filters, 115 degrees apart, and orthogonal output weights; k = 6, p = 3.

    Returns
    -------
    Student
    """
    filters = np.array([[1.0, 0.0, 0.0], [np.cos(2.0), np.sin(2.0), 0.0]])
    outputs = np.array([[1.0, -1, 1, -1, 1, -1], [1.0, 1, -1, -1, 1, 1]])
    return Student(filters, outputs)


def angles_between(first: FloatArray, second: FloatArray) -> FloatArray:
    """Angles between all pairs of unit vectors, accurate near 0 and near pi.

    Parameters
    ----------
    first, second : ndarray, shapes (M, p) and (L, p)
        Unit vectors, one a row.

    Returns
    -------
    ndarray, shape (M, L)
    """
    difference = np.linalg.norm(first[:, None] - second[None], axis=2)
    total = np.linalg.norm(first[:, None] + second[None], axis=2)
    return np.asarray(2 * np.arctan2(difference, total))


def _product(first: Student, second: Student) -> tuple[float, FloatArray, FloatArray]:
    """E f_1 f_2, and the gradients with respect to the first network's filters and outputs."""
    angle = angles_between(first.filters, second.filters)
    kernel = g(angle) - 1
    aligned = first.outputs @ second.outputs.T
    total = second.outputs.sum()
    value = np.sum(aligned * kernel) + first.outputs.sum() * total
    # The gradient of g(angle(v, u)) on the sphere is (pi - angle) times the tangent part of u.
    filters = (aligned * (np.pi - angle)) @ second.filters
    along = np.einsum("mp,mp->m", filters, first.filters)
    return (
        float(value) / (2 * np.pi),
        (filters - along[:, None] * first.filters) / (2 * np.pi),
        (kernel @ second.outputs + total) / (2 * np.pi),
    )


def evaluate(student: Student, teacher: Student) -> tuple[float, FloatArray, FloatArray]:
    """Expected loss, and its gradients on the sphere and in the outputs.

    Parameters
    ----------
    student, teacher : Student
        With the same p and k; their numbers of filters may differ.

    Returns
    -------
    loss : float
        Half the mean squared error.
    filter_gradient : ndarray, shape (M, p)
        Orthogonal to each filter.
    output_gradient : ndarray, shape (M, k)

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    if student.filters.shape[1] != teacher.filters.shape[1]:
        raise ValueError("student and teacher have filters of different lengths")
    if student.outputs.shape[1] != teacher.outputs.shape[1]:
        raise ValueError("student and teacher have different numbers of patches")
    own, own_filters, own_outputs = _product(student, student)
    cross, cross_filters, cross_outputs = _product(student, teacher)
    label, _, _ = _product(teacher, teacher)
    loss = max(0.5 * own - cross + 0.5 * label, 0.0)
    return loss, own_filters - cross_filters, own_outputs - cross_outputs


def descend(
    student: Student, teacher: Student, step: float, *, iterations: int = 4000
) -> tuple[Student, float, float]:
    """Gradient descent with normalisation, as in (8), on all layers.

    Parameters
    ----------
    student : Student
        Start.
    teacher : Student
        The network to recover.
    step : float
        eta_a = eta_w.
    iterations : int, default 4000
        Largest number of steps.

    Returns
    -------
    student : Student
        Last iterate.
    loss : float
        Its expected loss.
    gradient : float
        Largest entry of its gradients: small at a critical point.

    Notes
    -----
    Source: Liu et al. (2019), equation (8), for several filters.
    """
    filters, outputs = student.filters, student.outputs
    for _ in range(iterations + 1):
        current = Student(filters, outputs)
        loss, down, side = evaluate(current, teacher)
        size = max(float(np.max(np.abs(down))), float(np.max(np.abs(side))))
        if size < 1e-12:
            break
        moved = filters - step * down
        filters = moved / np.linalg.norm(moved, axis=1, keepdims=True)
        outputs = outputs - step * side
    return current, loss, size


def survey(
    teacher: Student, runs: int, rng: np.random.Generator, *, step: float = 0.3, size: float = 0.5
) -> list[End]:
    """Train from random starts and sort the ends by their loss.

    Parameters
    ----------
    teacher : Student
        The network to recover.
    runs : int
        Number of random starts, at least 1.
    rng : numpy.random.Generator
        Source of the starts: uniform filters, normal output weights.
    step : float, default 0.3
        Step size.
    size : float, default 0.5
        Standard deviation of the output weights at the start.

    Returns
    -------
    list of End
        In ascending order of the loss; losses within 1e-4 count as one.
    """
    check_size("runs", runs)
    count, k = teacher.outputs.shape
    found: list[tuple[float, tuple[tuple[float, ...], ...]]] = []
    for _ in range(runs):
        filters = sample_sphere(count, teacher.filters.shape[1], rng)
        start = Student(filters, size * rng.standard_normal((count, k)))
        end, loss, _ = descend(start, teacher, step)
        rows = sorted(
            tuple(map(float, row)) for row in angles_between(end.filters, teacher.filters)
        )
        found.append((loss, tuple(rows)))
    ends: list[End] = []
    for loss, angles in sorted(found):
        if ends and loss - ends[-1].loss < 1e-4:
            ends[-1] = End(ends[-1].loss, ends[-1].runs + 1, ends[-1].angles)
        else:
            ends.append(End(loss, 1, angles))
    return ends
