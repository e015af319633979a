import base64
import io
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortcutlib.grade.values import DEPTH, Foreign, FunctionReference, decode, encode


def no_functions(function):
    raise AssertionError("nothing to keep here")


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.complex_numbers(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers(), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(plain)
def test_plain_values_come_back_as_they_were(value):
    back = decode(encode(value, no_functions))
    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize("dtype", ["?", "i4", "u8", "f4", "f8", "c16", "U5"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 0), (2, 3)])
def test_arrays_keep_shape_and_type(dtype, shape):
    array = np.zeros(shape, dtype)
    back = decode(encode(array, no_functions))
    assert isinstance(back, np.ndarray)
    assert back.dtype == array.dtype
    assert back.shape == shape
    np.testing.assert_array_equal(back, array)


def test_numbers_of_numpy_stay_numbers_of_numpy():
    back = decode(encode(np.float32(0.1), no_functions))
    assert type(back) is np.float32
    assert back == np.float32(0.1)
    assert math.isnan(decode(encode(np.nan, no_functions)))
    assert decode(encode({1, 2}, no_functions)) == {1, 2}
    assert decode(encode(..., no_functions)) is ...


def test_functions_stay_and_get_a_number():
    kept = []

    def keep(function):
        kept.append(function)
        return len(kept) - 1

    back = decode(encode([math.sin, lambda x: x], keep))
    assert back == [FunctionReference(0, "sin"), FunctionReference(1, "<lambda>")]
    assert kept[0] is math.sin


class Hostile:
    def __repr__(self):
        raise RuntimeError("no")

    def __reduce__(self):
        raise AssertionError("nothing is pickled")


def test_other_objects_are_only_described():
    assert decode(encode(Hostile(), no_functions)) == Foreign("Hostile", "not to be shown")
    assert decode(encode(np.array([Hostile()]), no_functions)).kind == "ndarray"
    assert decode(encode(object, lambda f: 7)) == FunctionReference(7, "object")


def test_what_contains_itself_ends():
    endless = []
    endless.append(endless)
    back = decode(encode(endless, no_functions))
    for _ in range(DEPTH + 1):
        back = back[0]
    assert back == Foreign("list", "nested too deeply")


def pickled_array() -> str:
    file = io.BytesIO()
    np.save(file, np.array([{}], dtype=object), allow_pickle=True)
    return json.dumps({"is": "array", "npy": base64.b64encode(file.getvalue()).decode()})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[" * 100_000,
        '{"is": "pickle", "data": "gASVIA=="}',
        '{"is": "array", "npy": "AAAA"}',
        '{"is": "dict", "items": [[{"is": "list", "items": []}, 1]]}',
        '{"is": "list"}',
        pickled_array(),
        b"\xff\xfe",
    ],
)
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match="not a value"):
        decode(text)
