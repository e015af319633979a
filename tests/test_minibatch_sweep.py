import json

import numpy as np
import pytest

from shortcutlib import Teacher, exact
from shortcutlib.minibatch_sweep import Block, Counts, evaluate, run_blocks, shipped, summarise
from shortcutlib.results_file import ResultsFileError
from shortcutlib.step_sizes import StepSizes

BLOCKS = [Block(9, batch, 1.0, 60, 20, number) for batch in (1, 8) for number in (0, 1)]


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
        file.write('{"record":{"blo')  # killed while writing
    seen = []
    found = run_blocks(broken, BLOCKS, seed=3, progress=lambda d, t: seen.append(d))
    assert seen == [2, 3, 4]
    assert found == expected
    assert whole.read_bytes() == broken.read_bytes()
    with pytest.raises(ResultsFileError):
        run_blocks(broken, BLOCKS, seed=4)


def test_counts_are_consistent():
    counts, _ = evaluate(0, BLOCKS[0])
    assert counts["success"] - counts["descent_success"] == counts["saved"] - counts["lost"]
    assert evaluate(0, BLOCKS[0])[0] == counts
    one = summarise({BLOCKS[0]: counts, BLOCKS[1]: evaluate(0, BLOCKS[1])[0]})
    assert [c.runs for c in one] == [40]
    mean, error = one[0].gain
    assert mean == pytest.approx((one[0].saved - one[0].lost) / 40)
    assert error > 0
    low, high = one[0].interval
    assert low < one[0].rate < high


def test_shipped_starts_have_the_exact_probability():
    """Plain descent on all shipped starts against quadrature: a z-score for every step size."""
    counts = shipped()
    assert sum(c.runs for c in counts) > 10_000
    # Longer steps do not preserve order, and the quadrature would go step by step.
    for multiple in (1.0, 4.0):
        mine = [c for c in counts if c.multiple == multiple]
        runs, won = sum(c.runs for c in mine), sum(c.descent_success for c in mine)
        step = multiple / 625
        p = exact.success_probability(
            Teacher.section_4(25), StepSizes.constant(step, step), tolerance=1e-5
        ).probability
        assert abs(won - runs * p) < 4 * np.sqrt(runs * p * (1 - p))


def test_shipped_large_batches_are_plain_descent():
    for c in shipped():
        if c.batch >= 1024 and c.multiple <= 4:
            assert c.saved + c.lost <= max(2, 0.08 * c.runs)


def test_shipped_counts_are_what_the_code_gives():
    """A setting again, with fresh random numbers: the two rates agree within chance."""
    c = next(c for c in shipped() if c.batch == 1 and c.multiple == 8.0)
    again, _ = evaluate(1, Block(c.k, 1, 8.0, c.iterations, 500, 0))
    rate = (again["success"] + c.success) / (500 + c.runs)
    error = np.sqrt(rate * (1 - rate) * (1 / 500 + 1 / c.runs))
    assert abs(again["success"] / 500 - c.rate) < 4 * error


def test_bad_input_is_refused_by_name(tmp_path):
    path = tmp_path / "x.jsonl"
    for change, words in (
        ({"batch": 0}, "batch = 0"),
        ({"multiple": 0.0}, "multiple = 0"),
        ({"runs": 1.5}, "runs = 1.5"),
    ):
        with pytest.raises(ValueError, match=words):
            run_blocks(path, [BLOCKS[0]._replace(**change)])
        assert not path.exists()
    assert json.loads(json.dumps(BLOCKS[0]._asdict()))["k"] == 9
    assert Counts(4, 1, 1.0, 10, 5, 5, 5, 0, 0).interval[1] == 1.0
