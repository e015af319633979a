"""Partial dissipativity with respect to one of several optima: where the compass points to it.

A network with two filters (`shortcutlib.two_filters`) has two global optima, which differ in the
numbering of the filters.  Choose the one in the teacher's own numbering.  Definition 3 of Liu et
al. (2019), layer by layer, then asks for

    pull >= c distance^2 - delta,     pull = <-gradient, optimum - student>.

At the other optimum and in every trap the gradients vanish, so the pull is zero while the distance
is not: with c > 0 and delta = 0 the condition cannot hold everywhere.  `pull_map` shows where it
fails, `least_constant` measures around the chosen optimum up to which distance it holds, and how
strongly.
"""

from typing import NamedTuple

import numpy as np

from shortcutlib.angles import FloatArray
from shortcutlib.relu_kernel import g
from shortcutlib.two_filters import Student, angles_between, evaluate

__all__ = ["Pull", "best_outputs", "least_constant", "pull", "pull_map", "turns"]


class Pull(NamedTuple):
    """Both sides of Definition 3 for both layers.

    Attributes
    ----------
    filters, outputs : float
        Inner products of the layer's negative gradient with the way to the optimum.
    filter_distance, output_distance : float
        Squared distances of the layers from the optimum.
    """

    filters: float
    outputs: float
    filter_distance: float
    output_distance: float

    def slack(self, constant: float, delta: float = 0.0) -> float:
        """Left minus right side of the joint condition, the sum of the two layers'.

        Parameters
        ----------
        constant, delta : float
            c and delta, which is counted twice.
        """
        distance = self.filter_distance + self.output_distance
        return self.filters + self.outputs - constant * distance + 2 * delta


def pull(student: Student, teacher: Student) -> Pull:
    """How far a student's gradients point to the optimum in the teacher's own numbering.

    Parameters
    ----------
    student, teacher : Student
        Of the same shape.

    Returns
    -------
    Pull

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Notes
    -----
    Source: Liu et al. (2019), Definition 3, for several filters.
    """
    if student.filters.shape != teacher.filters.shape:
        raise ValueError("student and teacher have different numbers of filters: match them")
    _, filters, outputs = evaluate(student, teacher)
    turn, change = teacher.filters - student.filters, teacher.outputs - student.outputs
    return Pull(
        -float(np.sum(filters * turn)),
        -float(np.sum(outputs * change)),
        float(np.sum(turn**2)),
        float(np.sum(change**2)),
    )


def best_outputs(filters: FloatArray, teacher: Student) -> FloatArray:
    """Output weights with the smallest loss for given filters.

    Parameters
    ----------
    filters : ndarray, shape (M, p)
        Unit vectors.
    teacher : Student
        The network to recover.

    Returns
    -------
    ndarray, shape (M, k)
        Where the gradient in the outputs vanishes; the shortest of them if there are several.
    """
    k = teacher.outputs.shape[1]
    own = g(angles_between(filters, filters)) - 1
    cross = g(angles_between(filters, teacher.filters)) - 1
    # Solved for the deviations from the mean over the patches, and for the sums.
    away = teacher.outputs - teacher.outputs.mean(axis=1, keepdims=True)
    across = np.linalg.lstsq(own, cross @ away, rcond=None)[0]
    total = teacher.outputs.sum(axis=1)
    sums = np.linalg.lstsq(own + k, cross @ total + k * total.sum(), rcond=None)[0]
    return np.asarray(across + sums[:, None] / k)


def _plane(teacher: Student) -> FloatArray:
    """Orthonormal basis of the plane of the teacher's two filters, as rows; the first is v_1*."""
    if teacher.filters.shape[0] != 2:
        raise ValueError(f"the teacher has {teacher.filters.shape[0]} filters: give one with two")
    first, second = teacher.filters
    across = second - (first @ second) * first
    length = float(np.linalg.norm(across))
    if length < 1e-9:
        raise ValueError("the teacher's filters are parallel: there is no plane of the two")
    return np.stack([first, across / length])


def turns(student: Student, teacher: Student) -> FloatArray:
    """Where a student's filters point, seen in the plane of the teacher's two.

    Parameters
    ----------
    student, teacher : Student
        The teacher has two filters.

    Returns
    -------
    ndarray, shape (M,)
        Angles in (-pi, pi] from the teacher's first filter, counted towards the second.

    Raises
    ------
    ValueError
        If the teacher does not have two filters that span a plane.
    """
    along, across = _plane(teacher) @ student.filters.T
    return np.asarray(np.arctan2(across, along))


def pull_map(teacher: Student, angles: FloatArray) -> FloatArray:
    """The filters' pull on students whose filters lie in the plane of the teacher's two.

    Parameters
    ----------
    teacher : Student
        With two filters.
    angles : ndarray, shape (n,)
        Turns in radians, as `turns` counts them.

    Returns
    -------
    ndarray, shape (n, n)
        Row i, column j: pull on the filters at angles[j] (first) and angles[i] (second), with the
        best output weights for them.

    Raises
    ------
    ValueError
        If the teacher does not have two filters that span a plane.
    """
    frame = _plane(teacher)
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1) @ frame
    found = np.empty((angles.size, angles.size))
    for i, second in enumerate(vectors):
        for j, first in enumerate(vectors):
            filters = np.stack([first, second])
            student = Student(filters, best_outputs(filters, teacher))
            found[i, j] = pull(student, teacher).filters
    return found


def least_constant(
    teacher: Student, radius: float, rng: np.random.Generator, *, starts: int = 12
) -> float:
    """The smallest ratio of joint pull to squared distance found at about a given distance.

    Parameters
    ----------
    teacher : Student
        The network to recover: the optimum.
    radius : float
        Length of the way from the optimum, along great circles for the filters; at most pi.
    rng : numpy.random.Generator
        Source of the directions from which the search starts.
    starts : int, default 12
        Number of searches.

    Returns
    -------
    float
        An upper bound of the best c of the joint condition with delta = 0 there.

    Raises
    ------
    ValueError
        If the radius is out of range.
    ImportError
        If SciPy is missing.
    """
    from scipy.optimize import minimize

    if not 0 < radius <= np.pi:
        raise ValueError(f"radius = {radius}: give one in (0, pi]")
    size = teacher.filters.size

    def at(direction: FloatArray) -> Student:
        turn = direction[:size].reshape(teacher.filters.shape)
        change = direction[size:].reshape(teacher.outputs.shape)
        turn = turn - np.sum(turn * teacher.filters, axis=1)[:, None] * teacher.filters
        scale = radius / np.sqrt(np.sum(turn**2) + np.sum(change**2))
        turn, change = scale * turn, scale * change
        length = np.linalg.norm(turn, axis=1, keepdims=True)
        # sinc(x/pi) = sin(x)/x, which is 1 at 0.
        filters = np.cos(length) * teacher.filters + np.sinc(length / np.pi) * turn
        return Student(filters, teacher.outputs + change)

    def ratio(direction: FloatArray) -> float:
        here = pull(at(direction), teacher)
        distance = here.filter_distance + here.output_distance
        return (here.filters + here.outputs) / distance

    return min(
        float(
            minimize(
                ratio,
                rng.standard_normal(size + teacher.outputs.size),
                method="BFGS",
                options={"maxiter": 300},
            ).fun
        )
        for _ in range(starts)
    )
