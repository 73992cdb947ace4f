"""The named ways in which ports go wrong, and what to do about each.

A mistake changes one place of a model: the arrays of a layer, what a layer computes,
what it hands to the next, or the model's result; or the loss that it learns by. Each is
a function on NumPy arrays in PyTorch's layout, so one library serves to inject mistakes
and to recognise them. Those of a kind of layer are in `kinds`, with the kind; here are
those that belong to no kind.
"""

from dataclasses import replace

from compare.kinds import KINDS
from compare.kinds.mistake import Call, Effect, Mistake, RecurrentOutput
from compare.mistakes.activations import ACTIVATIONS, activation_mistakes
from compare.mistakes.training import loss_mistakes, optimizer_mistakes
from compare.mistakes.ways import RESULTS, WAYS, confusions


def of_kinds() -> list[Mistake[Effect]]:
    """Return the mistakes of all kinds, each once, with the kinds that list it.

    Those of each kind stand in the order in which it lists them: suspects that cannot
    be told apart are named in it.
    """
    names: list[str] = []
    mistakes: dict[str, Mistake[Effect]] = {}
    for kind in KINDS:
        place = len(names)
        for mistake in reversed(kind.mistakes):  # each before the one that follows it
            if mistake.name in mistakes:
                place = names.index(mistake.name)
            else:
                names.insert(place, mistake.name)
            listed_by = mistakes.get(mistake.name, mistake).kinds
            mistakes[mistake.name] = replace(
                mistake, kinds=(*listed_by, *kind.layers_in_pytorch)
            )
    return [mistakes[name] for name in names]


MISTAKES = (
    *of_kinds(),
    *confusions(),
    *activation_mistakes(),
    *loss_mistakes(),
    *optimizer_mistakes(),
)

__all__ = [
    "ACTIVATIONS",
    "MISTAKES",
    "RESULTS",
    "WAYS",
    "Call",
    "Mistake",
    "RecurrentOutput",
]
