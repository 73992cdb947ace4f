"""What the operations of a Keras model do to an input, watched while it runs."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import numpy as np

from compare.in_keras.refusals import REFUSALS
from compare.in_keras.twin import Twin
from compare.mistakes.operations import Operation


class Watch:
    """Watches the operations of a model.

    Args:
        twin: the model, in float32, whose trace notes them.
    """

    def __init__(self, twin: Twin) -> None:
        self._twin = twin

    def __call__(self, arrays: Sequence[np.ndarray]) -> list[Operation]:
        """Run the model, and say what its operations did; nothing after a refusal.

        Args:
            arrays: one for each of the twin's inputs; floats in float32.
        """
        self._twin.watched.reset()
        with suppress(*REFUSALS):
            self._twin(*arrays)
            steps = arrays[0].shape[1] if arrays[0].ndim > 1 else None
            return self._twin.watched.operations(steps)
        return []
