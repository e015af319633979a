"""What every explorer shares: parameters that are traits, and two lives.

In a kernel an explorer is a widget (anywidget): its parameters are traits, and changes made in the
page arrive in Python.  Its ``text/html`` form is an element with the same parameters, which the
same scripts bring to life in a built page without any kernel.  Ranges, defaults and labels are
written once, in the Python class, and travel with it.
"""

import html
import json
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import traitlets

__all__ = ["SCRIPTS", "SHARED", "Explorer", "choice", "flag", "number", "scripts", "whole"]

SCRIPTS = Path(__file__).parent / "scripts"
#: The scripts that every explorer needs, in the order in which they are loaded: the mathematics,
#: which also runs in workers, then what is seen.
SHARED = (
    *("core.js", "fates.js", "random.js", "sampled.js"),
    *("controls.js", "base.js", "scales.js", "panel.js"),
    *("job.js", "start_disc.js", "timeline.js"),
)

#: Every explorer by the name of its kind.
_KINDS: dict[str, type["Explorer"]] = {}


def number(
    default: float,
    low: float,
    high: float,
    *,
    key: str,
    label: str,
    step: float = 0.01,
    scale: str = "linear",
    shown: bool = True,
    more: bool = False,
) -> Any:
    """A real parameter: a trait with a range, a slider and a short key for links.

    Parameters
    ----------
    default, low, high : float
        Value at first, and the range.
    key : str
        Name in a link.
    label : str
        What readers see beside the slider.
    step : float, default 0.01
        Smallest change (on a logarithmic scale: significant digits are kept instead).
    scale : {"linear", "log"}
        How the slider divides the range.
    shown : bool, default True
        Whether there is a slider; a position that is dragged needs none.
    more : bool, default False
        Whether the slider is left to "More settings", which a narrow screen folds away.

    Returns
    -------
    traitlets.Float
    """
    about = {"key": key, "label": label, "shown": shown, "more": more}
    about |= {"step": step, "scale": scale}
    return traitlets.Float(default, min=low, max=high).tag(
        sync=True, control={"kind": "number", "low": low, "high": high, **about}
    )


def whole(
    default: int,
    low: int,
    high: int,
    *,
    key: str,
    label: str,
    step: int = 1,
    scale: str = "linear",
    shown: bool = True,
    more: bool = False,
) -> Any:
    """A whole parameter; the scale ``"log"`` may start at 0.

    Parameters
    ----------
    default, low, high : int
        Value at first, and the range.
    key, label, step, scale, shown, more
        As for `number`.

    Returns
    -------
    traitlets.Int
    """
    about = {"key": key, "label": label, "shown": shown, "more": more}
    about |= {"step": step, "scale": scale}
    return traitlets.Int(default, min=low, max=high).tag(
        sync=True, control={"kind": "whole", "low": low, "high": high, **about}
    )


def flag(default: bool, *, key: str, label: str, more: bool = False) -> Any:
    """A parameter that is on or off.

    Parameters
    ----------
    default : bool
        Value at first.
    key, label, more
        As for `number`.

    Returns
    -------
    traitlets.Bool
    """
    return traitlets.Bool(default).tag(
        sync=True,
        control={"kind": "flag", "key": key, "label": label, "shown": True, "more": more},
    )


def choice(default: int, options: dict[int, str], *, key: str, label: str) -> Any:
    """A parameter that is one of a few whole numbers, each with a name.

    Parameters
    ----------
    default : int
        Value at first.
    options : dict of int to str
        What readers see for each value.
    key, label : str
        As for `number`.

    Returns
    -------
    traitlets.Enum
    """
    about = {"key": key, "label": label, "options": [[*item] for item in options.items()]}
    return traitlets.Enum(list(options), default).tag(
        sync=True, control={"kind": "choice", **about, "shown": True, "more": False}
    )


def scripts(*kinds: str) -> tuple[str, ...]:
    """The scripts that explorers of these kinds need, in the order in which they are loaded.

    Parameters
    ----------
    *kinds : str
        Names of explorers.

    Returns
    -------
    tuple of str
        Names of files in `SCRIPTS`.
    """
    own = [name for kind in kinds for name in (*_KINDS[kind].needs, f"{kind}.js")]
    return tuple(dict.fromkeys((*SHARED, *own)))


class Explorer(anywidget.AnyWidget):
    """An interactive picture; subclasses name their script and their parameters.

    Parameters
    ----------
    name : str, optional
        Tells several explorers of one kind on a page apart, also in links.
    fallback : str, optional
        HTML to show where scripts do not run; by default the still picture and a sentence.
    **parameters
        Initial values of the subclass's parameters.
    """

    #: Name of the explorer and of its script.
    kind: ClassVar[str] = ""
    #: What stands above the picture.
    title: ClassVar[str] = ""
    #: Further scripts with mathematics of its own, loaded before its script.
    needs: ClassVar[tuple[str, ...]] = ()
    _esm: Any = ""
    _css: Any = ""
    #: An older ipywidgets would show only the widget and leave the page without a picture.
    _ipython_display_: ClassVar[None] = None

    _specification = traitlets.Dict().tag(sync=True)

    def __init_subclass__(cls, **keywords: Any) -> None:
        # Not for the anonymous subclasses by which a widget gets further traits.
        if "kind" in cls.__dict__:
            _KINDS[cls.kind] = cls
            parts = [(SCRIPTS / name).read_text(encoding="utf-8") for name in scripts(cls.kind)]
            cls._esm = "\n".join([*parts, "export default globalThis.shortcutExplorers.widget;\n"])
            cls._css = (SCRIPTS / "explorers.css").read_text(encoding="utf-8")
        super().__init_subclass__(**keywords)

    def __init__(self, *, name: str = "", fallback: str = "", **parameters: Any) -> None:
        unknown = set(parameters) - set(self.controls())
        if unknown:
            raise TypeError(
                f"{type(self).__name__} has no parameter {sorted(unknown)[0]!r}; "
                f"it has {', '.join(self.controls())}"
            )
        self._name = name or self.kind
        self._fallback = fallback
        #: The picture that was made last, and the values that it shows.
        self._pictured = ("", "")
        super().__init__(**parameters)
        self._initial = self.values()
        self._specification = self.specification()

    @classmethod
    def controls(cls) -> dict[str, dict[str, Any]]:
        """Range, default, label and key of every parameter, by name, in the order of definition."""
        order = [name for base in reversed(cls.__mro__) for name in vars(base)]
        traits = cls.class_traits(control=lambda control: control is not None)
        return {
            name: traits[name].metadata["control"] | {"default": traits[name].default_value}
            for name in dict.fromkeys(order)
            if name in traits
        }

    def extra(self) -> dict[str, Any]:
        """Further numbers for the script; overridden where it needs some."""
        return {}

    def picture(self) -> str:
        """A still picture as HTML, for where no script runs; overridden by every explorer."""
        return ""

    def specification(self) -> dict[str, Any]:
        """Everything the script needs to know but the present values."""
        return {
            "kind": self.kind,
            "name": self._name,
            "title": self.title,
            "call": type(self).__name__,
            "controls": [{"name": n, **control} for n, control in self.controls().items()],
            # Where the page's Reset leads; an element in a page begins with its present values.
            "initial": self._initial,
            "extra": self.extra(),
        }

    def values(self) -> dict[str, Any]:
        """Present values of the parameters, by name."""
        return {name: getattr(self, name) for name in self.controls()}

    def __repr__(self) -> str:
        """The call that makes this explorer."""
        chosen = [
            f"{name}={value!r}"
            for name, value in self.values().items()
            if value != self.controls()[name]["default"]
        ]
        return f"{type(self).__name__}({', '.join(chosen)})"

    def to_html(self) -> str:
        """The explorer as an element that the scripts of the book bring to life.

        Returns
        -------
        str
        """
        # A "<" inside could end the script element; JSON can spell it differently.
        data = json.dumps({"specification": self.specification(), "values": self.values()})
        data = data.replace("<", "\\u003c")
        fallback = self._fallback or self._still()
        return (
            f'<shortcut-explorer kind="{html.escape(self.kind)}">'
            f'<script type="application/json">{data}</script>'
            f"{fallback}</shortcut-explorer>"
        )

    def _still(self) -> str:
        values = json.dumps(self.values())
        if self._pictured[0] != values:
            self._pictured = (values, self.picture())
        return (
            f'<div class="shortcut-explorer"><p class="se-title">{html.escape(self.title)}</p>'
            f"{self._pictured[1]}<p>This explorer stands still here. To move it, run this cell in "
            "a notebook, or open this page of the book in a browser with JavaScript.</p></div>"
        )

    def _repr_mimebundle_(self, **keywords: Any) -> Any:
        bundle = super()._repr_mimebundle_(**keywords)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        return {**data, "text/plain": repr(self), "text/html": self.to_html()}, metadata
