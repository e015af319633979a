"""A panel around an experiment: settings, a button to run it, one to cancel, and the result.

A button's run happens in a thread.  The kernel handles no message while its main thread computes,
so a run there would hold up its own Cancel button; in a thread it leaves the kernel free to run
cells, and an interrupt goes, as always, to the cell that is running.  Nothing is killed: an
experiment yields every fraction of a second (an exact probability of an unusual teacher may take
some seconds), and a cancelled one is not continued.  The thread reads no control: the settings are
copied when the run starts.  It reports by setting traits, which ipywidgets sends from any thread;
an `Output` is only ever given whole outputs, since capturing what is printed is not safe there.

Only what ipywidgets 7.7 and 8 have in common is used.
"""

import html
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

try:
    import ipywidgets
    import traitlets
except ImportError:
    raise ImportError(
        "rerun panels need ipywidgets, which is not installed: "
        "pip install ipywidgets (or shortcutlib[notebooks])"
    ) from None

from shortcutlib.rerun.result import Experiment, Result

__all__ = ["RerunPanel", "choice", "choices", "number", "whole"]

#: Seconds between two movements of the progress bar.
_PROGRESS_EVERY = 0.1
#: Errors by which the library refuses settings; their text says what to do.
_REFUSALS = (ValueError, RuntimeError, ImportError)


def _look() -> dict[str, Any]:
    return {
        "style": {"description_width": "11em"},
        "layout": ipywidgets.Layout(width="100%", max_width="34em"),
    }


def whole(default: int, low: int, high: int, label: str, *, step: int = 1) -> Any:
    """A slider for whole numbers.

    Parameters
    ----------
    default, low, high : int
        Value at first, and the range.
    label : str
        What stands beside the slider and in the caption of the result.
    step : int, default 1
        Smallest change.

    Returns
    -------
    ipywidgets.IntSlider
    """
    # Not continuous: the value that counts is the one at which the slider is let go.
    return ipywidgets.IntSlider(
        value=default,
        min=low,
        max=high,
        step=step,
        description=label,
        continuous_update=False,
        **_look(),
    )


def number(default: float, low: float, high: float, label: str, *, step: float = 0.01) -> Any:
    """A slider for real numbers.

    Parameters
    ----------
    default, low, high : float
        Value at first, and the range.
    label, step
        As for `whole`.

    Returns
    -------
    ipywidgets.FloatSlider
    """
    return ipywidgets.FloatSlider(
        value=default,
        min=low,
        max=high,
        step=step,
        description=label,
        continuous_update=False,
        **_look(),
    )


def choice(default: Any, options: Mapping[str, Any], label: str) -> Any:
    """A list of which one entry is chosen.

    Parameters
    ----------
    default
        Value at first.
    options : mapping
        Values by the names that readers see.
    label : str
        As for `whole`.

    Returns
    -------
    ipywidgets.Dropdown
    """
    return ipywidgets.Dropdown(
        options=list(options.items()), value=default, description=label, **_look()
    )


def choices(default: tuple[Any, ...], options: Mapping[str, Any], label: str) -> Any:
    """A list of which any entries are chosen.

    Parameters
    ----------
    default : tuple
        Values at first.
    options, label
        As for `choice`.

    Returns
    -------
    ipywidgets.SelectMultiple
    """
    return ipywidgets.SelectMultiple(
        options=list(options.items()),
        value=default,
        rows=len(options),
        description=label,
        **_look(),
    )


def _shown(control: Any) -> str:
    """A setting as the caption names it."""
    label = getattr(control, "label", control.value)
    if isinstance(label, tuple):
        text = ", ".join(label) or "none"
    elif isinstance(label, str):
        text = label
    else:
        text = f"{label:,}" if isinstance(label, int) else f"{label:g}"
    return f"{control.description} = {text}"


class RerunPanel(ipywidgets.VBox):  # type: ignore[misc]
    """An experiment with its settings, and the result of its last run.

    It is run once, with the defaults, when the panel is made, so that there is always a result.
    In a kernel the last line of a cell shows the live panel; elsewhere its `to_html` is shown.

    Parameters
    ----------
    title : str
        What is run, for the caption.
    experiment : callable
        Takes the settings by name and returns an `Experiment`: a generator that yields the share
        done, every fraction of a second, and returns a `Result`.
    controls : mapping
        By the setting's name, a control from `whole`, `number`, `choice` or `choices`.

    Attributes
    ----------
    result : Result
        Of the last run that was completed (a trait).
    status : {"ready", "running", "done", "cancelled", "failed"}
        What became of the last run (a trait).
    message : str
        The same for readers, or why a run failed (a trait).
    controls : dict
        The controls by name; setting their ``value`` is the same as moving them.

    Raises
    ------
    ValueError
        If the first run fails, as whatever the library raises.

    Notes
    -----
    Observers of the traits are called in the thread of the run when it was started by the button.
    """

    #: ipywidgets 7 would show the widget by this method, and nothing where there is no kernel.
    _ipython_display_: ClassVar[None] = None

    result = traitlets.Instance(Result, allow_none=True)
    status = traitlets.Enum(["ready", "running", "done", "cancelled", "failed"], "ready")
    message = traitlets.Unicode("")

    def __init__(
        self, title: str, experiment: Callable[..., Experiment], controls: Mapping[str, Any]
    ) -> None:
        self.title = title
        self.controls = dict(controls)
        self._experiment = experiment
        self._caption = ""
        self._busy = threading.Lock()
        self._cancelled = threading.Event()
        self._thread: threading.Thread | None = None
        self._run_button = ipywidgets.Button(description="Run", button_style="primary")
        self._cancel_button = ipywidgets.Button(description="Cancel", disabled=True)
        self._bar = ipywidgets.FloatProgress(value=0.0, min=0.0, max=1.0, description="Progress")
        self._said = ipywidgets.HTML()
        self._output = ipywidgets.Output()
        self._run_button.on_click(self.start)
        self._cancel_button.on_click(self.cancel)
        buttons = ipywidgets.HBox(
            [self._run_button, self._cancel_button, self._bar],
            layout=ipywidgets.Layout(flex_flow="row wrap"),
        )
        super().__init__([*self.controls.values(), buttons, self._said, self._output])
        self.run()

    @property
    def settings(self) -> dict[str, Any]:
        """Present values of the controls, by name."""
        return {name: control.value for name, control in self.controls.items()}

    def __repr__(self) -> str:
        """The title: the same on every machine, whatever was run."""
        return f"RerunPanel({self.title!r})"

    # -----------------------------------------------------------------------------------------
    # Running

    def run(self, **settings: Any) -> Result:
        """Run here and now, and wait for the result; an interrupt from the keyboard stops it.

        Parameters
        ----------
        **settings
            Values for some of the controls.

        Returns
        -------
        Result

        Raises
        ------
        TypeError
            If there is no such setting.
        RuntimeError
            If a run is going already, or `cancel` was called meanwhile.
        ValueError
            If the library refuses the settings; the panel shows the reason, too.
        """
        for name in settings:
            if name not in self.controls:
                raise TypeError(f"no setting {name!r}; there are {', '.join(self.controls)}")
        if not self._begin():
            raise RuntimeError("a run is going already: wait for it with wait(), or cancel() it")
        # The lock is held from here on; carrying out the run gives it back.
        try:
            for name, value in settings.items():
                self.controls[name].value = value
        except BaseException:
            self._busy.release()
            raise
        if not self._carry_out(self.settings, self._settings_caption()):
            raise RuntimeError("the run was cancelled")
        assert self.result is not None
        return self.result

    def start(self, _button: Any = None) -> None:
        """Run in a thread, as the button does; nothing happens while a run is going."""
        if not self._begin():
            return
        self._thread = threading.Thread(
            target=self._in_thread,
            args=(self.settings, self._settings_caption()),
            name=f"rerun {self.title}",
            # A run must not keep a kernel alive that is being shut down.
            daemon=True,
        )
        try:
            self._thread.start()
        except RuntimeError:
            # Kernels inside a browser have no threads; there the run cannot be cancelled.
            self._thread = None
            self._in_thread(self.settings, self._settings_caption())

    def cancel(self, _button: Any = None) -> None:
        """Ask the run to stop; it does so when the experiment yields next."""
        self._cancelled.set()
        # The click is seen to have worked, even if a long step delays the end.
        self._cancel_button.disabled = True

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the run that the button started.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait at most.

        Returns
        -------
        bool
            Whether nothing is running any more.
        """
        if self._thread is not None:
            self._thread.join(timeout)
        return not self._busy.locked()

    def _begin(self) -> bool:
        """Claim the panel for one run; False if another has it."""
        if not self._busy.acquire(blocking=False):
            return False
        # Before the thread is started: a click on Cancel right after must not be forgotten.
        self._cancelled.clear()
        return True

    def _in_thread(self, settings: dict[str, Any], caption: str) -> None:
        try:
            self._carry_out(settings, caption)
        except Exception:
            # The panel has said why, and a thread has no cell to show a traceback in.
            return

    def _carry_out(self, settings: dict[str, Any], caption: str) -> bool:
        """Run to the end; False if cancelled."""
        try:
            self._bar.value = 0.0
            self._run_button.disabled, self._cancel_button.disabled = True, False
            self._say("running", "Running ...")
            result = self._exhaust(self._experiment(**settings))
            if result is None:
                self._say("cancelled", "Cancelled; the table is that of the run before.")
                return False
            self._show(result, caption)
            self._bar.value = 1.0
            self._say("done", "Done.")
            return True
        except KeyboardInterrupt:
            self._say("cancelled", "Interrupted; the table is that of the run before.")
            raise
        except Exception as error:
            expected = isinstance(error, _REFUSALS)
            self._say("failed", str(error) if expected else f"{type(error).__name__}: {error}")
            raise
        finally:
            self._run_button.disabled, self._cancel_button.disabled = False, True
            self._busy.release()

    def _exhaust(self, experiment: Experiment) -> Result | None:
        """The experiment's result, or None if it was cancelled on the way."""
        moved = time.monotonic()
        try:
            while not self._cancelled.is_set():
                try:
                    share = next(experiment)
                except StopIteration as end:
                    result: Result = end.value
                    return result
                # Hundreds of movements a second would only fill the connection.
                if time.monotonic() - moved > _PROGRESS_EVERY:
                    self._bar.value, moved = share, time.monotonic()
            return None
        finally:
            experiment.close()

    # -----------------------------------------------------------------------------------------
    # Showing

    def _say(self, status: str, message: str) -> None:
        self._said.value = f'<span role="status">{html.escape(message)}</span>'
        self.message = message
        # Last, so that whoever observes the status finds everything else in place.
        self.status = status

    def _show(self, result: Result, caption: str) -> None:
        self._caption = caption
        self._output.outputs = (
            {
                "output_type": "display_data",
                "data": {"text/html": result.to_html(caption), "text/plain": result.line},
                "metadata": {},
            },
        )
        self.result = result

    def _settings_caption(self) -> str:
        return f"{self.title}: {'; '.join(_shown(c) for c in self.controls.values())}"

    def to_html(self) -> str:
        """The result of the last run as a table, for pages without a kernel.

        Returns
        -------
        str
            The same for the same settings: no times, no identifiers.
        """
        assert self.result is not None
        return (
            f"{self.result.to_html(self._caption)}\n"
            "<p>Run this chapter in a notebook to change the settings.</p>"
        )

    def _repr_mimebundle_(self, **keywords: Any) -> dict[str, Any]:
        data: dict[str, Any] = {"text/plain": repr(self), "text/html": self.to_html()}
        # JupyterLab shows the kind of lowest rank: -10 for widgets, 50 for HTML.  Notebook 7 is the
        # same program; the classic notebook and Colab also prefer the widget.  The book's builder
        # is told to prefer HTML (nb_mime_priority_overrides).
        if self.comm is not None:
            data["application/vnd.jupyter.widget-view+json"] = {
                "version_major": 2,
                "version_minor": 0,
                "model_id": self.model_id,
            }
        return data
