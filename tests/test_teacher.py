import numpy as np
import pytest
from hypothesis import given

from shortcutlib import Teacher
from shortcutlib.angles import angle_between
from shortcutlib.teacher import shortcut_vector
from tests.conftest import teachers


@pytest.mark.parametrize("k", [1, 2, 3, 25, 128])
@pytest.mark.parametrize("p", [1, 2, 5, 64])
@pytest.mark.parametrize("draw", [False, True])
def test_from_numbers_has_exactly_those_numbers(k, p, draw):
    norm_squared = 6.0
    for share in (0.0, 0.3, 1.0):
        if k == 1 and share < 1:
            continue
        total = -np.sqrt(share * k * norm_squared)
        for angle in (0.0, 1e-9, 0.4, np.pi) if p > 1 else (0.0, np.pi):
            teacher = Teacher.from_numbers(
                k=k,
                p=p,
                output_sum=total,
                norm_squared=norm_squared,
                angle=angle,
                rng=np.random.default_rng(1) if draw else None,
            )
            assert (teacher.k, teacher.p) == (k, p)
            assert teacher.output_sum == pytest.approx(total, abs=1e-13 * np.sqrt(6 * k))
            assert teacher.norm_squared == pytest.approx(norm_squared, rel=1e-14)
            assert teacher.angle == pytest.approx(angle, rel=1e-6, abs=1e-15)
            assert np.linalg.norm(teacher.filter) == pytest.approx(1, abs=1e-15)


@given(teachers())
def test_derived_vectors(teacher):
    np.testing.assert_allclose(teacher.shortcut, np.full(teacher.p, teacher.p**-0.5))
    np.testing.assert_allclose(teacher.residual + teacher.shortcut, teacher.filter)
    # Assumption 1 in its two forms: |w*| <= 1, and v*'1/sqrt(p) >= 1/2.
    length = float(np.linalg.norm(teacher.residual))
    assert teacher.satisfies_shortcut_prior == (length <= 1) or abs(length - 1) < 1e-12
    assert teacher.start_radius**2 <= teacher.norm_squared * (1 + 1e-9)


def test_section_4_filter_and_its_angle():
    teacher = Teacher.section_4(25)
    assert teacher.norm_squared == pytest.approx(150)
    assert teacher.output_sum**2 == pytest.approx(150 / 4)
    np.testing.assert_allclose(teacher.filter[:2], [np.cos(0.7 * np.pi), np.sin(0.7 * np.pi)])
    assert not np.any(teacher.filter[2:])
    # The footnote's .45 pi belongs to p = 2; p = 8 gives another angle, beyond Assumption 1.
    assert teacher.angle / np.pi == pytest.approx(0.475077, abs=1e-6)
    assert Teacher.section_4(25, p=2).angle / np.pi == pytest.approx(0.45, abs=1e-12)
    assert not teacher.satisfies_shortcut_prior
    assert np.linalg.norm(teacher.residual) == pytest.approx(1.358, abs=5e-4)


def test_literal_reading():
    teacher = Teacher.section_4(16, reading="literal", norm_squared=20)
    assert teacher.output_sum == pytest.approx(5)
    with pytest.raises(ValueError, match="give norm_squared"):
        Teacher.section_4(16, reading="literal")
    with pytest.raises(ValueError, match="exceeds k N"):
        Teacher.section_4(16, reading="literal", norm_squared=16 * 16 + 1)


def numbers(**changes):
    return {"k": 4, "p": 3, "output_sum": 1.0, "norm_squared": 2.0, "angle": 0.5} | changes


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"output_sum": 3.0}, r"S\^2 = 9 exceeds k N = 8"),
        ({"k": 1}, r"k = 1 needs S\^2 = N.*set norm_squared"),
        ({"k": 0}, "k = 0"),
        ({"k": 2.5}, "k = 2.5"),
        ({"p": 0}, "p = 0"),
        ({"norm_squared": 0.0}, "norm_squared .* = 0"),
        ({"norm_squared": -1.0}, "positive"),
        ({"output_sum": np.nan}, "nan"),
        ({"output_sum": None}, "None"),
        ({"angle": 4.0}, "angle = 4"),
        ({"angle": np.inf}, "inf"),
        ({"p": 1}, "p = 1"),
    ],
)
def test_impossible_numbers_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        Teacher.from_numbers(**numbers(**changes))


@pytest.mark.parametrize(
    ("filter_", "weights", "message"),
    [
        ([2.0, 0.0], [1.0], "length 2, not 1"),
        ([np.nan, 0.0], [1.0], "nan"),
        ([1.0, 0.0], [np.inf], "inf"),
        ([1.0, 0.0], [], "shape"),
        ([[1.0, 0.0]], [1.0], "shape"),
        ([1.0, 0.0], [0.0, 0.0], "zero"),
    ],
)
def test_impossible_arrays_are_refused(filter_, weights, message):
    with pytest.raises(ValueError, match=message):
        Teacher(filter_, weights)


def test_a_teacher_cannot_be_changed():
    teacher = Teacher.section_4(4)
    with pytest.raises(ValueError, match="read-only"):
        teacher.filter[0] = 1.0
    with pytest.raises(AttributeError):
        teacher.filter = np.ones(8)


def test_the_shortcut_is_average_pooling():
    patch = np.array([1.0, 2.0, 3.0, 6.0])
    assert shortcut_vector(4) @ patch == pytest.approx(np.sqrt(4) * patch.mean())
    assert angle_between(shortcut_vector(4), patch) > 0


def test_unknown_reading_and_tiny_patch_are_refused():
    with pytest.raises(ValueError, match="'loose'"):
        Teacher.section_4(4, reading="loose")
    with pytest.raises(ValueError, match="p = 1"):
        Teacher.section_4(4, p=1)
