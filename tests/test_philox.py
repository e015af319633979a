import numpy as np
import pytest
from scipy import stats

from shortcutlib import Teacher
from shortcutlib.philox import philox4x32, starts, uniforms
from shortcutlib.starts import sample_reduced
from shortcutlib.success import SETTINGS, classify, section_4_steps

# The known answers published with the generator (Random123, kat_vectors: philox4x32 10).
KNOWN = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000")
    + ("6627e8d5 e169c58d bc57ac4c 9b00dbd8",),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff")
    + ("408f276d 41c83b0e a20bc7c6 6d5451fd",),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0")
    + ("d16cfe09 94fdcceb 5001e420 24126ea1",),
]


def words(text):
    return [int(word, 16) for word in text.split()]


@pytest.mark.parametrize("counter, key, answer", KNOWN)
def test_known_answers(counter, key, answer):
    assert philox4x32(words(counter), words(key)).tolist() == words(answer)


def test_any_part_of_a_stream_can_be_drawn_alone():
    whole = uniforms(7, (2, 25), 100)
    np.testing.assert_array_equal(uniforms(7, (2, 25), 30, first=41), whole[41:71])
    assert np.all((whole > 0) & (whole < 1))
    assert np.unique(whole).size == 400
    for other in (uniforms(8, (2, 25), 100), uniforms(7, (1, 25), 100), uniforms(7, (2, 26), 100)):
        assert not np.any(other == whole)
    # Beyond 32 bits the upper words count too.
    assert not np.any(uniforms(7 + 2**32, (2, 25), 100) == whole)
    assert not np.any(uniforms(7, (2, 25), 100, first=2**32) == whole)


@pytest.mark.parametrize(
    "arguments",
    [(-1, (0, 1), 5), (2**64, (0, 1), 5), (0, (0, -1), 5), (0, (2**32, 1), 5), (0, (0, 1), 0)],
)
def test_impossible_numbers_are_refused(arguments):
    with pytest.raises(ValueError, match="give a whole number"):
        uniforms(*arguments)


def test_impossible_starts_are_refused():
    with pytest.raises(ValueError, match="choose one of"):
        starts(Teacher.section_4(4), "mlp", 0, 1)
    teacher = Teacher.from_numbers(k=4, output_sum=1, norm_squared=4, angle=0.0, p=1)
    with pytest.raises(ValueError, match="p = 1"):
        starts(teacher, "cnn", 0, 1)


@pytest.mark.parametrize("k, p", [(1, 2), (2, 3), (3, 8), (25, 8), (200, 4)])
@pytest.mark.parametrize("setting", SETTINGS)
def test_starts_are_distributed_as_the_papers(k, p, setting, rng):
    total = 2.0
    norm_squared = 4.0 if k == 1 else 9.0
    teacher = Teacher.from_numbers(k=k, p=p, output_sum=total, norm_squared=norm_squared, angle=1.3)
    found = starts(teacher, setting, 5, 8000)
    network = "cnn" if setting == "cnn" else "residual"
    expected = sample_reduced(teacher, 8000, rng, network)
    for name in ("output_sum", "alignment", "angle"):
        ours, theirs = getattr(found, name), getattr(expected, name)
        if np.ptp(theirs) == 0:
            np.testing.assert_array_equal(ours, theirs)
        else:
            assert stats.ks_2samp(ours, theirs).pvalue > 1e-4, name
    joint = [state.output_sum * state.alignment for state in (found, expected)]
    assert stats.ks_2samp(*joint).pvalue > 1e-4


def test_a_cell_of_the_table_agrees_with_its_exact_rate():
    teacher = Teacher.section_4(25)
    drawn = starts(teacher, "resnet", 0, 5000)
    rate = np.mean(classify(teacher, drawn, section_4_steps("resnet", 25)).success)
    assert rate == pytest.approx(0.742947, abs=4 * np.sqrt(0.25 / 5000))
