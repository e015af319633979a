"""The panel of the chapter on noise shows what the library computes."""

import numpy as np

from shortcutlib import StepSizes, Teacher, minibatch, rerun
from shortcutlib.rerun import noise as experiment
from shortcutlib.starts import sample_ball
from shortcutlib.whereabouts import Place, in_basin, whereabouts


def finish(run):
    shares = []
    while True:
        try:
            shares.append(next(run))
        except StopIteration as end:
            assert shares == sorted(shares)
            assert all(0 <= share < 1 for share in shares)
            return end.value


def test_rows_are_counts_of_the_runs():
    result = finish(experiment.noise(k=4, batch=2, step=2.0, time=4, runs=30, seed=3))
    teacher, rng = Teacher.section_4(4), np.random.default_rng(3)
    current = minibatch.state(teacher, sample_ball(30, 4, teacher.start_radius, rng))
    plain = in_basin(teacher, minibatch.reduced_state(teacher, current)).mean()
    assert f"leads {plain:.3f} of these starts" in result.line
    for row in result.rows:
        current = minibatch.descend(
            teacher, current, StepSizes.constant(1 / 8, 1 / 8), batch=2, iterations=8, rng=rng
        ).state
        reduced = minibatch.reduced_state(teacher, current)
        places = whereabouts(teacher, reduced)
        assert row[1] == f"{np.mean(places == Place.OPTIMUM):.3f}"
        assert row[2] == f"{np.mean(places == Place.TRAP):.3f}"
        assert row[4] == f"{in_basin(teacher, reduced).mean():.3f}"
    assert [row[0] for row in result.rows] == ["1.0", "2.0", "3.0", "4.0"]


def test_a_quiet_end_lets_runs_arrive():
    result = finish(experiment.noise(k=4, batch=1, step=2.0, time=8, quiet=True, runs=60, seed=1))
    loud, quiet = result.rows[-2:]
    assert float(loud[1]) < 0.1
    assert float(quiet[1]) > 0.5
    assert "above the threshold" in result.line
    assert "below" in finish(experiment.noise(k=4, batch=64, step=0.5, time=4, runs=5)).line


def test_the_panel():
    panel = rerun.noise_panel()
    assert panel.result.columns[0] == "η t"
    assert len(panel.result.rows) == 4
    before = panel.result
    assert panel.run(seed=5) != before
    assert panel.run(seed=0) == before
