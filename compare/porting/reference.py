"""The layers of a port, held one by one to what the suite computes of them in NumPy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from compare.diagnosing.computations import is_output
from compare.in_pytorch import anatomy as in_pytorch_anatomy
from compare.judging.distances import near
from compare.listing import bounded
from compare.mistakes.anatomy import Anatomy
from compare.twins.twins import Twins


@dataclass(frozen=True)
class Held:
    """What the layers of a port compute of their own inputs, in float64.

    Args:
        alike: layers that compute what the reference computes.
        unlike: those that do not.
        unknown: those that it does not compute, such as cells by hand.
    """

    alike: tuple[str, ...]
    unlike: tuple[str, ...]
    unknown: tuple[str, ...]

    def sentence(self) -> str:
        """What a reader is told."""
        number = len(self.alike) + len(self.unlike) + len(self.unknown)
        if not number:
            return "No layer of PyTorch could be held to the suite's own computation."
        text = (
            f"Held to the suite's own computation in NumPy, {len(self.alike)} of "
            f"{number} layers agree"
        )
        if self.unlike:
            text += f"; these do NOT: {bounded(self.unlike)}"
        if self.unknown:
            names = [name or "what the model itself holds" for name in self.unknown]
            text += f"; it does not compute {bounded(names)}"
        return f"{text}."


def held(twins: Twins, arrays: Sequence[np.ndarray]) -> Held:
    """Hold the layers of PyTorch's twin to the reference.

    Args:
        twins: as a run left them.
        arrays: what they run on.
    """
    anatomy = in_pytorch_anatomy.anatomy(twins.twin("torch", "float64"), tuple(arrays))
    alike: list[str] = []
    unlike: list[str] = []
    unknown: list[str] = []
    for layer, agrees in _agreements(anatomy):
        if agrees is None:
            unknown.append(layer)
        elif agrees:
            alike.append(layer)
        else:
            unlike.append(layer)
    return Held(tuple(alike), tuple(unlike), tuple(unknown))


def _agreements(anatomy: Anatomy) -> Iterator[tuple[str, bool | None]]:
    """Each layer, and whether it agrees; None where nothing is known of it."""
    for layer in anatomy.kinds:
        if layer in anatomy.recurrent_calls:
            call = anatomy.recurrent_calls[layer]
            computed = call.run()
            output = anatomy.recurrent_outputs[layer]
            agrees = None if computed is None else is_output(computed, call, output)
            yield layer, agrees
        elif layer in anatomy.layer_inputs and layer in anatomy.layer_outputs:
            computed = anatomy.call(layer).run()
            if not isinstance(computed, np.ndarray):
                yield layer, None
                continue
            output_of_layer = anatomy.layer_outputs[layer]
            is_alike = computed.shape == output_of_layer.shape
            yield layer, is_alike and near(computed, output_of_layer)
        else:
            yield layer, None
