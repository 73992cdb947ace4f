"""The named ways in which recurrent ports go wrong, and what to do about each.

A fault changes one place of a model: the arrays of a layer, what a layer computes, what
it hands to the next, or the model's result; or the loss that it learns by. Each is a
function on NumPy arrays in PyTorch's layout, so one library serves to inject mistakes
and to recognise them.
"""

from compare.kinds.mistake import Call, Fault, Sequence
from compare.kinds.norms import EPSILONS, STATISTICS, norm_faults
from compare.kinds.recurrent import layer_faults
from compare.kinds.weights import weight_faults
from compare.mistakes.activations import ACTIVATIONS, activation_faults
from compare.mistakes.training import loss_faults, optimizer_faults
from compare.mistakes.ways import RESULTS, WAYS, confusions

FAULTS = (
    *weight_faults(),
    *layer_faults(),
    *norm_faults(),
    *confusions(),
    *activation_faults(),
    *loss_faults(),
    *optimizer_faults(),
)

__all__ = [
    "ACTIVATIONS",
    "EPSILONS",
    "FAULTS",
    "RESULTS",
    "STATISTICS",
    "WAYS",
    "Call",
    "Fault",
    "Sequence",
]
