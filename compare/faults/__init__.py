"""The named ways in which recurrent ports go wrong, and what to do about each.

A fault changes one place of a model: the arrays of a layer, what a layer computes, what
it hands to the next, or the model's result; or the loss that it learns by. Each is a
function on NumPy arrays in PyTorch's layout, so one library serves to inject mistakes
and to recognise them.
"""

from compare.faults.activations import ACTIVATIONS, activation_faults
from compare.faults.fault import Call, Fault, Sequence
from compare.faults.layers import layer_faults
from compare.faults.norms import EPSILONS, STATISTICS, norm_faults
from compare.faults.training import loss_faults, optimizer_faults
from compare.faults.ways import RESULTS, WAYS, confusions
from compare.faults.weights import weight_faults

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
