"""The ledger's rows on Shamir (2018)."""

from dataclasses import replace

import numpy as np
from numpy.polynomial import Polynomial
from scipy.optimize import minimize

from shortcutlib.adversary import Range, search
from shortcutlib.linear_bound import (
    LOGISTIC,
    SMOOTHED_HINGE,
    SQUARED,
    ResidualUnit,
    best_joint,
    best_linear,
    bounds,
    descend,
    vector_outputs,
)
from shortcutlib.linear_bound.descent import Ending
from shortcutlib.linear_bound.example_1 import (
    Example,
    Kind,
    largest_trapping_decay,
    valley_distance,
)
from shortcutlib.linear_bound.losses import Loss
from shortcutlib.linear_bound.runaway import gradient_flow, runaway_floor, runaway_unit
from shortcutlib.linear_bound.sgd import (
    SkipSetting,
    best_linear_in_ball,
    excess_bound,
    skip_sgd,
)
from tests.claims.ledger import Failed, Held, Sharpened, Up, claim

LOSSES = (SQUARED, LOGISTIC, SMOOTHED_HINGE)
#: -p where y is positive, p^2/2 elsewhere: convex and twice differentiable in p for every y.
MIXED = Loss(
    "linear or squared",
    lambda p, y: np.where(y > 0, -p, p**2 / 2),
    lambda p, y: np.where(y > 0, -1.0, p),
    lambda p, y: np.where(y > 0, 0.0, 1.0),
)

#: The hinge rounded by a parabola: convex, with one derivative everywhere and no second at 0 and 1.
PARABOLA = Loss(
    "parabola",
    lambda p, y: np.where(y * p < 0, 0.5 - y * p, np.maximum(1 - y * p, 0) ** 2 / 2),
    lambda p, y: y * np.clip(y * p - 1, -1, 0),
    lambda p, y: np.where((y * p > 0) & (y * p < 1), 1.0, 0.0),
    signs=True,
    steepest=1.0,
)

#: Two examples, two inputs, one feature, and two vectors to compare.
BOX = {
    name: Range(-10, 10)
    for name in (
        *("x00", "x01", "x10", "x11", "z0", "z1", "y0", "y1"),
        *("w0", "w1", "V0", "V1", "s0", "s1"),
    )
}


def _length(*parts):
    return float(np.sqrt(sum(np.sum(np.square(part)) for part in parts)))


def _each(function):
    """A slack for `search` from a function of one unit, one point and one predictor."""

    def slack(**columns):
        found = []
        for numbers in zip(*(columns[name] for name in BOX), strict=True):
            v = dict(zip(BOX, numbers, strict=True))
            x = np.array([[v["x00"], v["x01"]], [v["x10"], v["x11"]]])
            z, y = np.array([[v["z0"]], [v["z1"]]]), np.array([v["y0"], v["y1"]])
            w, V = np.array([v["w0"], v["w1"]]), np.array([[v["V0"]], [v["V1"]]])
            found.append(function(x, z, y, w, V, np.array([v["s0"], v["s1"]])))
        return np.array(found)

    return slack


def _unit(x, z, y, loss):
    return ResidualUnit(x, z, np.where(y < 0, -1.0, 1.0) if loss.signs else y, loss)


def _search(function, rng, samples=1500, starts=3):
    """The worst point over all three losses."""
    slack, tried = np.inf, 0
    for loss in LOSSES:
        worst = search(
            _each(lambda x, z, y, *rest, loss=loss: function(_unit(x, z, y, loss), *rest)),
            BOX,
            rng,
            samples=samples,
            starts=starts,
        )
        slack, tried = min(slack, worst.value), tried + worst.evaluations
    return Held(slack, tried)


def _random_unit(rng, loss=None, n=30, d=2, m=2):
    loss = loss or LOSSES[rng.integers(3)]
    x, z = rng.standard_normal((n, d)), rng.standard_normal((n, m))
    score = x @ rng.standard_normal(d) + z @ rng.standard_normal(m) + rng.standard_normal(n)
    return ResidualUnit(x, z, np.sign(score) if loss.signs else score, loss)


# Section 2: setting


@claim("shamir2018-equation-1", "shamir2018-equation-2")
def test_equations(rng):
    worst = 0.0
    for loss in LOSSES:
        unit = _random_unit(rng, loss)
        w, V = rng.standard_normal(2), rng.standard_normal((2, 2))
        total = 0.0
        for x, z, y in zip(unit.inputs, unit.features, unit.targets, strict=True):
            hidden = x + V @ z
            total += loss.value(np.array([w @ hidden]), np.array([y]))[0] / len(unit.inputs)
        worst = max(worst, abs(total - unit.value(w, V)))
    return Held(1e-12 - worst, 90, exact=True)


@claim("shamir2018-text-zero-branch", "shamir2018-text-flin")
def test_zero_branch(rng):
    """V = 0 is the linear predictor, and its loss is convex: above every tangent."""

    def slack(unit, w, V, other):
        in_w, _ = unit.gradient(w, np.zeros_like(V))
        tangent = unit.linear_value(w) + in_w @ (other - w)
        assert unit.value(w, np.zeros_like(V)) == unit.linear_value(w)
        scale = abs(tangent) + unit.linear_value(other) + 1
        return unit.linear_value(other) - tangent + 1e-9 * scale

    return _search(slack, rng)


@claim("shamir2018-text-norms")
def test_norms(rng):
    slack = np.inf
    for _ in range(2000):
        M = rng.standard_normal((rng.integers(1, 5), rng.integers(1, 5))) * 10 ** rng.uniform(-3, 3)
        slack = min(slack, np.linalg.norm(M) / np.linalg.norm(M, 2) - 1 + 1e-12)
    return Held(slack, 2000)


@claim("shamir2018-remark-1")
def test_remark_1(rng):
    worst = 0.0
    for _ in range(50):
        unit = _random_unit(rng, SQUARED)
        w, V, a, shift = rng.standard_normal(2), rng.standard_normal((2, 2)), *_bias(rng)
        wide = np.block([[V, a[:, None]], [np.zeros((1, 3))]])
        ours = unit.with_bias().prediction(np.append(w, shift), wide)
        worst = max(
            worst, np.max(np.abs(ours - (unit.inputs + unit.features @ V.T + a) @ w - shift))
        )
    return Held(1e-12 - worst, 50, exact=True)


def _bias(rng):
    return rng.standard_normal(2), rng.standard_normal()


@claim("shamir2018-text-spurious")
def test_spurious_minima_and_saddles():
    """One input, the feature sin(theta x): caught at a wrong frequency, and a saddle at w = 0."""
    x = np.linspace(-3, 3, 61)
    y = x + np.sin(3 * x)

    def value(at):
        w, V, theta = at
        return float(np.mean((w * (x + V * np.sin(theta * x)) - y) ** 2)) / 2

    def hessian(at, h=1e-4):
        step = h * np.eye(3)
        return np.array(
            [
                [
                    value(at + s + t) - value(at + s - t) - value(at - s + t) + value(at - s - t)
                    for t in step
                ]
                for s in step
            ]
        ) / (4 * h * h)

    caught = minimize(value, [1.0, 0.1, 5.0], method="BFGS", options={"gtol": 1e-9})
    right = minimize(value, [1.0, 0.8, 2.8], method="BFGS", options={"gtol": 1e-9})
    line = float(np.mean((x * (x @ y) / (x @ x) - y) ** 2)) / 2
    strict = float(np.linalg.eigvalsh(hessian(caught.x))[0])
    # At w = 0 the V that makes the gradient in w vanish gives a saddle.
    z = np.sin(caught.x[2] * x)
    saddle = np.array([0.0, -(x @ y) / (z @ y), caught.x[2]])
    ends = np.linalg.eigvalsh(hessian(saddle))
    return Held(
        min(
            strict - 1e-3,
            caught.fun - right.fun - 0.05,
            line - caught.fun,
            -ends[0] - 1e-3,
            ends[-1],
        ),
        2,
        exact=True,
    )


@claim("shamir2018-assumption-1")
def test_assumption_1():
    """Convex, with two derivatives: differences of the value and of the slope agree with them."""
    p, h = np.linspace(-20, 20, 4001), 1e-5
    slack = np.inf
    for loss in LOSSES:
        for y in (np.ones_like(p), -np.ones_like(p)):
            slope = (loss.value(p + h, y) - loss.value(p - h, y)) / (2 * h)
            bend = (loss.slope(p + h, y) - loss.slope(p - h, y)) / (2 * h)
            slack = min(
                slack,
                1e-7 - np.max(np.abs(slope - loss.slope(p, y))),
                1e-4 - np.max(np.abs(bend - loss.curvature(p, y))),
                np.min(loss.curvature(p, y)),
            )
    return Held(slack, 6 * p.size)


@claim("shamir2018-text-standard-losses")
def test_smoothed_hinge():
    """Rounded by a parabola the hinge has two second derivatives at margin 0; ours has one."""
    h = 1e-7

    def jump(slope):
        return abs((slope(h) - slope(0.0)) / h - (slope(0.0) - slope(-h)) / h)

    parabola = jump(lambda margin: float(np.clip(margin - 1, -1, 0)))
    one = np.ones(1)
    ours = max(
        jump(lambda margin, c=c: float(SMOOTHED_HINGE.slope(np.array([c + margin]), one)[0]))
        for c in (0.0, 1.0)
    )
    # Five values between the margins 0 and 1 determine a polynomial of degree 4, and more fit it.
    margins = np.linspace(0, 1, 9)
    rounding = Polynomial.fit(margins, SMOOTHED_HINGE.value(margins, np.ones(9)), 4)
    misfit = np.max(np.abs(rounding(margins) - SMOOTHED_HINGE.value(margins, np.ones(9))))
    values = {"best": lambda m: float(rounding(m))}
    held = Held(min(1e-5 - ours, 1e-12 - misfit), 2, exact=True, values=values)
    return Failed(1e-5 - parabola, "margin 0", held)


@claim("shamir2018-text-twice-differentiable")
def test_twice_differentiable(rng):
    """x = 2^k with probability 2^-k: E x^2 is infinite, and so is F everywhere but at w = 0."""
    k, base = np.arange(1, 60), 2.0
    assert np.isclose(np.sum(base**-k), 1)
    partial = np.sum(base**-k * (base**k) ** 2) / 2
    worst = 0.0
    for _ in range(20):
        unit = _random_unit(rng)
        w, V = rng.standard_normal(2), rng.standard_normal((2, 2))
        dw, dV, h = rng.standard_normal(2), rng.standard_normal((2, 2)), 1e-4
        middle, side = (
            unit.value(w, V),
            [unit.value(w + s * h * dw, V + s * h * dV) for s in (1, -1)],
        )
        step = np.concatenate([dw, dV.ravel()])
        exact = step @ unit.hessian(w, V) @ step
        difference = (side[0] - 2 * middle + side[1]) / h**2
        worst = max(worst, abs(difference - exact) / (1 + abs(exact)))
    held = Held(1e-3 - worst, 20, exact=True)
    return Failed(1e15 - partial, "E x^2 = sum of 2^k", held, {"base": base})


@claim("shamir2018-definition-1")
def test_definition_1(rng):
    """Against gradients by differences and all eigenvalues."""
    wrong = 0
    for _ in range(200):
        unit = _random_unit(rng, SQUARED, d=1, m=1)
        w, V = rng.standard_normal(1), rng.standard_normal((1, 1))
        if rng.random() < 0.5:
            run = descend(unit, w, V, iterations=int(rng.integers(200)))
            w, V = run.w, run.V
        epsilon, mu = 10 ** rng.uniform(-6, 0.5), 10 ** rng.uniform(-1, 1)
        h, x = 1e-6, np.array([w[0], V[0, 0]])

        def value(x, unit=unit):
            return unit.value(x[:1], x[1:, None])

        g = [(value(x + h * e) - value(x - h * e)) / (2 * h) for e in np.eye(2)]
        least = np.min(np.linalg.eigvals(unit.hessian(w, V)).real)
        direct = np.hypot(*g) <= epsilon and least >= -np.sqrt(mu * epsilon)
        near = abs(np.hypot(*g) - epsilon) < 1e-7
        found = unit.is_sopsp(w, V, epsilon=epsilon, hessian_lipschitz=mu)
        wrong += found != direct and not near
    return Held(-float(wrong), 200, exact=True)


@claim("shamir2018-text-minima-are-sopsp")
def test_minima_are_sopsp(rng):
    """Where the gradient or a negative eigenvalue is left, there is a lower point next door."""
    slack, tried = np.inf, 0
    while tried < 1000:
        unit = _random_unit(rng)
        for _ in range(20):
            V = rng.standard_normal((2, 2))
            w = rng.standard_normal(2)
            if rng.random() < 0.5:
                w, V = np.zeros(2), bounds.stationary_at_zero(unit)
            here = unit.value(w, V)
            in_w, in_V = unit.gradient(w, V)
            seen = unit.curvature(w, V)
            ways = [(-in_w, -in_V)] if _length(in_w, in_V) > 1e-6 else []
            if seen.least < -1e-3:
                ways.append((seen.direction[:2], seen.direction[2:].reshape(2, 2)))
            if not ways:
                continue
            tried += 1
            lowest = min(
                unit.value(w + t * a, V + t * b)
                for a, b in ways
                for t in (*10.0 ** np.arange(-4, 0), *-(10.0 ** np.arange(-4, 0)))
            )
            slack = min(slack, here - lowest)
    return Held(slack, tried)


@claim("shamir2018-text-not-differentiable")
def test_not_differentiable_in_theta(rng):
    """A ReLU at its corner: F has two slopes in theta, and Theorem 1 holds all the same."""
    slack, tried = np.inf, 0
    while tried < 1000:
        x, y = rng.standard_normal((6, 2)), rng.standard_normal(6)
        corner = np.array([-x[0, 1], x[0, 0]])
        w, V = rng.standard_normal(2), rng.standard_normal((2, 1))

        def unit(theta, x=x, y=y, corner=corner):
            z = np.maximum(x @ theta, 0)
            z[0] = max(x[0] @ (theta - corner), 0)
            return ResidualUnit(x, z[:, None], y, SQUARED)

        here = unit(corner)
        h = 1e-5
        ahead, behind = (unit(corner + s * h * x[0]).value(w, V) for s in (1, -1))
        turn = (ahead - 2 * here.value(w, V) + behind) / h
        # The jump of the slope, l' w'V |x|^2 over the number of examples.
        jump = (w @ x[0] - y[0]) * (w @ V[:, 0]) * (x[0] @ x[0]) / 6
        if abs(jump) < 0.1:
            continue
        slack = min(slack, 0.1 - abs(turn / jump - 1))
        w_star = rng.standard_normal(2)
        steep = _length(*here.gradient(w, V))
        slack = min(slack, steep - bounds.gradient_bound(here, w, V, w_star))
        tried += 1
    return Held(slack, tried)


@claim("shamir2018-text-fully-tunable")
def test_fully_tunable(rng):
    """V = v I: nothing nearby is lower, though the line is."""
    x = np.array([[1, 0], [0, 1], [0, 0], [0, 10]])
    z = np.array([[0, 0], [0, 0], [10, 0], [0, -10]])
    unit = ResidualUnit(x, z, [1, 0.8, 0, 0], SQUARED)
    found = minimize(
        lambda q: unit.value(q[:2], q[2] * np.eye(2)), [0, 0.8, 1], tol=1e-12, method="Nelder-Mead"
    )
    in_w, in_V = unit.gradient(found.x[:2], found.x[2] * np.eye(2))
    slack = 1e-5 - _length(in_w, np.trace(in_V))
    # Also where rounding would blur a comparison of values: by the Hessian in (w, v).
    allowed = np.zeros((6, 3))
    allowed[[0, 1, 2, 5], [0, 1, 2, 2]] = 1
    hessian = unit.hessian(found.x[:2], found.x[2] * np.eye(2))
    slack = min(slack, np.linalg.eigvalsh(allowed.T @ hessian @ allowed)[0] - 0.1)
    for _ in range(2000):
        q = found.x + rng.standard_normal(3) * 10 ** rng.uniform(-3, -2)
        slack = min(slack, unit.value(q[:2], q[2] * np.eye(2)) - found.fun)
    line = best_linear(unit).value
    # The free matrix has a way down from there.
    slack = min(slack, found.fun - line - 0.01, np.linalg.norm(in_V) - 0.1)
    return Held(slack, 2000, values={"minimum": found.fun, "line": line})


# Section 3: the theorems


@claim("shamir2018-lemma-1")
def test_lemma_1(rng):
    def slack(unit, w, V, w_star):
        if not np.any(w):
            return np.inf
        in_w, in_V = bounds.comparison_matrix(w, V, w_star)
        slope_w, slope_V = unit.gradient(w, V)
        scale = _length(in_w, in_V) * _length(slope_w, slope_V) + unit.value(w, V) + 1e-9
        product = in_w @ slope_w + np.sum(in_V * slope_V)
        return (product - unit.value(w, V) + unit.linear_value(w_star)) / scale + 1e-9

    return _search(slack, rng)


@claim("shamir2018-text-lemma-1-sketch")
def test_lemma_1_sketch(rng):
    worst = 0.0
    for _ in range(300):
        unit = _random_unit(rng)
        w, V, w_star = rng.standard_normal(2), rng.standard_normal((2, 2)), rng.standard_normal(2)
        in_w, in_V = bounds.comparison_matrix(w, V, w_star)
        slope_w, slope_V = unit.gradient(w, V)
        dl = unit.loss.slope(unit.prediction(w, V), unit.targets)
        hidden = unit.inputs + unit.features @ V.T
        middle = np.mean(dl * (unit.features @ V.T @ w_star)) + np.mean(
            dl * (hidden @ (w - w_star))
        )
        last = np.mean(dl * (hidden @ w - unit.inputs @ w_star))
        first = in_w @ slope_w + np.sum(in_V * slope_V)
        worst = max(worst, np.ptp([first, middle, last]) / (1 + abs(last)))
    return Held(1e-11 - worst, 300, exact=True)


@claim("shamir2018-theorem-1")
def test_theorem_1(rng):
    def slack(unit, w, V, w_star):
        if not np.any(w):
            return np.inf
        steep = _length(*unit.gradient(w, V))
        bound = bounds.gradient_bound(unit, w, V, w_star)
        return (steep - bound) / (steep + abs(bound) + 1e-9) + 1e-9

    held = _search(slack, rng)
    # The constant is met in the limit, so nothing is left to improve.
    x = -3.0

    def ratio(y):
        tight = ResidualUnit([[x]], [[1.0]], [y], SQUARED)
        steep = _length(*tight.gradient([1], [[1]]))
        return bounds.gradient_bound(tight, [1], [[1]], [-1]) / steep

    slack = min(held.slack, ratio(1e6) - 0.99999)
    return Held(slack, held.tried, values={"input": x, "ratio": ratio})


@claim("shamir2018-theorem-2")
def test_theorem_2(rng):
    """Between the norm of A (share 1) and its least eigenvalue (share 0)."""

    def side(unit, V, w_star, share):
        found = bounds.origin_bound(unit, V, w_star)
        eigenvalues = np.linalg.eigvalsh(unit.output_hessian(np.zeros(unit.d), V))
        bend = (1 - share) * eigenvalues[0] + share * eigenvalues[-1]
        steep = _length(unit.gradient(np.zeros(unit.d), V)[0])
        root = np.sqrt(max(abs(found.least) * bend + found.least**2, 0.0))
        left = steep + np.linalg.norm(V, 2) * root
        return (left - found.right) / (left + abs(found.right) + 1e-9)

    def slack(share):
        def of(unit, w, V, w_star):
            if not np.any(w_star):
                return np.inf
            # Stationary points are the tightest: every other one is such a point.
            in_z = unit.slopes(np.zeros(2), V)[1]
            if w[0] > 0 and np.any(in_z):
                stationary = bounds.stationary_at_zero(unit)
                # A V beyond this leaves no digits of the least eigenvalue of A.
                V = stationary if np.linalg.norm(stationary) < 1e3 else V
            least = bounds.least_eigenvalue_at_zero(unit, V)
            return min(side(unit, V, w_star, share) + 1e-7, -least + 1e-12)

        return of

    printed, best = (_search(slack(share), rng, samples=800, starts=2) for share in (1.0, 0.0))
    # One example pulls with a linear loss, the other bends and has no input.
    pulled = ResidualUnit([[0.5, 0], [0, 0]], [[0.5], [1.0]], [1.0, -1.0], MIXED)
    V = bounds.stationary_at_zero(pulled)
    beyond = side(pulled, V, np.array([1.0, 0.0]), -0.01)
    return Sharpened(printed, 0.0, best, beyond)


@claim("shamir2018-theorem-3", "shamir2018-text-poly-epsilon")
def test_theorem_3(rng):
    """Squared loss over |w|, |V| <= b, with Lipschitz constants that hold over the whole box."""

    def slack(x0, x1, z0, z1, y0, y1, w, V, b, r):
        found = []
        for row in zip(x0, x1, z0, z1, y0, y1, w, V, b, r, strict=True):
            x, z, y = np.array(row[:2]), np.array(row[2:4]), np.array(row[4:6])
            w_, V_, b_, r_ = row[6:]
            w_, V_ = w_ * b_, V_ * b_
            hidden, wz = np.max(np.abs(x) + b_ * np.abs(z)), b_ * np.max(np.abs(z))
            J, Z = np.hypot(hidden, wz), np.max(np.abs(z))
            P = b_ * hidden + np.max(np.abs(y))
            mu_0, mu_1, mu_2 = P * J, J**2 + P * Z, 3 * J * Z
            unit = ResidualUnit(x[:, None], z[:, None], y, SQUARED)
            steep = _length(*unit.gradient([w_], [[V_]]))
            least = min(unit.curvature([w_], [[V_]]).least, 0.0)
            epsilon = max(steep, least**2 / mu_2) if mu_2 > 0 else steep
            star = np.clip(x @ y / (x @ x), -r_, r_) if x @ x > 0 else 0.0
            gap = unit.value([w_], [[V_]]) - unit.linear_value([star])
            bound = bounds.uniform_bound(
                epsilon=epsilon, b=b_, r=r_, mu_0=mu_0, mu_1=mu_1, mu_2=mu_2
            )
            found.append((bound - gap) / (bound + abs(gap) + 1e-9) + 1e-9)
        return np.array(found)

    box = {name: Range(-3, 3) for name in ("x0", "x1", "z0", "z1", "y0", "y1")}
    box |= {"w": Range(-1, 1), "V": Range(-1, 1), "b": Range(0.1, 5), "r": Range(0.1, 5)}
    worst = search(slack, box, rng, samples=4000, starts=6)
    # A family whose gap falls like a power of the least epsilon that admits it: by which?
    gaps, admitting = [], []
    for h in (1e-3, 1e-4):
        unit = ResidualUnit([[h], [0.0]], [[h], [1.0]], [1.0, -1.0], MIXED)
        V = np.array([[-1.0]])
        assert _length(*unit.gradient([0.0], V)) < 1e-15
        gaps.append(unit.value([0.0], V) - unit.linear_value([1.0]))
        admitting.append(bounds.least_eigenvalue_at_zero(unit, V) ** 2)
    power = np.log(gaps[0] / gaps[1]) / np.log(admitting[0] / admitting[1])
    return Held(worst.value, worst.evaluations, values={"power": float(power)})


@claim("shamir2018-text-theorem-3-linear")
def test_theorem_3_linear(rng):
    """Making one factor c times as large makes the bound at most c times as large."""
    names = ("b", "r", "mu_0", "mu_1", "mu_2")

    def slack(epsilon, c, **factors):
        found = []
        for i in range(epsilon.size):
            base = {name: float(factors[name][i]) for name in names}
            before = bounds.uniform_bound(epsilon=float(epsilon[i]), **base)
            for name in names:
                larger = base | {name: float(c[i]) * base[name]}
                after = bounds.uniform_bound(epsilon=float(epsilon[i]), **larger)
                found.append(c[i] * before / after - 1 + 1e-12)
        return np.min(np.array(found).reshape(-1, len(names)), axis=1)

    box = {name: Range(1e-3, 1e3, "log") for name in names}
    box |= {"epsilon": Range(1e-9, 1e2, "log"), "c": Range(1, 1e4, "log")}
    worst = search(slack, box, rng, samples=3000, starts=4)
    return Held(worst.value, worst.evaluations)


@claim("shamir2018-corollary-1", "shamir2018-abstract")
def test_corollary_1(rng):
    """Descents to second-order stationary points; and no stationary point above the line is one."""
    slack, tried = np.inf, 0
    for _ in range(24):
        unit = _random_unit(rng, d=int(rng.integers(1, 4)))
        line, joint = best_linear(unit).value, best_joint(unit).value
        for _ in range(4):
            w, V = rng.standard_normal(unit.d), rng.standard_normal((unit.d, 2))
            run = descend(unit, w, V, iterations=3000)
            if run.ending is Ending.STATIONARY and np.linalg.norm(run.w) > 1e-2:
                slack = min(slack, line - run.value + 1e-8, 1e-5 - abs(run.value - joint))
                tried += run.iterations
        # At w = 0 everything stationary above the line has a negative eigenvalue.
        start = bounds.stationary_at_zero(unit)
        in_z = unit.slopes(np.zeros(unit.d), start)[1]
        for _ in range(20):
            free = rng.standard_normal(start.shape) * 10 ** rng.uniform(-1, 1)
            V = start + free - np.outer(free @ in_z, in_z) / (in_z @ in_z)
            slack = min(slack, -unit.curvature(np.zeros(unit.d), V).least)
            tried += 1
        # Nor is a second derivative needed: here a fixed t and a much smaller s.
        kinked = ResidualUnit(unit.inputs, unit.features, np.sign(unit.targets), PARABOLA)
        V, n = bounds.stationary_at_zero(kinked), rng.standard_normal(kinked.d)
        u = kinked.slopes(np.zeros(kinked.d), V)[1]
        n, t = n / np.linalg.norm(n), 10 ** rng.uniform(-4, -2)
        s, steepness = t * 1e-3, np.linalg.norm(u)
        change = kinked.value(s * n, V - t * np.outer(n, u) / steepness) - kinked.value(0 * n, V)
        slack = min(slack, -change / (s * t * steepness) - 0.5)
    return Held(slack, tried)


@claim("shamir2018-remark-2")
def test_remark_2(rng):
    """Theorem 1's variant for W of full row rank, and for c < d a bound at every point."""
    slack, tried = np.inf, 0
    while tried < 1500:
        d = int(rng.integers(1, 4))
        c = int(rng.integers(1, d + 1))
        x, z = rng.standard_normal((5, d)), rng.standard_normal((5, 2))
        squared = rng.random() < 0.5
        y = rng.standard_normal((5, c)) if squared else np.eye(c)[rng.integers(c, size=5)]
        loss = vector_outputs.SQUARED_VECTOR if squared else vector_outputs.CROSS_ENTROPY
        unit = vector_outputs.VectorUnit(x, z, y, loss)
        W = rng.standard_normal((c, d)) * 10 ** rng.uniform(-1, 1)
        V = rng.standard_normal((d, 2)) * 10 ** rng.uniform(-1, 1)
        W_star = rng.standard_normal((c, d)) if tried % 2 else -W
        steep = _length(*unit.gradient(W, V))
        bound = vector_outputs.gradient_bound(unit, W, V, W_star)
        slack = min(slack, (steep - bound) / (steep + abs(bound) + 1e-9) + 1e-9)
        if c < d:
            W[0] *= rng.integers(2)
            gap = unit.value(W, V) - unit.linear_value(W_star)
            allowed = vector_outputs.curvature_bound(unit, W, V, W_star)
            slack = min(slack, (allowed - gap) / (allowed + abs(gap) + 1e-9) + 1e-6)
        tried += 1
    # With more outputs than inputs there is a local minimum above the line.
    unit, W, V = vector_outputs.more_outputs_than_inputs()
    for _ in range(8000):
        in_W, in_V = unit.gradient(W, V)
        W, V = W - 0.05 * in_W, V - 0.05 * in_V
    assert _length(*unit.gradient(W, V)) < 1e-10
    assert np.linalg.eigvalsh(unit.hessian(W, V))[0] > 0
    assert unit.value(W, V) > 3 * unit.linear_value(np.array([[1.0], [2.0]]))
    return Held(slack, tried)


# Section 4: norms and regularisation


@claim("shamir2018-text-may-diverge")
def test_may_diverge(rng):
    """Gradient flow from starts behind the wall: V grows and grows, the loss stays above."""
    slack, tried = np.inf, 0
    for _ in range(8):
        rho = rng.uniform(0.2, 0.9)
        unit = runaway_unit(rho)
        c = rng.uniform(0.3, 1.0) * rho
        w = -rng.uniform(0.02, 0.2) * rho**2
        times = np.concatenate([[0.0], np.geomspace(1, 1e6, 150)])
        flow_w, flow_V = gradient_flow(unit, w, c / w, times)
        if unit.value([w], [[c / w]]) >= 0.5:
            continue
        values = np.array([unit.value([a], [[b]]) for a, b in zip(flow_w, flow_V, strict=True)])
        slack = min(slack, np.min(values) - runaway_floor(rho), abs(flow_V[-1]) - 10)
        slack = min(slack, runaway_floor(rho) - best_linear(unit).value)
        tried += times.size
    return Held(slack, tried)


@claim("shamir2018-text-bounded-iterates")
def test_bounded_iterates(rng):
    """On one side of the wall the flow is bounded and arrives; on the other |V| is like t^(1/3)."""
    slack, tried = np.inf, 0
    times = np.concatenate([[0.0], np.geomspace(1, 1e9, 200)])
    for _ in range(6):
        rho = rng.uniform(0.3, 0.8)
        unit = runaway_unit(rho)
        line = best_linear(unit)
        w, V = gradient_flow(unit, rng.uniform(0.1, 1), rng.uniform(-1, 1), times)
        slack = min(slack, 10 - np.max(np.abs([w, V])))
        slack = min(slack, 1e-6 - (unit.value([w[-1]], [[V[-1]]]) - line.value))
        w, V = gradient_flow(unit, -0.1 * rho**2, -5 / rho, times)
        law = 3 * rho * (1 - rho**2) * times[-1]
        slack = min(slack, 0.05 - abs(-(V[-1] ** 3) / law - 1))
        slack = min(slack, unit.value([w[-1]], [[V[-1]]]) - line.value - 0.1)
        tried += 2 * times.size
    return Held(slack, tried)


@claim("shamir2018-example-1", "shamir2018-text-norm-matters")
def test_example_1(rng):
    """The printed gradient and Hessian against differences; the printed point and its value."""
    worst, tried = 0.0, 0
    for _ in range(400):
        e = 10 ** rng.uniform(-3, 1)
        w, v = rng.uniform(-3, 3, 2) / np.array([1, e])
        inner = w - 1 + e * w * v
        gradient = np.array([inner * (1 + e * v), e * inner * w])
        mixed = e * (2 * w + 2 * e * w * v - 1)
        hessian = np.array([[(1 + e * v) ** 2, mixed], [mixed, (e * w) ** 2]])
        example, h = Example(e), np.array([1e-6, 1e-6 / e])
        for i, step in enumerate(np.diag(h)):
            ahead, behind = (w, v) + step, (w, v) - step
            slope = (example.value(*ahead) - example.value(*behind)) / (2 * h[i])
            bend = (example.gradient(*ahead) - example.gradient(*behind)) / (2 * h[i])
            scale = 1 + np.abs(hessian).max() + np.abs(gradient).max()
            worst = max(worst, abs(slope - gradient[i]) / scale / 1e2)
            worst = max(worst, np.max(np.abs(bend - hessian[i])) / scale)
        at = (0.0, -1 / e)
        eigenvalues = np.linalg.eigvalsh(example.hessian(*at))
        worst = max(worst, np.abs(example.gradient(*at)).max(), abs(example.value(*at) - 0.5))
        worst = max(worst, np.max(np.abs(eigenvalues - [-e, e])) / e)
        tried += 3
    return Held(1e-6 - worst, tried)


@claim("shamir2018-figure-1", "shamir2018-text-hard-constraint")
def test_figure_1():
    """The caption's functions: twice Example 1, with lambda = 1/4 in (b), on a disc of radius 2."""
    decayed = Example(1.0, 0.25)

    def caption(p):
        return (p[0] * (1 + p[1]) - 1) ** 2 + (p[0] ** 2 + p[1] ** 2) / 4

    rng = np.random.default_rng(0)
    slack = 1e-9
    for point in rng.uniform(-3, 3, (1000, 2)):
        slack = min(slack, 1e-9 - abs(caption(point) - 2 * decayed.value(*point)))
    found = minimize(caption, (-1, -1.6), options={"gtol": 1e-9})
    best = minimize(caption, (1, 0.5), options={"gtol": 1e-9})
    spurious = [p for p in decayed.stationary_points() if p.kind is Kind.SPURIOUS]
    slack = min(slack, 0.02 - np.max(np.abs(found.x - [-1, -1.6])), found.fun - best.fun - 0.5)
    slack = min(slack, 1e-5 - np.hypot(*(found.x - [spurious[0].w, spurious[0].v])))
    rim = [p for p in Example(1.0).rim_minima(2.0) if p.kind is Kind.SPURIOUS]
    slack = min(slack, -rim[0].w, -rim[0].v, rim[0].value - 0.01, 1.5 - len(rim))
    # A disc traps between the distances of the saddle and of the valley behind it, and only there.
    for epsilon in (0.2, 1.0, 5.0):
        near, far = 1 / epsilon, valley_distance(epsilon)
        for share, traps in ((-0.01, 0), (0.01, 1), (0.5, 1), (0.99, 1), (1.01, 0)):
            rims = Example(epsilon).rim_minima(near + share * (far - near))
            count = sum(p.kind is Kind.SPURIOUS and p.value > 1e-9 for p in rims)
            slack = min(slack, 0.5 - abs(count - traps))
    values = {
        "decay w": float(found.x[0]),
        "decay v": float(found.x[1]),
        "disc w": rim[0].w,
        "disc v": rim[0].v,
        "valley": valley_distance(1.0),
    }
    return Held(slack, 1000, values=values)


@claim("shamir2018-remark-3")
def test_remark_3(rng):
    """Norms of the Hessian and of its derivative over the square of side 4/epsilon."""

    def largest(epsilon):
        side = np.linspace(-2, 2, 9) / epsilon
        example = Example(epsilon)
        norms = [np.linalg.norm(example.hessian(w, v), 2) for w in side for v in side]
        # The Hessian is quadratic: its derivative along a direction is a difference.
        third = []
        for angle in np.linspace(0, np.pi, 40):
            step = 1e-3 / epsilon * np.array([np.cos(angle), np.sin(angle)])
            change = [
                example.hessian(w + step[0], v + step[1])
                - example.hessian(w - step[0], v - step[1])
                for w in side[::4]
                for v in side[::4]
            ]
            third += [np.linalg.norm(c, 2) / (2e-3 / epsilon) for c in change]
        return max(*norms, *third)

    most = max(largest(epsilon) for epsilon in np.geomspace(1e-4, 1, 40))
    held = Held(20.0 - most, 40 * 441, values={"bound": Up(most)})
    return Failed(20.0 - largest(100.0), "epsilon = 100", held)


@claim("shamir2018-text-saddle")
def test_saddle():
    printed, slack = np.inf, np.inf
    for epsilon in np.geomspace(0.01, 10, 200):
        example = Example(epsilon)
        printed = min(printed, 1e-12 - np.linalg.norm(example.gradient(1.0, -1 / epsilon)))
        eigenvalues = np.linalg.eigvalsh(example.hessian(0.0, -1 / epsilon))
        steep = np.linalg.norm(example.gradient(0.0, -1 / epsilon))
        slack = min(slack, 1e-12 - steep, -eigenvalues[0], eigenvalues[1])
    return Failed(printed, "gradient (0, -epsilon)", Held(slack, 200, exact=True))


@claim("shamir2018-text-stationary-points")
def test_stationary_points(rng):
    """Every point without slope is on a valley or is the saddle."""

    def slack(epsilon, w, t):
        v = (t - 1) / epsilon
        short = w * t - 1
        steep = np.hypot(short * t, epsilon * short * w)
        valley, saddle = np.abs(short), np.hypot(w, t)
        # The slope is |w t - 1| times |(t, epsilon w)|: it vanishes only where one factor does.
        assert np.all(np.isfinite(v))
        return steep - np.minimum(epsilon, 1) * valley * saddle + 1e-12 * (1 + steep)

    box = {"epsilon": Range(0.01, 10, "log"), "w": Range(-20, 20), "t": Range(-20, 20)}
    worst = search(slack, box, rng)
    return Held(worst.value, worst.evaluations)


@claim("shamir2018-text-spurious-minimum")
def test_spurious_minimum():
    """With the factor 1/2 of Example 1 and lambda = 1/2 there is one stationary point only."""
    decay, (w, v) = 0.5, (0.7, 0.2)
    # How much smaller Example 1 is than the caption's F, which has the printed decay.
    factor = float(Example(1.0).value(w, v)) / (w * (1 + v) - 1) ** 2
    printed = [p for p in Example(1.0, decay).stationary_points() if p.kind is Kind.SPURIOUS]
    meant = [p for p in Example(1.0, decay * factor).stationary_points() if p.kind is Kind.SPURIOUS]
    border = largest_trapping_decay(1.0)
    assert not printed
    # Without rounding to floats in between: (1 + s)(s^2 + 1/2)^2 > s for all s > 0, by a margin.
    s = np.linspace(0, 3, 30_001)
    margin = np.min((1 + s) * (s**2 + 0.5) ** 2 - s)
    distance = np.hypot(meant[0].w + 1, meant[0].v + 1.6)
    values = {"printed": decay, "best": decay * factor, "factor": factor, "border": border}
    return Failed(
        border - decay if margin > 1e-3 else 0.0,
        "lambda = 1/2",
        Held(min(0.02 - distance, border - decay * factor), 1, exact=True, values=values),
    )


@claim("shamir2018-text-other-regularisers")
def test_other_regularisers():
    """Fourth powers, absolute values (smoothed) and a norm squared in other units."""
    regularisers = (
        lambda w, v: 0.02 * (w**4 + v**4),
        lambda w, v: 0.2 * (np.sqrt(w**2 + 1e-4) + np.sqrt(v**2 + 1e-4)),
        lambda w, v: 0.1 * w**2 + 0.2 * v**2,
    )
    slack, tried = np.inf, 0
    example = Example(1.0)
    for R in regularisers:

        def value(p, R=R):
            return float(example.value(*p) + R(*p))

        trap = minimize(value, (-1.2, -1.8), options={"gtol": 1e-8})
        best = minimize(value, (0.8, 0.3), options={"gtol": 1e-8})
        around = trap.x + 0.05 * np.array(
            [(np.cos(a), np.sin(a)) for a in np.linspace(0, 2 * np.pi, 400)]
        )
        slack = min(slack, -trap.x[0], -trap.x[1], trap.fun - best.fun - 0.05)
        slack = min(slack, min(value(p) for p in around) - trap.fun)
        tried += 400
    return Held(slack, tried)


@claim("shamir2018-text-small-decay")
def test_small_decay(rng):
    """For every small lambda the trap is there; its loss is at most lambda rho^2/2."""
    slack, tried = np.inf, 0
    persists = 0
    for _ in range(1500):
        epsilon = 10 ** rng.uniform(-1.5, 0.5)
        decay = largest_trapping_decay(epsilon) * 10 ** rng.uniform(-6, -0.01)
        far = valley_distance(epsilon)
        points = Example(epsilon, decay).stationary_points()
        traps = [p for p in points if p.kind is Kind.SPURIOUS]
        persists += len(traps) == 1 and traps[0].value > points[0].value
        loss = float(Example(epsilon).value(traps[0].w, traps[0].v))
        slack = min(slack, decay * far**2 / 2 * (1 + 1e-9) - loss)
        tried += 1
    assert persists == tried
    for epsilon in (0.3, 1.0, 2.0):
        rim = Example(epsilon).rim_minima(1.001 * valley_distance(epsilon))
        slack = min(slack, *(1e-9 - p.value for p in rim))
    decay = 1e-6
    trap = Example(1.0, decay).stationary_points()
    # The objective there, which the loss is below, is this share of decay times distance squared.
    share = trap[1].value / (decay * valley_distance(1.0) ** 2)
    held = Held(slack, tried, values={"share": share})
    return Failed(trap[0].value - trap[1].value, "lambda = 1e-6", held)


@claim("shamir2018-text-depends-on-epsilon")
def test_depends_on_epsilon():
    """The disc has to reach at least 1/epsilon; no fixed decay is small enough for all epsilon."""
    slack = np.inf
    epsilons = np.geomspace(1e-3, 1, 1000)
    for epsilon in epsilons:
        far = valley_distance(epsilon)
        slack = min(slack, far * epsilon - 1)
    # A decay of 0.01 leaves every loss below 0.03 at epsilon = 1, and pulls to w = t = 0 at 0.01.
    fine = Example(1.0, 0.01).stationary_points()[1]
    slack = min(slack, 0.03 - float(Example(1.0).value(fine.w, fine.v)))
    small = Example(0.02, 0.01).stationary_points()
    slack = min(slack, 1.5 - len(small))
    return Held(slack, epsilons.size)


# Section 5: a shortcut to the output


@claim("shamir2018-theorem-4", "shamir2018-abstract-sgd", "shamir2018-text-arbitrary-direction")
def test_theorem_4():
    """Random settings, both ways of moving theta: how often is the mean above what is allowed?"""
    rng = np.random.default_rng(12)
    slack, tried = np.inf, 0
    for number in range(6):
        n, d = int(rng.integers(2, 30)), int(rng.integers(1, 4))
        x = rng.standard_normal((n, d)) * 10 ** rng.uniform(-1, 0.5)
        y = rng.choice([-1.0, 1.0], n)
        loss = (LOGISTIC, SMOOTHED_HINGE)[number % 2]
        setting = SkipSetting(
            x,
            y,
            loss,
            hidden=int(rng.integers(1, 4)),
            radius=10 ** rng.uniform(-0.5, 1),
            step_ratio=(1.0, 0.3, 4.0)[number % 3],
        )
        line = best_linear_in_ball(setting)[1]
        steps = int(rng.choice([20, 100, 400]))
        runs = skip_sgd(setting, steps=steps, runs=200, rng=rng, train_hidden=bool(number // 2 % 2))
        for delta in (0.5, 0.1):
            above = runs.mean - line > excess_bound(setting, steps=steps, delta=delta)
            slack = min(slack, delta - float(np.mean(above)))
        tried += 200

    # What is allowed in one step, in units of b l, is linear in sqrt(log 1/delta).
    scale = setting.radius * setting.lipschitz
    smaller = min(setting.largest_loss, scale) / scale

    def allowed(c, root):
        chosen = replace(setting, step_ratio=c)
        return excess_bound(chosen, steps=1, delta=float(np.exp(-(root**2)))) / scale

    constants = {
        "steps": lambda c: 2 * allowed(c, 1) - allowed(c, 2),
        "chance": (allowed(1, 2) - allowed(1, 1)) / smaller,
    }
    return Held(slack, tried, values=constants)


@claim("shamir2018-text-online-reduction")
def test_online_reduction():
    """(w, v) of SGD on (w, v, theta) are those of online descent on h_t(., ., theta_t)."""
    rng = np.random.default_rng(3)
    worst, tried = 0.0, 0

    def shrink(a, radius):
        return a * min(1.0, radius / np.linalg.norm(a))

    for _ in range(20):
        x, y = rng.standard_normal((50, 2)), rng.choice([-1.0, 1.0], 50)
        q, A = shrink(rng.standard_normal(4), 1.0), shrink(rng.standard_normal((2, 2)), 1.5)
        eta, played, path = 0.3, [], []
        for t in range(50):
            z = np.tanh(A @ x[t])
            both = np.concatenate([x[t], z])
            slope = LOGISTIC.slope(np.array([q @ both]), y[t : t + 1])[0]
            played.append((both, y[t]))
            path.append(q)
            # One step of the whole vector (q, theta), projected onto the product of the balls.
            whole = np.concatenate([q, A.ravel()]) - eta * slope * np.concatenate(
                [both, np.outer(q[2:] * (1 - z**2), x[t]).ravel()]
            )
            q, A = shrink(whole[:4], 1.0), shrink(whole[4:].reshape(2, 2), 1.5)
        online = path[0]
        for t, (both, label) in enumerate(played):
            worst = max(worst, np.max(np.abs(online - path[t])))
            slope = LOGISTIC.slope(np.array([online @ both]), np.array([label]))[0]
            online = shrink(online - eta * slope * both, 1.0)
            tried += 1
    return Held(1e-12 - worst, tried)
