"""The explorers as Python sees them: parameters, the two lives, and the numbers behind them."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest
import traitlets
from scipy import stats

from shortcutlib import StepSizes, StopReason, exact, minibatch, noise_stability
from shortcutlib.explorers import (
    BasinExplorer,
    DescentExplorer,
    DissipativityExplorer,
    LandscapeExplorer,
    NoiseExplorer,
    RegularisedExplorer,
    SurfaceExplorer,
    TableExplorer,
    TwoPhasesExplorer,
)
from shortcutlib.explorers.base import SCRIPTS
from shortcutlib.explorers.base import scripts as scripts_of
from shortcutlib.explorers.table import EXACT
from shortcutlib.outcomes import classify
from shortcutlib.population import SpuriousKind
from shortcutlib.reduced import ReducedState, loss, reduce, state
from shortcutlib.relu_kernel import g
from shortcutlib.success import PRINTED_K, SETTINGS, section_4_steps
from shortcutlib.teacher import Teacher

KINDS = [
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


@pytest.mark.parametrize("kind", KINDS)
def test_one_value_is_a_picture_in_a_kernel_and_in_a_page(kind):
    explorer = kind()
    data, _ = explorer._repr_mimebundle_()
    assert data["text/plain"] == f"{kind.__name__}()"
    assert "application/vnd.jupyter.widget-view+json" in data
    page = data["text/html"]
    assert page == kind().to_html(), "two of a kind must give the same text"
    inside = re.fullmatch(
        r'<shortcut-explorer kind="(\w+)"><script type="application/json">(.*)</script>(.*)'
        "</shortcut-explorer>",
        page,
    )
    assert inside[1] == kind.kind
    assert "run this cell in a notebook" in inside[3]
    content = json.loads(inside[2])
    assert content["values"] == explorer.values()
    assert content["specification"] == explorer.specification() == explorer._specification
    names = [control["name"] for control in content["specification"]["controls"]]
    assert names == list(kind.controls())
    keys = [control["key"] for control in content["specification"]["controls"]]
    assert len(set(keys)) == len(keys)
    assert "explorer" not in keys


@pytest.mark.parametrize("kind", KINDS)
def test_the_module_is_made_of_the_same_scripts_as_the_page(kind):
    esm = str(kind()._esm)
    for name in scripts_of(kind.kind):
        assert (SCRIPTS / name).read_text(encoding="utf-8") in esm
    assert esm.rstrip().endswith("export default globalThis.shortcutExplorers.widget;")
    assert not re.search(r"^\s*import ", esm, flags=re.MULTILINE)
    assert "://" not in esm.replace("http://www.w3.org/2000/svg", "").replace("file://", "")


@pytest.mark.parametrize("kind", KINDS)
def test_ranges_are_the_traits(kind):
    for name, control in kind.controls().items():
        if control["kind"] == "flag":
            continue
        if control["kind"] == "choice":
            options = [value for value, _ in control["options"]]
            assert control["default"] in options
            with pytest.raises(traitlets.TraitError):
                kind(**{name: max(options) + 1})
            continue
        assert control["low"] <= control["default"] <= control["high"]
        for outside in (control["low"] - 1, control["high"] + 1):
            with pytest.raises(traitlets.TraitError):
                kind(**{name: outside})
        for edge in (control["low"], control["high"]):
            assert getattr(kind(**{name: edge}), name) == edge


def test_the_representation_makes_the_same_explorer():
    explorer = DescentExplorer(k=16, across=-0.5)
    assert repr(explorer) == "DescentExplorer(k=16, across=-0.5)"
    assert eval(repr(explorer)).values() == explorer.values()
    with pytest.raises(TypeError, match="no parameter 'kk'; it has k, share"):
        DescentExplorer(kk=3)


def test_reset_leads_to_the_first_state():
    explorer = DescentExplorer(k=16, across=-0.5)
    explorer.k = 9
    specification = explorer.specification()
    assert specification == explorer._specification
    assert specification["initial"] == explorer.values() | {"k": 16}


def test_words_cannot_end_the_script_element():
    page = DescentExplorer(name="</script><b>", fallback="<p>static</p>").to_html()
    assert page.count("</script>") == 1
    assert "<p>static</p></shortcut-explorer>" in page


def test_the_library_needs_no_widgets():
    program = "import shortcutlib, shortcutlib.philox, sys; print('anywidget' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert result.stdout.strip() == "False", result.stderr


def test_descent_is_the_papers_at_first():
    explorer = DescentExplorer()
    teacher, paper = explorer.teacher, Teacher.section_4(25)
    assert teacher.output_sum == pytest.approx(paper.output_sum)
    assert teacher.norm_squared == pytest.approx(paper.norm_squared)
    assert teacher.angle == pytest.approx(paper.angle, abs=1e-5)
    for warmup in (True, False):
        setting = "resnet-warmup" if warmup else "resnet"
        assert explorer.steps(warmup=warmup) == section_4_steps(setting, 25)
    assert explorer.run().stop is StopReason.GLOBAL_OPTIMUM
    assert explorer.path.iteration[-1] == explorer.run().iterations
    assert explorer.run(warmup=False).stop is StopReason.SPURIOUS_POINT


def test_a_run_is_kept_until_a_parameter_changes(monkeypatch):
    explorer = DescentExplorer(k=4, warmup=50)
    run, plain, path = explorer.run(), explorer.run(warmup=False), explorer.path
    assert path is run.path
    assert plain.iterations != run.iterations
    explorer.iteration = 5
    assert explorer.run() is run
    assert explorer.run(warmup=False) is plain
    explorer.across = -0.5
    changed = explorer.run()
    fresh = DescentExplorer(k=4, warmup=50, across=-0.5).run()
    assert changed.iterations == fresh.iterations != run.iterations
    np.testing.assert_array_equal(changed.path.loss, fresh.path.loss)
    assert len(explorer._runs) == 1
    # A run that was interrupted is not taken for the whole.
    explorer.across = -0.6

    def interrupt(*positional):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("shortcutlib.reduced._step_of_one", interrupt)
        assert explorer.run().stop is StopReason.INTERRUPTED
    assert explorer.run().stop is not StopReason.INTERRUPTED


def test_the_start_stays_in_the_ball():
    explorer = DescentExplorer(along=-1.0, across=1.0)
    inside = DescentExplorer(along=-np.sqrt(0.5), across=np.sqrt(0.5))
    np.testing.assert_allclose(explorer.start, inside.start, rtol=1e-12)
    assert abs(explorer.start.output_sum) <= abs(explorer.teacher.output_sum)


def test_basins_know_their_probability():
    explorer = BasinExplorer()
    expected = exact.success_probability(explorer.teacher, explorer.steps(warmup=False))
    assert explorer.probability(warmup=False) == expected
    assert expected.probability == pytest.approx(0.742947, abs=1e-5)
    starts = DescentExplorer().start
    starts = type(starts)(*(np.array([float(x)] * 2) for x in starts))
    assert explorer.fates(starts).success.tolist() == [True, True]
    assert explorer.fates(starts, warmup=False).trapped.tolist() == [True, True]


@pytest.mark.parametrize("k, fraction", [(1, 0.3), (10, 0.05), (10, 0.9)])
def test_landscape_knows_loss_and_slope(k, fraction):
    explorer = LandscapeExplorer(k=k, fraction=fraction, angle=0.6, position=0.3)
    h = 1e-5
    there = [
        LandscapeExplorer(k=k, fraction=fraction, angle=0.6 + da, position=0.3 + dt).loss()
        for da, dt in ((h, 0), (-h, 0), (0, h), (0, -h))
    ]
    numeric = [(there[0] - there[1]) / (2 * h * np.pi), (there[2] - there[3]) / (2 * h)]
    np.testing.assert_allclose(explorer.gradient(), numeric, rtol=1e-6)
    teacher = explorer.teacher
    a = teacher.output_weights
    assert loss(teacher, reduce(teacher, teacher.filter, a)) == pytest.approx(0, abs=1e-12)
    minimum = k * (fraction if k > 1 else 1.0) < (k + np.pi - 1) / np.pi * (1 - 1e-12)
    assert (explorer.spurious_kind is SpuriousKind.MINIMUM) == minimum


def test_the_regularised_landscape_is_figure_1():
    explorer = RegularisedExplorer()
    assert explorer.trapped()
    assert explorer.fate() == "spurious local minimum"
    (trap,) = [p for p in explorer.points() if p.kind.value == explorer.fate()]
    np.testing.assert_allclose([trap.w, trap.v], [-1, -1.6], atol=0.02)
    assert explorer.best_linear() == pytest.approx(0.1)
    # With the lambda of the paper's text the trap is gone.
    assert not RegularisedExplorer(decay=0.5).trapped()
    assert RegularisedExplorer(decay=0.5).fate() == "global minimum"
    disc = RegularisedExplorer(decay=0.0, bounded=True, radius=2.0)
    assert (disc.fate(), disc.best_linear()) == ("spurious local minimum", 0)
    assert RegularisedExplorer(decay=0.0).fate() == "valley of zero loss"
    assert RegularisedExplorer(decay=0.0, bounded=True, radius=0.5).best_linear() == 0.125


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("k", PRINTED_K)
def test_exact_rates_of_the_table(setting, k):
    network = "cnn" if setting == "cnn" else "residual"
    found = exact.success_probability(
        Teacher.section_4(k), section_4_steps(setting, k), network, tolerance=1e-7
    )
    assert EXACT[setting][PRINTED_K.index(k)] == pytest.approx(found.probability, abs=6e-7)


def test_counts_of_the_table_are_those_of_a_binomial():
    explorer = TableExplorer(trials=2000, seed=5)
    count = explorer.count("resnet", 16)
    assert abs(count / 2000 - EXACT["resnet"][0]) < 4 * np.sqrt(0.25 / 2000)
    assert count != TableExplorer(trials=2000, seed=6).count("resnet", 16)


def test_dissipativity_decides_its_lemmas():
    assert DissipativityExplorer().map().holds()
    assert DissipativityExplorer(repaired=True).worst().slack == pytest.approx(0, abs=1e-12)
    late = DissipativityExplorer(lemma=12, angle=0.2, position=0.3)
    assert not late.map().holds()
    assert late.map(repaired=True).holds()
    assert late.worst().slack == pytest.approx(-0.0348, abs=1e-4)
    inside = late.map().inside(late.angle * np.pi, late.position)
    assert bool(inside)
    assert late.slack() >= late.worst().slack
    filters = DissipativityExplorer(lemma=11, multiple=1.3)
    assert not filters.map().holds()
    assert filters.map(multiple=1.0).holds()
    assert DissipativityExplorer(k=1).teachers.spread == 0


def test_surface_knows_fates_and_border():
    explorer = SurfaceExplorer()
    assert explorer.fate().trapped[0], "the first picture is the counterexample to R1"
    assert explorer.alignment > 0
    assert explorer.angle < 0.5
    border = explorer.border(explorer.output_sum, explorer.angle)
    assert border > explorer.alignment
    above = SurfaceExplorer(alignment=float(border) + 0.01)
    assert above.fate().success[0]
    below = SurfaceExplorer(output_sum=-1.0, angle=0.52, alignment=-0.1)
    assert below.fate().success[0], "and this one to R2"
    SurfaceExplorer(k=2, share=4.0, ratio=200.0).border(0.0, [0.1, 0.9])


def test_noise_has_the_starts_and_the_law_of_the_library():
    explorer = NoiseExplorer(k=5, batch=3, runs=40, along=0.3, across=-0.4)
    teacher, start = explorer.teacher, explorer.start
    state = minibatch.reduced_state(teacher, start)
    descent = DescentExplorer(k=5, along=0.3, across=-0.4)
    assert state.output_sum[0] == pytest.approx(float(descent.start.output_sum))
    assert state.alignment[0] == pytest.approx(float(descent.start.alignment))
    assert explorer.iterations == 75
    assert explorer.calls == 75 * 40 * (8 + 1)
    x, y, length = explorer.numbers(7)
    assert x.shape == y.shape == (40, 3, 5)
    both = np.concatenate([x.ravel(), y.ravel()])
    assert stats.kstest(both, "norm").pvalue > 1e-3
    assert abs(np.corrcoef(x.ravel(), y.ravel())[0, 1]) < 0.15
    many = NoiseExplorer(k=2, batch=1, runs=200)
    lengths = np.concatenate([many.numbers(i)[2] for i in range(5)])
    assert stats.kstest(lengths**2, stats.chi2(6).cdf).pvalue > 1e-3
    assert length.shape == (40,)
    end = explorer.simulate(3)
    assert np.all(end.angle != start.angle)


def test_noise_draws_the_border_and_the_threshold():
    explorer = NoiseExplorer(k=9, batch=4)
    teacher, step = explorer.teacher, explorer.threshold / 81
    # Just below and just above the threshold of the filter with outputs at rest.
    for share in (0.99, 1.01):
        stable = noise_stability.is_stable(teacher, 1e-9, share * step, 4)
        assert stable == (share < 1)
    angles = np.array([0.2, 0.475, 0.8]) * np.pi
    steps = StepSizes.constant(0.002, 0.002)
    width = 9 + np.pi - 1
    for angle, border in zip(angles, explorer.border(angles), strict=True):
        s = teacher.output_sum * (9 + g(angle) - 1) / width
        q = border * teacher.norm_squared
        for away, success in ((0.01, True), (-0.01, False)):
            place = state(s, q + away * teacher.norm_squared, angle)
            starts = ReducedState(*(np.atleast_1d(x) for x in place))
            assert bool(classify(teacher, starts, steps).success[0]) == success
