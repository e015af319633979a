"""Random starts that a web page and Python draw alike, from the generator Philox4x32-10.

A counter-based generator has no state: the numbers of a trial are a function of the seed, the cell
of Table 1 and the number of the trial.  So any trial can be drawn on its own, in any order and in
any language; `shortcutlib/explorers/scripts/random.js` does the same in the page.

The key is the seed (two words of 32 bits, the lower first).  The counter's four words are the
trial's number (two words), the index of the setting and k.  The four words that come out, plus a
half and divided by 2^32, are four numbers U1, ..., U4 in (0, 1).

The part of the paper's a_0 in a plane, in units of the ball's radius, has a distance r from 0 with
P(r > x) = (1 - x^2)^(k/2): so r = sqrt(1 - U1^(2/k)), and its direction is 2 pi U2.  For the CNN
the same holds for the filter on the sphere, with (p - 2)/2 in place of k/2, U3 and U4.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shortcutlib.angles import FloatArray
from shortcutlib.reduced import ReducedState
from shortcutlib.success import SETTINGS, Setting
from shortcutlib.teacher import Teacher, check_size

__all__ = ["philox4x32", "starts", "uniforms"]

_MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_WORD = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_ROUNDS = 10


def philox4x32(counter: ArrayLike, key: ArrayLike) -> NDArray[np.uint32]:
    """Philox4x32-10: four random words from a counter and a key.

    Parameters
    ----------
    counter : array_like of int, shape (4, ...)
        Words of 32 bits.
    key : array_like of int, shape (2,)
        Words of 32 bits.

    Returns
    -------
    ndarray of uint32, shape (4, ...)

    Notes
    -----
    Source: Salmon, Moraes, Dror and Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3".
    """
    c0, c1, c2, c3 = np.asarray(counter, dtype=np.uint64)
    k0, k1 = np.asarray(key, dtype=np.uint64)
    for _ in range(_ROUNDS):
        first, second = _MULTIPLIERS[0] * c0, _MULTIPLIERS[1] * c2
        c0, c1 = (second >> _HALF) ^ c1 ^ k0, second & _WORD
        c2, c3 = (first >> _HALF) ^ c3 ^ k1, first & _WORD
        k0, k1 = (k0 + _WEYL[0]) & _WORD, (k1 + _WEYL[1]) & _WORD
    return np.array([c0, c1, c2, c3]).astype(np.uint32)


def uniforms(seed: int, stream: tuple[int, int], count: int, first: int = 0) -> FloatArray:
    """Four numbers in (0, 1) for each of a range of trials.

    Parameters
    ----------
    seed : int
        From 0 to 2^64 - 1; the page takes seeds below 2^53.
    stream : tuple of int
        Two numbers from 0 to 2^32 - 1: streams of one seed are independent.
    count : int
        Number of trials, at least 1.
    first : int, default 0
        Number of the first trial.

    Returns
    -------
    ndarray, shape (count, 4)

    Raises
    ------
    ValueError
        If a number is out of range.
    """
    check_size("count", count)
    for name, value, bits in (
        ("seed", seed, 64),
        ("first", first, 63),
        ("stream", stream[0], 32),
        ("stream", stream[1], 32),
    ):
        if isinstance(value, bool) or not 0 <= value < 2**bits or value != int(value):
            raise ValueError(f"{name} = {value!r}: give a whole number from 0 to 2^{bits} - 1")
    trial = np.uint64(first) + np.arange(count, dtype=np.uint64)
    words = [np.full(count, word, dtype=np.uint64) for word in stream]
    key = [int(seed) & 0xFFFFFFFF, int(seed) >> 32]
    drawn = philox4x32(np.array([trial & _WORD, trial >> _HALF, *words]), key)
    return np.asarray((drawn.T + 0.5) / 2.0**32, dtype=float)


def starts(
    teacher: Teacher, setting: Setting, seed: int, count: int, first: int = 0
) -> ReducedState:
    """The paper's random starts of one cell of Table 1, the same as in the page.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.
    setting : {"resnet", "resnet-warmup", "cnn"}
        Row of the table; the CNN needs p >= 2.
    seed : int
        From 0 to 2^64 - 1.
    count : int
        Number of starts, at least 1.
    first : int, default 0
        Number of the first trial.

    Returns
    -------
    ReducedState
        Arrays of shape (count,).  The norm of the part of a_0 across 1 and a* influences no fate
        and is not drawn: `orthogonal_norm` is 0.

    Raises
    ------
    ValueError
        If an argument is impossible.
    """
    if setting not in SETTINGS:
        raise ValueError(f"setting = {setting!r}: choose one of {', '.join(SETTINGS)}")
    if setting == "cnn" and teacher.p < 2:
        raise ValueError("p = 1: the CNN's filter has two directions, not a sphere of them")
    u1, u2, u3, u4 = uniforms(seed, (SETTINGS.index(setting), teacher.k), count, first).T
    radius = teacher.start_radius * np.sqrt(1 - u1 ** (2 / teacher.k))
    s = np.sqrt(teacher.k) * radius * np.cos(2 * np.pi * u2)
    across = np.sqrt(teacher.spread) * radius * np.sin(2 * np.pi * u2)
    angle = np.full(count, teacher.angle)
    if setting == "cnn":
        cosine = np.cos(2 * np.pi * u4)
        if teacher.p > 2:
            cosine = cosine * np.sqrt(1 - u3 ** (2 / (teacher.p - 2)))
        angle = np.arccos(cosine)
    return ReducedState(
        output_sum=s,
        alignment=s * teacher.output_sum / teacher.k + across,
        angle=angle,
        orthogonal_norm=np.zeros(count),
        filter_norm=np.ones(count),
    )
