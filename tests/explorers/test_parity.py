"""The page and the library compute the same: descent, certificates, fates, random starts."""

import numpy as np
import pytest
from javascript import CORE, SCRIPTS, call, in_browser
from scipy import special

from shortcutlib import Phase, StepSizes, Teacher, minibatch, philox, reduced, success
from shortcutlib.certificates import certify
from shortcutlib.explorers import (
    DissipativityExplorer,
    NoiseExplorer,
    RegularisedExplorer,
    SurfaceExplorer,
)
from shortcutlib.outcomes import classify
from shortcutlib.population import saddle_angle, spurious_point
from shortcutlib.relu_kernel import g, g_deficit
from shortcutlib.whereabouts import whereabouts
from shortcutlib.wilson import wilson_interval

MAKE = "const make = c => shortcutCore.teacher(c.k, c.S, c.N, c.angle, c.p);"


def random_case(rng, largest_k=200):
    """A random teacher, schedule and network, as Python objects and as numbers."""
    k = int(rng.integers(1, largest_k + 1))
    norm_squared = 10 ** rng.uniform(-1, 1) * k
    total = np.sqrt(norm_squared) * rng.choice([-1, 1])
    if k > 1:
        total *= rng.uniform(0, 1.2)
    teacher = Teacher.from_numbers(
        k=k, output_sum=total, norm_squared=norm_squared, angle=rng.uniform(0.05, 3.1), p=3
    )
    output = min(10 ** rng.uniform(-1.5, 0.6), 0.9 * k**2) / k**2
    filter_ = output * 10 ** rng.uniform(-1, 0.5)
    if filter_ * norm_squared > 1.5:
        filter_ = 1.5 / norm_squared
    phases = [Phase(output, filter_)]
    if rng.random() < 0.5:
        phases.insert(0, Phase(output, filter_ * output, int(rng.integers(0, 200))))
    network = str(rng.choice(["residual", "cnn"]))
    numbers = {
        "k": k,
        "S": teacher.output_sum,
        "N": teacher.norm_squared,
        "angle": teacher.angle,
        "p": 3,
        "phases": [vars(phase) for phase in phases],
        "cnn": network == "cnn",
    }
    return teacher, StepSizes(tuple(phases)), network, numbers


def random_starts(rng, teacher, n):
    """Random starts that fit the teacher, some of them far away."""
    s = rng.uniform(-1.5, 1.5, n) * teacher.output_sum
    q = s * teacher.output_sum / teacher.k
    q += rng.normal(size=n) * np.sqrt(teacher.spread * teacher.norm_squared) * 0.5
    return reduced.state(s, q, rng.uniform(0, np.pi, n), rng.uniform(0, 2, n))


def test_kernel_and_its_deficit():
    angle = np.concatenate([np.linspace(0, np.pi, 2001), np.logspace(-12, 0, 200)])
    angle = np.concatenate([angle, np.pi - angle[angle < 1]])
    function = "x => [x.map(shortcutCore.g), x.map(shortcutCore.gDeficit)]"
    ours, deficit = call(function, angle.tolist())
    np.testing.assert_allclose(ours, g(angle), rtol=2e-14, atol=1e-300)
    np.testing.assert_allclose(deficit, g_deficit(angle), rtol=2e-13, atol=1e-300)


def test_trajectories(rng):
    cases, expected = [], []
    for _ in range(2000):
        teacher, steps, network, numbers = random_case(rng)
        start = reduced.ReducedState(*(c[0] for c in random_starts(rng, teacher, 1)))
        n = int(rng.integers(1, 120))
        columns = [reduced.state(*start)]
        for i in range(n):
            columns.append(reduced.step(teacher, columns[-1], *steps.at(i), network))
        states = reduced.ReducedState(*(np.array(c) for c in zip(*columns, strict=True)))
        derived = (
            reduced.loss(teacher, states),
            reduced.output_distance(teacher, states),
            reduced.spurious_output_distance(teacher, states),
        )
        expected.append(np.array([*states, *derived]))
        cases.append(numbers | {"start": [float(x) for x in start], "iterations": n})
    found = call(
        "cases => cases.map(c => {"
        + MAKE
        + """
            const t = make(c), options = {cnn: c.cnn, iterations: c.iterations, tolerance: -1};
            const p = shortcutCore.descend(t, c.start, c.phases, options).path;
            const states = p.s.map((s, i) => [s, p.q[i], p.phi[i], p.rest[i], p.length[i]]);
            const of = f => states.map(x => f(t, x));
            return [p.s, p.q, p.phi, p.rest, p.length, of(shortcutCore.loss),
                of(shortcutCore.outputDistance), of(shortcutCore.spuriousDistance)];
        })""",
        cases,
    )
    assert len(found) == 2000
    for ours, theirs in zip(found, expected, strict=True):
        scale = np.max(np.abs(theirs), axis=1, keepdims=True) + 1e-300
        assert np.max(np.abs(np.array(ours) - theirs) / scale) < 1e-12


def test_whole_runs_stop_where_python_stops(rng):
    cases, expected = [], []
    for _ in range(300):
        teacher, steps, network, numbers = random_case(rng, largest_k=12)
        start = reduced.ReducedState(*(c[0] for c in random_starts(rng, teacher, 1)))
        run = reduced.descend(
            teacher, start, steps, network=network, iterations=3000, record_every=3000
        )
        expected.append((list(reduced._REASONS.values()).index(run.stop), run.iterations))
        cases.append(numbers | {"start": [float(x) for x in start]})
    found = call(
        "cases => cases.map(c => {"
        + MAKE
        + """
            const options = {cnn: c.cnn, iterations: 3000, growth: 1.05};
            const run = shortcutCore.descend(make(c), c.start, c.phases, options);
            return [run.stop, run.iterations];
        })""",
        cases,
    )
    assert [tuple(pair) for pair in found] == expected
    assert {code for code, _ in expected} >= {0, 1}


def test_certificates(rng):
    cases, expected = [], []
    for _ in range(1000):
        teacher, steps, network, numbers = random_case(rng)
        starts = random_starts(rng, teacher, 20)
        starts = starts._replace(filter_norm=rng.uniform(1, 3, 20))
        sure, lost = certify(teacher, starts, steps.phases, network)
        expected.append(np.where(sure, 1, np.where(lost, 2, 0)))
        rows = np.array([starts.output_sum, starts.alignment, starts.angle, starts.filter_norm**2])
        cases.append(numbers | {"rows": rows.T.tolist()})
    found = call(
        "cases => cases.map(c => {"
        + MAKE
        + """
            const certify = shortcutCore.certifier(make(c), c.phases, c.cnn);
            return c.rows.map(row => certify(...row));
        })""",
        cases,
    )
    np.testing.assert_array_equal(found, expected)
    assert np.all(np.bincount(np.ravel(expected)) > 1000)


def test_fates(rng):
    cases, expected = [], []
    for _ in range(500):
        teacher, steps, network, numbers = random_case(rng, largest_k=40)
        starts = random_starts(rng, teacher, 12)
        fates = classify(teacher, starts, steps, network, patience=5000)
        code = np.select([fates.success, fates.trapped, fates.diverged], [1, 2, 3])
        expected.append(code)
        columns = (starts.output_sum, starts.alignment, starts.angle)
        names = ("s", "q", "phi")
        cases.append(
            numbers | {"starts": {n: c.tolist() for n, c in zip(names, columns, strict=True)}}
        )
    found = call(
        "cases => cases.map(c => {"
        + MAKE
        + """
            return Array.from(shortcutCore.classify(make(c), c.starts, c.phases, c.cnn, 5000));
        })""",
        cases,
    )
    np.testing.assert_array_equal(found, expected)
    counts = np.bincount(np.ravel(expected), minlength=3)
    assert counts[0] < 500
    assert np.all(counts[1:3] > 1000)


def test_a_glance_is_the_descent(rng):
    """What is drawn while a slider moves: exact at first, then in strides."""
    cases = []
    while len(cases) < 300:
        teacher, _, network, numbers = random_case(rng, largest_k=40)
        if network == "cnn":
            continue
        s, q, angle, rest, _ = (float(c[0]) for c in random_starts(rng, teacher, 1))
        cases.append(numbers | {"start": [s, q, angle, rest, 1.0]})
    found = call(
        "cases => cases.map(c => {"
        + MAKE
        + """
            const t = make(c), options = {iterations: 30000, growth: 1.05, tolerance: 1e-6};
            const whole = shortcutCore.descend(t, c.start, c.phases, options);
            const glance = shortcutCore.glance(t, c.start, c.phases, {...options, budget: 500});
            const at = run => Object.fromEntries(run.path.iteration.map((i, n) =>
                [i, [run.path.s[n], run.path.q[n], run.path.phi[n], run.path.rest[n]]]));
            const [a, b] = [at(whole), at(glance)];
            const both = Object.keys(a).filter(i => i in b);
            return {proved: shortcutCore.preservesOrder(t, c.phases, [c.start[0]], [c.start[1]]),
                exact: glance.exact, stops: [whole.stop, glance.stop],
                ends: [whole.iterations, glance.iterations], both: both.map(Number),
                whole: both.map(i => a[i]), glance: both.map(i => b[i])};
        })""",
        cases,
    )
    strided = 0
    for numbers, run in zip(cases, found, strict=True):
        ours, theirs, at = (np.array(run[name]) for name in ("glance", "whole", "both"))
        np.testing.assert_array_equal(ours[at <= 500], theirs[at <= 500])
        if run["exact"]:
            assert run["stops"][0] == run["stops"][1]
            assert run["ends"][0] == run["ends"][1]
        elif run["proved"]:
            strided += 1
            scale = np.max(np.abs(theirs), axis=0) + 1e-9 * numbers["N"]
            assert np.max(np.abs(ours - theirs) / scale) < 2e-3
            if all(run["stops"]):
                assert run["stops"][0] == run["stops"][1]
                assert run["ends"][1] == pytest.approx(run["ends"][0], rel=0.06)
        else:
            assert run["ends"][1] == 500
    assert strided > 50


def test_the_border_in_three_dimensions(rng):
    cases, expected = [], []
    while len(cases) < 40:
        explorer = SurfaceExplorer(
            k=int(rng.integers(2, 40)),
            share=float(rng.uniform(0.05, 3)),
            ratio=float(10 ** rng.uniform(0.3, 2)),
        )
        teacher = explorer.teacher
        if teacher.output_sum**2 > 0.8 * (explorer.k + np.pi - 1) / np.pi:
            continue
        sums, angles = np.sort(rng.uniform(-1, 4, 3)), np.sort(rng.uniform(0.05, 0.95, 6))
        expected.append(explorer.border(sums[:, None], angles[None]))
        (phase,) = explorer.steps.phases
        cases.append(
            {
                "k": explorer.k,
                "S": teacher.output_sum,
                "N": 1.0,
                "angle": np.pi / 2,
                "p": 8,
                "sums": (sums * teacher.output_sum).tolist(),
                "angles": (angles * np.pi).tolist(),
                "phases": [vars(phase)],
                "largest": explorer.extra()["largest"],
            }
        )
    # JSON knows neither infinity nor what is no number: they travel as text.
    found = call(
        "cases => cases.map(c => {"
        + MAKE
        + """
            const options = {largest: c.largest, halvings: 30, patience: 1000000};
            return shortcutCore.borderSheet(make(c), c.phases, c.sums, c.angles, options)
                .map(row => row.map(String));
        })""",
        cases,
        (*CORE, SCRIPTS / "basin_border.js"),
    )
    places = 0
    for ours, theirs in zip(np.array(found, dtype=float), expected, strict=True):
        inside = np.isfinite(theirs)
        np.testing.assert_array_equal(ours[~inside], theirs[~inside])
        # The page goes in strides, without the checks that Python makes: in short runs, with the
        # filter's step 0.1, that moves the border by up to 1e-5, a thousandth of a pixel.
        np.testing.assert_allclose(ours[inside], theirs[inside], rtol=0, atol=2e-5)
        places += np.sum(inside)
    assert places > 400


@pytest.mark.parametrize("setting", success.SETTINGS)
@pytest.mark.parametrize("k", [16, 25, 100])
def test_cells_of_the_table_count_the_same(setting, k):
    teacher = Teacher.section_4(k)
    network = "cnn" if setting == "cnn" else "residual"
    steps = success.section_4_steps(setting, k)
    drawn = philox.starts(teacher, setting, seed=2**40 + 3, count=1000, first=17)
    fates = classify(teacher, drawn, steps, network)
    numbers = {
        "k": k,
        "S": teacher.output_sum,
        "N": teacher.norm_squared,
        "angle": teacher.angle,
        "p": teacher.p,
        "phases": [vars(phase) for phase in steps.phases],
        "setting": setting,
        "seed": 2**40 + 3,
    }
    found = call(
        "c => {"
        + MAKE
        + """
            const t = make(c), drawn = shortcutCore.starts(t, c.setting, c.seed, 17, 1000);
            return [Array.from(drawn.s), Array.from(drawn.q), Array.from(drawn.phi), Array.from(
                shortcutCore.classify(t, drawn, c.phases, c.setting === "cnn"))];
        }""",
        numbers,
    )
    for ours, theirs in zip(found, (drawn.output_sum, drawn.alignment, drawn.angle), strict=False):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-13 * np.max(np.abs(theirs)))
    np.testing.assert_array_equal(found[3], np.where(fates.success, 1, 2))


def test_random_numbers_are_the_same():
    trials = [0, 1, 5, 2**31, 2**32 - 1, 2**32, 2**40 + 7]
    for seed in (0, 3, 2**32 - 1, 2**53 - 1):
        found = call(
            "c => c.trials.map(i => shortcutCore.uniforms(c.seed, [2, 25], i))",
            {"seed": seed, "trials": trials},
        )
        expected = [philox.uniforms(seed, (2, 25), 1, first=i)[0] for i in trials]
        np.testing.assert_array_equal(found, expected)


def test_statistics():
    pairs = [(0, 10), (3, 10), (10, 10), (3714, 5000)]
    found = call("pairs => pairs.map(p => shortcutCore.wilson(...p))", pairs)
    np.testing.assert_allclose(found, [wilson_interval(*pair) for pair in pairs], rtol=1e-13)
    t = np.linspace(-1, 1, 101)
    for power in (0.5, 1.0, 8.0, 12.5, 100.0):
        tail = call("c => c[0].map(t => shortcutCore.upperTail(t, c[1]))", [t.tolist(), power])
        half = 0.5 * special.betainc(power, 0.5, (1 - t) * (1 + t))
        np.testing.assert_allclose(tail, np.where(t >= 0, half, 1 - half), rtol=1e-12, atol=1e-300)


def test_saddle(rng):
    for k in (1, 2, 25):
        for share in (0.0, 0.2, 0.9, 1.0):
            share = 1.0 if k == 1 else share
            teacher = Teacher.from_numbers(
                k=k, output_sum=np.sqrt(share * k), norm_squared=1.0, angle=1.0
            )
            found = call(
                "c => {" + MAKE + "return shortcutCore.saddleAngle(make(c)); }",
                {"k": k, "S": teacher.output_sum, "N": 1.0, "angle": 1.0, "p": 3},
            )
            expected = saddle_angle(teacher)
            assert found is None if expected is None else found == pytest.approx(expected)


def test_dissipativity_maps(rng):
    cases, expected = [], []
    for _ in range(400):
        explorer = DissipativityExplorer(
            lemma=int(rng.choice([7, 11, 12])),
            multiple=float(rng.choice([0.3, 1.0, 1.5])),
            k=int(rng.choice([1, 2, 3, 10, 200])),
            fraction=float(rng.choice([0.0, 1.0, rng.uniform()])),
            size=10 ** rng.uniform(-2, 3),
            m=rng.uniform(0.01, 1.5),
            largest=rng.uniform(0.5, 10),
            delta=10 ** rng.uniform(-3, 0.6),
            repaired=bool(rng.random() < 0.5),
        )
        drawn = explorer.map()
        points = [(rng.uniform(0, np.pi), rng.uniform(-1.5, 3)) for _ in range(8)]
        points += [(0.0, 0.05), (np.pi, 1.0), (drawn.largest_angle, explorer.m)]
        worst = drawn.worst()
        angle, share = np.transpose(points)
        student = drawn.student(share)
        expected.append(
            (
                [worst.slack, worst.angle, worst.share, drawn.constant, drawn.allowance],
                drawn.slack(angle, share),
                drawn.inside(angle, share).tolist(),
                student.output_sum / np.sqrt(explorer.k * explorer.size),
                student.orthogonal_norm / np.sqrt(explorer.size),
            )
        )
        cases.append({"values": explorer.values(), "points": [list(map(float, p)) for p in points]})
    # JSON has no infinity: it travels as null.
    found = call(
        """cases => cases.map(c => {
            const map = shortcutCore.slackMap(c.values), worst = map.worst();
            const students = c.points.map(p => map.student(p[1]));
            return [[worst.slack, worst.angle, worst.share, map.constant, map.allowance],
                c.points.map(p => map.slack(...p)), c.points.map(p => map.inside(...p)),
                students.map(s => s.sum), students.map(s => s.rest)];
        })""",
        cases,
        (*CORE, SCRIPTS / "slack_maps.js"),
    )
    for ours, theirs in zip(found, expected, strict=True):
        assert ours[2] == theirs[2]
        for i in (0, 1, 3, 4):
            numbers = [np.inf if value is None else value for value in ours[i]]
            finite = np.isfinite(theirs[i])
            np.testing.assert_array_equal(np.isfinite(numbers), finite)
            np.testing.assert_allclose(
                np.array(numbers)[finite], np.array(theirs[i])[finite], rtol=1e-9, atol=1e-7
            )
    assert {True, False} == {inside for row in expected for inside in row[2]}


def test_the_regularised_landscape(rng):
    cases = []
    for _ in range(120):
        cases.append(
            {
                "epsilon": rng.uniform(0.3, 2),
                "decay": float(rng.choice([0.0, rng.uniform(0, 0.4), rng.uniform(0, 1)])),
                "bounded": bool(rng.random() < 0.5),
                "radius": rng.uniform(0.5, 4),
                "w": rng.uniform(-4, 4),
                "v": rng.uniform(-4, 4),
            }
        )
    scripts = (*CORE, SCRIPTS / "example_1.js")
    found = call("cases => cases.map(shortcutExample.everything)", cases, scripts)
    fates = set()
    for case, ours in zip(cases, found, strict=True):
        explorer = RegularisedExplorer(**case)
        points = [[p.w, p.v, p.value] for p in explorer.points()]
        assert [p["kind"] for p in ours["points"]] == [p.kind.value for p in explorer.points()]
        theirs = [[p["w"], p["v"], p["value"]] for p in ours["points"]]
        np.testing.assert_allclose(theirs, points, rtol=0, atol=1e-7)
        path = explorer.path()
        assert abs(len(ours["way"]["ws"]) - len(path)) <= 2
        np.testing.assert_allclose(ours["end"], path[-1], rtol=0, atol=1e-7)
        assert ours["fate"] == explorer.fate()
        assert ours["line"] == pytest.approx(explorer.best_linear(), rel=1e-12)
        fates.add(ours["fate"])
    assert fates >= {"global minimum", "spurious local minimum", "valley of zero loss"}


def test_stochastic_runs_are_the_same():
    for settings in (
        {"k": 2, "batch": 1, "runs": 12},
        {"k": 5, "batch": 3, "runs": 10, "along": 0.5, "across": -0.9, "angle": 0.7, "seed": 11},
        {"k": 16, "batch": 4, "runs": 10, "step": 16.0, "share": 1.5},
        # Where a* is a multiple of 1.
        {"k": 2, "batch": 2, "runs": 10, "share": 2.0, "along": 0.3, "across": 0.6},
    ):
        explorer = NoiseExplorer(**settings)
        expected = explorer.simulate(9)
        teacher, steps = explorer.teacher, explorer.steps.phases[0]
        found = call(
            """c => {
                const t = shortcutCore.teacher(...c.numbers), kept = [];
                const end = shortcutCore.sampledRuns(t, c.plan, c.along, c.across,
                    (...snapshot) => kept.push(snapshot));
                return {...end, kept, star: Array.from(shortcutCore.outputWeights(t)),
                    limit: shortcutCore.largestStableStep(t, c.plan.batch)};
            }""",
            {
                "numbers": [
                    explorer.k,
                    teacher.output_sum,
                    teacher.norm_squared,
                    explorer.angle * np.pi,
                ],
                "plan": {
                    "batch": explorer.batch,
                    "runs": explorer.runs,
                    "output": steps.output,
                    "filter": steps.filter,
                    "seed": explorer.seed,
                    "iterations": 9,
                    "every": 4,
                },
                "along": explorer.along,
                "across": explorer.across,
            },
        )
        np.testing.assert_allclose(found["star"], teacher.output_weights, rtol=1e-12)
        np.testing.assert_allclose(found["a"], expected.outputs, rtol=1e-9, atol=1e-11)
        np.testing.assert_allclose(found["phi"], expected.angle, rtol=1e-9)
        assert [row[0] for row in found["kept"]] == [0, 4, 8, 9]
        last = minibatch.reduced_state(teacher, expected)
        np.testing.assert_allclose(found["kept"][-1][2], last.alignment, rtol=1e-9, atol=1e-10)
        assert found["kept"][-1][3] == whereabouts(teacher, last).tolist()
        assert found["limit"] * explorer.k**2 == pytest.approx(explorer.threshold, rel=1e-12)


def test_places_are_the_same(rng):
    """Near the optimum, near the trap, neither: students on all sides of the definitions."""
    teacher = Teacher.section_4(9)
    star = teacher.output_weights
    trap = spurious_point(teacher).a
    share = rng.random((300, 1))
    outputs = share * star + (1 - share) * trap + rng.standard_normal((300, 9)) * 0.3
    outputs[:60] = star + 0.1 * rng.standard_normal((60, 9))
    angle = np.where(np.arange(300) < 60, 0.1, np.pi) * rng.random(300)
    found = call(
        """c => {
            const t = shortcutCore.teacher(...c.numbers);
            return c.outputs.map((a, i) => shortcutCore.place(t, c.star, a, c.angle[i]));
        }""",
        {
            "numbers": [9, teacher.output_sum, teacher.norm_squared, teacher.angle],
            "outputs": outputs.tolist(),
            "star": star.tolist(),
            "angle": angle.tolist(),
        },
    )
    state = minibatch.reduced_state(teacher, minibatch.state(teacher, outputs, angle))
    assert found == whereabouts(teacher, state).tolist()
    assert min(found.count(place) for place in (0, 1, 2)) > 10


def test_borders_are_the_same():
    angles = np.linspace(0.03, 0.97, 9) * np.pi
    for settings in ({}, {"k": 5, "share": 1.5, "size": 2.0}, {"k": 36, "step": 32.0}):
        explorer = NoiseExplorer(**settings)
        teacher = explorer.teacher
        found = call(
            """c => shortcutCore.settledBorder(shortcutCore.teacher(...c.numbers), c.step, c.angles,
                c.highest).map((x) => (isFinite(x) ? x : String(x)))""",
            {
                "numbers": [
                    explorer.k,
                    teacher.output_sum,
                    teacher.norm_squared,
                    explorer.angle * np.pi,
                ],
                "step": explorer.step / explorer.k**2,
                "angles": angles.tolist(),
                "highest": explorer.extra()["highest"],
            },
        )
        expected = explorer.border(angles)
        ours = np.array([float(str(x).replace("Infinity", "inf")) for x in found])
        np.testing.assert_array_equal(np.isfinite(ours), np.isfinite(expected))
        inside = np.isfinite(ours)
        np.testing.assert_allclose(ours[inside], expected[inside], atol=4e-4)


def test_without_node_a_browser_answers():
    source = "\n".join(path.read_text(encoding="utf-8") for path in CORE)
    assert in_browser(source, "x => shortcutCore.g(x)", 0) == np.pi
