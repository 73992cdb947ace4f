"""The named ways in which recurrent ports go wrong, and what to do about each.

A mistake changes one place of a model: the arrays of a layer, what a layer computes,
what it hands to the next, or the model's result; or the loss that it learns by. Each is
a function on NumPy arrays in PyTorch's layout, so one library serves to inject mistakes
and to recognise them.
"""

from compare.kinds.mistake import Call, Mistake, RecurrentOutput
from compare.kinds.norms import EPSILONS, STATISTICS, norm_mistakes
from compare.kinds.recurrent import layer_mistakes
from compare.kinds.weights import weight_mistakes
from compare.mistakes.activations import ACTIVATIONS, activation_mistakes
from compare.mistakes.training import loss_mistakes, optimizer_mistakes
from compare.mistakes.ways import RESULTS, WAYS, confusions

MISTAKES = (
    *weight_mistakes(),
    *layer_mistakes(),
    *norm_mistakes(),
    *confusions(),
    *activation_mistakes(),
    *loss_mistakes(),
    *optimizer_mistakes(),
)

__all__ = [
    "ACTIVATIONS",
    "EPSILONS",
    "MISTAKES",
    "RESULTS",
    "STATISTICS",
    "WAYS",
    "Call",
    "Mistake",
    "RecurrentOutput",
]
