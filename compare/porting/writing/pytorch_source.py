"""The source of a PyTorch module, written from a model as data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from compare.kinds.graph import (
    HANDED_ON,
    INPUT,
    STUB,
    Call,
    LayerPlan,
    ModelPlan,
    Tensor,
    Weights,
    tensors_in,
    with_tensors,
)
from compare.kinds.page import Page
from compare.kinds.source import Site, TensorText, Unwritable, shape_text
from compare.kinds.sources import SOURCES
from compare.porting.writing.chains import joined, without_brackets
from compare.porting.writing.handed_masks import needed_calls, without_handed_masks
from compare.porting.writing.models_inside import (
    MASKED_INSIDE,
    ModelCall,
    in_order_of,
    parts_of,
    reads_masks,
    settle_masks,
)
from compare.porting.writing.module_text import module_text
from compare.porting.writing.names import (
    VARIABLES,
    argument_names,
    attributes,
    class_name,
    numbered,
    of_helpers,
)
from compare.porting.writing.page_classes import ClassText, ordered
from compare.porting.writing.port_source import Facts, NotWritten, PortSource
from compare.porting.writing.reading_order import in_reading_order
from compare.porting.writing.stub_text import write_stub
from compare.porting.writing.unread import names_in
from compare.porting.writing.values import WRAPPER, Values, Way, unwrapped
from compare.porting.writing.writable import problem_of


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
        NotWritten: if layers cannot be; it names all of them.
    """
    classes: dict[str, ClassText] = {}
    problems: dict[str, str] = {}
    names = {name, *of_helpers()}
    writer = _ModelWriter(plan, facts, weights, "", classes, names, problems)
    main = writer.written(name)
    if problems:
        raise NotWritten(plan, problems)
    main = main.without_masks_returned()
    moves = tuple(main.page.moves)
    notes = [note for text in (*classes.values(), main) for note in text.page.notes]
    return PortSource(
        module_text([*classes.values(), main], writer.stub_classes),
        name,
        moves,
        tuple(dict.fromkeys(notes)),
        writer.stubs,
    )


class _ModelWriter:
    """Writes one model as a class.

    Args:
        plan: of the model.
        facts: of its tensors.
        weights: of all layers.
        prefix: what the full names of its layers begin with.
        classes: of models inside, written so far, by the model's full name.
        class_names: that are taken.
        problems: gets what cannot be written, by the layer's full name.

    Attributes:
        stubs: what the port calls each stub, by the layer's name.
        stub_classes: the lines of their classes.
    """

    def __init__(
        self,
        plan: ModelPlan,
        facts: Facts,
        weights: Weights,
        prefix: str,
        classes: dict[str, ClassText],
        class_names: set[str],
        problems: dict[str, str],
    ):
        plan = without_handed_masks(plan, facts.calls)
        plan, calls = in_reading_order(plan, facts.calls)
        self.plan = plan
        self.facts = replace(facts, calls=calls)
        self.weights = weights
        self.prefix = prefix
        self.classes = classes
        self.class_names = class_names
        self.problems = problems
        self.page = Page()
        self.values = Values(plan, self.page)
        self.attributes = attributes(plan.layers)
        self.model_calls: list[ModelCall] = []
        self.stubs: dict[str, str] = {}
        self.stub_classes: list[list[str]] = []

    def written(self, name: str) -> ClassText:
        """The class, complete."""
        arguments, masks = self._arguments()
        needed = needed_calls(self.plan)
        for number, call in enumerate(self.plan.calls):
            is_input = self.plan.layers[call.layer].keras == INPUT
            if number in needed and not is_input:
                self._write_call(number, call)
        results = self._results()
        masks_returned = {
            number: value.mask
            for number, value in enumerate(ordered(results))
            if value.mask
        }
        text = ClassText(
            name, self.plan.name, arguments, results, self.page, masks, masks_returned
        )
        settle_masks(self.page, self.model_calls, self.classes, text.result)
        return text.trimmed()

    def _arguments(self) -> tuple[dict[str, TensorText], tuple[str, ...]]:
        """The arguments of `forward`, by name, and the masks that come with them."""
        inputs = [*tensors_in(self.plan.inputs)]
        names = argument_names(self.plan, self.attributes)
        words = [self.page.variable(name) for name in names]
        if len(inputs) == 1:
            words = ["x"]
        arguments = {}
        for word, tensor in zip(words, inputs, strict=True):
            arguments[word] = self._value(word, tensor)
        masks = []
        for word, tensor in zip(words, inputs, strict=True):
            mask = ""
            if self.facts.calls[tensor.call][tensor.output].masked:
                mask = numbered("mask" if word == "x" else f"{word}_mask", arguments)
            masks.append(mask)
            self.values[tensor] = replace(arguments[word], mask=mask)
        return arguments, tuple(masks)

    def _value(self, text: str, tensor: Tensor, **settings: Any) -> TensorText:
        facts = self.facts.calls[tensor.call][tensor.output]
        return TensorText(text, facts.shape, facts.dtype, words=facts.words, **settings)

    # ------------------------------------------------------------------------- calls

    def _write_call(self, number: int, call: Call) -> None:
        layer = self.plan.layers[call.layer]
        self.values.at(number)
        self.values.arrange_for(call)
        masks: Sequence[str]
        if unwrapped(layer).model is not None:
            mask_of_steps = self.values[call.inputs[0]].mask
            if layer.keras == WRAPPER and mask_of_steps and reads_masks(layer):
                self._left_out(number, f"{self.prefix}{layer.name}", MASKED_INSIDE)
            texts, second, masks = self._write_model(number, layer, call)
            if layer.keras == WRAPPER:  # of whole steps, as of any layer in it
                masks = [mask_of_steps] * len(texts)
        else:
            texts, second, mask = self._write_layer(number, call, layer)
            masks = [mask] * len(texts)
        folded = self.values.folded_after(call)
        self.values.at(number + 1)
        self.page.live |= {*filter(str.isidentifier, texts), *masks}
        for output, text in enumerate(texts):
            tensor = Tensor(number, output)
            if tensor not in self.values.last_read:
                continue
            facts = self.facts.calls[number][output]
            value = self._value(text, tensor, folded=folded)
            value = replace(
                value,
                features_second=second and value.step.axes > 2,
                mask=masks[output] if facts.masked else "",
            )
            for later in texts[output + 1 :]:
                self.page.live |= names_in(later)
            self.values[tensor] = self._named(value, call.layer)

    def _named(self, value: TensorText, layer: str) -> TensorText:
        """The value under a variable, and the line that gives it the variable."""
        if value.text.isidentifier():
            self.page.live.add(value.text)
            return value
        text, shape = without_brackets(value.text), shape_text(value)
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
        full_name = f"{self.prefix}{layer.name}"
        problem = problem_of(plan, self.weights.get(full_name, {}))
        if problem:
            return self._left_out(number, full_name, problem), False, ""
        source = SOURCES[plan.keras]
        site = self._site(number, call, layer)
        if plan.keras == STUB:
            results = write_stub(site, self.stubs, self.stub_classes, self.class_names)
            return results, False, ""
        mask = next((value.mask for value in site.inputs if value.mask), "")
        if layer.keras == WRAPPER:  # of whole steps, which what it wraps never sees
            mask = self.values[call.inputs[0]].mask
        elif source.mask_of is not None and site.outputs[0].masked:
            mask = source.mask_of(site)
            site = replace(site, result_mask=mask)
        second = site.inputs[0].features_second if site.inputs else False
        layout = source.returns(site) if callable(source.returns) else source.returns
        if layout is None and site.inputs:
            layout = source.layout_of(plan, call, site.x.axes)
        if layout not in (None, "any"):
            second = layout == "features second"
        try:
            texts = source.write(site)
        except Unwritable as error:
            problem = f"{plan.keras}: {error}"
            return self._left_out(number, full_name, problem), False, ""
        return [texts] if isinstance(texts, str) else texts, second, mask

    def _left_out(self, number: int, layer: str, problem: str) -> list[str]:
        """Note that a call cannot be written; what stands for its results."""
        self.problems.setdefault(layer, problem)
        return ["None"] * len(self.facts.calls[number])

    def _site(self, number: int, call: Call, layer: LayerPlan) -> Site:
        """The place of a call; of a layer in TimeDistributed, for all steps at once."""
        full_name = f"{self.prefix}{layer.name}"
        count = len(self.values.folded_after(call))
        outputs = []
        for facts in self.facts.calls[number]:
            shape = (*facts.shape[:1], *facts.shape[count + 1 :])
            words = (*facts.words[:1], *facts.words[count + 1 :])
            outputs.append(replace(facts, shape=shape, words=words))
        tensor_of = self._with_masks(call.args[:1], call.kwargs.get("mask"))
        kwargs = {name: value for name, value in call.kwargs.items() if name != "mask"}
        inputs = Call(call.layer, call.args, kwargs).inputs
        return Site(
            page=self.page,
            plan=unwrapped(layer),
            name=full_name,
            attribute=self.attributes[layer.name],
            arrays=self.weights.get(full_name, {}),
            inputs=tuple(map(tensor_of, inputs)),
            outputs=tuple(outputs),
            kwargs=with_tensors(dict(call.kwargs), tensor_of),
            args=with_tensors(call.args, tensor_of),
            read=frozenset(
                tensor.output
                for tensor in self.values.last_read
                if tensor.call == number
            ),
        )

    def _with_masks(self, first: Any, masks: Any) -> Callable[[Tensor], TensorText]:
        """What looks a tensor up, with the mask that a call is given for it, if any."""
        given: dict[Tensor, str] = {}
        if masks is not None and masks != HANDED_ON:
            of_each = masks if isinstance(masks, list | tuple) else [masks]
            for tensor, mask in zip(tensors_in(first), of_each, strict=False):
                given[tensor] = "" if mask is None else self.values[mask].text

        def look_up(tensor: Tensor) -> TensorText:
            value, whole = self.values.step(tensor), self.values[tensor]
            mask = value.mask
            if value.folded != whole.folded and whole.mask:
                # Keras gives what is inside a TimeDistributed the mask of each step.
                mask = f"{whole.mask}.flatten(0, {len(whole.folded)})"
            return replace(value, mask=given.get(tensor, mask))

        return look_up

    def _write_model(
        self, number: int, layer: LayerPlan, call: Call
    ) -> tuple[Sequence[str], bool, Sequence[str]]:
        """The call of a model in the model, whose class is written if it is not yet.

        Returns:
            Expressions of its results, whether features are second, and the masks.
        """
        model = unwrapped(layer).model
        assert model is not None
        full_name = f"{self.prefix}{layer.name}"
        if full_name not in self.classes:
            name = class_name(layer.name, self.class_names)
            self.class_names.add(name)
            facts = Facts(self.facts.models[full_name], self.facts.models)
            prefix = f"{full_name}."
            writer = _ModelWriter(
                model,
                facts,
                self.weights,
                prefix,
                self.classes,
                self.class_names,
                self.problems,
            )
            self.classes[full_name] = self._once(writer.written(name))
        inside = self.classes[full_name]
        attribute = self.page.attribute(
            self.attributes[layer.name], full_name, f"{inside.name}()"
        )
        for move in inside.page.moves:
            path = f"{attribute}.{move.attribute}".strip(".")
            moved = replace(move, attribute=path)
            if moved not in self.page.moves:
                self.page.moves.append(moved)
        look_up = self._with_masks(call.args[:1], call.kwargs.get("mask"))
        given = [look_up(tensor) for tensor in in_order_of(model.inputs, call.args[0])]
        folded = self.values.folded_after(call)
        shape = shape_text(self._value("", Tensor(number), folded=folded))
        return self._write_model_call(full_name, attribute, inside, given, shape)

    def _once(self, written: ClassText) -> ClassText:
        """A class under the name of an earlier one, if that does the same."""
        for other in self.classes.values():
            if written.is_like(other):
                self.class_names.discard(written.name)
                return replace(written, name=other.name, is_again=True)
        return written

    def _write_model_call(
        self,
        full_name: str,
        attribute: str,
        inside: ClassText,
        given: list[TensorText],
        shape: str,
    ) -> tuple[Sequence[str], bool, Sequence[str]]:
        """The line that calls a model, and what it returns; see `_write_model`."""
        word = self.attributes[full_name.removeprefix(self.prefix)]
        results = ordered(inside.results)
        is_flat = inside.results in (results, tuple(results))
        if "x" not in self.page.later:
            word = "x"
        targets = [self.page.result(word) for _ in (results if is_flat else "1")]
        masks = {name: self.page.result("mask") for name in inside.mask_names}
        every_step = "torch.ones_like({}[..., 0], dtype=torch.bool)"
        model_call = ModelCall(
            len(self.page.lines),
            full_name,
            f"self.{attribute}",
            tuple(targets),
            tuple(masks.values()),
            tuple(value.text for value in given),
            tuple(value.mask or every_step.format(value.text) for value in given),
        )
        comment = f"  # {shape}" if len(results) == 1 else ""
        self.page.lines.append(f"{model_call.text(inside)}{comment}")
        self.model_calls.append(model_call)
        texts = targets if is_flat else parts_of(inside.results, targets[0])
        returned = inside.masks_returned or {}
        outside = [masks.get(returned.get(n, ""), "") for n in range(len(results))]
        return texts, False, outside

    def _results(self) -> Any:
        """What `forward` returns, as tensors in lists and dictionaries."""
        for tensor in tensors_in(self.plan.outputs):
            self.values.arrange(tensor, Way())
        return with_tensors(self.plan.outputs, self.values.__getitem__)
