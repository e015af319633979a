import numpy as np
import pytest

from shortcutlib import Phase, StepSizes


def test_constant_and_warmup_schedules():
    constant = StepSizes.constant(0.1, 0.2)
    assert constant.at(0) == constant.at(10**9) == (0.1, 0.2)
    warmup = StepSizes.section_4(10, warmup=1000)
    assert warmup.at(0) == warmup.at(999) == (1e-2, pytest.approx(1e-4))
    assert warmup.at(1000) == (1e-2, 1e-2)
    assert StepSizes.section_4(10, warmup=0) == StepSizes.constant(1e-2, 1e-2)


def test_layer_wise_holds_the_filter_still():
    steps = StepSizes.layer_wise(0.1, 0.2, iterations=5)
    assert steps.at(4) == (0.1, 0.0)
    assert steps.at(5) == (0.1, 0.2)


def test_stretches_join_up():
    steps = StepSizes((Phase(1, 1, 3), Phase(2, 2, 0), Phase(3, 3, 4), Phase(4, 4)))
    assert [(p.output, b, e) for p, b, e in steps.stretches()] == [
        (1, 0, 3),
        (2, 3, 3),
        (3, 3, 7),
        (4, 7, None),
    ]
    assert [steps.at(t)[0] for t in (0, 2, 3, 6, 7)] == [1, 1, 3, 3, 4]


@pytest.mark.parametrize(
    ("phases", "message"),
    [
        ((), "empty"),
        ((Phase(-1, 1),), "-1"),
        ((Phase(1, np.nan),), "nan"),
        ((Phase(1, 1, 5),), "only the last"),
        ((Phase(1, 1), Phase(1, 1)), "only the last"),
        ((Phase(1, 1, -5), Phase(1, 1)), "-5"),
        ((Phase(1, 1, 2.5), Phase(1, 1)), "2.5"),
    ],
)
def test_schedules_that_make_no_sense_are_refused(phases, message):
    with pytest.raises(ValueError, match=message):
        StepSizes(phases)
