"""The source of a functional Keras model, written from a model as data."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from compare.kinds.graph import LayerPlan, ModelPlan, TensorFacts, Weights
from compare.kinds.names import identifier
from compare.porting.writing.keras_function import Facts, function_lines
from compare.porting.writing.keras_layers import (
    OLD_HARD_SIGMOID,
    OLD_HARD_SIGMOID_LINES,
)
from compare.porting.writing.keras_names import free, short
from compare.porting.writing.keras_stub_text import keras_stub_lines
from compare.porting.writing.lines import joined
from compare.porting.writing.names import class_name


def keras_source(
    plan: ModelPlan,
    facts: Facts,
    models: Mapping[str, Facts],
    function: str = "make_model",
    weights: Weights | None = None,
) -> str:
    """Write a file with a function that makes a functional Keras model.

    Args:
        plan: of the model.
        facts: of the results of each call, as `in_keras.rebuilding` finds them.
        models: the same of the models inside, by their full names.
        function: what the function is called.
        weights: of the layers, of which stubs hold theirs; None where there are none.

    Returns:
        The text of the file, as ruff would format it.

    Raises:
        BadInput: if the model has a layer that no Keras 3 has.
        ValueError, TypeError: if Keras refuses a layer, which `rebuilt` tells better.
    """
    file = _File(models, {function, OLD_HARD_SIGMOID}, weights or {})
    file.write(plan, facts, "", function, plan.name)
    blocks = [*file.classes, *file.functions]
    if any(OLD_HARD_SIGMOID in line for block in blocks for line in block):
        blocks = [list(OLD_HARD_SIGMOID_LINES), *blocks]
    text = joined(blocks)
    used = [word for word in ("layers", "ops") if re.search(rf"\b{word}\.", text)]
    head = ["import keras"]
    if "np.array(" in text:
        head.append("import numpy as np")
    if used:
        head.append(f"from keras import {', '.join(used)}")
    return joined([head, *blocks])


@dataclass
class _File:
    """A file while it is written.

    Args:
        models: facts of the models inside, by their full names.
        taken: names of functions and classes.
        weights: that stubs hold, by the full name of the layer.
        classes: the lines of each stub.
        functions: the lines of each, those that others call first.
    """

    models: Mapping[str, Facts]
    taken: set[str]
    weights: Weights
    classes: list[list[str]] = field(default_factory=list)
    functions: list[list[str]] = field(default_factory=list)

    def write(
        self, plan: ModelPlan, facts: Facts, prefix: str, function: str, name: str
    ) -> None:
        """Write the function that makes a model, after those of the models inside.

        Args:
            plan: of the model.
            facts: of its calls.
            prefix: what the full names of its layers begin with.
            function: its name.
            name: of the model.
        """

        def model_inside(plan: ModelPlan, layer: str) -> str:
            """Write the function of a model inside; return what it is called."""
            full = f"{prefix}{layer}"
            inner_function = free(f"make_{short(identifier(layer))}", self.taken)
            self.taken.add(inner_function)
            inner_facts = self.models[full]
            self.write(plan, inner_facts, f"{full}.", inner_function, layer)
            return self._written_before(inner_function)

        def stub(
            layer: LayerPlan,
            takes: Sequence[TensorFacts],
            returns: Sequence[TensorFacts],
        ) -> str:
            """Write the class of a stub; return what it is called."""
            own = class_name(f"{layer.name}_stub", self.taken)
            self.taken.add(own)
            arrays = self.weights.get(f"{prefix}{layer.name}", {})
            self.classes.append(keras_stub_lines(own, layer, takes, returns, arrays))
            return own

        lines = function_lines(plan, facts, function, name, model_inside, stub)
        self.functions.append(lines)

    def _written_before(self, function: str) -> str:
        """The function just written, or an earlier one that makes the same model."""
        body = self.functions[-1][1:]  # all but the line with its name
        for earlier_head, *earlier_body in self.functions[:-1]:
            if body == earlier_body:
                del self.functions[-1]
                self.taken.remove(function)
                return earlier_head.removeprefix("def ").partition("(")[0]
        return function
