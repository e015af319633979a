r"""Printed numbers and formulas as numbers, so that a test can be held against what the page says.

The ledger prints LaTeX: ``0.48``, ``15,352``, ``m/8``, ``\frac{g(5\pi/12) - 1}{\pi - 1}``.
`evaluate` reads the little of it that occurs there: numbers, letters (with a subscript or not),
``\pi``, the four operations, ``\frac``, ``\sqrt``, ``\log``, ``\cos``, ``\sin``, powers,
brackets, the book's ``g(...)``, and multiplication by writing side by side.  Division binds as
multiplication does, from left to right: ``(N - m)\delta/4`` is a quarter.
"""

import math
import re
from collections.abc import Mapping

from shortcutlib.relu_kernel import g

#: A number as it is printed: commas between thousands, no zero needed before the point.
NUMBER = re.compile(r"-?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?")

_TOKEN = re.compile(
    r"\s*(?:(\d{1,3}(?:,\d{3})+(?!\d)|\d+\.\d+|\.\d+|\d+)"
    r"|\\([A-Za-z]+)"
    r"|([A-Za-z])"
    r"|([-+*/^_(){}\[\]]))"
)
_FUNCTIONS = {"log": math.log, "cos": math.cos, "sin": math.sin, "sqrt": math.sqrt}


def is_number(text: str) -> bool:
    """Whether a text is one printed number, not a formula."""
    return bool(text.strip("-")) and NUMBER.fullmatch(text) is not None


def number(text: str) -> float:
    """The value of a printed number."""
    return float(text.replace(",", ""))


def last_digit(text: str) -> float:
    """The unit of the last digit of a printed number."""
    _, point, decimals = text.partition(".")
    return 10.0 ** -len(decimals) if point else 1.0


def evaluate(formula: str, variables: Mapping[str, float] | None = None) -> float:
    r"""The value of a printed formula.

    Parameters
    ----------
    formula : str
        LaTeX without its dollars.
    variables : mapping of str to float, optional
        The value of every letter; ``\eta_a`` is ``eta_a``, ``\delta`` is ``delta``.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the formula is no formula of this kind.
    """
    return _Reader(formula, {} if variables is None else variables).read()


class _Reader:
    """A formula, read from left to right."""

    def __init__(self, formula: str, variables: Mapping[str, float]) -> None:
        self.formula, self.variables = formula, variables
        plain = re.sub(r"\\[,;:!]|\\ |~", " ", formula).replace(r"\cdot", "*")
        # \frac12 and \frac1\eta have their arguments without braces.
        plain = re.sub(r"\\[td]frac", r"\\frac", plain)
        plain = re.sub(r"\\frac\s*(\d)\s*(\d)", r"\\frac{\1}{\2}", plain)
        plain = re.sub(r"\\frac\s*(\d)(?=[\\{])", r"\\frac{\1}", plain)
        plain = re.sub(r"\\(?:left|right|[bB]ig[lr]?)(?![a-z])", "", plain)
        self.tokens: list[str] = []
        at = 0
        while plain[at:].strip():
            match = _TOKEN.match(plain, at)
            if match is None:
                raise ValueError(f"cannot read {plain[at:]!r} of the formula {formula!r}")
            at = match.end()
            if match.group(2):
                self.tokens.append("\\" + match.group(2))
            else:
                self.tokens.append(match.group(1) or match.group(3) or match.group(4))
        self.at = 0

    def read(self) -> float:
        value = self.sum()
        if self.peek() is not None:
            raise ValueError(f"{self.peek()!r} is left over in the formula {self.formula!r}")
        return value

    def peek(self) -> str | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self, expected: str | None = None) -> str:
        token = self.peek()
        if token is None or (expected is not None and token != expected):
            raise ValueError(f"{expected or 'more'} is missing in the formula {self.formula!r}")
        self.at += 1
        return token

    def sum(self) -> float:
        sign = -1.0 if self.peek() == "-" else 1.0
        if self.peek() in ("-", "+"):
            self.take()
        value = sign * self.product()
        while self.peek() in ("+", "-"):
            value += self.product() if self.take() == "+" else -self.product()
        return value

    def product(self) -> float:
        value = self.power()
        while True:
            token = self.peek()
            if token == "/":
                self.take()
                value /= self.power()
            elif token == "*":
                self.take()
                value *= self.power()
            elif token is not None and token not in ("+", "-", ")", "]", "}"):
                value *= self.power()
            else:
                return value

    def power(self) -> float:
        value = self.atom()
        if self.peek() == "^":
            self.take()
            value **= self.group()
        return value

    def group(self) -> float:
        """What is in braces, or the next token alone."""
        if self.peek() == "{":
            self.take()
            value = self.sum()
            self.take("}")
            return value
        return self.atom()

    def atom(self) -> float:
        token = self.take()
        if token in ("(", "["):
            value = self.sum()
            self.take(")" if token == "(" else "]")
            return value
        if token == "{":
            self.at -= 1
            return self.group()
        if token[0].isdigit() or token[0] == ".":
            return number(token)
        if token == "\\frac":
            above = self.group()
            return above / self.group()
        if token == "\\pi":
            return math.pi
        if token.lstrip("\\") in _FUNCTIONS and token[0] == "\\":
            return _FUNCTIONS[token[1:]](self.group())
        if token == "g" and self.peek() == "(":
            return float(g(self.atom()))
        if token == "e" and self.peek() == "^":
            return math.e
        if not token.lstrip("\\").isalpha():
            raise ValueError(f"{token!r} is out of place in the formula {self.formula!r}")
        name = self.name(token.lstrip("\\"))
        if name not in self.variables:
            raise ValueError(f"{name} of the formula {self.formula!r} has no value")
        return self.variables[name]

    def name(self, letter: str) -> str:
        if self.peek() != "_":
            return letter
        self.take()
        braced = self.peek() == "{"
        parts = []
        if braced:
            self.take()
        while True:
            parts.append(self.take().lstrip("\\"))
            if not braced or self.peek() == "}":
                break
        if braced:
            self.take("}")
        return f"{letter}_{''.join(parts)}"
