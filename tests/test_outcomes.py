"""Fates by certificates, order and strides against fates step by step."""

import numpy as np
import pytest

from shortcutlib import StepSizes, Teacher, outcomes
from shortcutlib.outcomes import classify
from shortcutlib.starts import sample_reduced
from shortcutlib.success import SETTINGS, cell_rng, section_4_steps


@pytest.mark.parametrize("setting", SETTINGS[:2])
@pytest.mark.parametrize("k", [16, 49])
def test_strides_and_order_change_no_outcome(setting, k, monkeypatch):
    teacher, steps = Teacher.section_4(k), section_4_steps(setting, k)
    starts = sample_reduced(teacher, 3000, cell_rng(9, setting, k))
    everything = classify(teacher, starts, steps)
    monkeypatch.setattr(outcomes, "_PILOTS", 10**9)
    strides = classify(teacher, starts, steps)
    monkeypatch.setattr(outcomes, "_LADDER", ((None, np.inf),))
    single = classify(teacher, starts, steps)
    for other in (strides, everything):
        np.testing.assert_array_equal(other.success, single.success)
        np.testing.assert_array_equal(other.trapped, single.trapped)
    assert np.all(single.success | single.trapped)


@pytest.mark.parametrize("filter_step", [0.002, 0.02, 0.2])
@pytest.mark.parametrize("angle", [0.9, 1.7, 2.6])
def test_other_teachers_and_step_sizes(filter_step, angle, monkeypatch):
    teacher = Teacher.from_numbers(k=6, output_sum=-2.2, norm_squared=9.0, angle=angle)
    steps = StepSizes.with_warmup(0.02, filter_step, iterations=53, warmup_filter=filter_step / 7)
    starts = sample_reduced(teacher, 1500, np.random.default_rng(2))
    quick = classify(teacher, starts, steps)
    monkeypatch.setattr(outcomes, "_PILOTS", 10**9)
    monkeypatch.setattr(outcomes, "_LADDER", ((None, np.inf),))
    np.testing.assert_array_equal(quick.success, classify(teacher, starts, steps).success)


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_literal_rule_agrees_trial_by_trial(setting):
    teacher, steps = Teacher.section_4(6), section_4_steps(setting, 6, warmup=100)
    network = "cnn" if setting == "cnn" else "residual"
    starts = sample_reduced(teacher, 1000, np.random.default_rng(4), network)
    certified = classify(teacher, starts, steps, network)
    literal = classify(teacher, starts, steps, network, rule="literal", patience=100_000)
    np.testing.assert_array_equal(certified.success, literal.success)
    np.testing.assert_array_equal(certified.trapped, literal.trapped)
    assert np.median(literal.steps / np.maximum(certified.steps, 1)) > 5
    with pytest.raises(ValueError, match="rule = 'quick'"):
        classify(teacher, starts, steps, network, rule="quick")


def test_starts_are_left_alone_and_may_be_empty():
    teacher, steps = Teacher.section_4(6), StepSizes.section_4(6, warmup=0)
    starts = sample_reduced(teacher, 900, np.random.default_rng(4))
    before = [column.copy() for column in starts]
    classify(teacher, starts, steps)
    for column, copy in zip(starts, before, strict=True):
        np.testing.assert_array_equal(column, copy)
    nobody = type(starts)(*(column[:0] for column in starts))
    assert classify(teacher, nobody, steps).success.size == 0
