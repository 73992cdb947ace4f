"""How a model is built, loaded, run and differentiated in PyTorch.

`in_keras.py` is its twin.
"""

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
        with torch.random.fork_rng(devices=[]):  # the caller's random numbers stay
            self.model = make().to(getattr(torch, dtype)).eval()
        self._stages, self._timesteps = {}, None

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
        hooks = [
            layer.register_forward_hook(self._hook(name))
            for name, layer in self.model.named_children()
        ]
        try:
            results = self.results(self.tensors(arrays))
        finally:
            for hook in hooks:
                hook.remove()
        stages = {
            name: copy
            for name, (tensor, copy) in self._stages.items()
            if all(tensor is not result for result in results)
        }
        stages |= zip(self.outputs, results, strict=True)
        return {name: tensor.numpy() for name, tensor in stages.items()}

    def gradients(
        self,
        loss: Callable,
        arrays: Sequence[np.ndarray],
        targets: Sequence[np.ndarray],
        valid: Sequence[np.ndarray | None],
    ) -> tuple[np.ndarray, dict[str, np.ndarray], dict[str, Layer]]:
        """A loss, and its gradients by input and by layer.

        Args:
            loss: takes a result of the model and its target.
            arrays: one for each of `inputs`.
            targets: one for each result that counts, in order; the losses are added.
            valid: for each target, where a result is not valid, True where it is,
                shaped to broadcast over it; or None. What is not valid counts as zero.
        """
        tensors = self.tensors(arrays)
        learnt = {n: t for n, t in tensors.items() if t.is_floating_point()}
        for tensor in learnt.values():
            tensor.requires_grad_()
        self.model.zero_grad()
        value = self.loss(loss, tensors, self.targets(targets), valid)
        value.backward()
        by_input = {name: _gradient(tensor) for name, tensor in learnt.items()}
        by_layer = _layers(self.model, _gradient)
        self.model.zero_grad()
        return value.detach().numpy(), by_input, by_layer

    def tensors(self, arrays):
        """The inputs by name, in the twin's precision."""
        return {
            each.name: torch.from_numpy(a).to(getattr(torch, each.dtype or self.dtype))
            for each, a in zip(self.inputs, arrays, strict=True)
        }

    def targets(self, targets):
        """Floats in the twin's precision, labels as they are."""
        return [
            torch.from_numpy(t).to(getattr(torch, self.dtype))
            if t.dtype.kind == "f"
            else torch.from_numpy(t)
            for t in targets
        ]

    def results(self, tensors):
        """What the model returns on tensors, as a tuple."""
        x, *rest = tensors.values()
        names = [each.name for each in self.inputs[1:]]
        results = self.model(x, **dict(zip(names, rest, strict=True)))
        results = results if isinstance(results, tuple) else (results,)
        check_outputs(self, results)
        return results

    def loss(self, loss, tensors, targets, valid):
        """The loss on tensors, of the results that have a target."""
        total = 0
        results = self.results(tensors)
        for result, target, where in zip(results, targets, valid, strict=False):
            if where is not None:
                result = torch.where(torch.from_numpy(where), result, 0.0)
            total = total + loss(result, target)
        return total

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
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        if tensor.dtype == torch.bfloat16:
            raise BadInput(
                f"{name}: expected numbers that NumPy has as well, got bfloat16; "
                "convert the model with .float() first"
            )
    return _layers(model, lambda tensor: tensor.detach().cpu().numpy())


def holders(model: torch.nn.Module) -> dict[str, dict[str, torch.Tensor]]:
    """What each layer of a model holds, by attribute name and its own."""
    found = {}
    for name, module in model.named_modules():
        holds = dict(module.named_parameters(recurse=False))
        holds |= module.named_buffers(recurse=False)
        if holds:
            found[name] = holds
    return found


def _layers(model, read):
    """The layers of a model with what `read` makes of each of their tensors."""
    return {
        name: Layer(
            _kind(model.get_submodule(name)),
            {key: read(tensor) for key, tensor in holds.items()},
        )
        for name, holds in holders(model).items()
    }


def _kind(module):
    kind = type(module).__name__
    return f"{kind}(relu)" if getattr(module, "nonlinearity", "") == "relu" else kind


def load(model: torch.nn.Module, arrays: Mapping[str, Mapping[str, np.ndarray]]):
    """Write arrays, by layer and name, into a model, each in the model's precision."""
    with torch.no_grad():
        for name, values in arrays.items():
            module = model.get_submodule(name)
            for key, array in values.items():
                getattr(module, key).copy_(
                    torch.from_numpy(np.ascontiguousarray(array))
                )


def _gradient(tensor):
    gradient = tensor.grad
    return (torch.zeros_like(tensor) if gradient is None else gradient).numpy().copy()


def message(error: Exception) -> str:
    """What a refusal says, in one line."""
    return str(error).strip().splitlines()[0]
