"""What the tests of explorers share: pages that hold some, and reading what is drawn and said."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page

from shortcutlib.explorers import (
    BasinExplorer,
    DescentExplorer,
    DissipativityExplorer,
    Explorer,
    LandscapeExplorer,
    NoiseExplorer,
    RegularisedExplorer,
    SurfaceExplorer,
    TableExplorer,
    TwoPhasesExplorer,
)
from shortcutlib.explorers.base import scripts

KINDS: list[type[Explorer]] = [
    BasinExplorer,
    DescentExplorer,
    DissipativityExplorer,
    LandscapeExplorer,
    RegularisedExplorer,
    NoiseExplorer,
    SurfaceExplorer,
    TableExplorer,
    TwoPhasesExplorer,
]
DARK = """html[data-theme=dark] { --pst-color-background: #14181e; --pst-color-text-base: #ced6dd;
    --pst-color-text-muted: #9ca4af; --pst-color-border: #48566b; }
    html[data-theme=dark] body { background: #14181e; color: #ced6dd; }"""

PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 780},
    "has_touch": True,
    "is_mobile": True,
}

#: ``with show([explorer], http=True) as page: ...``, see conftest.py.
Show = Callable[..., contextlib.AbstractContextManager[Page]]


def page_of(explorers: list[Explorer], theme: str) -> str:
    """A page with some explorers and nothing else."""
    names = scripts(*(explorer.kind for explorer in explorers))
    loaded = "".join(f'<script defer src="{name}"></script>' for name in names)
    elements = "".join(explorer.to_html() for explorer in explorers)
    return (
        f'<!doctype html><html lang="en" data-theme="{theme}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<title>Explorers</title><link rel="icon" href="data:,">'
        f'<link rel="stylesheet" href="explorers.css">'
        f"<style>{DARK}</style>{loaded}</head>"
        f"<body><main><h1>Explorers</h1>{elements}</main></body></html>"
    )


def settle(page: Page) -> None:
    """Wait until everything is drawn, finely too."""
    page.evaluate(
        """async () => {
            for (let i = 0; i < 300; i++) {
                await new Promise(r => setTimeout(r, 100));
                if (shortcutExplorers.all.every(e => e.resting)) return;
            }
            throw new Error('the explorers do not come to rest');
        }"""
    )


def values(page: Page, number: int = 0) -> dict[str, Any]:
    """The present parameters."""
    return page.locator(".shortcut-explorer").nth(number).evaluate("host => host.explorer.values")


def words(page: Page, number: int = 0) -> str:
    """The readout."""
    return page.locator(".se-readout").nth(number).inner_text()


def drawing(page: Page, number: int = 0) -> str:
    """All that is drawn in SVG."""
    return page.locator(".se-panels").nth(number).inner_html()


def spelled(value: float, digits: int = 4) -> str:
    """A number as readouts spell it."""
    rounded = float(f"{value:.{digits - 1}e}")
    if rounded != 0 and abs(rounded) < 1e-6:
        mantissa, exponent = f"{rounded:.{digits - 1}e}".split("e")
        raised = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
        return f"{float(mantissa):g} · 10{raised}".replace("-", "−")
    return np.format_float_positional(rounded + 0.0, trim="-").replace("-", "−")


def centre(page: Page) -> tuple[float, float]:
    """Where the handle is, in pixels of the window."""
    handle = page.locator(".se-handle")
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag_by_finger(page: Page, dx: float, dy: float, selector: str = ".se-handle") -> None:
    """Draw the handle, or something else, with a finger, in small movements."""
    target = page.locator(selector)
    target.scroll_into_view_if_needed()
    box = target.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    client = page.context.new_cdp_session(page)
    client.send(
        "Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]}
    )
    for share in (0.2, 0.4, 0.6, 0.8, 1.0):
        points = [{"x": x + share * dx, "y": y + share * dy}]
        client.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": points})
    client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    settle(page)


def tap_slider(page: Page, selector: str, share: float) -> None:
    """Tap a slider at a share of its length."""
    # Where a finger would have it: not behind the picture, which stays in sight.
    page.locator(selector).evaluate("node => node.scrollIntoView({block: 'end'})")
    box = page.locator(selector).bounding_box()
    assert box is not None
    page.touchscreen.tap(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
    settle(page)


# ---------------------------------------------------------------------------------------------
# Reading pictures as a reader does: by the ticks of their axes


@dataclasses.dataclass
class Axis:
    """From pixels to data, by the ticks and their numbers; `pixel` is one pixel in data."""

    slope: float
    offset: float
    log: bool

    def __call__(self, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
        line = self.slope * pixels + self.offset
        return 10**line if self.log else line

    def of(self, data: NDArray[np.float64]) -> NDArray[np.float64]:
        """From data to pixels."""
        line = np.log10(data) if self.log else np.asarray(data)
        return (line - self.offset) / self.slope


def number_in(text: str) -> float:
    """The number that a tick shows."""
    text = text.replace("−", "-")
    if "π" in text:
        return float(eval(re.sub(r"(\d*)π", lambda m: f"({m[1] or 1}*{np.pi})", text)))
    power = re.fullmatch(r"10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", text)
    if power:
        return 10.0 ** int(power[1].translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")))
    return float(text)


def axes(page: Page, panel: int, *, log: str = "") -> tuple[Axis, Axis]:
    """The two axes of a panel; `log` names those that are logarithmic."""
    texts = page.evaluate(
        """panel => {
            const {axes} = shortcutExplorers.all[0].drawings[panel];
            return [...axes.querySelectorAll('text')].filter(t => !t.hasAttribute('transform'))
                .map(t => [t.getAttribute('text-anchor'), Number(t.getAttribute('x')),
                    Number(t.getAttribute('y')), t.textContent]);
        }""",
        panel,
    )
    *ticks, label = [text for text in texts if text[0] == "middle"]
    assert not re.fullmatch(r"[\d−.]+", label[3])
    found = []
    for name, here in (
        ("x", [(x, number_in(text)) for _, x, _, text in ticks]),
        # A number stands four pixels below its tick.
        ("y", [(y - 4, number_in(text)) for anchor, _, y, text in texts if anchor == "end"]),
    ):
        pixels, numbers = map(np.array, zip(*here, strict=True))
        assert pixels.size >= 2
        line = np.log10(numbers) if name in log else numbers
        slope, offset = np.polyfit(pixels, line, 1)
        # Evenly divided, or it is no scale.
        np.testing.assert_allclose(slope * pixels + offset, line, atol=2e-3 * np.ptp(line))
        found.append(Axis(slope, offset, name in log))
    return found[0], found[1]


def vertices(page: Page, panel: int, name: str) -> NDArray[np.float64]:
    """The points of a drawn path, in pixels: shape (n, 2)."""
    d = page.evaluate(
        "([panel, name]) => shortcutExplorers.all[0].drawings[panel].kept.get(name)"
        ".getAttribute('d')",
        [panel, name],
    )
    return np.array(re.findall(r"[ML](-?[\d.]+),(-?[\d.]+)", d), dtype=float).reshape(-1, 2)


def place_of(page: Page, panel: int, name: str) -> NDArray[np.float64]:
    """Where a mark is, in pixels."""
    moved = page.evaluate(
        "([panel, name]) => shortcutExplorers.all[0].drawings[panel].kept.get(name)"
        ".getAttribute('transform')",
        [panel, name],
    )
    return np.array(re.findall(r"-?[\d.]+", moved), dtype=float)


def check_curve(
    page: Page,
    panel: int,
    name: str,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    *,
    log: str = "",
    pixels: float = 0.6,
) -> None:
    """A drawn line is the curve through (x, y), to a fraction of a pixel, from end to end.

    What leaves the axes is drawn on their edge.
    """
    across, up = axes(page, panel, log=log)
    drawn = vertices(page, panel, name)
    assert len(drawn) > 1
    frame = page.evaluate(
        "panel => { const f = shortcutExplorers.all[0].drawings[panel].frame;"
        "return [f.left, f.right, f.top, f.bottom]; }",
        panel,
    )
    left, right, top, bottom = frame
    tiny = 1e-300
    wanted_x = np.clip(across.of(np.maximum(x, tiny) if across.log else x), left, right)
    wanted_y = np.clip(up.of(np.maximum(y, tiny) if up.log else y), top, bottom)
    order = np.argsort(wanted_x, kind="stable")
    wanted_x, wanted_y = wanted_x[order], wanted_y[order]
    assert abs(drawn[:, 0].min() - wanted_x[0]) < pixels
    assert abs(drawn[:, 0].max() - wanted_x[-1]) < pixels
    # Within a pixel's fraction to either side the curve passes the drawn height.
    near = [
        np.interp(drawn[:, 0] + shift, wanted_x, wanted_y)
        for shift in np.linspace(-1, 1, 21) * pixels
    ]
    low, high = np.min(near, axis=0), np.max(near, axis=0)
    assert np.all(drawn[:, 1] >= low - pixels), name
    assert np.all(drawn[:, 1] <= high + pixels), name
