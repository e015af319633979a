"""How a test of the ledger shows its evidence, and how the evidence is held against the verdict.

A test of a claim does not assert: it returns what it found, and `claim` compares that with the
verdict that `book/claims.yml` prints.  So a verdict cannot be changed without its evidence, nor the
evidence without the verdict.

The same goes for the numbers.  A row lists under `values` the numbers and formulas that it prints,
each with a name; its test returns the value that it found under that name, and the two must agree
to the last printed digit.  After every judgement each digit of each of these numbers is changed,
and the judge must refuse (`insists`).  `unbound` finds printed numbers that no name covers.
"""

import functools
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import yaml

from tests.claims.formulas import evaluate, is_number, last_digit, number

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

#: The fields of a row that print numbers.
PRINTING = ("printed", "best", "found")

#: How closely a printed formula agrees with what was found, relative to it.
CLOSE = 1e-4


class Up(NamedTuple):
    """A number that is printed rounded upwards, as an upper bound is.

    Attributes
    ----------
    value : float
        The number itself.
    """

    value: float


class Down(NamedTuple):
    """A number that is printed rounded downwards, as a lower bound is.

    Attributes
    ----------
    value : float
        The number itself.
    """

    value: float


#: What a test found for one printed number: the number, or a function of the formula's letters.
Found = float | Up | Down | Callable[..., float]
Values = Mapping[str, Found]
_NONE: Values = MappingProxyType({})


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
    values : mapping of str to number or function
        What was found for the numbers that the row prints, by their names.
    """

    slack: float
    tried: int
    exact: bool = False
    values: Values = _NONE


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
    values : mapping of str to number or function
        As for `Held`; the repaired claim may add its own.
    """

    violation: float
    at: Any
    repaired: Held | None = None
    values: Values = _NONE


class Sharpened(NamedTuple):
    """A claim that holds, and with a better constant as well.

    Attributes
    ----------
    printed : Held
        The claim with the printed constant.
    best : float
        The best constant, which is the value named "best".
    at_best : Held
        The claim with the best constant.
    beyond : float
        The slack found with a constant slightly beyond the best one: negative.
    values : mapping of str to number or function
        As for `Held`, besides the best constant.
    """

    printed: Held
    best: float
    at_best: Held
    beyond: float
    values: Values = _NONE


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
            unused = set(values_of(evidence))
            for row_id in row_ids:
                row = rows()[row_id]
                judge(row, evidence)
                insists(row, evidence)
                unused -= set(printed_values(row))
            assert unused <= {"best"}, f"no row of {row_ids} prints what was found for {unused}"

        test.claims = row_ids  # type: ignore[attr-defined]
        return test

    return decorate


def judge(row: Mapping[str, Any], evidence: Evidence) -> None:
    """Assert that the evidence is of the kind that the row's verdict asks for, and its numbers."""
    verdict = row["verdict"]
    if verdict in ("holds", "definition"):
        assert isinstance(evidence, Held), f"{row['id']}: {verdict}, but the test found {evidence}"
        _stood(row, evidence)
    elif verdict == "better constant":
        assert isinstance(evidence, Sharpened), f"{row['id']}: no better constant in {evidence}"
        _stood(row, evidence.printed)
        _stood(row, evidence.at_best)
        assert evidence.beyond < 0, f"{row['id']}: the best constant is not the best"
    elif verdict in ("misprint", "needs a condition", "false as printed"):
        assert isinstance(evidence, Failed), f"{row['id']}: no counterexample in {evidence}"
        assert evidence.violation < 0, f"{row['id']}: {evidence.at} is no counterexample"
        if verdict != "false as printed" or "best" in row:
            assert evidence.repaired is not None, f"{row['id']}: the repair is not tested"
        if evidence.repaired is not None:
            _stood(row, evidence.repaired)
    else:
        raise AssertionError(f"{row['id']}: a row that is {verdict!r} has no test")
    found = values_of(evidence)
    for name, text in printed_values(row).items():
        assert name in found, f"{row['id']}: the test found nothing for {name!r}, printed {text}"
        assert agrees(text, found[name]), f"{row['id']}: {name!r} is {found[name]}, printed {text}"


def _stood(row: Mapping[str, Any], held: Held) -> None:
    assert held.slack >= 0, f"{row['id']}: violated by {held.slack}"
    assert held.exact or held.tried >= FEWEST, f"{row['id']}: only {held.tried} points were tried"


# --- Printed numbers ------------------------------------------------------------------------------


def printed_values(row: Mapping[str, Any]) -> dict[str, str]:
    """The numbers and formulas that a row prints, by their names."""
    values = dict(row.get("values", {}))
    if "best_value" in row:
        values.setdefault("best", repr(row["best_value"]))
    return values


def values_of(evidence: Evidence) -> dict[str, Found]:
    """What a test found for them."""
    found = dict(evidence.values)
    if isinstance(evidence, Failed) and evidence.repaired is not None:
        found |= evidence.repaired.values
    if isinstance(evidence, Sharpened):
        found.setdefault("best", evidence.best)
    return found


def agrees(text: str, found: Found) -> bool:
    """Whether a printed number or formula is what was found, to the last printed digit."""
    if is_number(text):
        if not isinstance(found, (Up, Down)):
            if callable(found):
                return False
            return bool(abs(number(text) - found) <= (0.5 + 1e-6) * last_digit(text))
        # In units of the last digit, a millionth of which is forgiven.
        excess = (number(text) - found.value) / last_digit(text)
        return bool(-1e-6 <= (excess if isinstance(found, Up) else -excess) < 1 - 1e-6)
    if isinstance(found, (Up, Down)):
        raise ValueError(f"{text} is a formula, which is exact: return its value, not {found}")
    try:
        if not callable(found):
            return bool(np.isclose(evaluate(text), found, rtol=CLOSE, atol=0))
        names = list(inspect.signature(found).parameters)
        points = np.random.default_rng(1).uniform(0.3, 3, (5, len(names)))
        for point in points:
            variables = {name: float(x) for name, x in zip(names, point, strict=True)}
            if not np.isclose(evaluate(text, variables), found(**variables), rtol=CLOSE, atol=0):
                return False
    except (ArithmeticError, ValueError):
        # With another digit a formula may have no value.
        return False
    return True


def with_another_digit(text: str) -> Iterator[str]:
    """The text with one digit changed, for each of its digits."""
    for match in re.finditer(r"\d", text):
        for change in (1, 9):
            digit = (int(match[0]) + change) % 10
            yield f"{text[: match.start()]}{digit}{text[match.end() :]}"


def insists(row: Mapping[str, Any], evidence: Evidence) -> None:
    """Assert that the judge refuses the row as soon as any digit of a bound number is another."""
    for name, text in printed_values(row).items():
        for changed in with_another_digit(text):
            other = dict(row) | {"values": dict(row.get("values", {})) | {name: changed}}
            try:
                judge(other, evidence)
            except AssertionError:
                continue
            raise AssertionError(f"{row['id']}: {name!r} could as well be {changed} as {text}")


#: Digits that print no result: references, dates, names, exponents, indices, the vector 1, and the
#: angle 5 pi/12, which the paper chose.
NO_RESULT = re.compile(
    r"\b(?:Theorem|Lemma|Equation|Figure|Table|[Ss]ection|Definition|Proposition|Assumption|"
    r"Corollary|Remark|Example|Footnote|[Cc]omment|Appendix|Reviewer)s? \d[\d.]*\d?"
    r"(?:(?:,| and| to) \d+(?:\.\d+)?(?!\.?\d|\$|%| of| runs| starts| steps| iterations))*"
    r"|\(\d{1,2}\)|\((?:19|20)\d\d[ab]?(?:, (?:19|20)\d\d[ab]?)*\)"
    r"|[A-Za-z]-\d+|\b\d+-[A-Z]"
    r"|5\\pi/12|\^\d|\^\{-?\d\}|_\d|_\{[\d,]+\}|\\mathbf ?1|\\mathbf\{1\}"
)


#: Counts and sizes that are written as words: a result is printed in digits, so that it has a name.
_WORDS = (
    "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|hundred|"
    "thousand|million|quarters|thirds"
)
_COUNTED = (
    "runs|starts|steps|iterations|descents|pairs|points|cases|cells|digits|dimensions|inputs|epochs|"
    "times|percent|per cent|standard errors|of"
)
IN_WORDS = re.compile(rf"(?i)\b(?:{_WORDS})\s+(?:{_COUNTED})\b")


def _with_braces(text: str) -> str:
    r"""The text with ``\frac12`` and ``\frac1\eta`` written so that no two numbers touch."""
    text = re.sub(r"\\frac\s*(\d)\s*(\d)", r"\\frac{\1}{\2}", re.sub(r"\s+", " ", text))
    return re.sub(r"\\frac\s*(\d)", r"\\frac{\1}", text)


def occurrences(printed: str) -> str:
    """A pattern for the places where a number or formula stands by itself, not as an exponent."""
    before = r"(?<![\d.^_])" if printed[0].isdigit() else r"(?<![\dA-Za-z])"
    return before + re.escape(_with_braces(printed)) + r"(?!\.?\d|,\d{3})"


#: Fields in which a value of this name cannot be meant.
_ELSEWHERE = {"printed": "best", "as printed": "best", "best": "printed"}


def unbound(row: Mapping[str, Any]) -> list[str]:
    """The numbers that a row prints without a name; 0 and 1 may stand anywhere but below a bar.

    Counts written as words are among them: whatever their names, they are to be digits.

    Raises
    ------
    AssertionError
        If a named number is not printed.
    """
    longest_first = sorted(row.get("values", {}).items(), key=lambda item: -len(item[1]))
    fields = {field: _with_braces(row[field]) for field in PRINTING if field in row}
    for name, printed in longest_first:
        pattern = occurrences(printed)
        assert any(re.search(pattern, text) for text in fields.values()), (
            f"{row['id']}: {name!r} is {printed}, which the row does not print"
        )
    left = []
    for field, text in fields.items():
        for name, printed in longest_first:
            if _ELSEWHERE.get(name) != field:
                text = re.sub(occurrences(printed), " ", text)
        text = NO_RESULT.sub(" ", text)
        for match in re.finditer(r"(?:\d{1,3}(?:,\d{3})+|\d*\.?\d+)", text):
            if match[0] not in ("0", "1") or text[: match.start()].endswith("/"):
                left.append(match[0])
        left += IN_WORDS.findall(text)
    return left
