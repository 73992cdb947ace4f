"""How a model is built, loaded and run in PyTorch; `in_keras.py` is its twin."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from compare.cases import Input, check_outputs
from compare.errors import BadInput
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
        inputs: name, shape and kind of each argument; PyTorch needs only the kind.
        dtype: "float32" or "float64".
        outputs: names of the stages that the model returns, in order.
    """

    def __init__(
        self,
        make: Callable[[], torch.nn.Module],
        inputs: Sequence[Input],
        dtype: str,
        outputs: Sequence[str],
    ):
        self.inputs, self.dtype, self.outputs = inputs, dtype, outputs
        self.model = make().to(getattr(torch, dtype)).eval()
        self._stages, self._timesteps = {}, None
        for name, layer in self.model.named_children():
            layer.register_forward_hook(self._hook(name))

    @torch.no_grad()
    def __call__(self, *arrays: np.ndarray) -> dict[str, np.ndarray]:
        """Every stage of the model on its inputs, in the order of computation.

        Args:
            arrays: one for each of `inputs`; floats in float32, lengths in int64.

        Returns:
            Arrays by stage: the output of every layer by its attribute name, a
            recurrent one's (batch, time, hidden_size), with its final states as
            `<name>.h` and `<name>.c` where there is one layer and direction; and the
            model's own results.
        """
        self._stages, self._timesteps = {}, arrays[0].shape[1]
        tensors = {
            each.name: torch.from_numpy(a).to(getattr(torch, each.dtype or self.dtype))
            for each, a in zip(self.inputs, arrays, strict=True)
        }
        results = self.model(tensors.pop(self.inputs[0].name), **tensors)
        results = results if isinstance(results, tuple) else (results,)
        check_outputs(self, results)
        stages = {
            name: copy
            for name, (tensor, copy) in self._stages.items()
            if all(tensor is not result for result in results)
        }
        stages |= zip(self.outputs, results, strict=True)
        return {name: tensor.numpy() for name, tensor in stages.items()}

    def _hook(self, name):
        def keep(name, tensor):
            # A layer behind may work in place: `nn.ReLU(inplace=True)`.
            self._stages[name] = tensor, tensor.clone()

        def record(layer, inputs, result):
            if not isinstance(layer, torch.nn.RNNBase):
                keep(name, result)
                return
            output, states = result
            if isinstance(output, PackedSequence):  # zeros beyond each length
                output, _ = pad_packed_sequence(
                    output, layer.batch_first, total_length=self._timesteps
                )
            if not layer.batch_first:
                output = output.transpose(0, -2)
            keep(name, output)
            states = states if isinstance(states, tuple) else (states,)
            if len(states[0]) == 1:  # (layers * directions, batch, hidden_size)
                for letter, state in zip("hc", states, strict=False):
                    keep(f"{name}.{letter}", state.squeeze(0))

        return record


def layers(model: torch.nn.Module) -> dict[str, Layer]:
    """The layers of a model that hold arrays, by attribute name.

    Raises:
        BadInput: if one of them is bfloat16.
    """
    found = {}
    for name, module in model.named_modules():
        tensors = dict(module.named_parameters(recurse=False))
        tensors |= module.named_buffers(recurse=False)
        for key, tensor in tensors.items():
            if tensor.dtype == torch.bfloat16:
                raise BadInput(
                    f"{name}.{key}: expected numbers that NumPy has as well, got "
                    "bfloat16; convert the model with .float() first"
                )
        arrays = {key: t.detach().cpu().numpy() for key, t in tensors.items()}
        if arrays:
            kind = type(module).__name__
            if getattr(module, "nonlinearity", "tanh") == "relu":
                kind += "(relu)"
            found[name] = Layer(kind, arrays)
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
