"""How a model is built, loaded and run in PyTorch; `in_keras.py` is its twin."""

from collections.abc import Callable, Mapping
from contextlib import contextmanager

import numpy as np
import torch

from compare.transfer import Layer

REFUSALS = (ValueError, RuntimeError)  # what a model raises when it rejects its input


def versions() -> dict[str, str]:
    """What runs the models."""
    return {"torch": torch.__version__.split("+")[0]}


@contextmanager
def settled():
    """One thread inside: beside TensorFlow's, more slow small models a hundredfold."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


class Twin:
    """A model in one precision, ready to run; each call returns its stages.

    Args:
        make: builds the model, with weights of any value.
        input_shape: of one input, (time, features); PyTorch needs it for nothing.
        dtype: "float32" or "float64".
        output: name of the stage that the model returns.
    """

    def __init__(
        self,
        make: Callable[[], torch.nn.Module],
        input_shape: tuple[int | None, ...],
        dtype: str,
        output: str,
    ):
        self.dtype, self.output = dtype, output
        self.model = make().to(getattr(torch, dtype)).eval()
        self._stages = {}
        for name, layer in self.model.named_children():
            layer.register_forward_hook(self._hook(name))

    @torch.no_grad()
    def __call__(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """Every stage of the model on x, in the order of computation.

        Args:
            x: float32, (batch, time, features).

        Returns:
            Arrays by stage: the output of every layer by its attribute name, an LSTM's
            final states as `<name>.h` and `<name>.c`, and the model's own result.
        """
        self._stages = {}
        result = self.model(torch.from_numpy(x).to(getattr(torch, self.dtype)))
        stages = {name: t for name, t in self._stages.items() if t is not result}
        stages[self.output] = result
        return {name: tensor.numpy() for name, tensor in stages.items()}

    def _hook(self, name):
        def record(layer, inputs, result):
            if not isinstance(layer, torch.nn.LSTM):
                self._stages[name] = result
                return
            self._stages[name], (h, c) = result  # h, c: (1, batch, hidden_size)
            self._stages |= {f"{name}.h": h.squeeze(0), f"{name}.c": c.squeeze(0)}

        return record


def layers(model: torch.nn.Module) -> dict[str, Layer]:
    """The layers of a model that hold arrays, by attribute name."""
    found = {}
    for name, module in model.named_modules():
        tensors = dict(module.named_parameters(recurse=False))
        tensors |= module.named_buffers(recurse=False)
        arrays = {key: t.detach().cpu().numpy() for key, t in tensors.items()}
        if arrays:
            found[name] = Layer(type(module).__name__, arrays)
    return found


def load(model: torch.nn.Module, arrays: Mapping[str, Mapping[str, np.ndarray]]):
    """Write arrays, by layer and name, into a model, each in the model's precision."""
    with torch.no_grad():
        for name, values in arrays.items():
            module = model.get_submodule(name)
            for key, array in values.items():
                getattr(module, key).copy_(
                    torch.from_numpy(np.ascontiguousarray(array))
                )


def message(error: Exception) -> str:
    """What a refusal says, in one line."""
    return str(error).strip().splitlines()[0]
