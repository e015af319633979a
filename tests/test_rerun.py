"""Rerun panels: what they show is what the library computes, and their buttons work."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from shortcutlib import Teacher, reduced, rerun
from shortcutlib.certificates import certify
from shortcutlib.convergence import stage_one_iterations, theorem_4_output_step, theorem_13_step
from shortcutlib.dissipativity import ACUTE, filter_distance
from shortcutlib.outcomes import classify
from shortcutlib.paths import Network
from shortcutlib.rerun import experiments, schedules, stages
from shortcutlib.rerun.result import Experiment, Result, below
from shortcutlib.schedules import cosine_warmup
from shortcutlib.starts import sample_ball, sample_reduced
from shortcutlib.step_sizes import StepSizes
from shortcutlib.success import Setting, cell_rng, section_4_steps, success_rate
from shortcutlib.warmup import rim

WIDGET = "application/vnd.jupyter.widget-view+json"
PANELS = [
    rerun.normalisation_panel,
    rerun.population_loss_panel,
    rerun.spurious_panel,
    rerun.reduction_panel,
    rerun.success_panel,
    rerun.paths_panel,
    rerun.certified_panel,
    rerun.stage_one_panel,
    rerun.stage_two_panel,
    rerun.schedule_panel,
    rerun.worst_point_panel,
    rerun.below_the_line_panel,
    rerun.students_panel,
    rerun.two_phases_panel,
    rerun.noise_panel,
]


class Table(HTMLParser):
    """Tags and texts of a piece of HTML, which must be well nested."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[tuple[str, dict[str, str | None]]] = []
        self.seen: list[tuple[str, dict[str, str | None], str]] = []
        self.rows: list[list[str]] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            tag, attributes = self.open[-1]
            self.seen.append((tag, attributes, data))
            if tag in ("td", "th"):
                self.rows[-1].append(data)

    def texts(self, tag: str, **attributes: str) -> list[str]:
        return [text for t, a, text in self.seen if t == tag and attributes.items() <= a.items()]


def finish(experiment: Experiment) -> Result:
    """Run an experiment without any panel."""
    shares = []
    while True:
        try:
            shares.append(next(experiment))
        except StopIteration as end:
            assert all(0 <= share <= 1 for share in shares)
            assert shares == sorted(shares)
            return end.value


def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.005)


def counting(steps: int, factor: float) -> Experiment:
    """A toy experiment."""
    if steps > 90:
        raise ValueError(f"steps = {steps}: give at most 90 & <less>")
    for i in range(steps):
        yield i / steps
    return Result(("a", "b"), (("x", f"{steps * factor:g}"),), f"{steps} steps.")


def toy(experiment: Callable[..., Experiment] = counting) -> rerun.RerunPanel:
    controls = {
        "steps": rerun.whole(3, 0, 100, "steps"),
        "factor": rerun.number(2.0, 0.0, 9.0, "factor"),
    }
    return rerun.RerunPanel("Toy", experiment, controls)


class Endless:
    """An experiment that is quick the first time, and then goes on until it is cancelled."""

    def __init__(self) -> None:
        self.runs = 0
        self.closed = threading.Event()
        self.main = threading.get_ident()
        self.elsewhere = False

    def __call__(self, steps: int, factor: float) -> Experiment:
        self.runs += 1
        if self.runs != 2:
            return (yield from counting(steps, factor))
        self.elsewhere = threading.get_ident() != self.main
        try:
            while True:
                yield 0.5
                time.sleep(0.002)
        finally:
            self.closed.set()


# ---------------------------------------------------------------------------------------------
# The panels of the chapters


@pytest.mark.parametrize("make", PANELS)
def test_page_without_a_kernel(make: Callable[[], rerun.RerunPanel]) -> None:
    panel = make()
    text = panel.to_html()
    table = Table(text)
    assert [c.startswith(f"{panel.title}: ") for c in table.texts("caption")] == [True]
    assert tuple(table.texts("th", scope="col")) == panel.result.columns
    assert table.texts("th", scope="row") == [row[0] for row in panel.result.rows]
    assert tuple(map(tuple, table.rows)) == (panel.result.columns, *panel.result.rows)
    assert table.texts("p") == [
        panel.result.line,
        "Run this chapter in a notebook to change the settings.",
    ]
    # Every setting is named in the caption.
    for control in panel.controls.values():
        assert f"{control.description} = " in table.texts("caption")[0]
    assert panel.status == "done"


def test_repeated_runs_are_shown_alike() -> None:
    """What is compared when notebooks are checked does not differ from one run to the next."""
    for make in (rerun.spurious_panel, rerun.population_loss_panel):
        first, second = make()._repr_mimebundle_(), make()._repr_mimebundle_()
        assert first["text/html"] == second["text/html"]
        assert first["text/plain"] == second["text/plain"]
        assert first[WIDGET]["model_id"] != second[WIDGET]["model_id"]
        assert first[WIDGET]["model_id"] not in first["text/html"] + first["text/plain"]


def test_widget_is_displayed_by_its_bundle() -> None:
    """IPython would prefer a method that leaves the HTML out."""
    from IPython.core.formatters import DisplayFormatter

    panel = toy()
    data, _ = DisplayFormatter().format(panel)
    assert set(data) == {WIDGET, "text/html", "text/plain"}
    assert data["text/plain"] == "RerunPanel('Toy')"
    assert data["text/html"] == panel.to_html()


def test_success_equals_the_library() -> None:
    for setting in ("resnet", "resnet-warmup", "cnn"):
        result = finish(experiments.success(setting, (16, 100), trials=700, seed=4, warmup=1000))
        for k, row in zip((16, 100), result.rows, strict=True):
            cell = success_rate(setting, k, trials=700, seed=4)
            exact = success_rate(setting, k, method="exact").success_rate
            assert row[:3] == (
                str(k),
                f"{cell.success_rate:.4f}",
                f"{cell.low:.4f} to {cell.high:.4f}",
            )
            assert float(row[3]) == pytest.approx(exact, abs=6e-5)
            assert row[4] == f"{cell.printed:.4f}"


def test_success_without_scipy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy", None)
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    result = finish(experiments.success(ks=(16,), trials=100))
    assert result.rows[0][3] == "needs SciPy"
    assert "SciPy" in result.line


def test_spurious_equals_the_library() -> None:
    result = finish(experiments.spurious((25, 36), trials=900, seed=2))
    cells = [success_rate("cnn", k, trials=900, seed=2) for k in (25, 36)]
    assert [row[1] for row in result.rows] == [f"{cell.success_rate:.4f}" for cell in cells]
    assert [row[3] for row in result.rows] == [f"{cell.printed:.4f}" for cell in cells]
    failures = sum(round(900 * (1 - cell.success_rate)) for cell in cells)
    assert result.line.startswith(f"{failures:,} of 1,800 ")


def test_population_loss_agrees_with_the_closed_form() -> None:
    result = finish(experiments.population_loss(inputs=40_000, k=9, p=4, angle=0.4, seed=3))
    assert [row[0] for row in result.rows] == ["400", "4,000", "40,000"]
    errors = [float(row[2]) for row in result.rows]
    assert errors[0] > errors[1] > errors[2]
    for _, mean, error, exact, away in result.rows:
        assert abs(float(away)) < 4
        assert (float(mean) - float(exact)) / float(error) == pytest.approx(float(away), abs=0.02)


def test_normalisation_brings_the_variance_to_one() -> None:
    result = finish(experiments.normalisation(patches=40_000, p=3, size=8.0, seed=2))
    assert [row[0] for row in result.rows] == ["0", "0.08", "0.8", "8"]
    # A sample variance of n normal numbers has the standard deviation sqrt(2 / n).
    error = np.sqrt(2 / 40_000)
    for row in result.rows:
        length, squared, before, after = map(float, row[1:])
        assert squared == pytest.approx(length**2, rel=1e-3)
        assert before == pytest.approx(squared, rel=5 * error)
        assert after == pytest.approx(1, abs=5 * error)
    assert result.rows[0][1] == "1.0000"
    # Drawn in several pieces, too.
    many = finish(experiments.normalisation(patches=200_000, p=8, seed=1))
    assert all(abs(float(row[4]) - 1) < 0.02 for row in many.rows)


@pytest.mark.parametrize("setting", ["resnet", "resnet-warmup", "cnn"])
def test_certified_counts_what_the_library_counts(setting: Setting) -> None:
    """Run in pieces, the literal rule takes the same steps; the certificate is the chapter's."""
    result = finish(experiments.certified(setting, (4,), trials=30, seed=5))
    network: Network = "cnn" if setting == "cnn" else "residual"
    teacher, steps = Teacher.section_4(4), section_4_steps(setting, 4)
    starts = sample_reduced(teacher, 30, cell_rng(5, setting, 4), network)
    literal = classify(teacher, starts, steps, network, rule="literal").steps.mean()
    current, proved = starts, np.full(30, -1)
    t = 0
    while np.any(proved < 0):
        phases = [p for p, _, end in steps.stretches() if end is None or t < end]
        sure, lost = certify(teacher, current, phases, network)
        proved[(proved < 0) & (sure | lost)] = t
        current = reduced.step(teacher, current, *steps.at(t), network)
        t += 1
    early = proved.mean()
    ratio = f"{literal / early:,.0f}"
    assert result.rows == (("4", f"{literal:,.0f}", f"{early:,.1f}", ratio),)
    assert "30 of 30 runs" in result.line


def test_reduction_differs_by_rounding_only() -> None:
    result = finish(experiments.reduction(k=9, p=5, iterations=600, warmup=100, seed=0))
    assert {row[3] for row in result.rows} == {"< 1e-12"}
    assert all(row[1] == row[2] for row in result.rows)
    # The whole run by the library alone.
    teacher = Teacher.section_4(9, p=5)
    a = sample_ball(1, 9, teacher.start_radius, np.random.default_rng(0))[0]
    run = reduced.descend(
        teacher,
        reduced.reduce(teacher, teacher.shortcut, a),
        StepSizes.section_4(9, warmup=100),
        iterations=600,
    )
    assert float(result.rows[1][2]) == pytest.approx(
        float(run.state.alignment) / teacher.norm_squared, abs=1e-6
    )
    assert float(result.rows[2][2]) == pytest.approx(float(run.state.angle) / np.pi, abs=1e-6)


def test_paths_equal_the_library() -> None:
    """Run in pieces, the descent is the same as in one go."""
    result = finish(experiments.paths(k=4, warmup=300, seed=3))
    teacher = Teacher.section_4(4)
    drawn = sample_reduced(teacher, 1, np.random.default_rng(3))
    start = reduced.ReducedState(*(column[0] for column in drawn))
    for length, row in zip((300, 0), result.rows, strict=True):
        run = reduced.descend(
            teacher, start, StepSizes.section_4(4, warmup=length), iterations=500_000
        )
        positive = run.path.alignment > 0
        first = f"{int(np.argmax(positive)):,}" if np.any(positive) else "never"
        largest = f"{run.path.angle.max() / np.pi:.4f} π"
        assert row[1:] == (first, largest, run.stop.value, f"{run.iterations:,}")
    assert len(finish(experiments.paths(k=4, warmup=0, seed=3)).rows) == 1


def test_stage_one_equals_the_library() -> None:
    result = finish(stages.stage_one(k=3, share=0.2, ratio=0.48, starts=50, seed=2))
    teacher = Teacher.from_numbers(
        k=3, output_sum=np.sqrt(0.6), norm_squared=1.0, angle=0.333 * np.pi
    )
    eta = theorem_4_output_step(3)
    drawn = sample_reduced(teacher, 50, np.random.default_rng(2))
    for state, row in zip((rim(teacher, 128), drawn), result.rows, strict=True):
        last = np.zeros(state.angle.size)
        largest = state.angle
        for step in range(1, stage_one_iterations(eta)):
            last = np.where(state.alignment < 0.2, step, last)
            state = reduced.step(teacher, state, eta, 0.48 * eta)
            largest = np.maximum(largest, state.angle)
        assert row[1:3] == ("1.0000", f"{largest.max() / np.pi:.4f} π")
        assert row[4] == f"{last.max() * eta:.2f}"
    assert result.line.endswith("η T₁ = 15.77.")
    lost = finish(stages.stage_one(k=2, share=0.3, ratio=8.0, starts=50))
    assert float(lost.rows[0][1]) < 0.5
    assert lost.rows[0][4] == "not in time"


def test_stage_two_equals_the_library() -> None:
    result = finish(stages.stage_two(k=4, share=0.2, size=2.0, digits=3))
    teacher = Teacher.from_numbers(k=4, output_sum=np.sqrt(1.6), norm_squared=2.0, angle=ACUTE)
    eta = theorem_13_step(teacher)
    state = reduced.state(0.0, 0.4, ACUTE)
    late = [0, 0]
    for step in range(30_000):
        far = (filter_distance(state) > 1e-3, reduced.output_distance(teacher, state) > 5e-3)
        late = [step + 1 if away else seen for away, seen in zip(far, late, strict=True)]
        state = reduced.step(teacher, state, eta, eta)
    assert [row[2] for row in result.rows] == [f"{count * eta:.1f}" for count in late]
    assert result.rows[0][3] == f"{4 / 0.4 * np.log(4000):.1f}"
    assert f"{4 / 0.4 * np.log(2000):.1f} is enough" in result.line
    short = finish(stages.stage_two(k=4, share=0.2, steps=10))
    assert [row[2] for row in short.rows] == ["not in time"] * 2
    # Where a* is a multiple of 1, the corner lies on the line q = s S/k.
    assert finish(stages.stage_two(k=4, share=1.0, digits=2)).rows[0][2] != "not in time"


def test_schedule_equals_the_library() -> None:
    result = finish(schedules.schedule(k=16, shape="cosine", duration=12.0, trials=300, seed=1))
    teacher = Teacher.section_4(16)
    output, step = 20 / 256, 1 / teacher.norm_squared
    drawn = sample_reduced(teacher, 300, np.random.default_rng(1))
    for share, row in zip((0, 0.5, 1, 1.5), result.rows, strict=True):
        length = round(share * 12 / output)
        steps = cosine_warmup(output, step, length) if length else StepSizes.constant(output, step)
        edge = classify(teacher, rim(teacher, 33), steps).success
        won = int(np.sum(classify(teacher, drawn, steps).success))
        runs = reduced.descend_batch(teacher, rim(teacher, 33), steps, iterations=20_000)
        assert row[0] == f"{length:,}"
        assert row[1] == f"{np.mean(edge):.0%}"
        assert row[2] == f"{won / 300:.4f}"
        assert row[4] == (f"{np.max(runs.iterations):,}" if np.all(edge) else "-")
    assert result.rows[0][4] == "-"
    arrived = [(row[4], row[0]) for row in result.rows if row[4] != "-"]
    count, length = min(arrived, key=lambda pair: int(pair[0].replace(",", "")))
    assert f"{length} is the cheapest: the worst start arrives after {count} steps" in result.line
    none = finish(schedules.schedule(k=16, duration=0.0, trials=50))
    assert none.line == "None of these lengths saves every start."
    with pytest.raises(ValueError, match="shape = 'step'"):
        finish(schedules.schedule(shape="step"))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="preserve order"):
        finish(schedules.schedule(filter=3.0))


def test_bounds_of_differences() -> None:
    assert below(0.0) == below(3e-15) == "< 1e-12"
    assert below(2e-12) == "< 1e-11"
    assert below(0.3) == "< 1e0"
    assert below(float("nan")) == below(float("inf")) == "not finite"


# ---------------------------------------------------------------------------------------------
# The panel itself


def test_moving_a_control_and_running() -> None:
    panel = toy()
    assert panel.result.rows == (("x", "6"),)
    before = panel.to_html()
    seen: list[str] = []
    panel.observe(lambda change: seen.append(change["new"]), "status")
    panel.controls["steps"].value = 5
    panel.controls["factor"].value = 1.5
    # The page shows the last run, not the settings.
    assert panel.to_html() == before
    panel._run_button.click()
    assert panel.wait(10)
    assert panel.result.rows == (("x", "7.5"),)
    assert seen == ["running", "done"]
    assert "steps = 5; factor = 1.5" in panel.to_html()
    shown = panel._output.outputs[0]["data"]["text/html"]
    assert panel.to_html().startswith(shown)
    assert (panel._run_button.disabled, panel._cancel_button.disabled) == (False, True)
    assert panel._bar.value == 1.0


def test_choices() -> None:
    panel = rerun.spurious_panel()
    panel.controls["ks"].value = (36,)
    panel.controls["trials"].value = 500
    panel._run_button.click()
    assert panel.wait(30)
    assert [row[0] for row in panel.result.rows] == ["36"]
    assert "k = 36; trials = 500; seed = 1" in panel.to_html()
    panel.controls["ks"].value = ()
    panel._run_button.click()
    assert panel.wait(30)
    assert panel.status == "failed"
    assert panel.message == "no value of k is chosen: choose at least one"


def test_running_from_python() -> None:
    panel = toy()
    assert panel.run(steps=4).rows == (("x", "8"),)
    assert panel.settings == {"steps": 4, "factor": 2.0}
    with pytest.raises(TypeError, match="no setting 'step'; there are steps, factor"):
        panel.run(step=4)
    with pytest.raises(ValueError, match="at most 90"):
        panel.run(steps=95)
    assert panel.status == "failed"
    assert panel.run(steps=1).rows == (("x", "2"),)


def test_cancel() -> None:
    endless = Endless()
    panel = toy(endless)
    panel._run_button.click()
    until(lambda: panel.status == "running" and panel._bar.value == 0.5)
    assert endless.elsewhere
    assert (panel._run_button.disabled, panel._cancel_button.disabled) == (True, False)
    # A second click changes nothing, and Python is told.
    panel._run_button.click()
    with pytest.raises(RuntimeError, match="a run is going already"):
        panel.run()
    assert endless.runs == 2
    assert not panel.wait(0.01)
    panel._cancel_button.click()
    assert panel.wait(10)
    assert endless.closed.is_set()
    assert panel.status == "cancelled"
    assert panel.result.rows == (("x", "6"),)
    assert (panel._run_button.disabled, panel._cancel_button.disabled) == (False, True)
    panel.controls["steps"].value = 7
    panel._run_button.click()
    assert panel.wait(10)
    assert panel.result.rows == (("x", "14"),)


def test_cancel_right_after_the_start_is_not_lost() -> None:
    panel = toy(Endless())
    for _ in range(3):
        panel._experiment.runs = 1
        panel._run_button.click()
        panel._cancel_button.click()
        assert panel.wait(10)
        assert panel.status == "cancelled"


def test_interrupt_from_the_keyboard() -> None:
    def interrupted(steps: int, factor: float) -> Experiment:
        yield 0.0
        if steps == 9:
            raise KeyboardInterrupt
        return (yield from counting(steps, factor))

    panel = toy(interrupted)
    with pytest.raises(KeyboardInterrupt):
        panel.run(steps=9)
    assert panel.status == "cancelled"
    assert panel.run(steps=2).rows == (("x", "4"),)


def test_library_says_what_is_wrong() -> None:
    panel = rerun.success_panel()
    before = panel.to_html()
    panel.controls["reading"].value = "literal"
    panel.controls["size"].value = 18.0
    panel._run_button.click()
    assert panel.wait(30)
    assert panel.status == "failed"
    with pytest.raises(ValueError) as refused:
        Teacher.section_4(16, reading="literal", norm_squared=18.0 * 16)
    assert panel.message == str(refused.value)
    assert panel.to_html() == before
    # As text, not as HTML.
    assert Table(panel._said.value).texts("span", role="status") == [panel.message]
    broken = toy()
    broken.controls["steps"].value = 99
    broken._run_button.click()
    assert broken.wait(10)
    assert "90 &amp; &lt;less&gt;" in broken._said.value


def test_other_errors_are_named() -> None:
    def wrong(steps: int, factor: float) -> Experiment:
        yield 1 / (steps - 8)
        return (yield from counting(steps, factor))

    panel = rerun.RerunPanel(
        "Toy", wrong, {"steps": rerun.whole(9, 0, 9, "n"), "factor": rerun.number(1, 0, 2, "f")}
    )
    panel.controls["steps"].value = 8
    panel._run_button.click()
    assert panel.wait(10)
    assert panel.message == "ZeroDivisionError: division by zero"
    assert not panel._run_button.disabled


def test_kernel_without_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    panel = toy()

    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    panel.controls["steps"].value = 6
    panel._run_button.click()
    assert panel.result.rows == (("x", "12"),)
    assert panel.wait()


def test_two_panels_are_independent() -> None:
    first, second = toy(Endless()), toy()
    first._run_button.click()
    until(lambda: first._bar.value == 0.5)
    second.controls["steps"].value = 8
    second._run_button.click()
    assert second.wait(10)
    assert second.result.rows == (("x", "16"),)
    assert first.status == "running"
    assert first._bar.value == 0.5
    assert first.controls["steps"].value == 3
    first.cancel()
    assert first.wait(10)
    assert (first.status, second.status) == ("cancelled", "done")


def test_sliders_wait_until_they_are_let_go() -> None:
    for make in (rerun.reduction_panel, rerun.paths_panel):
        for control in make().controls.values():
            assert control.continuous_update is False


# ---------------------------------------------------------------------------------------------
# In a kernel, and without ipywidgets

CELL = """
import time
from shortcutlib import rerun
from shortcutlib.rerun.result import Result

def slow(steps):
    for i in range(steps):
        yield i / steps
        time.sleep(0.02)
    return Result(("a", "b"), (("steps", str(steps)),), "Slow.")

panel = rerun.RerunPanel("Slow", slow, {"steps": rerun.whole(2, 0, 100_000, "steps")})
panel
"""


def test_buttons_in_a_kernel() -> None:
    """The messages of a front end: set a slider, run, cancel while it runs, run again."""
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name="python3")
    shown: list[dict[str, Any]] = []
    state: dict[str, dict[str, Any]] = {}

    def look(message: dict[str, Any]) -> None:
        content = message["content"]
        if message["msg_type"] == "comm_open":
            state[content["comm_id"]] = content["data"]["state"]
        if message["msg_type"] == "comm_msg" and content["data"].get("method") == "update":
            state[content["comm_id"]] |= content["data"]["state"]
        if message["msg_type"] == "execute_result":
            shown.append(content["data"])
        assert message["msg_type"] != "error", content

    def find(name: str, **wanted: Any) -> tuple[str, dict[str, Any]]:
        return next(
            (i, s)
            for i, s in state.items()
            if s.get("_model_name") == name and wanted.items() <= s.items()
        )

    def send(comm: str, data: dict[str, Any]) -> None:
        client.shell_channel.send(client.session.msg("comm_msg", {"comm_id": comm, "data": data}))

    def click(description: str) -> None:
        comm, _ = find("ButtonModel", description=description)
        send(comm, {"method": "custom", "content": {"event": "click"}})

    def wait_for(condition: Callable[[], bool]) -> None:
        end = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < end
            look(client.get_iopub_msg(timeout=30))

    try:
        client.execute(CELL)
        wait_for(lambda: bool(shown))
        assert shown[0][WIDGET]["model_id"] in state
        assert "<td>2</td>" in shown[0]["text/html"]
        slider, _ = find("IntSliderModel")
        said = find("HTMLModel")[1]
        output = find("OutputModel")[1]
        bar = find("FloatProgressModel")[1]
        send(slider, {"method": "update", "state": {"value": 100_000}, "buffer_paths": []})
        click("Run")
        wait_for(lambda: 0 < bar["value"] < 1)
        # The kernel runs other cells meanwhile.
        client.execute("panel.status + ' ' + str(panel.settings)")
        wait_for(lambda: len(shown) == 2)
        assert "running {'steps': 100000}" in shown[1]["text/plain"]
        click("Cancel")
        wait_for(lambda: "Cancelled" in said["value"])
        assert "<td>2</td>" in output["outputs"][0]["data"]["text/html"]
        send(slider, {"method": "update", "state": {"value": 3}, "buffer_paths": []})
        click("Run")
        wait_for(lambda: "Done" in said["value"])
        assert "<td>3</td>" in output["outputs"][0]["data"]["text/html"]
        client.execute("panel.result.rows")
        wait_for(lambda: len(shown) == 3)
        assert shown[2]["text/plain"] == "(('steps', '3'),)"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_library_needs_numpy_alone() -> None:
    script = """
import sys
for name in ("ipywidgets", "traitlets", "IPython", "anywidget", "scipy", "matplotlib", "tqdm"):
    sys.modules[name] = None
import shortcutlib
assert not any(name.startswith("shortcutlib.rerun") for name in sys.modules)
try:
    import shortcutlib.rerun
except ImportError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "rerun panels need ipywidgets" in done.stdout
