"""The explorer of the two phases: the page computes what the library computes."""

import javascript
import numpy as np
import pytest

from shortcutlib.explorers import TwoPhasesExplorer
from shortcutlib.reslink import inner_product, loss, potential
from shortcutlib.reslink.circulant import circulant

SCRIPTS = (*javascript.CORE, javascript.SCRIPTS / "circulant.js")


def test_paths_are_the_same(rng):
    cases, expected = [], []
    for d in (8, 9, 16, 31, 64):
        for _ in range(20):
            values = {
                "d": d,
                "trace": float(rng.uniform(-1.5, 0.5)),
                "size": float(rng.uniform(0.05, 0.6)),
                "teacher": float(rng.choice([0.0, rng.uniform(0, 0.6)])),
                "rate": float(10 ** rng.uniform(-1.5, 0.3)),
            }
            cases.append(values)
            expected.append(TwoPhasesExplorer(**values).run(60))
    found = javascript.call(
        """cases => cases.map(v => {
            const truth = shortcutCore.circulantTruth(
                shortcutCore.circulantTeacher(v.d, v.teacher));
            const start = shortcutCore.circulantStart(v.d, v.size * Math.sqrt(v.d), v.trace);
            const p = shortcutCore.circulantDescend(start, truth, v.rate / v.d, 60, true);
            return [p.distance, p.inner, p.potential, p.loss];
        })""",
        cases,
        SCRIPTS,
    )
    assert len(found) == 100
    for values, ours, theirs in zip(cases, found, expected, strict=True):
        scale = np.max(np.abs(theirs), axis=1)
        # The loss is a small difference of sums of this size.
        scale[3] += values["d"]
        away = np.max(np.abs(np.array(ours) - np.array(theirs)), axis=1)
        assert np.all(away < 1e-12 * scale), values


def test_a_run_ends_at_the_teacher():
    found = javascript.call(
        """v => {
            const truth = shortcutCore.circulantTruth(
                shortcutCore.circulantTeacher(v.d, v.teacher));
            const start = shortcutCore.circulantStart(v.d, v.size * Math.sqrt(v.d), v.trace);
            const p = shortcutCore.circulantDescend(start, truth, v.rate / v.d, 20000);
            return [p.iteration, p.distance];
        }""",
        {"d": 24, "trace": -0.75, "size": 0.5, "teacher": 0.3, "rate": 1.0},
        SCRIPTS,
    )
    assert found[1][-1] <= 1e-5 * found[1][0]
    assert found[0][:201] == list(range(201))
    assert len(found[0]) < 500


def test_the_default_start_is_wrong_at_first_and_then_right():
    explorer = TwoPhasesExplorer()
    path = explorer.run(200)
    assert path.inner_product[0] == explorer.first.inner_product < 0
    turn = int(np.argmax(path.inner_product > 0))
    assert 5 < turn < 100
    assert path.potential[turn] < 0.6 * path.potential[0]
    assert path.distance[turn] == pytest.approx(path.distance[0], rel=0.02)
    weights, teacher = circulant(explorer.start), circulant(explorer.teacher_column)
    assert path.inner_product[0] == pytest.approx(inner_product(weights, teacher), rel=1e-9)
    assert path.potential[0] == pytest.approx(potential(weights, teacher), rel=1e-9)
    assert path.loss[0] == pytest.approx(loss(weights, teacher), rel=1e-9)
    assert np.linalg.norm(weights) == pytest.approx(0.5 * 8)
    assert np.linalg.norm(weights, 2) < 0.6
