"""The panels of the chapters: experiments with the settings that readers may change."""

from shortcutlib.rerun import experiments, schedules, stages
from shortcutlib.rerun.panel import RerunPanel, choice, choices, number, whole
from shortcutlib.success import PRINTED_K

__all__ = [
    "certified_panel",
    "normalisation_panel",
    "paths_panel",
    "population_loss_panel",
    "reduction_panel",
    "schedule_panel",
    "spurious_panel",
    "stage_one_panel",
    "stage_two_panel",
    "success_panel",
]

_KS = {str(k): k for k in PRINTED_K}
_TRIALS = {f"{n:,}": n for n in (500, 1000, 5000, 20_000, 100_000)}
_SEEDS = (0, 9999)
_SETTINGS = {
    "ResNet without warm-up": "resnet",
    "ResNet with warm-up": "resnet-warmup",
    "plain network": "cnn",
}


def normalisation_panel() -> RerunPanel:
    """The variance of what enters the ReLU, before and after division by the filter's length.

    Returns
    -------
    RerunPanel
    """
    return RerunPanel(
        "Variance with and without normalisation",
        experiments.normalisation,
        {
            "patches": choice(
                100_000, {f"{n:,}": n for n in (1000, 10_000, 100_000, 1_000_000)}, "patches"
            ),
            "p": whole(4, 2, 64, "p"),
            "size": number(5.0, 0.1, 20.0, "longest w", step=0.1),
            "seed": whole(0, *_SEEDS, "seed"),
        },
    )


def population_loss_panel() -> RerunPanel:
    """The loss as a mean over random inputs, against its closed form.

    Returns
    -------
    RerunPanel
    """
    return RerunPanel(
        "Mean loss over random inputs",
        experiments.population_loss,
        {
            "inputs": choice(
                100_000, {f"{n:,}": n for n in (1000, 10_000, 100_000, 1_000_000)}, "inputs"
            ),
            "k": whole(16, 1, 100, "k"),
            "p": whole(8, 2, 32, "p"),
            "angle": number(0.6, 0.0, 1.0, "angle φ / π"),
            "seed": whole(0, *_SEEDS, "seed"),
        },
    )


def spurious_panel() -> RerunPanel:
    """How often the plain network reaches the global optimum.

    Returns
    -------
    RerunPanel
    """
    return RerunPanel(
        "Plain network, success rate",
        experiments.spurious,
        {
            "ks": choices(PRINTED_K, _KS, "k"),
            "trials": choice(5000, _TRIALS, "trials"),
            "seed": whole(1, *_SEEDS, "seed"),
        },
    )


def reduction_panel() -> RerunPanel:
    """The full descent and the reduced one, side by side.

    Returns
    -------
    RerunPanel
    """
    return RerunPanel(
        "Full and reduced descent",
        experiments.reduction,
        {
            "k": whole(16, 2, 100, "k"),
            "p": whole(8, 2, 64, "p"),
            "step": number(1.0, 0.1, 4.0, "step size × k²", step=0.1),
            "warmup": whole(500, 0, 5000, "warm-up", step=100),
            "iterations": whole(2000, 100, 10_000, "iterations", step=100),
            "seed": whole(1, *_SEEDS, "seed"),
        },
    )


def success_panel() -> RerunPanel:
    """A row of Table 1: simulated, exact and printed.

    Returns
    -------
    RerunPanel
    """
    return RerunPanel(
        "A row of Table 1",
        experiments.success,
        {
            "setting": choice("resnet", _SETTINGS, "setting"),
            "ks": choices(PRINTED_K, _KS, "k"),
            "size": number(6.0, 0.5, 20.0, "N / k", step=0.1),
            "reading": choice(
                "squared", {"S² = N/4": "squared", "S = N/4 (as printed)": "literal"}, "reading"
            ),
            "warmup": whole(1000, 0, 20_000, "warm-up, if any", step=100),
            "trials": choice(5000, _TRIALS, "trials"),
            "seed": whole(0, *_SEEDS, "seed"),
        },
    )


def paths_panel() -> RerunPanel:
    """One random start, with warm-up and without.

    Returns
    -------
    RerunPanel
    """
    return RerunPanel(
        "One start, with warm-up and without",
        experiments.paths,
        {
            "k": whole(9, 2, 64, "k"),
            "warmup": whole(1000, 0, 20_000, "warm-up", step=100),
            "seed": whole(3, *_SEEDS, "seed"),
        },
    )


def certified_panel() -> RerunPanel:
    """Steps until the paper's rule stops a run, and until its fate is proved.

    Returns
    -------
    RerunPanel
    """
    return RerunPanel(
        "Steps by both rules",
        experiments.certified,
        {
            "setting": choice("resnet-warmup", _SETTINGS, "setting"),
            "ks": choices((4, 9), {str(k): k for k in (4, 9, 16, 25, 36)}, "k"),
            "trials": choice(200, {str(n): n for n in (50, 200, 1000)}, "trials"),
            "seed": whole(0, *_SEEDS, "seed"),
        },
    )


def stage_one_panel() -> RerunPanel:
    """How long Stage I takes, and how far the filter turns away.

    Returns
    -------
    RerunPanel
    """
    return RerunPanel(
        "The race of Stage I",
        stages.stage_one,
        {
            "k": whole(5, 2, 25, "k"),
            "share": number(0.3, 0.01, 1.0, "S² / (kN)", step=0.01),
            "angle": number(0.333, 0.0, 0.499, "first angle / π", step=0.001),
            "ratio": number(0.48, 0.0, 50.0, "η_w N / η_a", step=0.01),
            "starts": choice(500, {f"{n:,}": n for n in (100, 500, 2000)}, "starts"),
            "seed": whole(0, *_SEEDS, "seed"),
        },
    )


def stage_two_panel() -> RerunPanel:
    """How long Stage II takes.

    Returns
    -------
    RerunPanel
    """
    return RerunPanel(
        "The way home of Stage II",
        stages.stage_two,
        {
            "k": whole(5, 2, 25, "k"),
            "share": number(0.3, 0.01, 1.0, "S² / (kN)", step=0.01),
            "size": number(1.0, 0.1, 10.0, "N", step=0.1),
            "digits": whole(6, 1, 9, "digits of δ"),
        },
    )


def schedule_panel() -> RerunPanel:
    """Which starts a schedule for the filter saves, and at what cost.

    Returns
    -------
    RerunPanel
    """
    return RerunPanel(
        "A schedule for the filter",
        schedules.schedule,
        {
            "k": choice(25, {str(k): k for k in (16, 25, 36, 49)}, "k"),
            "shape": choice(
                "rest",
                {
                    "rest, then the full step": "rest",
                    "linear ramp": "linear",
                    "square ramp": "square",
                    "half a cosine": "cosine",
                },
                "shape",
            ),
            "duration": number(2.5, 0.0, 80.0, "warm-up × η_a", step=0.1),
            "speed": choice(20.0, {f"{x:g}": x for x in (5.0, 20.0, 50.0)}, "η_a k²"),
            "filter": number(1.0, 0.01, 1.6, "final η_w N", step=0.01),
            "trials": choice(2000, {f"{n:,}": n for n in (500, 2000, 10_000)}, "random starts"),
            "seed": whole(0, *_SEEDS, "seed"),
        },
    )
