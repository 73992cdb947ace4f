"""Why gradients differ where one model learns by more, or by less, than its twin."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from compare.judging.explanation import Explanation
from compare.judging.model_causes import ADD_LOSS, PADDING, REGULARISERS, SOFTMAX
from compare.judging.result import DIFFERENT, SAME, StageResult
from compare.twins import alignment, training_facts
from compare.twins.twins import Twins

# Those that gradients show, with what to change.
FIXES = {
    REGULARISERS: "PyTorch: add the same terms to the loss; or take the regularisers "
    "out of Keras",
    ADD_LOSS: "PyTorch: return the same terms, and add them to the loss",
    PADDING: "PyTorch: leave padding_idx out; or Keras: mask_zero=True, before layers "
    "that mask",
    SOFTMAX: "return logits, without the softmax; or in PyTorch take nll_loss of the "
    "logarithm of the probabilities, and in Keras from_logits=False",
}
WEIGHT_DECAY = (
    "; an L2(l) of weights is also weight_decay=2 l for these weights, of an optimizer "
    "that adds it to the gradients (SGD, Adam)"
)
OF_RESULTS = "of what "  # a layer returns: an activity regulariser


def explain(
    twins: Twins,
    loss: str,
    arrays: tuple[np.ndarray, ...],
    targets: Sequence[np.ndarray],
    stages: Sequence[StageResult],
) -> Explanation | None:
    """Find out whether gradients differ by what one model alone learns by.

    Args:
        twins: loaded, and the same on these arrays.
        loss: name of the loss.
        arrays: one for each input.
        targets: one for each result that counts.
        stages: as `Twins.gradients` judges them; at least one differs.

    Returns:
        None where neither model has anything of the kind, or leaving it out does not
        make the gradients the same.
    """
    facts = training_facts.read(twins, arrays)
    twice = twins.probabilities - twins.of_probabilities
    causes = alignment.causes(facts, None, twice)
    sentences = {name: causes[name] for name in FIXES if name in causes}
    trials: list[tuple[str, ...]] = [(name,) for name in sentences]
    if len(trials) > 1:
        trials.append(tuple(sentences))
    before = next(stage for stage in stages if stage.verdict == DIFFERENT)
    for names in trials:
        with alignment.left_out(twins, names):
            judgement = twins.gradients(loss, arrays, targets)
        if judgement.verdict != SAME:
            continue
        after = next(s for s in judgement.stages if s.stage == before.stage)
        return Explanation(
            explained=True,
            faults=names,
            sentence="; ".join(sentences[name] for name in names),
            fix="; ".join(_fix(name, sentences[name]) for name in names),
            indistinguishable_from=(),
            gap_before=before.gap,
            gap_after=after.gap,
            limit=after.limit,
            tried=len(trials),
            layer="loss",
        )
    return None


def _fix(name: str, sentence: str) -> str:
    """What to change; PyTorch's optimizers do what an L2 of weights does."""
    fix = FIXES[name]
    if name == REGULARISERS and "L2(" in sentence and OF_RESULTS not in sentence:
        fix += WEIGHT_DECAY
    return fix
