"""Plain values as text, so that what a submission returns can be read without trusting it.

The submission's process could send anything.  Nothing of it is unpickled: numbers, text, arrays and
containers of them are rebuilt from JSON and from NumPy's own format without objects, functions
become a number by which they can be called, and of everything else only a description arrives.
"""

import base64
import io
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Foreign", "FunctionReference", "decode", "encode"]

#: Containers inside containers, at most.
DEPTH = 20
#: Characters of a description.
SHOWN = 80
#: Kinds of NumPy's data types that hold plain numbers or text.
PLAIN_KINDS = "biufcU"


@dataclass(frozen=True)
class FunctionReference:
    """A function that stayed in the submission's process.

    Attributes
    ----------
    number : int
        By which it is called there.
    name : str
        Its name there.
    """

    number: int
    name: str


@dataclass(frozen=True)
class Foreign:
    """A value that does not travel.

    Attributes
    ----------
    kind : str
        Name of its type.
    shown : str
        The beginning of its representation.
    """

    kind: str
    shown: str


def encode(value: Any, keep: Callable[[Any], int]) -> str:
    """A value as text.

    Parameters
    ----------
    value : object
        Any value.
    keep : callable
        Takes a function and returns the number by which it can be called later.

    Returns
    -------
    str
        JSON.
    """
    return json.dumps(_pack(value, keep, 0))


def decode(text: str | bytes) -> Any:
    """The value that a text stands for.

    Parameters
    ----------
    text : str or bytes
        What `encode` made, or anything at all.

    Returns
    -------
    object
        Numbers, text, arrays and containers as they were; a `FunctionReference` for a function, a
        `Foreign` for what does not travel.

    Raises
    ------
    ValueError
        If the text stands for nothing.
    """
    try:
        return _unpack(json.loads(text), 0)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError, MemoryError) as problem:
        raise ValueError(f"not a value: {problem}") from None


def _pack(value: Any, keep: Callable[[Any], int], depth: int) -> Any:
    kind = type(value)
    if depth > DEPTH:
        return {"is": "foreign", "kind": kind.__name__, "shown": "nested too deeply"}
    if value is None or kind in (bool, str):
        return value
    if value is Ellipsis:
        return {"is": "ellipsis"}
    if kind is int:
        # Longer ones than Python reads back by default would fail at the other end.
        return value if abs(value) < 10**4000 else {"is": "foreign", "kind": "int", "shown": "huge"}
    if kind is float:
        return value if math.isfinite(value) else {"is": "float", "text": repr(value)}
    if kind is complex:
        return {"is": "complex", "text": repr(value)}
    for container in (list, tuple, set, frozenset):
        if isinstance(value, container):
            items = [_pack(item, keep, depth + 1) for item in value]
            return {"is": container.__name__, "items": items}
    if isinstance(value, dict):
        pairs = [[_pack(k, keep, depth + 1), _pack(v, keep, depth + 1)] for k, v in value.items()]
        return {"is": "dict", "items": pairs}
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in PLAIN_KINDS:
        file = io.BytesIO()
        np.save(file, np.asarray(value), allow_pickle=False)
        array = base64.b64encode(file.getvalue()).decode("ascii")
        return {"is": "array" if isinstance(value, np.ndarray) else "scalar", "npy": array}
    if callable(value):
        name = getattr(value, "__name__", kind.__name__)
        return {"is": "function", "number": keep(value), "name": str(name)[:SHOWN]}
    try:
        shown = repr(value)[:SHOWN]
    except Exception:
        shown = "not to be shown"
    return {"is": "foreign", "kind": kind.__name__[:SHOWN], "shown": shown}


def _unpack(content: Any, depth: int) -> Any:
    if depth > DEPTH + 1:
        raise ValueError("nested too deeply")
    if content is None or type(content) in (bool, str, int, float):
        return content
    kind = content["is"]
    if kind == "ellipsis":
        return Ellipsis
    if kind == "float":
        return float(content["text"])
    if kind == "complex":
        return complex(content["text"])
    if kind == "dict":
        pairs = content["items"]
        return {_unpack(k, depth + 1): _unpack(v, depth + 1) for k, v in pairs}
    if kind in ("list", "tuple", "set", "frozenset"):
        items = [_unpack(item, depth + 1) for item in content["items"]]
        return {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}[kind](items)
    if kind in ("array", "scalar"):
        array = np.load(io.BytesIO(base64.b64decode(content["npy"])), allow_pickle=False)
        if not isinstance(array, np.ndarray) or array.dtype.kind not in PLAIN_KINDS:
            raise ValueError("not an array of numbers")
        return array if kind == "array" else array[()]
    if kind == "function":
        return FunctionReference(int(content["number"]), str(content["name"])[:SHOWN])
    if kind == "foreign":
        return Foreign(str(content["kind"])[:SHOWN], str(content["shown"])[:SHOWN])
    raise ValueError(f"no such kind: {kind!r}"[:SHOWN])
