"""What an experiment of a rerun panel hands back: a small table and a line of text."""

import html
from collections.abc import Generator
from dataclasses import dataclass

__all__ = ["Experiment", "Result", "below"]

#: Differences below this are rounding, which depends on the machine; they are not told apart.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Result:
    """A finished experiment, rounded for reading.

    Attributes
    ----------
    columns : tuple of str
        Headings.
    rows : tuple of tuple of str
        One entry for each heading; the first names the row.
    line : str
        What the table says, in a sentence.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    line: str

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(
                    f"a row has {len(row)} entries for {len(self.columns)} columns: {row}"
                )

    def to_html(self, caption: str) -> str:
        """The table, with a caption and headings that screen readers announce.

        Parameters
        ----------
        caption : str
            What was run; plain text, as are all entries.

        Returns
        -------
        str
        """
        head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in self.columns)
        body = "\n".join(
            f'<tr><th scope="row">{html.escape(row[0])}</th>'
            + "".join(f"<td>{html.escape(entry)}</td>" for entry in row[1:])
            + "</tr>"
            for row in self.rows
        )
        # The class lets a wide table scroll inside itself in the book's pages.
        return (
            '<div class="pst-scrollable-table-container">\n<table class="table">\n'
            f"<caption>{html.escape(caption)}</caption>\n"
            f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>\n</div>\n"
            f"<p>{html.escape(self.line)}</p>"
        )


#: Yields the share done, from 0 to 1, every so often, and returns the result.
Experiment = Generator[float, None, Result]


def below(difference: float) -> str:
    """A power of ten that bounds a difference: the same text on every machine.

    Parameters
    ----------
    difference : float
        At least 0.

    Returns
    -------
    str
        For instance ``"< 1e-12"``, which stands for everything that is smaller, too.
    """
    if not difference < float("inf"):
        return "not finite"
    bound, exponent = ROUNDING, -12
    while difference >= bound:
        exponent += 1
        bound = 10.0**exponent
    return f"< 1e{exponent}"
