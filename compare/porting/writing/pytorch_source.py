"""The source of a PyTorch module, written from a model as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from compare.kinds.graph import (
    INPUT,
    Call,
    LayerPlan,
    ModelPlan,
    Tensor,
    TensorFacts,
    Weights,
    tensors_in,
    with_tensors,
)
from compare.kinds.source import (
    Moved,
    Page,
    Site,
    TensorText,
    identifier,
    shape_text,
)
from compare.kinds.sources import SOURCES
from compare.porting.writing.chains import joined
from compare.porting.writing.module_text import module_text
from compare.porting.writing.page_classes import ClassText
from compare.porting.writing.values import Values, Way, unwrapped
from compare.porting.writing.writable import check_writable

# What tensors are called in a forward method, the first that is free.
VARIABLES = ("x", "y", "z")


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
    """

    text: str
    name: str
    moves: tuple[Moved, ...]
    notes: tuple[str, ...]


def pytorch_source(
    plan: ModelPlan, facts: Facts, weights: Weights, name: str
) -> PortSource:
    """Write a model as a module of PyTorch.

    Args:
        plan: of the model.
        facts: of its tensors.
        weights: of its layers.
        name: of the class.

    Raises:
        BadInput: if layers cannot be written; it names all of them.
    """
    check_writable(plan, weights)
    classes: dict[str, ClassText] = {}
    writer = _ModelWriter(plan, facts, weights, "", classes)
    main = writer.written(name)
    moves = tuple(main.page.moves)
    notes = [note for text in (*classes.values(), main) for note in text.page.notes]
    return PortSource(
        module_text([*classes.values(), main]), name, moves, tuple(dict.fromkeys(notes))
    )


class _ModelWriter:
    """Writes one model as a class.

    Args:
        plan: of the model.
        facts: of its tensors.
        weights: of all layers.
        prefix: what the full names of its layers begin with.
        classes: of models inside, written so far, by the model's full name.
    """

    def __init__(
        self,
        plan: ModelPlan,
        facts: Facts,
        weights: Weights,
        prefix: str,
        classes: dict[str, ClassText],
    ):
        self.plan = plan
        self.facts = facts
        self.weights = weights
        self.prefix = prefix
        self.classes = classes
        self.page = Page()
        self.values = Values(plan, self.page)
        self.attributes = _attributes(plan)

    def written(self, name: str) -> ClassText:
        """The class, complete."""
        arguments = self._arguments()
        for number, call in enumerate(self.plan.calls):
            if self.plan.layers[call.layer].keras != INPUT:
                self._write_call(number, call)
        result = self._result()
        return ClassText(name, self.plan.name, arguments, result, self.page)

    def _arguments(self) -> dict[str, TensorText]:
        """The arguments of `forward`, by name."""
        inputs = [*tensors_in(self.plan.inputs)]
        arguments = {}
        for tensor in inputs:
            name = "x"
            if len(inputs) > 1:
                name = self.attributes[self.plan.plan_of(tensor).name]
            value = self._value(name, tensor)
            arguments[name] = self.values[tensor] = value
        return arguments

    def _value(self, text: str, tensor: Tensor, **settings: Any) -> TensorText:
        facts = self.facts.calls[tensor.call][tensor.output]
        return TensorText(text, facts.shape, facts.dtype, **settings)

    # ------------------------------------------------------------------------- calls

    def _write_call(self, number: int, call: Call) -> None:
        layer = self.plan.layers[call.layer]
        self.values.at(number)
        self.values.arrange_for(call)
        if unwrapped(layer).model is not None:
            texts, second, mask = self._write_model(layer, call), False, ""
        else:
            texts, second, mask = self._write_layer(number, call, layer)
        folded = self.values.folded_after(call)
        self.values.at(number + 1)
        self.page.live |= {*filter(str.isidentifier, texts)}
        for output, text in enumerate(texts):
            tensor = Tensor(number, output)
            facts = self.facts.calls[number][output]
            value = self._value(text, tensor, folded=folded)
            value = replace(
                value,
                features_second=second and value.step.axes > 2,
                mask=mask if facts.masked else "",
            )
            if tensor in self.values.last_read:
                value = self._named(value, call.layer)
            self.values[tensor] = value

    def _named(self, value: TensorText, layer: str) -> TensorText:
        """The value under a variable, and the line that gives it the variable."""
        if value.text.isidentifier():
            self.page.live.add(value.text)
            return value
        text, shape = value.text, shape_text(value)
        if self.page.lines and not self._calls_model(self.page.lines[-1]):
            chain = joined(self.page.lines[-1], text, shape, self.page.live)
            if chain:
                text = chain
                del self.page.lines[-1]
        free = [name for name in VARIABLES if name not in self.page.live]
        name = self.page.variable(free[0] if free else self.attributes[layer])
        named = replace(value, text=name)
        self.page.lines.append(f"{name} = {text}  # {shape}")
        return named

    def _calls_model(self, line: str) -> bool:
        """Whether a line calls a model in the model, so that it stays as it is."""
        made = {f"{text.name}()" for text in self.classes.values()}
        models = [name for name, text in self.page.attributes.items() if text in made]
        return any(f"self.{name}(" in line for name in models)

    def _write_layer(
        self, number: int, call: Call, layer: LayerPlan
    ) -> tuple[Sequence[str], bool, str]:
        """What a layer returns: expressions, whether features are second, the mask."""
        plan = unwrapped(layer)
        source = SOURCES[plan.keras]
        site = self._site(number, call, layer)
        masks = [self.values[tensor].mask for tensor in call.inputs]
        mask = next(filter(None, masks), "")
        if source.mask_of is not None and site.outputs[0].masked:
            mask = source.mask_of(site)
            site = replace(site, result_mask=mask)
        second = site.inputs[0].features_second if site.inputs else False
        layout = source.returns
        if layout is None and site.inputs:
            layout = source.layout_of(plan, site.x.axes)
        if layout not in (None, "any"):
            second = layout == "features second"
        texts = source.write(site)
        return [texts] if isinstance(texts, str) else texts, second, mask

    def _site(self, number: int, call: Call, layer: LayerPlan) -> Site:
        """The place of a call; of a layer in TimeDistributed, for all steps at once."""
        full_name = f"{self.prefix}{layer.name}"
        count = len(self.values.folded_after(call))
        outputs = []
        for facts in self.facts.calls[number]:
            shape = (*facts.shape[:1], *facts.shape[count + 1 :])
            outputs.append(replace(facts, shape=shape))
        return Site(
            page=self.page,
            plan=unwrapped(layer),
            name=full_name,
            attribute=self.attributes[layer.name],
            arrays=self.weights.get(full_name, {}),
            inputs=tuple(self.values[tensor].step for tensor in call.inputs),
            outputs=tuple(outputs),
            kwargs=with_tensors(dict(call.kwargs), self.values.step),
            args=with_tensors(call.args, self.values.step),
            read=frozenset(
                tensor.output
                for tensor in self.values.last_read
                if tensor.call == number
            ),
        )

    def _write_model(self, layer: LayerPlan, call: Call) -> Sequence[str]:
        """The call of a model in the model, whose class is written if it is not yet."""
        model = unwrapped(layer).model
        assert model is not None
        full_name = f"{self.prefix}{layer.name}"
        attribute = self.attributes[layer.name]
        if full_name not in self.classes:
            writer = _ModelWriter(
                model,
                Facts(self.facts.models[full_name], self.facts.models),
                self.weights,
                f"{full_name}.",
                self.classes,
            )
            self.classes[full_name] = writer.written(self._class_name(layer.name))
        inside = self.classes[full_name]
        if attribute not in self.page.attributes:
            self.page.attributes[attribute] = f"{inside.name}()"
            for move in inside.page.moves:
                path = f"{attribute}.{move.attribute}"
                self.page.moves.append(replace(move, attribute=path))
        texts = [self.values[tensor].text for tensor in call.inputs]
        text = f"self.{attribute}({', '.join(texts)})"
        count = len([*tensors_in(model.outputs)])
        if count == 1:
            return [text]
        names = [self.page.variable(attribute) for _ in range(count)]
        self.page.lines.append(f"{', '.join(names)} = {text}")
        return names

    def _class_name(self, name: str) -> str:
        words = identifier(name).split("_")
        camel = "".join(word[:1].upper() + word[1:] for word in words)
        taken = {text.name for text in self.classes.values()}
        result, number = camel, 1
        while result in taken:
            number += 1
            result = f"{camel}{number}"
        return result

    def _result(self) -> str:
        """What `forward` returns, as text."""
        for tensor in tensors_in(self.plan.outputs):
            self.values.arrange(tensor, Way())
        return _text_of(with_tensors(self.plan.outputs, self.values.__getitem__))


def _text_of(value: Any) -> str:
    """Tensors in lists and dictionaries, as an expression."""
    if isinstance(value, TensorText):
        return value.text
    if isinstance(value, Mapping):
        pieces = [f'"{key}": {_text_of(item)}' for key, item in value.items()]
        return "{" + ", ".join(pieces) + "}"
    return ", ".join(map(_text_of, value))


def _attributes(plan: ModelPlan) -> dict[str, str]:
    """A name in Python for each layer, by its name; no two have one."""
    taken: set[str] = {"forward", "training", "x"}
    attributes = {}
    for name in plan.layers:
        text, number = identifier(name), 1
        while text in taken:
            number += 1
            text = f"{identifier(name)}_{number}"
        taken.add(text)
        attributes[name] = text
    return attributes
