"""Stochastic descent against the cost of its random numbers: k = 25, p = 8, batches of 32.

Run with ``python benchmarks/minibatch.py``; takes about half a minute.  The goal is 10,000 runs of
5,000 steps within twice the cost of drawing the random numbers they need.  All contestants take the
same short stretch of such runs, in turn, on one core; the last column scales it up.
"""

import os

# One thread: the goal compares costs, not numbers of cores.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
from measure import cpu_seconds, report, verdict

from shortcutlib import StepSizes, Teacher, minibatch
from shortcutlib.networks import minibatch_loss, sample_inputs, teacher_network
from shortcutlib.starts import sample_ball

K, P, BATCH = 25, 8, 32
RUNS, STEPS = 300, 60
WHOLE = 10_000 * 5000


def main():
    teacher = Teacher.section_4(K, p=P)
    rng = np.random.default_rng(1)
    start = minibatch.state(teacher, sample_ball(RUNS, K, teacher.start_radius, rng))
    schedule = StepSizes.section_4(K, warmup=0)
    # As many numbers as a part of the runs needs at a time, drawn into the same memory again.
    room = np.empty(24_000)
    draws = RUNS * STEPS * 2 * BATCH * K // room.size

    def numbers():
        for _ in range(draws):
            rng.standard_normal(out=room)

    def descend():
        minibatch.descend(teacher, start, schedule, batch=BATCH, iterations=STEPS, rng=rng)

    def inputs():
        # The plain way, one run of so many steps: whole inputs, gradients by their definition.
        v, a = teacher.shortcut, start.outputs[0]
        for _ in range(STEPS):
            Z = sample_inputs(BATCH, P, K, rng)
            found = minibatch_loss(v, a, Z, teacher_network(teacher, Z), residual=False)
            v = v - found.filter_gradient / K**2
            v, a = v / np.linalg.norm(v), a - found.output_gradient / K**2

    spent = cpu_seconds({"numbers": numbers, "descend": descend, "inputs": inputs}, rounds=7)
    steps = {"numbers": RUNS * STEPS, "descend": RUNS * STEPS, "inputs": STEPS}
    rows = [("what", "microseconds a step", "10,000 runs of 5,000 steps, CPU seconds")]
    names = {
        "numbers": "the 2 B k random numbers alone",
        "descend": "stochastic descent, exact sampler",
        "inputs": "stochastic descent, whole inputs",
    }
    for name, seconds in spent.items():
        one = seconds / steps[name]
        rows.append((names[name], f"{one * 1e6:.2f}", f"{one * WHOLE:,.0f}"))
    report("Stochastic descent, k = 25, p = 8, B = 32", rows)
    ratio = spent["descend"] / spent["numbers"]
    print(f"  descent over its random numbers: {ratio:.2f}, {verdict(ratio, 2, at_least=False)}")


if __name__ == "__main__":
    main()
