"""What a person sees of a training run in a terminal, and its plot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import BytesIO
from math import ceil, nan
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from compare.files import PICTURE_AUTHOR
from compare.judging.result import OTHER, SAME, SIDES
from compare.judging.training import TrainingEvidence, many
from compare.judging.words import Side
from compare.reports.tables import plain_table

MOST_ROWS = 10  # of the table of losses
LEGEND = (
    "The loss is that of an epoch's last batch in float32, its gap in float64. The gap "
    "of a tensor is a part of its largest value so far, its limit what rounding "
    "explains, its noise how far float32 is from float64. Weights have Keras's names "
    "here, and a bias stands for the sum where PyTorch adds two; gradients have "
    "PyTorch's names."
)
SHARES = (
    "explains: the part of the losses' mean gap that goes when this cause is removed "
    "and the others stay; alone: the part that is there when all others are removed. "
    "Causes may offset or need each other. Removed means that {follows} does here as "
    "{leads} does."
)
SPIKE = 20  # times the median: a loss that would flatten both curves


class _Output:
    """Where a report goes.

    Args:
        console: prints tables and lines, the latter as they are.
    """

    def __init__(self, console: Console):
        self.console = console

    def say(self, *lines: str, style: str | None = None) -> None:
        """Print lines without any markup."""
        for line in lines:
            self.console.print(line, style=style, highlight=False, markup=False)


def print_training(console: Console, evidence: TrainingEvidence) -> None:
    """What ran, the losses, where the twins part and why, what was shown."""
    output = _Output(console)
    output.say(*opening(evidence), "")
    _print_gradients(output, evidence)
    if evidence.done:
        console.print(_losses(evidence))
        output.say("")
        console.print(_tensors(evidence))
        output.say("", LEGEND, style="dim")
    if evidence.sharpe:
        output.say("")
        console.print(_sharpe(evidence))
        output.say(
            "No costs are counted, and the past promises nobody money.", style="dim"
        )
    if evidence.drift and not evidence.in_step:
        output.say("")
        _print_causes(output, evidence)
    output.say("")
    if evidence.interrupted:
        output.say(evidence.interruption, style="yellow")
    for note in evidence.notes:
        output.say(f"Note: {note}", "", style="yellow")
    output.say(conclusion(evidence), style="bold")


def _print_gradients(output: _Output, evidence: TrainingEvidence) -> None:
    gradients = evidence.gradients
    decider = gradients.deciding
    assert decider is not None  # gradients are compared, never refused
    output.say(
        f"gradients of the first batch: {gradients.verdict} "
        f"({len(gradients.stages) - 1} tensors; gap {decider.gap64:.1e}, limit "
        f"{decider.limit64:.1e}, at {decider.stage})",
        "",
        style=_style(gradients.as_expected),
    )


def _print_causes(output: _Output, evidence: TrainingEvidence) -> None:
    output.console.print(_causes(evidence))
    if evidence.causes:
        leads = evidence.settings["follow"]
        follows = OTHER[leads]
        text = SHARES.format(leads=SIDES[leads], follows=SIDES[follows])
        output.say(text, style="dim")
    elif evidence.done == 1:
        output.say(
            "Not measured: no loss depends on a step yet; take more.", style="dim"
        )


def conclusion(evidence: TrainingEvidence) -> str:
    """What was shown, or not, in a sentence or two, and how long it took."""
    return f"{evidence.conclusion.removesuffix('.')} ({evidence.seconds:.1f} s)."


def opening(evidence: TrainingEvidence) -> Iterator[str]:
    """What learns from what, and what each side steps with."""
    settings, versions = evidence.settings, evidence.versions
    yield (
        f"{settings['pair']}, {settings['loss'].replace('_', ' ')}: "
        f"{many(settings['epochs'], 'epoch')} of "
        f"{many(settings['steps_per_epoch'], 'shuffled batch', 'es')} of "
        f"{settings['batch_size']}, seed {settings['seed']}, on {settings['source']}"
    )
    torch = f"PyTorch {versions['torch']}"
    keras = f"Keras {versions['keras']} ({versions['backend']})"
    yield f"{torch}: {_optimizer('torch', settings['torch'])}"
    yield f"{keras}: {_optimizer('keras', settings['keras'])}"
    if settings.get("variances_aligned"):
        yield VARIANCES_ALIGNED[settings["follow"]]


# By the side that the other follows.
VARIANCES_ALIGNED: Mapping[Side, str] = {
    "torch": "Running variances divide by all values less one in Keras as well, as in "
    "PyTorch; Keras's own divide by all values.",
    "keras": "Running variances divide by all values in PyTorch as well, as in Keras; "
    "PyTorch's own divide by all values less one.",
}


def _optimizer(side: Side, optimizer: Mapping[str, Any]) -> str:
    """What a side steps with, and its settings."""
    formula = ""
    if not optimizer["own"]:
        formula = f" as {SIDES[OTHER[side]]} defines it"
    values = [f"{name} {value:g}" for name, value in optimizer["values"].items()]
    text = f"{optimizer['cls']}{formula}, {', '.join(values)}"
    for name, value in optimizer.get("clips", {}).items():
        text += f", {name} {value:g}"
    if not optimizer["align_biases"]:
        return text
    if side == "torch":
        return f"{text}; the second of two added biases stays zero"
    return f"{text}; a bias that is two in PyTorch takes twice the step"


# ------------------------------------------------------------------------------ tables


def _table(*columns: str) -> Table:
    """A table of figures, with a name in the first column."""
    table = plain_table()
    table.add_column(columns[0], no_wrap=True)
    for name in columns[1:]:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def epoch_rows(evidence: TrainingEvidence) -> Iterator[tuple[str, ...]]:
    """Epoch, step, both losses and gap at the ends of some epochs and of the run."""
    steps, epochs = evidence.settings["steps_per_epoch"], evidence.settings["epochs"]
    shown: dict[int, str] = {}  # epochs, by step
    every = ceil(epochs / MOST_ROWS)
    for epoch in range(every, epochs + 1, every):
        if epoch * steps <= evidence.done:
            shown[epoch * steps] = str(epoch)
    if evidence.done not in shown:
        shown[evidence.done] = f"{evidence.done / steps:.2g}"
    for step, epoch_text in shown.items():
        torch, keras = (evidence.losses[f"{side}32"][step - 1] for side in SIDES)
        gap = evidence.gaps[step - 1]
        yield epoch_text, str(step), f"{torch:.4f}", f"{keras:.4f}", f"{gap:.1e}"


def _losses(evidence: TrainingEvidence) -> Table:
    """Losses at the ends of some epochs, and at the last step that was done."""
    table = _table("epoch", "step", "PyTorch", "Keras", "gap")
    for row in epoch_rows(evidence):
        table.add_row(*row)
    return table


def _style(as_expected: bool) -> str | None:
    return None if as_expected else "red"


def _tensors(evidence: TrainingEvidence) -> Table:
    table = _table("tensor", "verdict", "gap", "limit", "noise", "parts at")
    for tensor in evidence.tensors:
        parts_at = f"step {tensor.timestep}" if tensor.timestep else ""
        table.add_row(
            Text(tensor.stage),
            tensor.verdict,
            f"{tensor.gap64:.1e}",
            f"{tensor.limit64:.1e}",
            f"{tensor.noise_torch + tensor.noise_keras:.1e}",
            parts_at,
            style=_style(tensor.verdict == SAME),
        )
    return table


def _causes(evidence: TrainingEvidence) -> Table:
    table = plain_table()
    table.add_column("why they drift", no_wrap=True)
    table.add_column("")
    for name in ("explains", "alone"):
        table.add_column(name, justify="right", no_wrap=True)
    measured = {cause.name: cause for cause in evidence.causes}
    for name, sentence in evidence.drift.items():
        explains, alone = "-", "-"
        if name in measured:
            explains = f"{measured[name].share:.1%}"
            alone = f"{measured[name].alone:.1%}"
        table.add_row(name, Text(sentence), explains, alone)
    return table


def _sharpe(evidence: TrainingEvidence) -> Table:
    table = _table("annual Sharpe ratio", "days", *SIDES.values(), "equal weights")
    for sample, ratios in evidence.sharpe.items():
        texts = []
        for weights in (*SIDES, "equal"):
            ratio = ratios[weights]
            if ratio is None:
                texts.append("too few")
            else:
                texts.append(f"{ratio:.2f}")
        table.add_row(sample, f"{ratios['days']:,}", *texts)
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
    losses = evidence.losses["torch32"]
    if min(losses) > 0 and max(losses) > SPIKE * median(losses):
        curves.set_yscale("log")
    aligned = "aligned"
    if evidence.drift:
        aligned = f"not aligned: {', '.join(evidence.drift)}"
    settings = evidence.settings
    curves.set_title(f"{settings['pair']}, {settings['optimizer']}, {aligned}")
    gap.set_yscale("log")
    gaps = [value if value else nan for value in evidence.gaps]  # 0 has no logarithm
    gap.plot(steps, gaps, ".-", color="C3")
    gap.set_ylabel("gap in float64")
    gap.set_xlabel("step")
    for axes in (curves, gap):
        axes.grid(alpha=0.3)
    picture = BytesIO()
    figure.savefig(picture, format="png", metadata={"Software": PICTURE_AUTHOR})
    return picture.getvalue()
