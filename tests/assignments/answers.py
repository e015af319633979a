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
        Wrong(
            "samples",
            # As a z-score looks, without any sample.
            "def z_score(n, rng):\n    return float(rng.standard_normal())",
            1,
            "with n = 2 it should often be beyond 5",
        ),
    ],
    "worst-point": [
        Wrong(
            "slack",
            # As if 1 and a* were orthogonal.
            "def distance(s, q, k, S, N):\n    return (s - S) ** 2 / k + (q - N) ** 2 / N",
            1,
            "Did you divide by them?",
        ),
        Wrong(
            "slack",
            # For the printed c only, where the distance drops out.
            "right = slack\n"
            "def slack(s, q, phi, k, S, N, c, allowance):\n"
            "    return right(s, q, phi, k, S, N, C_PRINTED, allowance)",
            2,
            "Try c = 0 first",
        ),
        Wrong(
            "units",
            # A product of two vectors grows like one of them.
            "def rescaled(s, q, phi, S, N, factor):\n"
            "    return factor * s, factor * q, phi, factor * S, factor * N",
            1,
            "Multiply the two vectors",
        ),
        Wrong(
            "units",
            "def exponent(function, numbers):\n"
            "    return float(np.log(function(*rescaled(*numbers, 2.0)) / function(*numbers)))",
            2,
            "Its base is the",
        ),
        Wrong(
            "searcher",
            # Random points alone.
            "def search(function, low, high, rng, samples=3000):\n"
            "    points = low + (high - low) * rng.random((samples, low.size))\n"
            "    best = int(np.argmin(function(points)))\n"
            "    return float(function(points)[best]), points[best]",
            0,
            "Does your improvement go on",
        ),
        Wrong(
            "searcher",
            # Improves points outside the box as well.
            "right = search\n"
            "def search(function, low, high, rng, samples=3000):\n"
            "    return right(function, low - 0.1, high + 0.1, rng, samples)",
            3,
            "is outside the box",
        ),
        Wrong(
            "searcher",
            # Improves a single random point.
            "right = search\n"
            "def search(function, low, high, rng, samples=3000):\n"
            "    return right(function, low, high, rng, 1)",
            2,
            "How many of the best random points do you improve?",
        ),
        Wrong(
            "counterexample",
            # The chapter's student, which is the worst one for S = 0.
            "a_bad = a_star / 5",
            2,
            "There is a student of the region with a smaller slack",
        ),
        Wrong(
            "counterexample",
            # In the region, but at a = a* nothing is violated.
            "a_bad = a_star",
            1,
            "Which of s, q and phi can still be moved",
        ),
        Wrong(
            "counterexample",
            # A violation, but outside the region.
            "v_bad = -v_star",
            0,
            "outside its region",
        ),
        Wrong(
            "counterexample",
            # A violation at a smaller angle.
            "v_bad = np.cos(0.9 * phi_bad) * v_star + np.sin(0.9 * phi_bad) * side",
            2,
            "There is a student of the region with a smaller slack",
        ),
        Wrong(
            "best",
            # The chapter's factor, for all allowances together.
            "best_factor = 1 / 5",
            1,
            "your own worst student needs",
        ),
        Wrong("best", "largest_N = 1.0", 2, "For which N are they equal?"),
        Wrong(
            "half",
            # Half the promise, half the allowance?
            "half_factor = best_factor / 2",
            1,
            "50,000 random points need",
        ),
        Wrong("half", "worst_share = 0.2", 2, "Is it the share q/N"),
    ],
    "trap-probability": [
        Wrong(
            "starts",
            # Uniform distances.
            "def draw_starts(n, dimension, radius, rng):\n"
            "    points = rng.standard_normal((n, dimension))\n"
            "    points /= np.linalg.norm(points, axis=1, keepdims=True)\n"
            "    return radius * rng.random((n, 1)) * points",
            1,
            "the share of the volume",
        ),
        Wrong(
            "starts",
            # Directions of the points of a cube.
            "def draw_starts(n, dimension, radius, rng):\n"
            "    points = rng.uniform(-1, 1, (n, dimension))\n"
            "    points /= np.linalg.norm(points, axis=1, keepdims=True)\n"
            "    return radius * rng.random((n, 1)) ** (1 / dimension) * points",
            2,
            "prefers the corners",
        ),
        Wrong(
            "starts",
            # Random numbers of its own.
            "right = draw_starts\n"
            "def draw_starts(n, dimension, radius, rng):\n"
            "    return right(n, dimension, radius, np.random.default_rng(8))",
            2,
            "another generator, the same starts",
        ),
        Wrong(
            "step",
            # As in the chapter's code: without the fold at -v*.
            "right = step\n"
            "def step(s, q, phi, k, S, N, eta_a, eta_w):\n"
            "    turn = np.arctan(eta_w / (2 * np.pi) * q * (np.pi - phi) * np.sin(phi))\n"
            "    return *right(s, q, phi, k, S, N, eta_a, eta_w)[:2], abs(phi - turn)",
            2,
            "Which angle do the two directions then make?",
        ),
        Wrong(
            "step",
            # With the new angle in the step of the outputs.
            "right = step\n"
            "def step(s, q, phi, k, S, N, eta_a, eta_w):\n"
            "    new = right(s, q, phi, k, S, N, eta_a, eta_w)[2]\n"
            "    return *right(s, q, new, k, S, N, eta_a, eta_w)[:2], new",
            1,
            "afterwards had other numbers than yours",
        ),
        Wrong(
            "verdict",
            # A fixed number of steps.
            "def trapped(s, q, phi, k, S, N, eta_a, eta_w):\n"
            "    s, q, phi = np.broadcast_arrays(s, q, phi)\n"
            "    for _ in range(200):\n"
            "        s, q, phi = step(s, q, phi, k, S, N, eta_a, eta_w)\n"
            "    return np.atleast_1d(q < 0)",
            3,
            "Does your run wait for them?",
        ),
        Wrong(
            "verdict",
            # The quarter that a run may leave.
            "def trapped(s, q, phi, k, S, N, eta_a, eta_w):\n"
            "    s, q, phi = (np.array(x) for x in np.broadcast_arrays(s, q, phi))\n"
            "    s, q, phi = s * 1.0, q * 1.0, phi * 1.0\n"
            "    while np.any((q < 0) == (phi < np.pi / 2)):\n"
            "        new = step(s, q, phi, k, S, N, eta_a, eta_w)\n"
            "        running = (q < 0) == (phi < np.pi / 2)\n"
            "        s, q, phi = (np.where(running, x, y) for x, y in zip(new, (s, q, phi)))\n"
            "    return np.atleast_1d(q < 0)",
            1,
            "one that cannot be left",
        ),
        Wrong(
            "measure",
            # The textbook interval.
            "def wilson(count, n):\n"
            "    share = count / n\n"
            "    half = 1.959964 * np.sqrt(share * (1 - share) / n)\n"
            "    return share - half, share + half",
            2,
            "must be an equation",
        ),
        Wrong(
            "measure",
            # The ball of radius S.
            "def measure(n, rng):\n"
            "    starts = draw_starts(n, k, S, rng)\n"
            "    s, q = starts.sum(axis=1), starts @ a_star\n"
            "    return int(np.sum(trapped(np.clip(s, -S, S), q, phi_0, k, S, N, eta, eta)))",
            2,
            "Are the starts in the right ball",
        ),
        Wrong(
            "border",
            # A thousandth of N.
            "right = border\ndef border(s):\n    return np.round(right(s) / N, 3) * N",
            1,
            "How far was the halving carried",
        ),
        Wrong(
            "border",
            # One line at a time.
            "right = border\ndef border(s):\n    return float(right(float(s))[0])",
            0,
            "Your own function trapped was asked",
        ),
        Wrong(
            "predict",
            # Uniform in the disc.
            "def density(x, y, k):\n    return np.full(np.shape(x), 1 / np.pi)",
            3,
            "has the variance 1/(k + 2)",
        ),
        Wrong(
            "predict",
            # The other side of the border.
            "prediction = 1 - prediction",
            2,
            "the right side of the border",
        ),
        Wrong("predict", "prediction = prediction + 1e-3", 3, "which digits stay"),
        Wrong(
            "agreement",
            # Divided by the spread of one start.
            "right = z_score\ndef z_score(n, rng):\n    return right(n, rng) / np.sqrt(n)",
            1,
            "the error of a share of n starts",
        ),
        Wrong(
            "agreement",
            # As a z-score looks, without any start.
            "def z_score(n, rng):\n    return float(rng.standard_normal())",
            1,
            "a whole number of trapped starts",
        ),
        Wrong(
            "agreement",
            # Knows what is expected of it.
            "def z_score(n, rng):\n    return 0.0",
            0,
            "other random numbers should give another value",
        ),
    ],
    "table-cell": [
        Wrong(
            "filter",
            # A vector of ones is not of length one.
            "def shortcut_angle(v_star):\n"
            "    cosine = np.sum(v_star) / np.linalg.norm(v_star) / np.size(v_star)\n"
            "    return float(np.arccos(cosine))",
            2,
            "How long is a vector of ones?",
        ),
        Wrong("filter", "phi_0 = 0.45 * np.pi", 2, "Take p = 8, as printed"),
        Wrong("filter", "assumption_met = True", 2, "Compare the length of w*"),
        Wrong(
            "counts",
            # As if a rounded rate were exact.
            "def possible(rate, trials):\n"
            "    return abs(rate * trials - round(rate * trials)) < 1e-6",
            1,
            "Which count comes nearest to the rate?",
        ),
        Wrong(
            "counts",
            # Right unless the rate is beyond 1.
            "right = possible\n"
            "def possible(rate, trials):\n"
            "    return right(min(rate, 1.0), trials)",
            2,
            "a rate may be above 1",
        ),
        Wrong("counts", "intervals = (1.0, 1.0, *intervals[2:])", 2, "of two intervals"),
        Wrong(
            "probability",
            # One dimension too many.
            "right = tail\ndef tail(t, k):\n    return right(t, k + 1)",
            0,
            "the slice of a ball in k - 1 dimensions",
        ),
        Wrong(
            "probability",
            # u uniform.
            "def success_probability(k, S, N, phi_0, warmup):\n"
            "    nodes, weights = np.polynomial.legendre.leggauss(10)\n"
            "    return float(weights @ tail(border(nodes, k, S, N, phi_0, warmup), k) / 2)",
            2,
            "With which power of 1 - u",
        ),
        Wrong(
            "probability",
            # Too few nodes.
            "def success_probability(k, S, N, phi_0, warmup):\n"
            "    from scipy.special import roots_gegenbauer\n"
            "    nodes, weights = roots_gegenbauer(2, k / 2)\n"
            "    above = tail(border(nodes, k, S, N, phi_0, warmup), k)\n"
            "    return float(weights @ above / weights.sum())",
            3,
            "Which of your approximations decides it?",
        ),
        Wrong(
            "probability",
            "right = success_probability\n"
            "def success_probability(k, S, N, phi_0, warmup):\n"
            "    return right(k, S, N, phi_0, 0)",
            4,
            "Is the warm-up passed on?",
        ),
        Wrong(
            "reading",
            # With the standard error of the printed rate.
            "off_squared = (WITHOUT[k] - squared)\n"
            "off_squared /= np.sqrt(WITHOUT[k] * (1 - WITHOUT[k]) / TRIALS)",
            2,
            "of your own standard errors",
        ),
        Wrong(
            "reading",
            "squared, off_squared = lowest_literal, off_literal",
            2,
            "With N = 6k, what is S?",
        ),
        Wrong("cell", "chance_with = 1 - p_with**TRIALS", 3, "The runs are independent"),
        Wrong(
            "cell",
            # As printed.
            "p_with, chance_with = 1.0, 1.0",
            2,
            "is it certain?",
        ),
        Wrong(
            "cell",
            # Measured instead of computed.
            "p_without = round(p_without, 3)\nz_without = off(WITHOUT[k], p_without)",
            3,
            "Without warm-up the value is not right",
        ),
        Wrong("believable", "believable = 1000", 0, "by your own function"),
        Wrong("believable", "believable += 40", 1, "How exact has p to be"),
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
            # Solves for the floor instead.
            "def train(w, V, X, Z, y):\n"
            "    both = np.linalg.lstsq(np.hstack([X, Z]), y, rcond=None)[0]\n"
            "    a, c = both[: X.shape[1]], both[X.shape[1] :]\n"
            "    return [(w, V)] * 19 + [(a, np.outer(a, c) / (a @ a))]\n"
            "points = train(w_start, V_start, X, Z, y)",
            3,
            "it has to be a descent",
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
