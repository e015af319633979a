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
    "warm-up": [
        Wrong(
            "rest",
            # Follows the start that is lowest at the beginning, not the one that is lowest later.
            "def rest_length(k, S, N, phi, eta_a):\n"
            "    g, rate = (np.pi - phi) * np.cos(phi) + np.sin(phi), eta_a / (2 * np.pi)\n"
            "    radius = abs(S) / np.sqrt(k)\n"
            "    s, q, iterations = -radius * S / np.sqrt(N), -radius * np.sqrt(N), 0\n"
            "    while q <= 0:\n"
            "        pull = (np.pi - 1) * q + s * S - (g - 1) * N - S**2\n"
            "        s -= rate * ((k + np.pi - 1) * s - (k + g - 1) * S)\n"
            "        q -= rate * pull\n"
            "        iterations += 1\n"
            "    return iterations",
            2,
            "not always the last to turn positive",
        ),
        Wrong(
            "rest",
            # One iteration too many.
            "right = rest_length\ndef rest_length(*arguments):\n    return right(*arguments) + 1",
            0,
            "one iteration earlier",
        ),
        Wrong(
            "schedule",
            # Like par 3, with an output step ten times as short.
            "schedule = [(longest / 10, 0, 10 * k), (longest / 10, 1 / N, 2500)]",
            4,
            "has not arrived after 137 iterations",
        ),
        Wrong(
            "schedule",
            # No warm-up.
            "schedule = [(longest, 1 / N, 2000)]",
            0,
            "do not arrive",
        ),
        Wrong(
            "schedule",
            # Par 3 itself.
            "schedule = short",
            5,
            "Is overshooting forbidden?",
        ),
        Wrong(
            "schedule",
            # One step size with overshooting.
            "schedule = [(1.7 * longest, 0, k // 2), (1.7 * longest, 1 / N, 2000)]",
            6,
            "what of two, in turn?",
        ),
        Wrong(
            "schedule",
            # Longer than is stable.
            "schedule = [(2.1 * longest, 0, k), (2.1 * longest, 1 / N, 2000)]",
            0,
            "so long that something grows",
        ),
        Wrong(
            "schedule",
            # Against the rules.
            "schedule = [*schedule[:-1], (fast, -1.0, 1)]",
            0,
            "is below 0",
        ),
        Wrong(
            "family",
            # Made for one teacher.
            "family = schedule",
            0,
            "do not arrive",
        ),
        Wrong(
            "family",
            # The reference itself.
            "family = [(longest, 0, k), (longest, 1 / N_high, 1500)]",
            5,
            "What was your trick in question 2?",
        ),
        Wrong(
            "family",
            # Two steps in turn, with a careful filter.
            "family = settle + [(slow, 1 / N_high, 1), (fast, 1 / N_high, 1)] * 60",
            6,
            "wait for: the angle or the output weights?",
        ),
        Wrong(
            "family",
            # A filter step that is too long for the largest teachers.
            "family = settle + [(slow, 3 / N_low, 1), (fast, 3 / N_low, 1)] * 60",
            1,
            "Where is the filter's step the longest",
        ),
    ],
    "residual-unit": [
        Wrong(
            "line",
            # The normal equations, which dependent columns make singular.
            "def best_linear(X, y):\n    return np.linalg.solve(X.T @ X, X.T @ y)",
            2,
            "a column of zeros",
        ),
        Wrong(
            "objective",
            # Without the factor 1/2; the gradient is right.
            "def objective(w, V, X, Z, y):\n    return np.mean((X @ w + Z @ (V.T @ w) - y) ** 2)",
            3,
            "Half the mean of the squares",
        ),
        Wrong(
            "objective",
            # V and its transpose confused.
            "right = gradient\n"
            "def gradient(*arguments):\n"
            "    in_w, in_V = right(*arguments)\n"
            "    return in_w, in_V.T",
            3,
            "Differences of F disagree",
        ),
        Wrong(
            "objective",
            # As if the branch did not depend on w.
            "right = gradient\n"
            "def gradient(w, V, X, Z, y):\n"
            "    errors = (X @ w + Z @ (V.T @ w) - y) / len(y)\n"
            "    return errors @ X, right(w, V, X, Z, y)[1]",
            2,
            "what are the derivatives of p in w",
        ),
        Wrong(
            "bound",
            # The root of the sum of squares in place of the spectral norm.
            "def theorem_1(w, V, X, Z, y, w_star):\n"
            "    gap = objective(w, V, X, Z, y) - objective(w_star, 0 * V, X, Z, y)\n"
            "    spread = np.linalg.norm(V) ** 2 / (w @ w)\n"
            "    return gap / np.sqrt(2 * w @ w + w_star @ w_star * (2 + spread))",
            2,
            "How far can V stretch a vector",
        ),
        Wrong(
            "bound",
            # Cut off at zero.
            "right = theorem_1\ndef theorem_1(*arguments):\n    return max(right(*arguments), 0.0)",
            2,
            "negative below",
        ),
        Wrong(
            "saddle",
            # There the gradient in w does not vanish.
            "def stuck(X, Z, y):\n    return np.zeros((X.shape[1], Z.shape[1]))",
            1,
            "Which V makes it vanish?",
        ),
        Wrong(
            "saddle",
            # Straight up.
            "right = escape\n"
            "def escape(*arguments):\n"
            "    w, V = right(*arguments)\n"
            "    return w, -V",
            2,
            "does the negative one win?",
        ),
        Wrong(
            "saddle",
            # Downhill along the gradient, which is zero there.
            "def escape(V, X, Z, y):\n"
            "    in_w, in_V = gradient(np.zeros(len(V)), V, X, Z, y)\n"
            "    return -in_w, -in_V",
            2,
            "does the negative one win?",
        ),
        Wrong(
            "training",
            # A short run with a fixed step.
            "def train(w, V, X, Z, y):\n"
            "    kept = [(w, V)]\n"
            "    for _ in range(3000):\n"
            "        in_w, in_V = gradient(w, V, X, Z, y)\n"
            "        w, V = w - 0.02 * in_w, V - 0.02 * in_V\n"
            "        kept.append((w, V))\n"
            "    return kept[::100]\n"
            "points = train(w_start, V_start, X, Z, y)",
            4,
            "steps that grow as long as the loss falls",
        ),
        Wrong(
            "training",
            # Hardly a run.
            "def train(w, V, X, Z, y):\n"
            "    return [(w, V)] * 20\n"
            "points = train(w_start, V_start, X, Z, y)",
            0,
            "Are there enough steps?",
        ),
        Wrong(
            "along",
            # Points below the line count as well.
            "def smallest_ratio(points, X, Z, y, w_star):\n"
            "    return min(\n"
            "        np.hypot(*map(np.linalg.norm, gradient(w, V, X, Z, y)))\n"
            "        / theorem_1(w, V, X, Z, y, w_star)\n"
            "        for w, V in points\n"
            "    )",
            0,
            "is below w* and does not count",
        ),
    ],
}
