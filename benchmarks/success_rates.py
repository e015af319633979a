"""Goals 1, 3 and 4: Table 1, its growth with k, a slider's redraw, and millions of trials.

Run with ``python benchmarks/success_rates.py``; takes about two minutes.  CPU time throughout.  A
and B would take days: their cost a step is measured in short runs, interleaved with ours, and
multiplied by the steps that the paper's stopping rule takes, measured on a sample of starts.
"""

import resource
import sys
import time

import numpy as np
import peers
from measure import cpu_seconds, report, verdict

from shortcutlib import Teacher
from shortcutlib.outcomes import classify
from shortcutlib.starts import sample_reduced
from shortcutlib.success import (
    PRINTED_K,
    SETTINGS,
    cell_rng,
    section_4_steps,
    success_rate,
)

TRIALS = 5000


def network_of(setting):
    return "cnn" if setting == "cnn" else "residual"


def table_1():
    """Goal 1."""
    short = {"A": 300, "B": 30}
    cells, rows = [], []
    total = dict.fromkeys(("A", "B", "ours"), 0.0)
    for setting in SETTINGS:
        for k in PRINTED_K:
            teacher, network = Teacher.section_4(k), network_of(setting)
            steps = section_4_steps(setting, k)
            sample = sample_reduced(teacher, 64, np.random.default_rng(1), network)
            length = np.mean(peers.steps_by_the_papers_rule(teacher, sample, steps, network))
            v, a = peers.draw(teacher, 500, network, 1)
            spent = cpu_seconds(
                {
                    "A": lambda t=teacher, s=steps, v=v, a=a, n=network: peers.one_trial(
                        t, v[0], a[0], s, n, short["A"]
                    ),
                    "B": lambda t=teacher, s=steps, v=v, a=a, n=network: peers.all_trials(
                        t, v, a, s, n, short["B"]
                    ),
                    "ours": lambda s=setting, k=k: success_rate(s, k, trials=TRIALS),
                },
                rounds=3,
            )
            a_step = spent["A"] / short["A"]
            b_step = spent["B"] / short["B"] / 500
            cell = (a_step * length * TRIALS, b_step * length * TRIALS, spent["ours"])
            for name, seconds in zip(total, cell, strict=True):
                total[name] += seconds
            cells.append((setting, k))
            rows.append(
                (setting, str(k), f"{length:,.0f}", f"{a_step * 1e9:,.0f}", f"{b_step * 1e9:,.0f}")
                + (f"{cell[2] * 1e3:.2f}", f"{cell[0] / cell[2]:,.0f}", f"{cell[1] / cell[2]:,.0f}")
            )
    heading = ("setting", "k", "steps a trial", "A ns/step", "B ns/step", "ours ms", "A/ours")
    report(f"Goal 1. 21 cells x {TRIALS} trials (A, B scaled)", [(*heading, "B/ours"), *rows])
    print(
        f"  all cells: A {total['A']:,.0f} s, B {total['B']:,.0f} s, ours {total['ours']:.3f} s\n"
        f"  A/ours = {total['A'] / total['ours']:,.0f}, "
        f"{verdict(total['A'] / total['ours'], 1e6, at_least=True)}\n"
        f"  B/ours = {total['B'] / total['ours']:,.0f}, "
        f"{verdict(total['B'] / total['ours'], 5e4, at_least=True)}"
    )


def same_outcomes():
    """The second half of goal 1: A and B run to the end."""
    compared = different = 0
    for setting, k, n_a, n_b in (
        ("resnet", 16, 8, 300),
        ("cnn", 16, 20, 300),
        ("cnn", 64, 20, 300),
    ):
        teacher, network, steps = (
            Teacher.section_4(k),
            network_of(setting),
            section_4_steps(setting, k),
        )
        v, a = peers.draw(teacher, n_b, network, 5)
        ours = classify(teacher, peers.reduce_all(teacher, v, a), steps, network).success
        fate, _ = peers.all_trials(teacher, v, a, steps, network)
        one = [peers.one_trial(teacher, v[i], a[i], steps, network)[0] for i in range(n_a)]
        different += np.sum(ours != (fate == 1)) + np.sum(ours[:n_a] != np.array(one))
        compared += n_a + n_b
    print(f"  outcomes: {different} of {compared} trials run to the end by A or B differ from ours")


def growth_and_redraw():
    """Goal 3."""
    teacher, steps = Teacher.section_4(25), section_4_steps("resnet", 25)
    starts = sample_reduced(teacher, 500, cell_rng(0, "resnet", 25))
    spent = cpu_seconds(
        {
            "k = 16": lambda: success_rate("resnet", 16),
            "k = 1000": lambda: success_rate("resnet", 1000),
            "redraw": lambda: classify(teacher, starts, steps),
            "plain": lambda: peers.plain_reduction(teacher, starts, steps),
        },
        rounds=15,
    )
    ratio, share = spent["k = 1000"] / spent["k = 16"], spent["redraw"] / spent["plain"]
    rows = [
        ("what", "ms"),
        (f"{TRIALS} trials at k = 16", f"{spent['k = 16'] * 1e3:.2f}"),
        (f"{TRIALS} trials at k = 1000", f"{spent['k = 1000'] * 1e3:.2f}"),
        ("redraw: 500 trials at k = 25", f"{spent['redraw'] * 1e3:.2f}"),
        ("the same, plain reduction with certified stops", f"{spent['plain'] * 1e3:.2f}"),
    ]
    report("Goal 3. Growth with k, and a slider's redraw", rows)
    print(
        f"  k = 1000 / k = 16: {ratio:.2f}, {verdict(ratio, 4, at_least=False)}\n"
        f"  redraw / plain: {share:.4f}, {verdict(share, 0.1, at_least=False)}\n"
        f"  redraw in ms: {spent['redraw'] * 1e3:.2f}, "
        f"{verdict(spent['redraw'] * 1e3, 3, at_least=False)}"
    )


def millions():
    """Goal 4."""
    rows = [("setting", "k", "trials", "us a trial", "peak MB")]
    worst = 0.0
    memory = []
    for trials in (10**6, 10**7):
        for setting, k in (("resnet", 25), ("resnet-warmup", 100), ("cnn", 100)):
            if trials == 10**7 and setting != "resnet":
                continue
            begin = time.process_time()
            success_rate(setting, k, trials=trials)
            each = (time.process_time() - begin) / trials * 1e6
            memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
            worst = max(worst, each)
            rows.append((setting, str(k), f"{trials:,}", f"{each:.3f}", f"{memory[-1]:.0f}"))
    report("Goal 4. Millions of trials", rows)
    print(f"  us a trial: {worst:.3f}, {verdict(worst, 1, at_least=False)}")
    grown = memory[-1] / memory[-2]
    print(
        f"  memory, ten million / one million: {grown:.2f}, {verdict(grown, 1.1, at_least=False)}"
    )


def peer():
    """A brute-force peer, where JAX or PyTorch is installed."""
    found = peers.compiled(Teacher.section_4(100), 500)
    if found is None:
        print("\nSkipped: the brute-force peer (neither JAX nor PyTorch is installed).")
        return
    name, call, trial_steps = found
    teacher, steps = Teacher.section_4(100), section_4_steps("resnet", 100)
    v, a = peers.draw(teacher, 500, "residual", 1)
    spent = cpu_seconds(
        {
            name: call,
            "B": lambda: peers.all_trials(teacher, v, a, steps, "residual", 30),
            "ours": lambda: success_rate("resnet", 100, trials=TRIALS),
        },
        rounds=5,
    )
    sample = sample_reduced(teacher, 64, np.random.default_rng(1))
    length = np.mean(peers.steps_by_the_papers_rule(teacher, sample, steps, "residual"))
    each = spent[name] / trial_steps
    report(
        "Brute-force peer, k = 100 (scaled)",
        [
            ("", "ns a trial-step", "/ours for the cell"),
            (name, f"{each * 1e9:,.0f}", f"{each * length * TRIALS / spent['ours']:,.0f}"),
            (
                "B",
                f"{spent['B'] / 15000 * 1e9:,.0f}",
                f"{spent['B'] / 15000 * length * TRIALS / spent['ours']:,.0f}",
            ),
        ],
    )


if __name__ == "__main__":
    print(f"NumPy {np.__version__}, Python {sys.version.split()[0]}; CPU time, medians of rounds")
    millions()
    growth_and_redraw()
    peer()
    table_1()
    same_outcomes()
