"""The page of a training run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from compare.judging.model_causes import OF_SIDE
from compare.judging.result import OTHER, SIDES, StageResult
from compare.judging.training import TrainingEvidence
from compare.judging.words import Side
from compare.reports.page.contents import Why, causes
from compare.reports.page.drawings import Plot
from compare.reports.page.plots import learning_curves
from compare.reports.page.rendering import rendered
from compare.reports.page.sources import sources_of
from compare.reports.training import conclusion, epoch_rows, opening

SMALLEST_SHARE = 0.005  # of the gap: a cause that explains less is told in the table


def training_page(
    evidence: TrainingEvidence,
    sources: Sequence[tuple[str, str]],
    again: str,
) -> str:
    """The page of a training run.

    Args:
        evidence: of the run.
        sources: title and text of both sides' source, as far as they are known.
        again: the command that finds out the same.
    """
    pair = str(evidence.settings["pair"])
    title = f"{pair}: the twins learn in step"
    if not evidence.in_step:
        title = f"{pair}: the twins do not learn in step"
        decider = evidence.deciding
        if decider is not None and decider.timestep is not None:
            title = f"{pair}: the twins part at step {decider.timestep}"
    notes = [*evidence.notes]
    if evidence.interrupted:
        notes.insert(0, evidence.interruption)
    return rendered(
        "training.html.jinja",
        title=title,
        conclusion=conclusion(evidence),
        notes=notes,
        environment={**evidence.versions, "seconds": f"{evidence.seconds:.1f}"},
        again=again,
        evidence=evidence,
        opening=[*opening(evidence)],
        why=_why(evidence),
        plots=_plots(evidence),
        epochs=epoch_rows(evidence) if evidence.done else (),
        leads=SIDES[evidence.settings["follow"]],
        follows=SIDES[OTHER[evidence.settings["follow"]]],
        measured={cause.name: cause for cause in evidence.causes},
        sources=sources_of(sources),
    )


def _why(evidence: TrainingEvidence) -> list[Why]:
    """Why twins do not learn alike: unlike gradients first, then the causes."""
    if evidence.in_step:
        return []
    blocks = []
    measured = sorted(evidence.causes, key=lambda cause: -abs(cause.share))
    for cause in measured:
        if abs(cause.share) < SMALLEST_SHARE:
            continue
        heading = f"{cause.name}: explains {cause.share:.1%} of how far the losses part"
        lines = [
            ("because", cause.sentence),
            ("fix", _fix(cause.name)),
            ("try", f"{_alignment(evidence, [cause.name])} trains without it"),
        ]
        blocks.append(Why(heading, lines))
    if not evidence.causes:
        for name, sentence in evidence.drift.items():
            lines = [("perhaps", sentence), ("fix", _fix(name))]
            blocks.append(Why(f"{name}: not measured", lines))
    return [*blocks, *causes([evidence.gradients])]


def _fix(cause: str) -> str:
    """What to change so that a cause of drift is gone."""
    side = OF_SIDE.get(cause)
    if side is None:
        return "let one side do as the other does"
    return f"leave it out in {SIDES[side]}, or do the same in {SIDES[OTHER[side]]}"


def _alignment(evidence: TrainingEvidence, causes_too: Sequence[str]) -> str:
    """The option that removes causes, beside those that the run removed."""
    removed = [*evidence.settings["removed"], *causes_too]
    return f"--align {','.join(removed)}"


def _plots(evidence: TrainingEvidence) -> list[Plot]:
    if evidence.done < 2:
        return []
    losses: Mapping[Side, Sequence[float]] = {
        side: evidence.losses[f"{side}32"] for side in SIDES
    }
    curves, gaps = learning_curves(losses, evidence.gaps, "training")
    limit = _limit_of_loss(evidence.tensors)
    return [
        Plot("Losses", "In float32, before each step.", curves),
        Plot(
            "How far the losses are apart",
            f"In float64, before each step; nothing is drawn where it is 0.{limit}",
            gaps,
        ),
    ]


def _limit_of_loss(tensors: Sequence[StageResult]) -> str:
    """What rounding explains of the gap between losses, in words."""
    if not tensors:
        return ""
    loss = tensors[0]
    return (
        f" At its largest it is {loss.gap64:.1e} of the largest loss so far, where "
        f"rounding explains {loss.limit64:.1e}."
    )
