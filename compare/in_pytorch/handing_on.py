"""How other numbers are put in the place of what layers of a PyTorch twin hand on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch.utils.hooks import RemovableHandle

from compare.in_pytorch import written
from compare.in_pytorch.arrays import (
    as_input_of,
    as_tuple,
    copied,
    first,
    like,
    output_of,
    with_first,
)
from compare.kinds.mistake import RecurrentOutput
from compare.mistakes.runs import joined, layer_of, number_of

OutputByName = Callable[[str], RecurrentOutput]


def possible(wrong: Any) -> Any:
    """What an effect makes of a layer; it is None where the mistake cannot be made.

    Raises:
        TypeError: if it is, since then nobody is to make it; see `applies`.
    """
    if wrong is None:
        raise TypeError("a mistake was made where it cannot be")
    return wrong


def in_the_place_of_first(
    args: tuple[Any, ...], tensor: Any, shared: bool = False
) -> tuple[Any, ...]:
    """Arguments with a tensor in the place of the first, wherever that stands.

    Attention is given one tensor as queries, keys and values.

    Args:
        args: of a layer, by position.
        tensor: of the form of the first.
        shared: whether to write into the first, which others may be given as well.
    """
    x = args[0]
    if shared and isinstance(x, torch.Tensor) and x.shape == tensor.shape:
        with torch.no_grad():
            x.copy_(tensor)
        return args
    return tuple(tensor if value is x else value for value in args)


class StepsOfCell:
    """The steps that a cell is given in a loop, as one sequence.

    What it computes wrongly may be of several steps. A run that begins with the states
    that the run before handed on goes on with its sequence.
    """

    def __init__(self) -> None:
        self._x: np.ndarray | None = None  # (batch, steps so far, features)
        self._begun: tuple[np.ndarray, ...] | None = None
        self._ends: tuple[np.ndarray, ...] = ()

    def until(
        self, x: np.ndarray, states: tuple[np.ndarray, ...] | None, result: Any
    ) -> tuple[np.ndarray, tuple[np.ndarray, ...] | None]:
        """All steps until this one, x (batch, 1, features), and how they began."""
        goes_on = states is not None and len(states) == len(self._ends)
        if goes_on and self._x is not None and states is not None:
            pairs = zip(states, self._ends, strict=True)
            goes_on = all(np.array_equal(state[-1], end) for state, end in pairs)
        if goes_on and self._x is not None:
            self._x = np.concatenate([self._x, x], axis=1)
        else:
            self._x, self._begun = x, states
        return self._x, self._begun

    def hands_on(self, result: Any) -> None:
        """Note the states that the step ended with."""
        self._ends = tuple(state.numpy().copy() for state in as_tuple(result))


class RunCounter:
    """Counts the runs of a layer since its model began.

    Attributes:
        number: of the run that goes on, or was the last; 0 before the first.
    """

    def __init__(self) -> None:
        self.number = 0

    def hooks(
        self, model: torch.nn.Module, layer: torch.nn.Module
    ) -> list[RemovableHandle]:
        """Let hooks count; to be registered before those that ask for the number."""
        return [
            model.register_forward_pre_hook(self._begin),
            layer.register_forward_pre_hook(self._count),
        ]

    def is_at(self, name: str) -> bool:
        """Whether this is the run of a name; a layer's own name is that of each."""
        number = number_of(name)
        return number is None or number == self.number

    def _begin(self, model: torch.nn.Module, args: object) -> None:
        self.number = 0

    def _count(self, layer: torch.nn.Module, args: object) -> None:
        self.number += 1


def of_one_run(
    model: torch.nn.Module, layer: torch.nn.Module, name: str, hook: Callable[..., Any]
) -> tuple[list[RemovableHandle], Callable[..., Any]]:
    """Let a hook of a layer do its work in the run of a name alone.

    Args:
        model: the whole.
        layer: whose hook it is.
        name: of a run, or of the layer, for all its runs.
        hook: returns None, or what is to stand in the place of something.

    Returns:
        The hooks that count, registered, and the hook to register.
    """
    counter = RunCounter()
    counting = counter.hooks(model, layer)

    def limited(*args: Any) -> Any:
        return hook(*args) if counter.is_at(name) else None

    return counting, limited


class HandedOn:
    """Puts what is made of some layers' outputs in the place of what comes after them.

    It does nothing where a layer is run alone, not by its model.

    Args:
        change: takes a function that returns a layer's output by the layer's name, and
            returns the array, features last, that is to come after.
        model: the whole.
        watched: names of the layers.
        following: name of the one which is computed next; None for what the model
            returns.
        shared: as in `Handover`.
    """

    def __init__(
        self,
        change: Callable[[OutputByName], np.ndarray | None],
        model: torch.nn.Module,
        watched: Iterable[str],
        following: str | None,
        shared: bool = False,
    ) -> None:
        self._change, self._model, self._shared = change, model, shared
        self._watched, self._following = watched, following
        self._running = False  # the model, and not a layer alone
        # What gives the outputs of each layer that ran, a run after another.
        self._outputs: dict[str, list[Callable[[], RecurrentOutput]]] = {}
        self._is_new = False  # whether there are some that were not yet handed on
        self._counter = RunCounter()  # of the runs of the layer that follows

    def hooks(self) -> list[RemovableHandle]:
        """Register the hooks that do this."""
        model = self._model
        hooks = [model.register_forward_pre_hook(self._begin)]
        if self._following is not None:
            following = model.get_submodule(layer_of(self._following))
            hooks += self._counter.hooks(model, following)
            hooks.append(following.register_forward_pre_hook(self._give))
        for name in dict.fromkeys(map(layer_of, self._watched)):
            layer = model.get_submodule(name)
            hooks.append(layer.register_forward_hook(self._keep(name)))
        if self._following is None:
            hooks.append(model.register_forward_hook(self._return))
        hooks.append(model.register_forward_hook(self._end, always_call=True))
        return hooks

    def _begin(self, model: torch.nn.Module, args: object) -> None:
        self._running = True

    def _keep(self, name: str) -> Callable[..., None]:
        """A hook that keeps the output of the layer of this name."""

        def keep(module: torch.nn.Module, args: Any, result: Any) -> None:
            if self._running:
                runs = self._outputs.setdefault(name, [])
                if written.is_written(self._model, name):
                    usual = written.usual(self._model, name)
                    own_run = written.own_run(usual, args, {}, result)
                    runs.append(lambda: possible(own_run).output)
                else:
                    runs.append(partial(output_of, module, copied(result)))
                self._is_new = True

        return keep

    def _give(self, module: torch.nn.Module, args: tuple[Any, ...]) -> Any:
        """Give the next layer what is made of the outputs kept, if there are some."""
        is_run = self._counter.is_at(self._following or "")
        if not (self._running and self._is_new and is_run):
            return args
        array = self._taken()
        x = args[0]
        if isinstance(x, torch.Tensor) and abs(array.ndim - x.ndim) == 1:
            if array.size == x.numel():  # steps that are folded into the batch
                array = array.reshape(x.shape)
            elif array.ndim > x.ndim and array.shape[1] == self._counter.number:
                array = array[:, -1]  # the step at which a loop is
        tensor = as_input_of(module, array, args[0])
        return in_the_place_of_first(args, tensor, self._shared)

    def _return(self, model: torch.nn.Module, args: object, results: Any) -> object:
        """Return what is made of the outputs kept as the first result."""
        return with_first(results, like(self._taken(), first(results)))

    def _taken(self) -> np.ndarray:
        """What is made of the outputs kept, which are no longer new."""
        self._is_new = False
        return possible(self._change(self._output))

    def _output(self, name: str) -> RecurrentOutput:
        """What a layer, or a run of it, has returned; of a loop all steps so far."""
        runs = self._outputs[layer_of(name)]
        number = number_of(name)
        if number is not None:
            return runs[number - 1]()
        if len(runs) == 1:
            return runs[0]()
        return joined([run() for run in runs])

    def _end(self, model: torch.nn.Module, args: object, results: object) -> None:
        self._running = self._is_new = False
        self._outputs.clear()
