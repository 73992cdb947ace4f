"""What is seen of the layers of a PyTorch model while it runs, each run by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch.utils.hooks import RemovableHandle

from compare.in_pytorch import attention
from compare.in_pytorch.arrays import copied, features_last, states_given, unfit
from compare.in_pytorch.kinds import is_by_hand
from compare.kinds.option import Options
from compare.mistakes.runs import names_of_runs


@dataclass
class Run:
    """One run of a layer.

    Args:
        layer: its name.
        args: the positional arguments.
        states: what a recurrent layer was given to begin with; None for zeros.
        is_clear: whether it was given one input, beside states, that can be compared.
        result: what it returned; None if it refused.
        kwargs: the other arguments.
        call: what attention was given beside its queries, as options of its kind.
    """

    layer: str
    args: tuple[Any, ...]
    states: tuple[np.ndarray, ...] | None
    is_clear: bool
    result: Any = None
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    call: Options = field(default_factory=dict)


class Watch:
    """What hooks see of the layers of a model while it runs once.

    Attributes:
        runs: of all layers that ran, in the order in which they began.
    """

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self._open: dict[str, list[Run]] = {}  # by layer; what has not yet returned

    def by_name(self) -> dict[str, Run]:
        """The runs by the names of `names_of_runs`."""
        names = names_of_runs([run.layer for run in self.runs])
        return dict(zip(names, self.runs, strict=True))

    def hooks(self, name: str, module: torch.nn.Module) -> list[RemovableHandle]:
        """Let hooks note what goes into a layer and what comes out of it."""

        def before(
            module: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
        ) -> None:
            beside = (*args[1:], *kwargs.values())
            several = any(value is not None for value in beside)
            states = states_given(module, args, kwargs)
            if states is not None:
                several = False
            call: Options = {}
            if attention.is_attention(module) and not is_by_hand(module):
                call_of = attention.call_of(module, args, kwargs)
                if call_of is not None:
                    query, call = call_of
                    args = (features_last(module, query), *args[1:])
                    several = False
            tensors = [x for x in args if isinstance(x, torch.Tensor)]
            is_clear = bool(args) and not several and not any(map(unfit, tensors))
            run = Run(name, tuple(map(copied, args)), states, is_clear, call=call)
            run.kwargs = kwargs
            self.runs.append(run)
            self._open.setdefault(name, []).append(run)

        def after(module: torch.nn.Module, args: object, result: object) -> None:
            run = self._open[name].pop()
            if isinstance(result, torch.Tensor) and unfit(result):
                run.is_clear = False
            else:
                run.result = copied(result)

        return [
            module.register_forward_pre_hook(before, with_kwargs=True),
            module.register_forward_hook(after),
        ]
