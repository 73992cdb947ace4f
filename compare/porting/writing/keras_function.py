"""A function that makes a functional Keras model, as lines of source."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

from compare.errors import BadInput
from compare.in_keras.legal_names import legal_names
from compare.in_keras.needed_arguments import defaults_of
from compare.kinds.graph import (
    ABOUT_UNTOLD,
    INPUT,
    OLD_MASKS,
    OPERATION,
    STUB,
    UNTOLD,
    Call,
    LayerPlan,
    ModelPlan,
    Tensor,
    TensorFacts,
    tensors_in,
    with_tensors,
)
from compare.kinds.names import identifier
from compare.kinds.source import TensorText, shape_text
from compare.porting.writing.keras_layers import (
    OLD_HARD_SIGMOID,
    layer_code,
    with_plain_axes,
)
from compare.porting.writing.keras_names import (
    LONGEST,
    free,
    is_flat,
    paths,
    short,
    structure_of_results,
    words_for_results,
)
from compare.porting.writing.lines import (
    Brackets,
    Code,
    call,
    fits,
    index,
    literal,
    name,
    paragraph,
    statement,
)
from compare.porting.writing.reading_order import Facts, in_reading_order


class ModelInside(Protocol):
    """Writes a function for a model inside another one."""

    def __call__(self, plan: ModelPlan, layer: str) -> str:
        """What the function is called; `layer` is the name of the model's layer."""
        ...


class StubClass(Protocol):
    """Writes the class of a stub."""

    def __call__(
        self,
        layer: LayerPlan,
        takes: Sequence[TensorFacts],
        returns: Sequence[TensorFacts],
    ) -> str:
        """What the class is called; it takes and returns tensors of these facts."""
        ...


# Operations that Python has a sign for.
SIGNS = {
    "ops.add": "+",
    "ops.subtract": "-",
    "ops.multiply": "*",
    "ops.divide": "/",
    "ops.true_divide": "/",
    "ops.matmul": "@",
}
LONGEST_TARGETS = 56  # letters of the variables of a line, so that a call fits behind
STREAM = "x"  # the variable that goes from layer to layer
INPUTS = "inputs"
NOT_READ = "_"


def function_lines(
    plan: ModelPlan,
    facts: Facts,
    function: str,
    live_name: str,
    inside: ModelInside,
    stub: StubClass,
) -> list[str]:
    """Write a function that makes a model.

    Args:
        plan: of the model.
        facts: of the results of its calls.
        function: what it is called.
        live_name: of the model.
        inside: takes the plan of a model inside and the name of its layer, writes a
            function for it and returns what it is called.
        stub: writes the class of a layer that is left for the user.
    """
    return _Writer(plan, facts, inside, stub).lines(function, live_name)


class _Writer:
    """Writes one function; arguments are as in `function_lines`."""

    def __init__(
        self, plan: ModelPlan, facts: Facts, inside: ModelInside, stub: StubClass
    ) -> None:
        plan, facts = in_reading_order(plan, facts)
        self._plan, self._facts = plan, facts
        self._inside, self._stub = inside, stub
        self._legal = legal_names(plan.layers)
        self._last_read = last_read(plan)
        self._values: dict[Tensor, str] = {}  # the expression of each tensor
        self._layers: dict[str, str] = {}  # variables of layers that are called twice
        self._taken = {STREAM, "keras", "layers", "np", "ops", OLD_HARD_SIGMOID}
        self._body: list[str] = []

    def lines(self, function: str, live_name: str) -> list[str]:
        """All lines of the function."""
        needed = [*self._needed_calls()]
        for number, one_call in needed:
            if self._plan.layers[one_call.layer].keras == INPUT:
                self._write_input(number, self._plan.layers[one_call.layer])
        for number, one_call in needed:
            if self._plan.layers[one_call.layer].keras != INPUT:
                self._write_call(number, one_call)
        ends = [self._code(self._plan.inputs), self._code(self._plan.outputs)]
        legal = legal_names([live_name or "model"])[live_name or "model"]
        model = call("keras.Model", ends, {"name": literal(legal)})
        return [
            f"def {function}() -> keras.Model:",
            *self._docstring(legal),
            *self._body,
            *statement(model, "return "),
        ]

    def _needed_calls(self) -> Iterator[tuple[int, Call]]:
        """The calls that the results depend on, and the inputs, with their numbers."""
        needed = {tensor.call for tensor in tensors_in(self._plan.outputs)}
        for number in reversed(range(len(self._plan.calls))):
            if number in needed:
                needed |= {tensor.call for tensor in self._plan.calls[number].inputs}
        needed |= {tensor.call for tensor in tensors_in(self._plan.inputs)}
        for number in sorted(needed):
            yield number, self._plan.calls[number]

    def _code(self, value: Any) -> Code:
        """Tensors and constants as source."""
        return literal(with_tensors(value, lambda tensor: name(self._values[tensor])))

    # ------------------------------------------------------------------ statements

    def _write_input(self, number: int, layer: LayerPlan) -> None:
        """Write the line of an input."""
        word = INPUTS
        if not isinstance(self._plan.inputs, Tensor):
            word = short(identifier(layer.name))
        variable = self._new(word)
        config = layer.config
        if config.get("batch_shape") is not None:
            batch_size, *shape = config["batch_shape"]
        else:
            batch_size, shape = config.get("batch_size"), config["shape"]
        kwargs = {}
        if batch_size is not None:
            kwargs["batch_size"] = literal(batch_size)
        if config.get("dtype") not in (None, "float32"):
            kwargs["dtype"] = literal(config["dtype"])
        kwargs["name"] = literal(self._legal[layer.name])
        code = call("keras.Input", [literal(tuple(shape))], kwargs)
        self._body += statement(code, f"{variable} = ")
        self._values[Tensor(number)] = variable

    def _write_call(self, number: int, one_call: Call) -> None:
        """Write the lines of a call."""
        layer = self._plan.layers[one_call.layer]
        if layer.keras.startswith(OPERATION):
            code = self._operation(layer.keras, one_call)
            before = self._targets(number, layer, one_call)
            self._body += statement(code, before, comment=self._comment(number))
            return
        layer = self._without_old_masks(layer, one_call)
        args = [self._code(value) for value in one_call.args]
        kwargs = {key: self._code(value) for key, value in one_call.kwargs.items()}
        if layer.keras == STUB:
            args, kwargs = [self._code(tensor) for tensor in one_call.inputs], {}
        count = sum(other.layer == layer.name for other in self._plan.calls)
        maker: Brackets | None = None
        if layer.name not in self._layers:
            maker = self._maker(number, layer, one_call)
            if count > 1:
                self._give_variable(layer, maker)
                maker = None
        before = self._targets(number, layer, one_call)
        if maker is not None:
            code = call(str(maker), args, kwargs)
            if fits(f"{before}{code}"):
                self._body += statement(code, before, comment=self._comment(number))
                return
            self._give_variable(layer, maker)
        code = call(self._layers[layer.name], args, kwargs)
        self._body += statement(code, before, comment=self._comment(number))

    def _maker(self, number: int, layer: LayerPlan, one_call: Call) -> Brackets:
        """The expression that makes a layer for its first call."""
        if layer.keras == STUB:
            takes = [*map(self._facts_of, one_call.inputs)]
            stub = self._stub(layer, takes, self._facts[number])
            return call(stub, [], {"name": literal(self._legal[layer.name])})
        axes = [len(self._facts_of(tensor).shape) for tensor in one_call.inputs[:1]]
        return layer_code(
            with_plain_axes(layer, *axes) if axes else layer,
            self._legal[layer.name],
            partial(self._inside, layer=layer.name),
        )

    def _without_old_masks(self, layer: LayerPlan, one_call: Call) -> LayerPlan:
        """A join as Keras 3 has it.

        Raises:
            BadInput: if it joins masked tensors, which no layer of Keras 3 does so.
        """
        config = dict(layer.config)
        if not config.pop(OLD_MASKS, False):
            return layer
        if any(self._facts_of(tensor).masked for tensor in one_call.inputs):
            raise BadInput(
                f"{layer.name}: expected a layer that Keras 3 has, to write it as "
                f"source, got {layer.keras} of masked tensors as Keras had it before "
                "version 3, where a step counts that counts in all; leave out --twin"
            )
        return replace(layer, config=config)

    def _give_variable(self, layer: LayerPlan, maker: Brackets) -> None:
        """Write a line that makes a layer, to be called by its variable."""
        word = short(identifier(layer.name))
        if word in self._taken:
            word = f"{word}_layer"
        self._layers[layer.name] = self._new(word)
        self._body += statement(maker, f"{self._layers[layer.name]} = ")

    def _operation(self, operation: str, one_call: Call) -> Code:
        """The expression of an operation."""
        args = one_call.args
        defaults = defaults_of(operation)
        settings = {
            key: value
            for key, value in one_call.kwargs.items()
            if key not in defaults or value != defaults[key]
        }
        plain = not settings and all(map(_is_plain, args))
        if operation == "ops.getitem":
            return f"{self._code(args[0])}[{index(args[1])}]"
        if operation in SIGNS and len(args) == 2 and plain:
            first, second = map(self._code, args)
            return f"{first} {SIGNS[operation]} {second}"
        for key in ("axis", "axes"):  # as a file has it, and as one writes it
            if isinstance(settings.get(key), list):
                settings[key] = tuple(settings[key])
        kwargs = {key: self._code(value) for key, value in settings.items()}
        return call(operation, [self._code(value) for value in args], kwargs)

    # ------------------------------------------------------------------- variables

    def _targets(self, number: int, layer: LayerPlan, one_call: Call) -> str:
        """Give the results of a call their variables; return what the line begins with.

        Returns:
            Such as "x, encoder_h, encoder_c = ".
        """
        count = len(self._facts[number])
        structure = structure_of_results(layer, count)
        if isinstance(structure, int):
            variable = self._variable(number, one_call)
            self._values[Tensor(number)] = variable
            return f"{variable} = "
        results = [Tensor(number, output) for output in range(count)]
        words = words_for_results(layer, count)
        names = []
        for tensor, word in zip(results, words, strict=True):
            is_read = tensor in self._last_read
            names.append(
                self._variable(number, one_call, word) if is_read else NOT_READ
            )
        before = f"{', '.join(names)} = "
        if is_flat(structure) and len(before) <= LONGEST_TARGETS:
            self._values |= dict(zip(results, names, strict=True))
            return before
        variable = self._new(f"{short(identifier(layer.name))}_results")
        for output, path in paths(structure):
            self._values[Tensor(number, output)] = f"{variable}{path}"
        return f"{variable} = "

    def _variable(self, number: int, one_call: Call, word: str = "") -> str:
        """A variable for a result of a call.

        Args:
            number: of the call.
            one_call: the call.
            word: what the result is called, "" for the first one.
        """
        streams = [tensor for tensor, value in self._values.items() if value == STREAM]
        last = max((self._last_read.get(tensor, -1) for tensor in streams), default=-1)
        if not word and last <= number:
            return STREAM
        layer = short(identifier(one_call.layer))
        variables = [self._values[tensor] for tensor in one_call.inputs]
        if one_call.layer in self._layers and len(variables) == 1:
            word = word or variables[0]  # shared_left, shared_right
        if word and word != STREAM and word.isidentifier():
            layer = f"{layer[: LONGEST - len(word) - 1]}_{word}"
        return self._new(short(layer))

    def _new(self, word: str) -> str:
        """A variable that stands for nothing yet, called so or like it."""
        variable = free(word, self._taken)
        self._taken.add(variable)
        return variable

    # ------------------------------------------------------------------------ words

    def _comment(self, number: int) -> str:
        """The shape of what a call returns, of several the first."""
        facts = self._facts[number]
        if not facts or self._values.get(Tensor(number)) == NOT_READ:
            return ""
        return self._shape(Tensor(number))

    def _docstring(self, live_name: str) -> list[str]:
        """What the function makes, and what that takes and returns."""
        return [
            *paragraph(f'"""Make the functional model {live_name}.'),
            "",
            "    Call:",
            *self._ends(INPUTS, self._plan.inputs),
            *self._ends("returns", self._plan.outputs),
            *self._about_untold(),
            '    """',
        ]

    def _about_untold(self) -> list[str]:
        """Lines about a size that comments cannot tell, if there is one."""
        comments = [line.partition("  # ")[2] for line in self._body]
        if not any(re.search(rf"\b{UNTOLD}\b", comment) for comment in comments):
            return []
        return ["", *paragraph(ABOUT_UNTOLD)]

    def _ends(self, word: str, structure: Any) -> Iterator[str]:
        """Lines about the inputs of the model, or about its results."""
        if isinstance(structure, list | tuple) and len(structure) == 1:
            (structure,) = structure
        if isinstance(structure, Tensor):
            yield from paragraph(f"{word}: {self._tensor_in_words(structure)}.", 2)
            return
        if isinstance(structure, Mapping):
            yield from paragraph(f"{word}: a dictionary of", 2)
            labels = [identifier(key) for key in structure]
        else:
            yield from paragraph(f"{word}: a list of", 2)
            labels = []
            for tensor in tensors_in(structure):
                labels.append(identifier(self._plan.plan_of(tensor).name))
        for label, tensor in zip(labels, tensors_in(structure), strict=True):
            yield from paragraph(f"{label}: {self._tensor_in_words(tensor)}.", 3)

    def _tensor_in_words(self, tensor: Tensor) -> str:
        """Dtype and shape of a tensor."""
        facts = self._facts_of(tensor)
        return f"{facts.dtype}, {self._shape(tensor)}"

    def _shape(self, tensor: Tensor) -> str:
        """The shape of a tensor, with words for the sizes that are open."""
        facts = self._facts_of(tensor)
        return shape_text(TensorText("", facts.shape, words=facts.words))

    def _facts_of(self, tensor: Tensor) -> TensorFacts:
        return self._facts[tensor.call][tensor.output]


def last_read(plan: ModelPlan) -> dict[Tensor, int]:
    """The number of the last call that takes each tensor; of results, beyond all."""
    last: dict[Tensor, int] = {}
    for number, one_call in enumerate(plan.calls):
        for tensor in one_call.inputs:
            last[tensor] = number
    for tensor in [*tensors_in(plan.outputs), *tensors_in(plan.inputs)]:
        last[tensor] = len(plan.calls)
    return last


def _is_plain(value: Any) -> bool:
    """Whether a value may stand beside a sign."""
    return isinstance(value, Tensor | int | float) and not isinstance(value, bool)
