"""The stages of a PyTorch model, recorded while it runs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from compare.in_pytorch import arrays, attention
from compare.in_pytorch.layers import is_innermost, modules
from compare.in_pytorch.models import hooked

STATES = ("h", "c")  # as stages are named, after their layer


@dataclass(frozen=True)
class _Stage:
    """A tensor that a layer returned, and a copy of it at that moment.

    A later layer may work in place: `nn.ReLU(inplace=True)`.
    """

    tensor: torch.Tensor
    copy: torch.Tensor


class Stages:
    """The stages of a model, recorded by hooks while it runs once.

    Args:
        timesteps: of the inputs that have any; a packed output is padded to as many as
            the input has that it can come from.

    Attributes:
        packed: the lengths, (batch,), of what each layer returned packed, by its name.
    """

    def __init__(self, timesteps: Collection[int]) -> None:
        self.packed: dict[str, np.ndarray] = {}
        self._timesteps = timesteps
        # None for a layer that ran more than once, and for its states.
        self._recorded: dict[str, _Stage | None] = {}

    @contextmanager
    def recording(self, model: torch.nn.Module) -> Iterator[None]:
        """Record what the model's innermost layers return inside the block."""
        with hooked(
            layer.register_forward_hook(self._hook(name))
            for name, layer in modules(model)
            if name and is_innermost(layer)
        ):
            yield

    def inside(self, results: Sequence[torch.Tensor]) -> dict[str, torch.Tensor]:
        """The stages by name, in order, without those that the model itself returns."""
        stages = {}
        for name, stage in self._recorded.items():
            if stage is None or arrays.unfit(stage.copy):
                continue
            if any(stage.tensor is result for result in results):
                continue
            stages[name] = stage.copy
        return stages

    def _hook(self, name: str) -> Callable[..., None]:
        """A hook that records what the layer of this name returns."""

        def record(layer: torch.nn.Module, args: object, result: Any) -> None:
            if name in self._recorded:  # what runs more than once is not a stage
                for stage in (name, *(f"{name}.{state}" for state in STATES)):
                    self._recorded[stage] = None
            elif isinstance(layer, torch.nn.RNNBase) and arrays.is_recurrent_result(
                layer, result
            ):
                self._record_recurrent(name, layer, *result)
            elif attention.is_attention(layer) and isinstance(result, tuple):
                self._keep(name, attention.batch_first(layer, result[0]))
            elif isinstance(result, torch.Tensor):
                tensor = arrays.features_last(layer, result)
                self._recorded[name] = _Stage(result, tensor.clone())

        return record

    def _record_recurrent(
        self,
        name: str,
        layer: torch.nn.RNNBase,
        output: arrays.Sequence,
        states: arrays.States,
    ) -> None:
        """Record the output, (batch, time, size), and the states, (batch, size)."""
        if isinstance(output, PackedSequence):  # zeros beyond each length
            longest = len(output.batch_sizes)
            long_enough = [steps for steps in self._timesteps if steps >= longest]
            output, lengths = pad_packed_sequence(
                output,
                layer.batch_first,
                total_length=min(long_enough, default=longest),
            )
            self.packed[name] = lengths.numpy()
        if not layer.batch_first:
            output = output.transpose(0, -2)  # a single sequence is (time, size)
        self._keep(name, output)
        finals = arrays.as_tuple(states)
        if len(finals[0]) == 1:  # (layers * directions, batch, hidden_size)
            for letter, final in zip(STATES, finals, strict=False):
                self._keep(f"{name}.{letter}", final.squeeze(0))

    def _keep(self, name: str, tensor: torch.Tensor) -> None:
        self._recorded[name] = _Stage(tensor, tensor.clone())
