"""A port run around its stubs: they return what they are given, and keep what comes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from compare.in_pytorch.ports import tensors_of


@dataclass(frozen=True)
class Place:
    """Where a tensor goes into a port that is opened, or comes out of it.

    Args:
        stub: the attribute of the port; "" for its own inputs and results.
        call: which of the stub's calls.
        number: which of the tensors of that call, or of the port.
    """

    stub: str
    call: int
    number: int


class Recorder(torch.nn.Module):
    """Stands in the place of a stub.

    Args:
        results: how many tensors each call returns.
    """

    def __init__(self, results: int) -> None:
        super().__init__()
        self.count = results
        self.given: dict[tuple[int, int], torch.Tensor] = {}
        self.taken: list[Any] = []

    def forward(self, *tensors: Any) -> Any:
        """What it was given for this call; None where that is not known."""
        call = len(self.taken)
        self.taken.append(tensors)
        results = tuple(self.given.get((call, n)) for n in range(self.count))
        return results if self.count > 1 else results[0]


class OpenedPort(torch.nn.Module):
    """A port whose stubs are inputs and outputs.

    Args:
        port: with its weights; its stubs are replaced.
        stubs: how many tensors each returns, by its attribute.
        inputs: what the model takes.
        outputs: what it returns.
        count: how many inputs the port has itself.
    """

    def __init__(
        self,
        port: torch.nn.Module,
        stubs: Mapping[str, int],
        inputs: Sequence[Place],
        outputs: Sequence[Place],
        count: int,
    ) -> None:
        super().__init__()
        self.port = port
        for name, results in stubs.items():
            setattr(port, name, Recorder(results))
        self.stubs = list(stubs)
        self.inputs, self.outputs, self.count = list(inputs), list(outputs), count
        self.eval()

    def forward(self, *tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """What stubs take and the port returns, of what they return and it takes."""
        own: list[Any] = [None] * self.count  # None for what goes into stubs alone
        recorders: dict[str, Recorder] = {}
        for name in self.stubs:
            recorder = getattr(self.port, name)
            recorder.given, recorder.taken = {}, []
            recorders[name] = recorder
        for place, tensor in zip(self.inputs, tensors, strict=True):
            if place.stub:
                recorders[place.stub].given[place.call, place.number] = tensor
            else:
                own[place.number] = tensor
        results = list(tensors_of(self.port(*own)))
        returned = []
        for place in self.outputs:
            if place.stub:
                taken = recorders[place.stub].taken
                returned.append(taken[place.call][place.number])
            else:
                returned.append(results[place.number])
        return tuple(returned)
