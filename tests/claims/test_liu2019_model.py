"""The ledger's rows on sections 1 and 2 of Liu et al. (2019): the networks and the landscape."""

import re
from collections import Counter

import numpy as np

from shortcutlib import Teacher, descent, networks, population
from shortcutlib.adversary import Range, search
from shortcutlib.angles import unit
from shortcutlib.dissipativity import Teachers
from shortcutlib.figures.architecture import (
    one_patch_figure,
    residual_network_figure,
    teacher_student_figure,
)
from shortcutlib.inequalities import configuration
from shortcutlib.population import SpuriousKind
from shortcutlib.reduced import output_distance
from shortcutlib.relu_kernel import g_deficit, relu_kernel
from shortcutlib.starts import sample_sphere
from shortcutlib.teacher import shortcut_vector
from tests.claims.ledger import Failed, Held, Up, claim

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


@claim("liu2019-text-close-to-one")
def test_close_to_one(rng):
    """|w*| <= 1 says at least 1/2; and what the teacher of section 4 has."""
    worst, least = 0.0, np.inf
    for _ in range(1000):
        p = int(rng.integers(2, 9))
        filter_ = unit(rng.standard_normal(p))
        near = np.linalg.norm(filter_ - shortcut_vector(p)) <= 1
        along = filter_ @ shortcut_vector(p)
        worst = max(worst, float(near != (along >= 0.5)))
        least = min(least, along if near else np.inf)
    of_section_4 = Teacher.section_4(25).filter @ shortcut_vector(8)
    values = {"least": 0.5, "section 4": of_section_4}
    return Held(min(-worst, least - 0.5), 1000, values=values)


@claim("liu2019-text-identifiable")
def test_identifiable(rng):
    """(6) does not see the length of its filter; unit filters and output weights are told apart."""
    w, a, Z = _draw(rng, 4, 3)
    base = np.ones(4) / 2
    longer = 3 * (base + w) - base
    short = networks.normalised_residual_network(w, a, Z)
    same = np.max(np.abs(short - networks.normalised_residual_network(longer, a, Z)))
    assert same < 1e-12
    slack, tried = np.inf, 0
    while tried < 1000:
        teacher = _random_teacher(rng, p=int(rng.integers(2, 6)), k=int(rng.integers(1, 6)))
        size = 10 ** rng.uniform(-3, 1)
        v = unit(teacher.filter + size * rng.standard_normal(teacher.p))
        a = teacher.output_weights + size * rng.standard_normal(teacher.k)
        apart = np.sum((a - teacher.output_weights) ** 2)
        apart += teacher.norm_squared * np.sum((v - teacher.filter) ** 2)
        loss = population.loss(v - shortcut_vector(teacher.p), a, teacher)
        slack = min(slack, loss / apart - 1 / 48.4 + 1e-9)
        tried += 1
    return Failed(-np.linalg.norm(longer - w), longer, Held(float(slack), tried))


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
    """On |v| = 1 the loss is at least |a - a*|^2 + N |w - w*|^2 over 48.4: no second zero."""
    worst = search(_loss_over_distance, LANDSCAPE, rng)
    return Held(worst.value, worst.evaluations, values={"factor": Up(1 / worst.value)})


def _border(N: float, k: float) -> float:
    """The S^2 at which q = a-bar'a* is 0: from 1'a and a*'a of (11' + (pi - 1) I) a = (11' - I) a*.

    1'a = (k - 1) S/(k + pi - 1), and (pi - 1) q = S^2 - N - S 1'a, which is linear in S^2.
    """
    return N / (1 - (k - 1) / (k + np.pi - 1))


def _turned_from_the_pole(teacher: Teacher, turn: float) -> float:
    """The least loss over a with the filter turned by `turn` from -v* towards v*, less that at -v*.

    The loss is quadratic in a, so its least value is found by solving for a.
    """
    side = unit(np.eye(teacher.p)[0] - (teacher.filter @ np.eye(teacher.p)[0]) * teacher.filter)
    k = teacher.k
    matrix = (np.ones((k, k)) + (np.pi - 1) * np.eye(k)) / (2 * np.pi)
    losses = []
    for e in (0.0, turn):
        v = -np.cos(e) * teacher.filter + np.sin(e) * side
        a = np.linalg.solve(matrix, -population.output_gradient(v, np.zeros(k), teacher))
        losses.append(population.loss(v, a, teacher))
    return float(losses[1] - losses[0])


@claim("liu2019-proposition-1-spurious")
def test_proposition_1_spurious_optimum(rng):
    """k = 1: the loss falls from the point on.  Below the bound on S^2: it rises all around.

    For k > 1 from the bound on it falls as well.  With p = 1 the filter can only be v* or -v*, and
    the point is a minimum over a, so always a local optimum.
    """
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
    for norm_squared in (1e-2, 1.0, 1e3):
        for size in (2, 5, 16, 64, 200):
            border = _border(norm_squared, size) / (size * norm_squared)
            for part in (0.0, 0.02, 0.5, 0.95):
                teacher = _of_share(size, part * border, norm_squared)
                assert population.spurious_kind(teacher) is SpuriousKind.MINIMUM
                v, a = population.spurious_point(teacher)
                at = population.loss(v, a, teacher)
                for _ in range(25):
                    # In w the point is flat to third order: the loss rises like the turn's cube.
                    e = 10 ** rng.uniform(-2.5, -1.5)
                    away = unit(v + e * sample_sphere(1, 5, rng)[0])
                    step = np.sqrt(norm_squared) * e**2 * rng.uniform(0, 1)
                    near = a + step * sample_sphere(1, size, rng)[0]
                    rise = population.loss(away, near, teacher) - at
                    slack = min(slack, rise / (e**4 * norm_squared))
                    tried += 1
            # Only if: at the bound and beyond it a turn pays, however small.
            for part in (0.0, 0.01, 0.5, 1.0):
                teacher = _of_share(size, border + part * (1 - border), norm_squared)
                for turn in (0.03, 0.3):
                    slack = min(slack, -_turned_from_the_pole(teacher, turn) / norm_squared)
                tried += 2
    for size in (1, 2, 7):
        # p = 1: every filter near -v* is -v* after normalisation.
        teacher = Teacher(np.array([1.0]), rng.standard_normal(size))
        v, a = population.spurious_point(teacher)
        at = population.loss(v, a, teacher)
        for _ in range(50):
            near = a + 10 ** rng.uniform(-3, 0) * rng.standard_normal(size)
            moved = population.loss(v * rng.uniform(0.5, 2), near, teacher)
            slack = min(slack, moved - at, at - 1e-9)
            tried += 1
    return Failed(
        violation, {"k": 1, "a*": 1.0}, Held(slack, tried), values={"p": 2, "border": _border}
    )


def _of_share(k: int, share: float, norm_squared: float) -> Teacher:
    return Teacher.from_numbers(
        k=k,
        p=5,
        output_sum=np.sqrt(share * k * norm_squared),
        norm_squared=norm_squared,
        angle=1.0,
    )


@claim("liu2019-text-only-spurious")
def test_no_other_local_minimum(rng):
    """Where q = 0 at an angle inside (0, pi) the gradient vanishes, but the Hessian has a way down.

    Elsewhere the gradient in w, |q| (pi - phi) sin(phi)/(2 pi), vanishes only at the poles, where
    the gradient in a leaves (v*, a*) and (-v*, a-bar).  The latter is none for a* = 1 (k = 4).
    """
    violation = _turned_from_the_pole(_of_share(4, 1.0, 4.0), 0.1)
    slack, tried = np.inf, 0
    while tried < 1000:
        k = int(np.round(np.exp(rng.uniform(np.log(2), np.log(60)))))
        norm_squared = 10 ** rng.uniform(-2, 3)
        teacher = Teacher.from_numbers(
            k=k,
            p=4,
            output_sum=np.sqrt(rng.uniform(0, 1) * k * norm_squared),
            norm_squared=norm_squared,
            angle=rng.uniform(0, np.pi),
        )
        angle = population.saddle_angle(teacher)
        tried += 1
        if angle is None:
            # No saddle between the poles: then the one at -v* is a saddle itself, not a minimum.
            slack = min(slack, -_turned_from_the_pole(teacher, 0.1) / norm_squared)
            continue
        side = unit(np.array([1.0, -1.0, 0.0, 0.0]))
        side = unit(side - (side @ teacher.filter) * teacher.filter)
        v = np.cos(angle) * teacher.filter + np.sin(angle) * side
        best = population.output_gradient(v, np.zeros(k), teacher)
        a = np.linalg.solve((np.ones((k, k)) + (np.pi - 1) * np.eye(k)) / (2 * np.pi), -best)
        here = population.evaluate(v, a, teacher)
        flat = np.linalg.norm(here.filter_gradient) / norm_squared
        flat += np.linalg.norm(here.output_gradient) / np.sqrt(norm_squared)
        down = -np.min(np.linalg.eigvalsh(population.tangent_hessian(v, a, teacher)))
        slack = min(slack, 1e-10 - flat, down)
    return Failed(violation, {"k": 4, "a*": "1"}, Held(slack, tried), values={"border": _border})


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
    section_4 = Teacher.section_4(100)
    return Failed(
        violation,
        radius,
        Held(worst.value, worst.evaluations),
        values={"size": section_4.norm_squared / section_4.k, "radius": radius[100]},
    )


def _words_from_the_top(figure) -> list[str]:
    texts = [text for axes in figure.axes for text in axes.texts]
    return [text.get_text() for text in sorted(texts, key=lambda text: -text.get_position()[1])]


def _in_this_order(words: list[str], parts: list[str]) -> bool:
    """Whether some of the words contain these parts, one below the other."""
    places = [next((i for i, word in enumerate(words) if part in word), -1) for part in parts]
    return -1 not in places and places == sorted(places)


@claim("liu2019-figure-1")
def test_figure_1():
    """The book's version: the layers in the order in which (6) computes, and one patch in numbers.

    The numbers that the second drawing carries down the page are those of the library's network.
    """
    words = _words_from_the_top(residual_network_figure(patches=3, patch_size=4))
    layers = ["input", "shortcut", "convolution", "$+$", "normalise", "ReLU", "weights", "f(w, a"]
    patches = [word for word in words if re.fullmatch(r"\$Z_\{\d\}\$", word)]
    drawn = _words_from_the_top(one_patch_figure())
    numbers = [float(word.strip("$")) for word in drawn if re.fullmatch(r"\$-?[\d.]+\$", word)]
    w, Z = np.array([0.9, -0.3, 0.9, -0.3]), np.array([1.0, -2.0, 1.0, 1.0]).reshape(1, 4, 1)
    before = networks.residual_network(w, [1.0], Z)[0]
    output = networks.normalised_residual_network(w, [3.0], Z)[0]
    carried = [before, output / 3, output / 3, output]
    error = np.max(np.abs(np.array(numbers[-4:]) - carried))
    fine = _in_this_order(words, layers) and len(patches) == 3
    return Held(5e-3 - float(error) if fine else -1.0, len(layers) + 4, exact=True)


@claim("liu2019-figure-2")
def test_figure_2():
    """The book's version has the paper's k = 3 patches of p = 4 entries; BN is the student's only.

    Every number of a patch is joined to its sum, 3 times 4 equal lines in each network, and every
    sum to the output by another.
    """
    figure = teacher_student_figure(patches=3, patch_size=4)
    words = _words_from_the_top(figure)
    lines = [line for axes in figure.axes for line in axes.lines if len(line.get_xdata()) == 2]
    drops = Counter(round(float(np.ptp(line.get_ydata())), 6) for line in lines)
    counts = {part: sum(part in word for word in words) for part in ("BN", "shortcut", "ReLU")}
    teacher_first = _in_this_order(words, ["Teacher", "g(v^{*}", "Student", "BN", "f(w, a"])
    fine = teacher_first and counts == {"BN": 1, "shortcut": 1, "ReLU": 2}
    sizes = [count for drop, count in drops.most_common() if drop > 0]
    return Held(0.0 if fine and sizes == [2 * 3 * 4, 2 * 3] else -1.0, len(lines), exact=True)


@claim("liu2019-figure-3")
def test_figure_3(rng):
    """Right panel: under Assumption 1 the start w_0 = 0 is at least sqrt 3 from w-bar."""

    def distance(length, p):
        """|w_0 - w-bar|^2 with |w*| = length, from vectors of p entries."""
        angle = 2 * np.arcsin(length / 2)
        found = np.empty_like(angle)
        for i, (turn, size) in enumerate(zip(angle, p.astype(int), strict=True)):
            one, other = np.full(size, 1 / np.sqrt(size)), np.zeros(size)
            other[:2] = np.array([1.0, -1.0]) / np.sqrt(2)
            w_bar = -one - (np.cos(turn) * one + np.sin(turn) * other)
            found[i] = w_bar @ w_bar
        return found

    ranges = {"length": Range(0, 1), "p": Range(2, 64, "whole")}
    worst = search(distance, ranges, rng, samples=2000, starts=3)
    teacher = Teacher.from_numbers(k=4, p=6, output_sum=1.0, norm_squared=1.0, angle=np.pi / 3)
    spurious = population.spurious_point(teacher).v - teacher.shortcut
    np.testing.assert_allclose(spurious @ spurious, worst.value)
    return Held(worst.value - 1, worst.evaluations, values={"distance": worst.value})


@claim("liu2019-text-average-pooling")
def test_shortcut_is_average_pooling(rng):
    """(1/sqrt p)'Z_j is sqrt(p) times the mean of the patch."""
    worst = 0.0
    for p in (1, 2, 4, 8, 100):
        Z = rng.standard_normal((50, p, 5))
        through = np.einsum("i,nij->nj", shortcut_vector(p), Z)
        worst = max(worst, float(np.max(np.abs(through - np.sqrt(p) * Z.mean(axis=1)))))
    return Held(1e-13 - worst, 5 * 250, exact=True)
