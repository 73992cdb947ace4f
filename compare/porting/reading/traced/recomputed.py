"""Constants that depend on sizes, computed again in Keras from the numbers of steps."""

from __future__ import annotations

from compare.in_pytorch.recorded import Ref, refs_in
from compare.in_pytorch.unifying import Open
from compare.porting.reading.traced.constants import OF_SIZES, counting
from compare.porting.reading.traced.reader import Reader
from compare.porting.reading.traced.values import Constant, Known, Unported, Value


def recomputed(reader: Reader, ref: Ref) -> Value:
    """A constant whose numbers or sizes are others at other sizes of the input.

    What the module computed it with is done in Keras, from `torch.arange` on.

    Raises:
        Unported: if it begins with something else.
    """
    constant = reader.get(ref)
    if isinstance(constant, Constant):
        value = counting(reader, constant, reader.runs)
        if value is not None:
            return value
    step = reader.recording.steps[ref.step]
    handler = reader.functions.get(step.function)
    if step.function == "module":
        handler = reader.layers.get(reader.kind(step.name))
    if handler is None:
        raise Unported(OF_SIZES)
    before: dict[Ref, Known] = {}
    try:
        for given in refs_in((step.args, step.kwargs)):
            known = reader.known[given]
            if isinstance(known, Constant) and isinstance(known.value, Open):
                before[given] = known
                reader.known[given] = recomputed(reader, given)
        if not before:
            raise Unported(OF_SIZES)
        result = handler(reader, step)
    finally:
        reader.known |= before
    if not isinstance(result, Value):
        raise Unported(OF_SIZES)
    return result
