"""Models that Keras 3 loads from a file, whose configuration was read before."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from compare.errors import BadInput
from compare.in_keras import rebuilding
from compare.in_keras.file_kinds import by_its_kind
from compare.in_keras.internals import every_layer
from compare.in_keras.refusals import message
from compare.judging.words import Precision


class Original:
    """A saved model as Keras 3 loads it.

    Args:
        path: of a whole model, of layers that are Keras's own: `reading.read` has
            refused it otherwise.

    Attributes:
        model: live.

    Raises:
        BadInput: if Keras 3 does not load the file.
    """

    def __init__(self, path: Path) -> None:
        try:
            with warnings.catch_warnings(), by_its_kind(path) as file:
                warnings.simplefilter("ignore")
                self.model = keras.saving.load_model(
                    file, compile=False, safe_mode=True
                )
        except Exception as error:  # of many kinds
            raise BadInput(
                f"{path}: expected a model that Keras {keras.__version__} loads, got "
                f"one that it refuses: {message(error)}"
            ) from None

    @property
    def precisions(self) -> set[str]:
        """In what the layers compute, such as {"float32"}."""
        return {layer.compute_dtype for layer in every_layer(self.model)}

    def results(
        self, arrays: Sequence[np.ndarray], dtype: Precision
    ) -> list[np.ndarray]:
        """What the model returns, one array for each result.

        Args:
            arrays: one for each input, in order.
            dtype: in which it computes.

        Raises:
            BadInput: if it does not run.
        """
        try:
            return rebuilding.results(self.model, arrays, dtype)
        except Exception as error:  # of many kinds
            raise BadInput(
                f"expected a model that Keras {keras.__version__} runs, got one that "
                f"it does not: {message(error)}"
            ) from None


def results(model: Any, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """What a model returns as it is, one array for each result.

    Raises:
        BadInput: if Keras does not run it on these arrays.
    """
    given: Any = list(arrays) if len(arrays) > 1 else arrays[0]
    structure = None if isinstance(model, keras.Sequential) else model.input
    if isinstance(structure, Mapping):  # its names are in the order of the plan's
        given = dict(zip(structure, arrays, strict=True))
    try:
        returned = model(given, training=False)
    except Exception as error:  # of many kinds
        shapes = ", ".join(str(array.shape) for array in arrays)
        raise BadInput(
            f"expected a model that Keras {keras.__version__} runs on {shapes}, got "
            f"one that it does not: {message(error)}"
        ) from None
    tensors = keras.tree.flatten(returned)
    return [keras.ops.convert_to_numpy(tensor) for tensor in tensors]
