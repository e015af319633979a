"""The ledger's rows on sections 1 and 2 of Liu et al. (2019): the networks and the landscape."""

import numpy as np

from shortcutlib import Teacher, descent, networks, population
from shortcutlib.adversary import Range, search
from shortcutlib.angles import unit
from shortcutlib.dissipativity import Teachers
from shortcutlib.figures.architecture import residual_network_figure, teacher_student_figure
from shortcutlib.inequalities import configuration
from shortcutlib.population import SpuriousKind
from shortcutlib.reduced import output_distance
from shortcutlib.relu_kernel import g_deficit, relu_kernel
from shortcutlib.starts import sample_sphere
from shortcutlib.teacher import shortcut_vector
from tests.claims.ledger import Failed, Held, claim

SIZES = ((1, 1), (2, 3), (4, 3), (8, 16))


def _draw(rng: np.random.Generator, p: int, k: int, n: int = 50):
    return rng.standard_normal(p), rng.standard_normal(k), rng.standard_normal((n, p, k))


def _by_loops(v: np.ndarray, a: np.ndarray, Z: np.ndarray) -> np.ndarray:
    """sum_j a_j relu(Z_j' v), one input and one patch at a time."""
    return np.array([sum(a[j] * max(z[:, j] @ v, 0.0) for j in range(a.size)) for z in Z])


def _random_teacher(rng: np.random.Generator, p: int = 8, k: int = 5) -> Teacher:
    return Teacher(unit(rng.standard_normal(p)), rng.standard_normal(k))


@claim("liu2019-equation-1")
def test_equation_1(rng):
    worst = 0.0
    for p, k in SIZES:
        v, a, Z = _draw(rng, p, k)
        worst = max(worst, np.max(np.abs(networks.plain_cnn(v, a, Z) - _by_loops(v, a, Z))))
    return Held(1e-12 - worst, len(SIZES) * 50, exact=True)


@claim("liu2019-equation-2")
def test_equation_2(rng):
    worst = 0.0
    for p, k in SIZES:
        w, a, Z = _draw(rng, p, k)
        expected = _by_loops(np.ones(p) / np.sqrt(p) + w, a, Z)
        worst = max(worst, np.max(np.abs(networks.residual_network(w, a, Z) - expected)))
    return Held(1e-12 - worst, len(SIZES) * 50, exact=True)


@claim("liu2019-equation-3")
def test_equation_3(rng):
    """Half the expected squared error, sampled, against its closed form from the ReLU kernel."""
    slack = np.inf
    for p, k in ((3, 2), (8, 5)):
        teacher = _random_teacher(rng, p, k)
        w, a, Z = _draw(rng, p, k, 200_000)
        w *= 0.5
        v = w + shortcut_vector(p)
        errors = networks.residual_network(w, a, Z) - networks.teacher_network(teacher, Z)
        # E relu(x) = |v|/sqrt(2 pi) couples different patches, the kernel each with itself.
        means = np.linalg.norm(v) * a - teacher.output_weights
        across = (np.sum(means) ** 2 - means @ means) / (2 * np.pi)
        b = teacher.output_weights
        own = (
            a @ a * relu_kernel(v, v)
            - 2 * a @ b * relu_kernel(v, teacher.filter)
            + b @ b * relu_kernel(teacher.filter, teacher.filter)
        )
        halves = errors**2 / 2
        standard_error = np.std(halves) / np.sqrt(halves.size)
        slack = min(slack, 5 * standard_error - abs(np.mean(halves) - (across + own) / 2))
    return Held(slack, 400_000)


@claim("liu2019-equation-4")
def test_equation_4(rng):
    worst = 0.0
    for p, k in SIZES:
        teacher = _random_teacher(rng, p, k)
        Z = rng.standard_normal((50, p, k))
        expected = _by_loops(teacher.filter, teacher.output_weights, Z)
        worst = max(worst, np.max(np.abs(networks.teacher_network(teacher, Z) - expected)))
    return Held(1e-12 - worst, len(SIZES) * 50, exact=True)


@claim("liu2019-equation-5")
def test_equation_5(rng):
    """Without Z_j the sum is a vector and the same for every input; with it, it is (2)."""
    w, a, Z = _draw(rng, 4, 3)

    def as_printed(z: np.ndarray) -> np.ndarray:
        del z  # the printed formula does not contain it
        return sum(a[j] * np.maximum(shortcut_vector(4) + w, 0.0) for j in range(3))

    outputs = networks.residual_network(w, a, Z)
    differs = np.ptp(outputs) - np.max(np.abs(as_printed(Z[0]) - as_printed(Z[1])))
    repaired = np.max(np.abs(outputs - _by_loops(shortcut_vector(4) + w, a, Z)))
    return Failed(-differs, as_printed(Z[0]).shape, Held(1e-12 - repaired, 50, exact=True))


@claim("liu2019-equation-6")
def test_equation_6(rng):
    worst = 0.0
    for p, k in SIZES:
        w, a, Z = _draw(rng, p, k)
        v = shortcut_vector(p) + w
        expected = _by_loops(v / np.sqrt(np.sum(v**2)), a, Z)
        found = networks.normalised_residual_network(w, a, Z)
        worst = max(worst, np.max(np.abs(found - expected)))
    return Held(1e-12 - worst, len(SIZES) * 50, exact=True)


@claim("liu2019-equation-7")
def test_equation_7(rng):
    """The closed form of the book against the mean over samples."""
    slack = np.inf
    for p, k in ((2, 1), (8, 5), (5, 12)):
        teacher = _random_teacher(rng, p, k)
        w, a, Z = _draw(rng, p, k, 100_000)
        errors = networks.normalised_residual_network(w, a, Z) - networks.teacher_network(
            teacher, Z
        )
        halves = errors**2 / 2
        expected = population.loss(shortcut_vector(p) + w, a, teacher)
        standard_error = np.std(halves) / np.sqrt(halves.size)
        slack = min(slack, 5 * standard_error - abs(np.mean(halves) - expected))
    return Held(slack, 300_000)


@claim("liu2019-equation-8")
def test_equation_8(rng):
    """One step of the library against finite differences of the loss and the normalisation."""
    worst = 0.0
    h = 1e-6
    for p, k in ((2, 1), (4, 3), (8, 5)):
        teacher = _random_teacher(rng, p, k)
        v, a = unit(rng.standard_normal(p)), rng.standard_normal(k)
        in_w = [
            (population.loss(v + h * e, a, teacher) - population.loss(v - h * e, a, teacher))
            / (2 * h)
            for e in np.eye(p)
        ]
        in_a = [
            (population.loss(v, a + h * e, teacher) - population.loss(v, a - h * e, teacher))
            / (2 * h)
            for e in np.eye(k)
        ]
        moved = v - 0.3 * np.array(in_w)
        found_v, found_a = descent.step(v, a, teacher, 0.2, 0.3)
        worst = max(worst, np.max(np.abs(found_v - moved / np.linalg.norm(moved))))
        worst = max(worst, np.max(np.abs(found_a - (a - 0.2 * np.array(in_a)))))
    return Held(1e-7 - worst, 3, exact=True)


@claim("liu2019-text-scale")
def test_scale_is_free(rng):
    """a/c and c v give the same network for every c > 0."""
    worst = 0.0
    for c in np.geomspace(1e-6, 1e6, 1001):
        v, a, Z = _draw(rng, 4, 3, 3)
        difference = networks.plain_cnn(c * v, a / c, Z) - networks.plain_cnn(v, a, Z)
        worst = max(worst, np.max(np.abs(difference)) / (1 + np.max(np.abs(a))))
    return Held(1e-11 - worst, 1001)


@claim("liu2019-text-normalisation")
def test_normalised_input_is_standard(rng):
    """Z_j'u with |u| = 1 has mean u'E Z_j = 0 and variance u'I u = 1; sampled as well."""
    slack = np.inf
    for p in (1, 2, 8, 50):
        u = unit(shortcut_vector(p) + rng.standard_normal(p))
        sampled = rng.standard_normal((100_000, p)) @ u
        slack = min(
            slack,
            5 / np.sqrt(1e5) - abs(np.mean(sampled)),
            5 * np.sqrt(2 / 1e5) - abs(np.var(sampled) - 1),
        )
    return Held(slack, 400_000)


def _loss_over_distance(**variables):
    """L over |a - a*|^2 + N |w - w*|^2, from the closed form, for teachers of every kind."""
    teachers, students = configuration(**variables)
    norm_squared = teachers.norm_squared
    away = students.output_sum - teachers.output_sum
    distance = output_distance(teachers, students)
    loss = (
        away**2 + (np.pi - 1) * distance + 2 * g_deficit(students.angle) * students.alignment
    ) / (4 * np.pi)
    return loss / (distance + norm_squared * 4 * np.sin(students.angle / 2) ** 2)


LANDSCAPE = {
    "k": Range(1, 200, "whole"),
    "share": Range(0, 1),
    "norm_squared": Range(1e-2, 1e3, "log"),
    "s": Range(-3, 3),
    "x": Range(-3, 3),
    "rest": Range(0, 3),
    "angle": Range(1e-6, np.pi),
}


@claim("liu2019-proposition-1-global")
def test_proposition_1_global_optimum(rng):
    """The loss vanishes at (v*, a*), whatever the length of v, and is positive everywhere."""
    for length in (1e-3, 1.0, 1e3):
        teacher = _random_teacher(rng)
        at = population.loss(length * teacher.filter, teacher.output_weights, teacher)
        assert abs(at) < 1e-14
    worst = search(_loss_over_distance, LANDSCAPE, rng)
    return Held(worst.value, worst.evaluations)


@claim("liu2019-text-unique-optimum")
def test_unique_optimum(rng):
    """On |v| = 1 the loss is at least a fiftieth of |a - a*|^2 + N |w - w*|^2: no second zero."""
    worst = search(_loss_over_distance, LANDSCAPE, rng)
    return Held(worst.value - 1 / 50, worst.evaluations)


@claim("liu2019-proposition-1-spurious")
def test_proposition_1_spurious_optimum(rng):
    """k = 1: the loss falls from the point on.  Below the bound on S^2: it rises all around."""
    a_star = np.array([1.0])
    teacher = Teacher(shortcut_vector(2), a_star)
    v, a = population.spurious_point(teacher)
    # The formula of the proposition itself.
    k = teacher.k
    printed = np.linalg.solve(
        np.ones((k, k)) + (np.pi - 1) * np.eye(k), (np.ones((k, k)) - np.eye(k)) @ a_star
    )
    np.testing.assert_allclose(a, printed, atol=1e-15)
    # With k = 1 the point is a = 0, where the filter does not matter: turn it by e towards v* at
    # no cost, and then a small positive a pays.
    e = 0.5
    side = np.array([1.0, -1.0]) / np.sqrt(2)
    turned = -np.cos(e) * teacher.filter + np.sin(e) * side
    pays = np.array([(np.sin(e) - e * np.cos(e)) / np.pi])
    violation = population.loss(turned, pays, teacher) - population.loss(v, a, teacher)
    slack, tried = np.inf, 0
    for share in (0.0, 0.02, 0.1, 0.3):
        for size in (2, 5, 16, 64):
            bound = (size + np.pi - 1) / (np.pi * size)
            if share >= bound:
                continue
            teacher = Teacher.from_numbers(
                k=size, p=5, output_sum=np.sqrt(share * size), norm_squared=1.0, angle=1.0
            )
            assert population.spurious_kind(teacher) is SpuriousKind.MINIMUM
            v, a = population.spurious_point(teacher)
            at = population.loss(v, a, teacher)
            for _ in range(100):
                # In w the point is flat to third order: the loss rises like the cube of the turn.
                e = 10 ** rng.uniform(-2.5, -1.5)
                away = unit(v + e * sample_sphere(1, 5, rng)[0])
                near = a + e**2 * rng.uniform(0, 1) * sample_sphere(1, size, rng)[0]
                slack = min(slack, (population.loss(away, near, teacher) - at) / e**4)
                tried += 1
    return Failed(violation, {"k": 1, "a*": 1.0}, Held(slack, tried))


@claim("liu2019-text-only-spurious")
def test_no_other_local_minimum(rng):
    """Where q = 0 at an angle inside (0, pi) the gradient vanishes, but the Hessian has a way down.

    Elsewhere the gradient in w, |q| (pi - phi) sin(phi)/(2 pi), vanishes only at the poles, where
    the gradient in a leaves (v*, a*) and (-v*, a-bar).
    """
    slack, tried = np.inf, 0
    while tried < 1000:
        k = int(rng.integers(2, 60))
        teacher = Teacher.from_numbers(
            k=k,
            p=4,
            output_sum=np.sqrt(rng.uniform(0, 0.5) * k),
            norm_squared=1.0,
            angle=rng.uniform(0, np.pi),
        )
        angle = population.saddle_angle(teacher)
        if angle is None:
            continue
        side = unit(np.array([1.0, -1.0, 0.0, 0.0]))
        side = unit(side - (side @ teacher.filter) * teacher.filter)
        v = np.cos(angle) * teacher.filter + np.sin(angle) * side
        best = population.output_gradient(v, np.zeros(k), teacher)
        a = np.linalg.solve((np.ones((k, k)) + (np.pi - 1) * np.eye(k)) / (2 * np.pi), -best)
        here = population.evaluate(v, a, teacher)
        flat = np.linalg.norm(here.filter_gradient) + np.linalg.norm(here.output_gradient)
        down = -np.min(np.linalg.eigvalsh(population.tangent_hessian(v, a, teacher)))
        slack = min(slack, 1e-10 - flat, down)
        tried += 1
    return Held(slack, tried)


@claim("liu2019-assumption-1")
def test_assumption_1(rng):
    """The property of the library against the norm of w* itself."""
    agree = True
    for _ in range(1000):
        teacher = _random_teacher(rng, p=int(rng.integers(1, 12)), k=3)
        length = np.linalg.norm(teacher.filter - np.ones(teacher.p) / np.sqrt(teacher.p))
        agree &= teacher.satisfies_shortcut_prior == (length <= 1)
    return Held(0.0 if agree else -1.0, 1000)


@claim("liu2019-text-half")
def test_prior_gives_half(rng):
    """|w*| <= 1 gives (1/sqrt p)'v* >= 1/2, with equality at |w*| = 1."""

    def slack(length, p):
        # v* at distance `length` from the shortcut, by explicit vectors in the plane of the two.
        angle = 2 * np.arcsin(length / 2)
        cosine = np.empty_like(angle)
        for i, (turn, size) in enumerate(zip(angle, p.astype(int), strict=True)):
            one = np.full(size, 1 / np.sqrt(size))
            other = np.zeros(size)
            other[:2] = np.array([1.0, -1.0]) / np.sqrt(2)
            cosine[i] = one @ (np.cos(turn) * one + np.sin(turn) * other)
        return cosine - 0.5 + 1e-14

    worst = search(
        slack, {"length": Range(0, 1), "p": Range(2, 64, "whole")}, rng, samples=2000, starts=3
    )
    return Held(worst.value, worst.evaluations)


@claim("liu2019-text-start-size")
def test_start_size(rng):
    """|S|/sqrt(k) is O(1/sqrt k) only if S stays bounded; always it is at most |a*|."""
    radius = {k: Teacher.section_4(k).start_radius for k in (16, 100, 10_000)}
    # O(1/sqrt k) would make radius * sqrt(k) bounded: it grows a hundredfold in k by ten.
    violation = 1.0 - radius[10_000] * 100 / (radius[100] * 10)

    def slack(k, share, norm_squared):
        teachers = Teachers.from_share(k, share, norm_squared)
        start = teachers.output_sum / np.sqrt(k)
        bounded = np.minimum(1.0, 1.0 / np.maximum(teachers.output_sum, 1e-300))
        in_ball = 1 - start / np.sqrt(norm_squared) + 1e-14
        return np.minimum(in_ball, 1 / np.sqrt(k) - start * bounded + 1e-14)

    worst = search(slack, {name: LANDSCAPE[name] for name in ("k", "share", "norm_squared")}, rng)
    return Failed(violation, radius, Held(worst.value, worst.evaluations))


@claim("liu2019-figure-1")
def test_figure_1():
    """The book draws it from the code: patches, shortcut, normalisation and all."""
    figure = residual_network_figure(patches=3, patch_size=4)
    texts = " ".join(text.get_text() for axes in figure.axes for text in axes.texts)
    return Held(0.0 if "shortcut" in texts.lower() else -1.0, 1, exact=True)


@claim("liu2019-figure-2")
def test_figure_2():
    """The book's version has the paper's sizes: k = 3 patches of p = 4 entries."""
    figure = teacher_student_figure(patches=3, patch_size=4)
    texts = " ".join(text.get_text() for axes in figure.axes for text in axes.texts)
    return Held(0.0 if "eacher" in texts and "tudent" in texts else -1.0, 1, exact=True)


@claim("liu2019-figure-3")
def test_figure_3(rng):
    """Right panel: under Assumption 1 the start w_0 = 0 is at least sqrt 3 from w-bar."""

    def slack(angle, p):
        del p
        return (2 + 2 * np.cos(angle)) - 3 + 1e-12

    worst = search(
        slack, {"angle": Range(0, np.pi / 3), "p": Range(2, 64, "whole")}, rng, samples=2000
    )
    teacher = Teacher.from_numbers(k=4, p=6, output_sum=1.0, norm_squared=1.0, angle=np.pi / 3)
    spurious = population.spurious_point(teacher).v - teacher.shortcut
    np.testing.assert_allclose(spurious @ spurious, 3.0)
    return Held(worst.value, worst.evaluations)
