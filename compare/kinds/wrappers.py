"""What plans of wrappers say: layers that have others inside."""

from __future__ import annotations

from typing import Any

from compare.kinds.graph import LayerPlan

# Settings that say how weights begin and how they learn, by the ends of their names.
OF_TRAINING = ("initializer", "regularizer", "constraint")
# Those that change no result either.
WITHOUT_EFFECT = ("name", "trainable", "dtype", "seed")


def cells_of(plan: LayerPlan) -> tuple[LayerPlan, ...]:
    """The cells of an RNN, whether it has them in a StackedRNNCells or by itself."""
    if len(plan.inside) == 1 and plan.inside[0].keras == "StackedRNNCells":
        return plan.inside[0].inside
    return plan.inside


def is_mirrored(plan: LayerPlan) -> bool:
    """Whether the backward layer of a Bidirectional is the forward one, turned round.

    Keras makes it so where none is given.

    Args:
        plan: with one layer inside or with two.
    """
    if len(plan.inside) < 2:
        return True
    forward, backward = plan.inside
    cells = [_settings(cell) for cell in forward.inside]
    if cells != [_settings(cell) for cell in backward.inside]:
        return False
    ways = [layer.config.get("go_backwards", False) for layer in plan.inside]
    return _settings(forward) == _settings(backward) and ways == [False, True]


def _settings(plan: LayerPlan) -> tuple[str, dict[str, Any]]:
    """The class and the settings that have an effect, but the direction."""
    config = {
        key: value
        for key, value in plan.config.items()
        if key not in (*WITHOUT_EFFECT, "go_backwards")
        and not key.endswith(OF_TRAINING)
    }
    return plan.keras, config
