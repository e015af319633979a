"""The sweep over batches and steps: counts, kills that lose nothing, the shipped numbers."""

import json

import numpy as np
import pytest

from shortcutlib import StepSizes, Teacher, exact, minibatch, noise_stability
from shortcutlib.grid import Grid
from shortcutlib.minibatch_sweep import (
    Block,
    Counts,
    Setting,
    blocks,
    book_blocks,
    evaluate,
    run_blocks,
    shipped,
    summarise,
)
from shortcutlib.outcomes import classify
from shortcutlib.reduced import ReducedState
from shortcutlib.results_file import ResultsFileError
from shortcutlib.starts import sample_ball
from shortcutlib.whereabouts import Place, whereabouts

GRID = Grid(k=(9,), warmup=(0,))


def small_blocks():
    found = []
    for batch in (1, 8):
        (block,) = blocks(GRID, batches=[batch], time=1.0, records=2, runs=20)
        found += [block, block._replace(number=1)]
    return found


BLOCKS = small_blocks()


def test_interrupted_sweeps_go_on(tmp_path):
    whole, broken = tmp_path / "whole.jsonl", tmp_path / "broken.jsonl"
    expected = run_blocks(whole, BLOCKS, seed=3)

    def stop(done, total):
        assert total == 4
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_blocks(broken, BLOCKS, seed=3, progress=stop)
    with broken.open("a") as file:
        file.write('{"record":{"set')  # killed while writing
    seen = []
    found = run_blocks(broken, BLOCKS, seed=3, progress=lambda d, t: seen.append(d))
    assert seen == [2, 3, 4]
    assert found == expected
    assert whole.read_bytes() == broken.read_bytes()
    with pytest.raises(ResultsFileError):
        run_blocks(broken, BLOCKS, seed=4)


def test_counts_are_those_of_the_runs():
    """A block counted again, from its own random stream."""
    block = BLOCKS[0]
    setting = block.setting
    counts, _ = evaluate(5, block)
    teacher, rng = setting.teacher(), block.rng(5)
    start = minibatch.state(teacher, sample_ball(20, 9, teacher.start_radius, rng))
    steps = StepSizes.constant(1 / 81, 1 / 81)
    plain = classify(teacher, minibatch.reduced_state(teacher, start), steps).success
    assert setting.iterations == 82
    run = minibatch.descend(teacher, start, steps, batch=1, iterations=82, rng=rng, record_every=41)
    for record in range(2):
        state = ReducedState(*(column[record + 1] for column in run.path))
        places = whereabouts(teacher, state)
        assert counts["optimum"][record] == np.sum(places == Place.OPTIMUM)
        assert counts["trap"][record] == np.sum(places == Place.TRAP)
        assert counts["saved"][record] == np.sum((places == Place.OPTIMUM) & ~plain)
    assert counts["descent_success"] == np.sum(plain)


def test_counts_add_up():
    counts = [evaluate(0, block)[0] for block in BLOCKS[:2]]
    (one,) = summarise(dict(zip(BLOCKS[:2], counts, strict=True)))
    assert one.runs == 40
    assert one.descent_success == sum(c["descent_success"] for c in counts)
    for record in range(2):
        assert one.optimum[record] + one.trap[record] + one.neither[record] == 40
        # Saved minus lost is the difference of the successes.
        assert one.saved[record] - one.lost[record] == one.optimum[record] - one.descent_success
    assert one.setting.times == pytest.approx((41 / 81, 82 / 81))
    example = Counts(BLOCKS[0].setting, 100, 70, (40, 68), (20, 28), (1, 3))
    assert example.neither == (40, 4)
    assert example.lost == (31, 5)
    assert example.rate == 0.68
    assert example.interval[0] < 0.68 < example.interval[1]
    assert example.changed[0] == 8
    mean, error = example.gain
    assert mean == pytest.approx(-0.02)
    assert error == pytest.approx(np.sqrt((0.08 - 0.0004) / 100))


def test_blocks_cover_the_runs_that_are_asked_for():
    grid = Grid(k=(4, 9), step_ratio=(0.5, 1.0), warmup=(0,))
    found = list(blocks(grid, batches=[1, 1000], multiples=[1.0, 3.0], runs=700, time=6.0))
    per_setting = {}
    for block in found:
        per_setting.setdefault(block.setting, []).append(block)
    assert len(per_setting) == 16
    for setting, parts in per_setting.items():
        assert sum(block.runs for block in parts) == 700
        assert [block.number for block in parts] == list(range(len(parts)))
        assert 6.0 <= setting.times[-1] * (1 + 1e-9) < 6.0 + 4 * setting.output_step
        assert setting.filter_step / setting.output_step in (0.5, 1.0)
        assert len(setting.times) == 4
    assert max(len(parts) for parts in per_setting.values()) > 1


def shipped_at(time):
    return [c for c in shipped() if c.setting.times[-1] == pytest.approx(time)]


def test_shipped_counts_are_those_of_the_book_s_sweep():
    found = {c.setting: c.runs for c in shipped()}
    expected = {}
    for block in book_blocks():
        expected[block.setting] = expected.get(block.setting, 0) + block.runs
    assert found == expected
    # Every batch size of the issue, none with fewer than thirty runs.
    assert {c.setting.batch for c in shipped_at(12)} == {1, 4, 16, 64, 256, 1024, 4096}
    assert min(found.values()) >= 30


def test_shipped_starts_have_the_exact_probability():
    """Plain descent on all shipped starts against quadrature: a z-score for every step size."""
    counts = shipped()
    assert sum(c.runs for c in counts) > 15_000
    teacher = Teacher.section_4(16)
    # Longer steps do not preserve order, and the quadrature would go step by step.
    for multiple in (1.0, 2.0, 4.0):
        mine = [c for c in counts if c.setting.multiple == multiple]
        runs, won = sum(c.runs for c in mine), sum(c.descent_success for c in mine)
        step = multiple / 256
        p = exact.success_probability(
            teacher, StepSizes.constant(step, step), tolerance=1e-5
        ).probability
        assert abs(won - runs * p) < 4 * np.sqrt(runs * p * (1 - p))


def test_shipped_runs_stay_where_the_threshold_says():
    """At eta t = 12 the optimum holds runs below the threshold, and hardly any far above it."""
    for c in shipped_at(12):
        setting = c.setting
        limit = noise_stability.largest_stable_step(
            setting.teacher(), setting.batch, step_ratio=1.0
        )
        ratio = setting.filter_step / limit
        if ratio < 0.9:
            assert c.neither[-1] <= 0.03 * c.runs
            # Among runs that have decided, about as many succeed as with plain descent.
            assert abs(c.gain[0]) < 0.05 + 4 * c.gain[1]
        elif ratio > 1.3:
            assert c.optimum[-1] <= 0.02 * c.runs


def test_shipped_large_batches_are_plain_descent():
    """The share of runs that change sides falls like one over the root of the batch."""
    batches, shares, errors = [], [], []
    for c in shipped_at(12):
        if c.setting.multiple == 1.0 and c.setting.batch <= 256:
            count = max(c.changed[0], 1)
            batches.append(c.setting.batch)
            shares.append(count / c.runs)
            errors.append(1 / np.sqrt(count))
    slope, _ = np.polyfit(np.log(batches), np.log(shares), 1, w=1 / np.array(errors))
    assert -0.7 < slope < -0.35
    for c in shipped_at(12):
        if c.setting.batch == 4096:
            assert c.changed[0] <= 0.1 * c.runs


def test_shipped_counts_are_what_the_code_gives():
    """Another seed, the cheapest setting: the shares agree within chance."""
    c = next(c for c in shipped_at(12) if c.setting.batch == 1 and c.setting.multiple == 8.0)
    again, _ = evaluate(1, Block(c.setting, 500, 0))
    for name in ("optimum", "trap"):
        for record in range(4):
            ours, theirs = again[name][record], getattr(c, name)[record]
            rate = (ours + theirs) / (500 + c.runs)
            error = np.sqrt(rate * (1 - rate) * (1 / 500 + 1 / c.runs))
            assert abs(ours / 500 - theirs / c.runs) < 4 * error + 1e-12


def test_bad_input_is_refused_by_name(tmp_path):
    path = tmp_path / "x.jsonl"
    block = BLOCKS[0]
    for change, words in (
        ({"batch": 0}, "batch = 0"),
        ({"output_step": 0.0}, "output_step = 0"),
        ({"p": 1}, "p = 1"),
        ({"iterations": 81}, "a multiple of records = 2"),
        ({"norm_squared": -1.0}, "norm_squared"),
    ):
        with pytest.raises(ValueError, match=words):
            run_blocks(path, [block._replace(setting=block.setting._replace(**change))])
        assert not path.exists()
    with pytest.raises(ValueError, match=r"runs = 1\.5"):
        run_blocks(path, [block._replace(runs=1.5)])
    for options, words in (
        ({"batches": [0]}, "batch = 0"),
        ({"batches": [1], "multiples": [0.0]}, "step = 0"),
        ({"batches": [1], "time": -1.0}, "time = -1"),
        ({"batches": [1], "records": 0}, "records = 0"),
        ({"batches": [1], "runs": 0}, "runs = 0"),
    ):
        with pytest.raises(ValueError, match=words):
            list(blocks(GRID, **options))
    with pytest.raises(ValueError, match="warmup = 5"):
        list(blocks(Grid(k=(9,), warmup=(5,)), batches=[1]))
    record = json.loads(json.dumps({"setting": block.setting._asdict()}))
    assert Setting(**record["setting"]) == block.setting
