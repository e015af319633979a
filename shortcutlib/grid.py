"""Grids of experiments: the points (k, angle, S, N, eta_w/eta_a, warm-up) of a sweep."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from shortcutlib.step_sizes import StepSizes
from shortcutlib.success import PRINTED_K
from shortcutlib.teacher import Teacher, check_finite, check_size

__all__ = ["SECTION_4_ANGLE", "Grid", "Point"]

#: Angle between v* and the shortcut in the paper's section 4 at p = 8, in units of pi.  A literal,
#: because the last digit of an arccosine, and with it a random stream, may vary with the machine.
SECTION_4_ANGLE = 0.47507722477410413

#: Each of N and S is given absolutely, or relative to k and to N.
_NORMS = ("norm_squared", "norm_per_k")
_SUMS = ("output_sum", "sum_ratio")


class Point(NamedTuple):
    """One experiment with a residual student.

    Attributes
    ----------
    k : int
        Number of patches.
    angle_over_pi : float
        Angle between v* and the shortcut, in units of pi, in [0, 1].
    output_sum : float
        S = 1'a*.
    norm_squared : float
        N = ||a*||^2.
    step_ratio : float
        eta_w/eta_a after the warm-up, where eta_a = 1/k^2.
    warmup : int
        Iterations of warm-up with eta_w = eta_a^2; 0 for none.
    """

    k: int
    angle_over_pi: float
    output_sum: float
    norm_squared: float
    step_ratio: float
    warmup: int

    def teacher(self) -> Teacher:
        """The teacher with these numbers; a ValueError says why there is none."""
        return Teacher.from_numbers(
            k=self.k,
            output_sum=self.output_sum,
            norm_squared=self.norm_squared,
            angle=min(self.angle_over_pi * np.pi, np.pi),
        )

    def steps(self) -> StepSizes:
        """The step sizes over time."""
        output = 1 / self.k**2
        if self.warmup == 0:
            return StepSizes.constant(output, self.step_ratio * output)
        return StepSizes.with_warmup(
            output, self.step_ratio * output, iterations=self.warmup, warmup_filter=output**2
        )

    def rng(self, seed: int, block: int = 0) -> np.random.Generator:
        """The random stream of a block of trials: it depends on the point and these numbers alone.

        Parameters
        ----------
        seed : int
            At least 0.
        block : int, default 0
            Number of the block.

        Returns
        -------
        numpy.random.Generator
        """
        key = hashlib.sha256(json.dumps(self).encode("ascii")).digest()
        words = np.frombuffer(key, dtype="<u4").tolist()
        sequence = np.random.SeedSequence([seed, *words], spawn_key=(block,))
        return np.random.default_rng(sequence)


@dataclass(frozen=True)
class Grid:
    """Every combination of the values along six axes; the defaults are the paper's section 4.

    Parameters
    ----------
    k : tuple of int
        Numbers of patches.
    angle_over_pi : tuple of float
        Angles between v* and the shortcut, in units of pi.
    norm_squared : tuple of float
        Values of N; empty to use `norm_per_k`.
    norm_per_k : tuple of float
        Values of N/k, where `norm_squared` is empty.
    output_sum : tuple of float
        Values of S; empty to use `sum_ratio`.
    sum_ratio : tuple of float
        Values of S^2/N (with S >= 0), where `output_sum` is empty.
    step_ratio : tuple of float
        Values of eta_w/eta_a, with eta_a = 1/k^2.
    warmup : tuple of int
        Iterations of warm-up.

    Raises
    ------
    ValueError
        If an axis is empty, a value makes no sense or a combination is impossible.
    """

    k: tuple[int, ...] = PRINTED_K
    angle_over_pi: tuple[float, ...] = (SECTION_4_ANGLE,)
    norm_squared: tuple[float, ...] = ()
    norm_per_k: tuple[float, ...] = (6.0,)
    output_sum: tuple[float, ...] = ()
    sum_ratio: tuple[float, ...] = (0.25,)
    step_ratio: tuple[float, ...] = (1.0,)
    warmup: tuple[int, ...] = (0, 1000)

    def __post_init__(self) -> None:
        for absolute, relative in (_NORMS, _SUMS):
            if getattr(self, absolute):
                # What is not used must not tell two grids apart.
                self._set(relative, ())
        for name in ("k", "warmup"):
            for value in getattr(self, name):
                # A warm-up may also be none.
                check_size(name, value if name == "k" or value != 0 else 1)
            self._set(name, (int(value) for value in getattr(self, name)))
        for name in ("angle_over_pi", *_NORMS, *_SUMS, "step_ratio"):
            # Adding zero makes -0.0 the same point as 0.0.
            self._set(name, (check_finite(name, value) + 0.0 for value in getattr(self, name)))
        for name in ("k", "angle_over_pi", "step_ratio", "warmup"):
            if not getattr(self, name):
                raise ValueError(f"{name} is empty: give at least one value")
        for names in (_NORMS, _SUMS):
            if not any(getattr(self, name) for name in names):
                raise ValueError(f"{' and '.join(names)} are empty: give values of one of them")
        for name in _NORMS:
            if any(value <= 0 for value in getattr(self, name)):
                raise ValueError(f"{name} = {min(getattr(self, name))}: give positive numbers")
        if any(value < 0 for value in self.sum_ratio):
            raise ValueError(f"sum_ratio = {min(self.sum_ratio)}: S^2/N is at least 0")
        if any(value <= 0 for value in self.step_ratio):
            raise ValueError(
                f"step_ratio = {min(self.step_ratio)}: the filter would never reach v*; "
                "give positive numbers"
            )
        for value in self.angle_over_pi:
            if not 0 <= value <= 1:
                raise ValueError(f"angle_over_pi = {value}: give units of pi, in [0, 1]")
        for point in self:
            point.teacher()
            point.steps()

    def __iter__(self) -> Iterator[Point]:
        """The points, the last axis changing fastest."""
        for k, angle in product(self.k, self.angle_over_pi):
            for norm in self.norm_squared or [c * k for c in self.norm_per_k]:
                for total in self.output_sum or [float(np.sqrt(r * norm)) for r in self.sum_ratio]:
                    for ratio, warmup in product(self.step_ratio, self.warmup):
                        yield Point(k, angle, total, norm, ratio, warmup)

    def __len__(self) -> int:
        norms, sums = self.norm_squared or self.norm_per_k, self.output_sum or self.sum_ratio
        axes = (self.k, self.angle_over_pi, norms, sums, self.step_ratio, self.warmup)
        return int(np.prod([len(axis) for axis in axes]))

    def _set(self, name: str, values: Iterable[float]) -> None:
        object.__setattr__(self, name, tuple(dict.fromkeys(values)))

    def as_dict(self) -> dict[str, Any]:
        """The axes that are used, for JSON; ``Grid(**...)`` of it is the same grid."""
        return {name: list(values) for name, values in asdict(self).items() if values}

    @classmethod
    def from_dict(cls, axes: dict[str, Any]) -> "Grid":
        """The grid that `as_dict` described.

        Parameters
        ----------
        axes : dict
            As from `as_dict`.

        Returns
        -------
        Grid
        """
        return cls(**{name: tuple(values) for name, values in axes.items()})
