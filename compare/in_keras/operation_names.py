"""Names of operations in a functional model, no two of which may be alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras


def name_operations(
    operations: Sequence[Any], names: Mapping[int, str], taken: set[str]
) -> None:
    """Name operations after the plan; the names Keras gives may be those of layers.

    Args:
        operations: all that were called, those of masks too, and layers.
        names: in the plan, by the `id` of the operation; those of masks have none.
        taken: the names of layers.
    """
    used = set(taken)
    for maker in operations:
        if isinstance(maker, keras.Layer):
            continue
        first = name = names.get(id(maker), maker.name)
        reserved = () if id(maker) in names else names.values()
        number = 1
        while name in used or name in reserved:
            number += 1
            name = f"{first}_{number}"
        used.add(name)
        maker.name = name
