"""How a model is built, loaded, run and differentiated in PyTorch.

`in_keras.py` is its twin.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from functools import partial

import numpy as np
import torch
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from compare.in_pytorch.channels import has_channels_first
from compare.in_pytorch.layers import each_layer, layers
from compare.in_pytorch.precision import Narrowing, default_precision
from compare.in_pytorch.refusals import REFUSALS, message, origin
from compare.judging.arrays import Input, as_judged, check_outputs, check_tensors, flat
from compare.judging.refusals import refused
from compare.kinds.layer import Layer

__all__ = ["REFUSALS", "Twin", "message", "versions"]


def versions() -> dict[str, str]:
    """What runs the models."""
    return {"torch": torch.__version__.split("+")[0]}


class Twin:
    """A model in one precision, ready to run; each call returns its stages.

    Args:
        make: builds the model, with weights of any value.
        inputs: name, shape and kind of each argument; PyTorch needs only the kind.
        dtype: "float32" or "float64".
        outputs: names of the stages that the model returns, in order; None to name
            them, once it ran, by their place in what it returns.
        call: hands the inputs to the model, where that is not `model(x, name=...)`;
            it is a user's own then, and all that it raises is a refusal.
    """

    def __init__(
        self,
        make: Callable[[], torch.nn.Module],
        inputs: Sequence[Input],
        dtype: str,
        outputs: Sequence[str] | None,
        call: Callable | None = None,
    ):
        self.inputs, self.dtype, self.outputs = inputs, dtype, outputs
        self._call = call or self._by_name
        self._refused = partial(refused, REFUSALS, origin) if call else nullcontext
        # The caller's random numbers stay.
        with torch.random.fork_rng(devices=[]), default_precision(dtype):
            self.model = make().to(getattr(torch, dtype)).eval()
        for (
            module
        ) in self.model.modules():  # tensors that are neither weights nor state
            for name, value in vars(module).items():
                if isinstance(value, torch.Tensor) and value.is_floating_point():
                    vars(module)[name] = value.to(getattr(torch, dtype))
        self._stages, self._timesteps, self.packed = {}, None, {}

    @torch.no_grad()
    def __call__(self, *arrays: np.ndarray) -> dict[str, np.ndarray]:
        """Every stage of the model on its inputs, in the order of computation.

        Args:
            arrays: one for each of `inputs`; floats in float32, lengths in int64.

        Returns:
            Arrays by stage: the output of every layer by its attribute name, a
            recurrent one's (batch, time, hidden_size), with its final states as
            `<name>.h` and `<name>.c` where there is one layer and direction; and the
            model's own results. The lengths of what was packed are in `packed`.
        """
        self._stages, self._timesteps = {}, max(arrays[0].shape[1:2], default=None)
        self.packed = {}
        hooks = [
            layer.register_forward_hook(self._hook(name))
            for name, layer in self.model.named_modules()
            if name and not any(layer.children())
        ]
        try:
            results = self.results(self.tensors(arrays))
        finally:
            for hook in hooks:
                hook.remove()
        stages = {
            name: copy
            for name, (tensor, copy) in self._stages.items()
            if tensor is not None and all(tensor is not result for result in results)
        }
        stages |= zip(self.outputs, results, strict=True)
        return {name: as_judged(tensor.numpy()) for name, tensor in stages.items()}

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
        by_layer = each_layer(self.model, _gradient)
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
        with default_precision(self.dtype), self._refused():
            returned = self._call(self.model, list(tensors.values()))
        found = list(flat(returned))
        check_tensors("PyTorch", self.model, found, torch.is_tensor)
        if self.outputs is None:
            self.outputs = [name for name, _ in found]
        results = tuple(tensor for _, tensor in found)
        check_outputs(self, results)
        return results

    def _by_name(self, model, tensors):
        named = zip(self.inputs[1:], tensors[1:], strict=True)
        return model(tensors[0], **{each.name: tensor for each, tensor in named})

    def loss(self, loss, tensors, targets, valid):
        """The loss on tensors, of the results that have a target."""
        total = 0
        results = self.results(tensors)
        for result, target, where in zip(results, targets, valid, strict=False):
            if where is not None:
                result = torch.where(torch.from_numpy(where), result, 0.0)
            total = total + loss(result, target)
        return total

    def layers(self, arrays: Sequence[np.ndarray]) -> dict[str, Layer]:
        """The layers that hold weights, in the order of execution."""
        found = layers(self.model)
        return {name: found[name] for name in self.order(arrays)}

    def order(self, arrays: Sequence[np.ndarray]) -> list[str]:
        """The layers that hold weights by name, in the order of execution."""
        found, hooks = {}, []
        for name in layers(self.model):
            hooks.append(
                self.model.get_submodule(name).register_forward_pre_hook(
                    lambda module, args, name=name: found.setdefault(name)
                )
            )
        try:
            with torch.no_grad(), suppress(*REFUSALS):
                self.results(self.tensors(arrays))
        finally:
            for hook in hooks:
                hook.remove()
        return list(found | dict.fromkeys(layers(self.model)))

    def narrows(self, arrays: Sequence[np.ndarray]) -> str:
        """What the model calls that takes float64 to less, if it does."""
        with Narrowing() as seen, torch.no_grad(), suppress(*REFUSALS):
            self.results(self.tensors(arrays))
        return seen.name

    def _hook(self, name):
        def keep(name, tensor):
            # A layer behind may work in place: `nn.ReLU(inplace=True)`.
            self._stages[name] = tensor, tensor.clone()

        def record(layer, inputs, result):
            if name in self._stages:  # what runs more than once is no stage
                for stage in (name, f"{name}.h", f"{name}.c"):
                    self._stages[stage] = None, None
                return
            if not isinstance(layer, torch.nn.RNNBase):
                if isinstance(result, torch.Tensor):
                    keep(name, result)
                    if has_channels_first(layer, result):
                        self._stages[name] = result, result.transpose(1, 2).clone()
                return
            output, states = result
            if isinstance(output, PackedSequence):  # zeros beyond each length
                output, lengths = pad_packed_sequence(
                    output, layer.batch_first, total_length=self._timesteps
                )
                self.packed[name] = lengths.numpy()
            if not layer.batch_first:
                output = output.transpose(0, -2)
            keep(name, output)
            states = states if isinstance(states, tuple) else (states,)
            if len(states[0]) == 1:  # (layers * directions, batch, hidden_size)
                for letter, state in zip("hc", states, strict=False):
                    keep(f"{name}.{letter}", state.squeeze(0))

        return record


def _gradient(tensor):
    gradient = tensor.grad
    return (torch.zeros_like(tensor) if gradient is None else gradient).numpy().copy()
