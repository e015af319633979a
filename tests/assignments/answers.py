"""Answers to the assignments that are not right, and what each question is then worth.

A check that cannot fail checks nothing: every entry replaces the solution of one question by other
code, and says how many points are left.
"""

from typing import NamedTuple


class Wrong(NamedTuple):
    """A wrong or half-right answer.

    Attributes
    ----------
    question : str
        Its name.
    code : str
        Defines what the question asks for, after the solution has been run.
    points : float
        What it should earn.
    says : str
        Words that the student should read.
    """

    question: str
    code: str
    points: float
    says: str


WRONG: dict[str, list[Wrong]] = {
    "gradient": [
        Wrong(
            "kernel",
            # The kernel of the ReLU, as in the chapter.
            "def kernel(angle, c):\n"
            "    g = (np.pi - angle) * np.cos(angle) + np.sin(angle)\n"
            "    return g / (2 * np.pi)",
            0,
            "At angle 0 both factors are the same number.",
        ),
        Wrong(
            "kernel",
            # Right for numbers only.
            "right = kernel\ndef kernel(angle, c):\n    return right(float(angle), c)",
            2,
            "an array of angles",
        ),
        Wrong(
            "loss",
            # Without the division by the length of v.
            "right = expected_loss\n"
            "def expected_loss(v, a, v_star, a_star, c):\n"
            "    return right(v, np.linalg.norm(v) * a, v_star, a_star, c)",
            1,
            "Did you divide v by its length?",
        ),
        Wrong(
            "loss",
            # Without the factor 1/2.
            "right = expected_loss\n"
            "def expected_loss(*arguments):\n"
            "    return 2 * right(*arguments)",
            1,
            "only the teacher's own square is left",
        ),
        Wrong(
            "output_gradient",
            # A mere direction.
            "def output_gradient(v, a, v_star, a_star, c):\n    return a - a_star",
            1,
            "Differences of the loss disagree",
        ),
        Wrong(
            "filter_gradient",
            # For a filter of length one only.
            "right = filter_gradient\n"
            "def filter_gradient(v, a, v_star, a_star, c):\n"
            "    return right(v / np.linalg.norm(v), a, v_star, a_star, c)",
            2,
            "not of length one",
        ),
        Wrong(
            "filter_gradient",
            # Through the derivative of the arc cosine.
            "right = filter_gradient\n"
            "def filter_gradient(v, a, v_star, a_star, c):\n"
            "    sine = np.sqrt(1 - (v @ v_star / np.linalg.norm(v)) ** 2)\n"
            "    return right(v, a, v_star, a_star, c) * sine / sine",
            3,
            "should give zero and not divide by it",
        ),
        Wrong(
            "differences",
            # One-sided.
            "def central_difference(function, point, h):\n"
            "    point = np.asarray(point, dtype=float)\n"
            "    steps = h * np.eye(point.size)\n"
            "    return np.array([(function(point + e) - function(point)) / h for e in steps])",
            1,
            "Central differences use both sides",
        ),
        Wrong(
            "samples",
            # Never draws anything.
            "def z_score(n, rng):\n    return 0.0",
            0,
            "other random numbers should give another value",
        ),
        Wrong(
            "samples",
            # Divides by the spread of one loss instead of the error of their mean.
            "right = z_score\ndef z_score(n, rng):\n    return right(n, rng) / np.sqrt(n)",
            1,
            "Is it really divided by the error of the mean?",
        ),
    ],
}
