"""Which layer of a port is which layer of the original: whoever wrote it knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from compare.in_keras.legal_names import legal_names
from compare.kinds.graph import LayerPlan, ModelPlan
from compare.kinds.page import Moved


def known_twins(plan: ModelPlan, moves: Sequence[Moved]) -> dict[str, str]:
    """The name of the live layer of Keras, by the name of the layer in the port.

    Names alone do not tell: `a.b` and `a_b` cannot both be `a_b` in PyTorch. A layer
    that is several in the port has no one twin.

    Args:
        plan: of the model that the port is compared with.
        moves: which arrays of Keras go into which layer of the port.
    """
    live = _live_names(plan, "", "")
    pairs = {(move.attribute, move.layer) for move in moves}
    uses = Counter(layer for _, layer in pairs)
    uses_in_port = Counter(attribute for attribute, _ in pairs)
    twins = {}
    for attribute, layer in sorted(pairs):
        if layer in live and uses[layer] == uses_in_port[attribute] == 1:
            twins[attribute] = live[layer]
    return twins


def _live_names(plan: ModelPlan, prefix: str, live_prefix: str) -> dict[str, str]:
    """What Keras calls the layers of a model, by their full names in the plan."""
    legal = legal_names(plan.layers)
    names = {}
    for name, layer in plan.layers.items():
        full, live = f"{prefix}{name}", f"{live_prefix}{legal[name]}"
        names[full] = live
        model = _model_in(layer)
        if model is not None:
            names |= _live_names(model, f"{full}.", f"{live}.")
    return names


def _model_in(layer: LayerPlan) -> ModelPlan | None:
    """The model that a layer is, or that a wrapper of one layer has inside."""
    while layer.model is None and len(layer.inside) == 1:
        (layer,) = layer.inside
    return layer.model
