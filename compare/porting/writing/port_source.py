"""What a port is written from, and what comes of it before it is run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from compare.errors import BadInput
from compare.kinds.graph import ModelPlan, TensorFacts
from compare.kinds.page import Moved
from compare.porting.writing.writable import refusal


@dataclass(frozen=True)
class Facts:
    """What is known of the tensors of a model before it runs.

    Args:
        calls: what each call returns, by the number of the call.
        models: the same of the models in it, by their full names.
    """

    calls: Sequence[tuple[TensorFacts, ...]]
    models: Mapping[str, Sequence[tuple[TensorFacts, ...]]]


@dataclass(frozen=True)
class PortSource:
    """A port before it is run.

    Args:
        text: of the file.
        name: of the class.
        moves: which arrays of Keras go where.
        notes: what a reader of the port must know.
        stubs: what the port calls each stub, by the layer's name.
    """

    text: str
    name: str
    moves: tuple[Moved, ...]
    notes: tuple[str, ...]
    stubs: Mapping[str, str] = field(default_factory=dict)


class NotWritten(BadInput):
    """The error of a model with layers or calls that PyTorch cannot have.

    Args:
        plan: of the model.
        problems: why each cannot be written, by the layer's full name.
    """

    def __init__(self, plan: ModelPlan, problems: Mapping[str, str]) -> None:
        sentences = [f"{layer}: {problem}" for layer, problem in problems.items()]
        super().__init__(str(refusal(plan, sentences)))
        self.problems = problems
