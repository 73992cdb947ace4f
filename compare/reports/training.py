"""What a person sees of a training run in a terminal, and its plot."""

from io import BytesIO
from math import ceil
from statistics import mean, median

from rich.console import Console
from rich.table import Table

from compare.judging.evidence import DIFFERENT, ILL_CONDITIONED, OTHER, SAME, SIDES
from compare.judging.training import TrainingEvidence

ROWS = 10  # of the table of losses
LEGEND = (
    "The loss is that of an epoch's last batch in float32, its gap in float64. The gap "
    "of a tensor is a part of its largest value so far, its limit what rounding "
    "explains, its noise how far float32 is from float64. Weights have Keras's names "
    "here, and a bias stands for the sum where PyTorch adds two; gradients have "
    "PyTorch's."
)
SHARES = (
    "explains: the part of the losses' mean gap that goes when this cause is removed "
    "and the others stay; alone: the part that is there when all others are removed. "
    "Causes may offset or need each other. Removed means that {follows} does here as "
    "{leads} does."
)
SPIKE = 20  # times the median: a loss that would flatten both curves


def print_training(console: Console, evidence: TrainingEvidence):
    """What ran, the losses, where the twins part and why, what was shown."""

    def say(*lines, style=None):
        for line in lines:
            console.print(line, style=style, highlight=False, markup=False)

    settings = evidence.settings

    say(*_opening(evidence), "")
    gradients = evidence.gradients
    decider = gradients.deciding
    say(
        f"gradients of the first batch: {gradients.verdict} "
        f"({len(gradients.stages) - 1} tensors; gap {decider.gap64:.1e}, limit "
        f"{decider.limit64:.1e}, at {decider.stage})",
        "",
        style=None if gradients.as_expected else "red",
    )
    if evidence.done:
        console.print(_losses(evidence))
        say("")
        console.print(_tensors(evidence))
        say("", LEGEND, style="dim")
    if evidence.sharpe:
        say("")
        console.print(_sharpe(evidence))
        say("No costs are counted, and the past promises nobody money.", style="dim")
    if evidence.drift and not evidence.in_step:
        say("")
        console.print(_causes(evidence))
        if evidence.causes:
            leads = settings["follow"]
            names = dict(leads=SIDES[leads], follows=SIDES[OTHER[leads]])
            say(SHARES.format(**names), style="dim")
        elif evidence.done == 1:
            say("Not measured: no loss depends on a step yet; take more.", style="dim")
    say("")
    if evidence.interrupted:
        what = (
            "The run was complete, but what its causes explain was interrupted."
            if evidence.done == evidence.steps
            else f"Interrupted after step {evidence.done} of {evidence.steps}: what is "
            "said here holds for these steps."
        )
        say(what, style="yellow")
    say(conclusion(evidence), style="bold")


def conclusion(evidence: TrainingEvidence) -> str:
    """What was shown, or not, in a sentence or two."""
    seconds = f"({evidence.seconds:.1f} s)"
    pair, decider = evidence.settings["pair"], evidence.deciding
    if evidence.stopped:
        before = "in step" if evidence.verdict == SAME else evidence.verdict
        return (
            f"Stopped at {evidence.stopped}; try a smaller learning rate. The "
            f"{_many(evidence.done, 'step')} until then: {before} {seconds}."
        )
    if evidence.in_step:
        return (
            f"In step: {pair} learns the same in PyTorch and Keras; the gradients, and "
            f"the loss and {len(evidence.tensors) - 1} weights at each of "
            f"{evidence.done} steps, are the same {seconds}."
        )
    if decider.verdict == DIFFERENT:
        return (
            f"They part at step {decider.timestep}, at {decider.stage}: "
            f"{decider.reason}. At step {evidence.done} the losses are "
            f"{evidence.gaps[-1]:.1e} apart, {mean(evidence.gaps):.1e} on average. "
            f"{_left(evidence)}{seconds}"
        )
    if decider.verdict == ILL_CONDITIONED:
        return (
            f"Nobody can tell to the end. {decider.stage}: {decider.reason} {seconds}."
        )
    return f"The gradients are not the same: {evidence.gradients.explain()} {seconds}"


def _left(evidence):
    if evidence.left is None:
        return ""
    return f"With all causes removed {evidence.left:.1%} of it is left. "


def _opening(evidence):
    settings, versions = evidence.settings, evidence.versions
    names = dict(
        torch=f"PyTorch {versions['torch']}",
        keras=f"Keras {versions['keras']} ({versions['backend']})",
    )
    yield (
        f"{settings['pair']}, {settings['loss'].replace('_', ' ')}: "
        f"{_many(settings['epochs'], 'epoch')} of "
        f"{_many(settings['steps_per_epoch'], 'shuffled batch', 'es')} of "
        f"{settings['batch_size']}, seed {settings['seed']}, on {settings['source']}"
    )
    for side, name in names.items():
        used = settings[side]
        values = ", ".join(f"{key} {value:g}" for key, value in used["values"].items())
        notes = "" if used["own"] else f" as {SIDES[OTHER[side]]} defines it"
        yield f"{name}: {used['cls']}{notes}, {values}{_biases(side, used)}"


def _many(number, what, ending="s"):
    return f"{number} {what}{ending if number > 1 else ''}"


def _biases(side, used):
    if not used["align_biases"]:
        return ""
    if side == "torch":
        return "; the second of two added biases stays zero"
    return "; a bias that is two in PyTorch takes twice the step"


def _table(*columns):
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for number, name in enumerate(columns):
        table.add_column(name, justify="left" if number == 0 else "right", no_wrap=True)
    return table


def _losses(evidence):
    table = _table("epoch", "step", "PyTorch", "Keras", "gap")
    steps, epochs = evidence.settings["steps_per_epoch"], evidence.settings["epochs"]
    every = ceil(epochs / ROWS)
    ends = [(e, e * steps) for e in range(every, epochs + 1, every)]
    shown = [(str(epoch), step) for epoch, step in ends if step <= evidence.done]
    if not shown or shown[-1][1] != evidence.done:
        shown.append((f"{evidence.done / steps:.2g}", evidence.done))
    for epoch, step in shown:
        torch, keras = (evidence.losses[f"{side}32"][step - 1] for side in SIDES)
        table.add_row(
            epoch,
            str(step),
            f"{torch:.4f}",
            f"{keras:.4f}",
            f"{evidence.gaps[step - 1]:.1e}",
        )
    return table


def _tensors(evidence):
    table = _table("tensor", "verdict", "gap", "limit", "noise", "parts at")
    for each in evidence.tensors:
        table.add_row(
            each.stage,
            each.verdict,
            f"{each.gap64:.1e}",
            f"{each.limit64:.1e}",
            f"{each.noise_torch + each.noise_keras:.1e}",
            f"step {each.timestep}" if each.timestep else "",
            style=None if each.verdict == SAME else "red",
        )
    return table


def _causes(evidence):
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("why they drift", no_wrap=True)
    table.add_column("")
    for name in ("explains", "alone"):
        table.add_column(name, justify="right", no_wrap=True)
    measured = {cause.name: cause for cause in evidence.causes}
    for name, sentence in evidence.drift.items():
        cause = measured.get(name)
        shares = (f"{cause.share:.1%}", f"{cause.alone:.1%}") if cause else ("-", "-")
        table.add_row(name, sentence, *shares)
    return table


def _sharpe(evidence):
    table = _table("annual Sharpe ratio", "days", *SIDES.values(), "equal weights")
    for part, by in evidence.sharpe.items():
        ratios = (by[who] for who in (*SIDES, "equal"))
        shown = ("too few" if each is None else f"{each:.2f}" for each in ratios)
        table.add_row(part, f"{by['days']:,}", *shown)
    return table


def plot(evidence: TrainingEvidence) -> bytes:
    """The two learning curves over each other and their gap below, as a PNG picture.

    Args:
        evidence: with at least one step.
    """
    from matplotlib.figure import Figure  # half a second, and an extra of the install

    steps = range(1, evidence.done + 1)
    figure = Figure(figsize=(9, 6), dpi=150, layout="constrained")
    curves, gap = figure.subplots(2, sharex=True, height_ratios=(2, 1))
    curves.plot(steps, evidence.losses["torch32"], label=SIDES["torch"], linewidth=2.5)
    curves.plot(steps, evidence.losses["keras32"], "--", label=SIDES["keras"])
    curves.set_ylabel(evidence.settings["loss"].replace("_", " "))
    curves.legend()
    losses = [abs(loss) for loss in evidence.losses["torch32"]]
    if min(evidence.losses["torch32"]) > 0 and max(losses) > SPIKE * median(losses):
        curves.set_yscale("log")
    drift = ", ".join(evidence.drift)
    curves.set_title(
        f"{evidence.settings['pair']}, {evidence.settings['optimizer']}, "
        + (f"not aligned: {drift}" if drift else "aligned")
    )
    gap.set_yscale("log")  # where a gap of nothing has no place
    gap.plot(steps, [each or float("nan") for each in evidence.gaps], ".-", color="C3")
    gap.set_ylabel("gap in float64")
    gap.set_xlabel("step")
    for axes in (curves, gap):
        axes.grid(alpha=0.3)
    picture = BytesIO()
    figure.savefig(picture, format="png")
    return picture.getvalue()
