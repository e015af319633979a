"""How a test of the ledger shows its evidence, and how the evidence is held against the verdict.

A test of a claim does not assert: it returns what it found, and `claim` compares that with the
verdict that `book/claims.yml` prints.  So a verdict cannot be changed without its evidence, nor the
evidence without the verdict.
"""

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml

LEDGER = Path(__file__).parents[2] / "book" / "claims.yml"

#: The verdicts, and what each asks of the evidence.
VERDICTS = {
    "definition": "the library computes just this",
    "holds": "an adversarial search finds no violation, or an identity is checked",
    "better constant": "the same, the best constant is met, and beyond it the claim fails",
    "misprint": "what is printed fails, what was meant holds",
    "needs a condition": "as printed it fails, with the condition it holds",
    "false as printed": "a counterexample",
    "not checkable": "nothing to run; the row says why",
}

#: The fewest points of an adversarial search.
FEWEST = 1_000


class Held(NamedTuple):
    """A claim that was tried and stood.

    Attributes
    ----------
    slack : float
        The smallest left minus right side found, or tolerance minus error: at least 0.
    tried : int
        Points or cases looked at.
    exact : bool
        Whether the cases are all there are (an identity, a finite table), so that few suffice.
    """

    slack: float
    tried: int
    exact: bool = False


class Failed(NamedTuple):
    """A claim that fails as printed.

    Attributes
    ----------
    violation : float
        The slack at the counterexample: negative.
    at : object
        The counterexample.
    repaired : Held or None
        The repaired claim.
    """

    violation: float
    at: Any
    repaired: Held | None = None


class Sharpened(NamedTuple):
    """A claim that holds, and with a better constant as well.

    Attributes
    ----------
    printed : Held
        The claim with the printed constant.
    best : float
        The best constant.
    at_best : Held
        The claim with the best constant.
    beyond : float
        The slack found with a constant slightly beyond the best one: negative.
    """

    printed: Held
    best: float
    at_best: Held
    beyond: float


Evidence = Held | Failed | Sharpened


@functools.cache
def rows() -> Mapping[str, dict[str, Any]]:
    """The rows of the ledger, by their ids."""
    listed = yaml.safe_load(LEDGER.read_text(encoding="utf-8"))
    return {row["id"]: row for row in listed}


def claim(*row_ids: str) -> Callable[[Callable[..., Evidence]], Callable[..., None]]:
    """Make a test of a function that returns evidence, for a row or rows that say the same."""

    def decorate(function: Callable[..., Evidence]) -> Callable[..., None]:
        @functools.wraps(function)
        def test(*arguments: Any, **named: Any) -> None:
            evidence = function(*arguments, **named)
            for row_id in row_ids:
                judge(rows()[row_id], evidence)

        test.claims = row_ids  # type: ignore[attr-defined]
        return test

    return decorate


def judge(row: Mapping[str, Any], evidence: Evidence) -> None:
    """Assert that the evidence is of the kind that the row's verdict asks for."""
    verdict = row["verdict"]
    if verdict in ("holds", "definition"):
        assert isinstance(evidence, Held), f"{row['id']}: {verdict}, but the test found {evidence}"
        _stood(row, evidence)
    elif verdict == "better constant":
        assert isinstance(evidence, Sharpened), f"{row['id']}: no better constant in {evidence}"
        _stood(row, evidence.printed)
        _stood(row, evidence.at_best)
        assert evidence.beyond < 0, f"{row['id']}: the best constant is not the best"
        np.testing.assert_allclose(evidence.best, row["best_value"], rtol=5e-3)
    elif verdict in ("misprint", "needs a condition", "false as printed"):
        assert isinstance(evidence, Failed), f"{row['id']}: no counterexample in {evidence}"
        assert evidence.violation < 0, f"{row['id']}: {evidence.at} is no counterexample"
        if verdict != "false as printed" or "best" in row:
            assert evidence.repaired is not None, f"{row['id']}: the repair is not tested"
        if evidence.repaired is not None:
            _stood(row, evidence.repaired)
    else:
        raise AssertionError(f"{row['id']}: a row that is {verdict!r} has no test")


def _stood(row: Mapping[str, Any], held: Held) -> None:
    assert held.slack >= 0, f"{row['id']}: violated by {held.slack}"
    assert held.exact or held.tried >= FEWEST, f"{row['id']}: only {held.tried} points were tried"
