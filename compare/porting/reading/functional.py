"""The calls of a functional model, in an order in which they can run."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Any

from compare.kinds.graph import (
    HANDED_ON,
    INPUT,
    MODEL,
    OPERATION,
    Call,
    LayerPlan,
    ModelPlan,
    Tensor,
)
from compare.listing import bounded
from compare.porting.reading import values
from compare.porting.reading.calls import most_results, usual
from compare.porting.reading.findings import Config, Findings
from compare.porting.reading.masks import Key, Node, makes_mask, without_masks
from compare.porting.reading.values import Reference

# Before it, Keras 3 wrote one tensor as it wrote a list of one.
LISTS_OF_ONE = (3, 7)


class Graph:
    """The calls of a functional model.

    Args:
        layers: their configurations.
        plans: the same layers.
        prefix: what their full names begin with.
        found: takes notes and problems.
    """

    def __init__(
        self,
        layers: list[Config],
        plans: list[LayerPlan],
        prefix: str,
        found: Findings,
    ):
        self._plans = {plan.name: plan for plan in plans}
        self._configs = {
            plan.name: layer for plan, layer in zip(plans, layers, strict=True)
        }
        self._prefix = prefix
        self._found = found
        self._nodes: dict[Key, Node] = {}
        self._counts: dict[str, int] = {}
        for name, config in self._configs.items():
            for number, node in enumerate(self._read(name, config)):
                self._nodes[name, number] = node
                self._counts[name] = number + 1
        self._offsets: dict[str, dict[int, int]] = {}

    def plan(self, name: str, config: Config) -> ModelPlan:
        """The model as a plan.

        Args:
            name: of the model.
            config: with the names of its inputs and outputs.
        """
        inputs = self._ends(config.get("input_layers", []))
        outputs = self._ends(config["output_layers"])
        self._number_nodes([inputs, outputs])
        self._nodes = without_masks(self._nodes, self._plans, [inputs, outputs])
        self._drop_unread()
        self._check_inputs(inputs)
        if not [*values.references(outputs)]:
            self._found.problem(f"{self._prefix}{name}: a model without outputs")
        self._check_ends([inputs, outputs])
        order = self._order()
        numbers = {key: number for number, key in enumerate(order)}

        def tensor(reference: Reference) -> Tensor:
            key = self._key(reference)
            return Tensor(numbers.get(key, 0), reference.output)

        calls = []
        for key in order:
            node = self._nodes[key]
            args, kwargs = usual(
                self._plans[node.layer],
                self._configs[node.layer],
                values.replaced(node.args, tensor),
                values.replaced(dict(node.kwargs), tensor),
                f"{self._prefix}{node.layer}",
                self._found,
            )
            if self._is_handed_mask(node, kwargs):
                kwargs["mask"] = HANDED_ON
            calls.append(Call(node.layer, args, kwargs))
        return ModelPlan(
            name,
            self._plans,
            tuple(calls),
            values.replaced(inputs, tensor),
            values.replaced(outputs, tensor),
        )

    def _is_handed_mask(self, node: Node, kwargs: Config) -> bool:
        """Whether a layer with states is handed a mask, as Keras 2 does it."""
        if self._found.generation == 3 or "mask" in kwargs:
            return False
        if "initial_state" not in kwargs:
            return False
        waiting = list(values.references(node.args))
        seen: set[Key] = set()
        while waiting:
            key = self._key(waiting.pop())
            if key in seen or key not in self._nodes:
                continue
            seen.add(key)
            if makes_mask(self._plans[key[0]]):
                return True
            waiting += self._nodes[key].sources
        return False

    def _check_inputs(self, inputs: Any) -> None:
        """Note a problem where the inputs are not those of the model's layers."""
        named = [reference.layer for reference in values.references(inputs)]
        for name, plan in self._plans.items():
            if plan.keras == INPUT and name not in named:
                self._found.problem(
                    f"{self._prefix}{name}: an input that is not among the model's"
                )
        for name in named:
            if name in self._plans and self._plans[name].keras != INPUT:
                self._found.problem(
                    f"{self._prefix}{name}: an input of the model that is no InputLayer"
                )

    def _check_ends(self, ends: Any) -> None:
        """Note a problem with inputs or outputs that no call makes."""
        for reference in values.references(ends):
            if self._key(reference) not in self._nodes:
                self._found.problem(
                    f"{self._prefix}{reference.layer}: an input or output of the model "
                    "that no call makes"
                )
        sources = [list(node.sources) for node in self._nodes.values()]
        for reference in values.references([ends, sources]):
            plan = self._plans.get(reference.layer)
            most = most_results(plan) if plan is not None else None
            if most is not None and not 0 <= reference.output < most:
                self._found.problem(
                    f"{self._prefix}{reference.layer}: result {reference.output}, of "
                    f"{most} that there are"
                )

    def _drop_unread(self) -> None:
        """Leave out operations of which no call is left."""
        called = {name for name, _ in self._nodes}
        for name, plan in list(self._plans.items()):
            if plan.keras.startswith(OPERATION) and name not in called:
                del self._plans[name]

    def _ends(self, value: Any) -> Any:
        """The inputs or the outputs; a list of one is one, where Keras meant that."""
        ends = values.structure(value)
        meant_one = self._found.generation < 3 or (
            () < self._found.release < LISTS_OF_ONE
        )
        if isinstance(ends, list) and len(ends) == 1 and meant_one:
            return ends[0]
        return ends

    # ------------------------------------------------------------------------- reading

    def _read(self, name: str, config: Config) -> Iterator[Node]:
        """The calls of a layer; an input has one, without arguments."""
        if self._plans[name].keras == INPUT:
            yield Node(name, (), {})
            return
        for node in config.get("inbound_nodes") or []:
            if isinstance(node, dict) and "args" in node:
                args = values.of_keras_3(node["args"])
                kwargs = values.of_keras_3(node.get("kwargs", {}))
                yield Node(name, tuple(args), kwargs)
            else:
                yield self._of_keras_2(name, node)

    def _of_keras_2(self, name: str, node: Any) -> Node:
        """A call as Keras 1 and 2 wrote it: what is read, and the other arguments."""
        value = values.of_keras_2(node, None)
        if isinstance(value, list) and len(value) == 1:
            (value,) = value
        kwargs = values.of_keras_2(_arguments(node), self._plans)
        return Node(name, (value,), kwargs)

    # ----------------------------------------------------------------------- numbering

    def _number_nodes(self, ends: Any) -> None:
        """Settle which call each number means.

        A model's calls are counted from 1 by most Kerases, and a configuration of a
        part of a model may leave calls out; the order stays.
        """
        numbers: dict[str, set[int]] = {}
        sources = [list(node.sources) for node in self._nodes.values()]
        for reference in values.references([ends, sources]):
            if not reference.is_history:
                numbers.setdefault(reference.layer, set()).add(reference.node)
        for name, mentioned in numbers.items():
            count = self._counts.get(name, 0)
            ordered = sorted(mentioned)
            if ordered[-1] < count:
                # Keras 3 counts histories from 0, and the ends of models from 1.
                is_turned = self._found.generation == 3 and 0 not in mentioned
                first = int(is_turned and self._is_functional(name))
                self._offsets[name] = {n: max(n - first, 0) for n in ordered}
            elif len(ordered) <= count:
                shift = count - len(ordered)
                self._offsets[name] = {n: i + shift for i, n in enumerate(ordered)}

    def _is_functional(self, name: str) -> bool:
        """Whether a layer is a model that is no Sequential."""
        is_chain = self._configs[name]["class_name"] == "Sequential"
        return self._plans[name].keras == MODEL and not is_chain

    def _key(self, reference: Reference) -> Key:
        """The call that makes a tensor: its layer, and its number."""
        number = reference.node
        if not reference.is_history:
            number = self._offsets.get(reference.layer, {}).get(number, number)
        return reference.layer, number

    def _order(self) -> list[Key]:
        """The calls in an order in which they can run, near to that of the file."""
        places = {key: place for place, key in enumerate(self._nodes)}
        readers: dict[Key, list[Key]] = {}
        missing: dict[Key, int] = {}
        for key, node in self._nodes.items():
            sources = set()
            for reference in node.sources:
                sources.add(self._key(reference))
            unknown = [source for source in sources if source not in self._nodes]
            if unknown:
                names = bounded(sorted({name for name, _ in unknown}))
                self._found.problem(
                    f"{self._prefix}{node.layer}: it reads what {names} makes in a "
                    "call that the file does not have"
                )
                sources -= set(unknown)
            missing[key] = len(sources)
            for source in sources:
                readers.setdefault(source, []).append(key)
        ready = [places[key] for key, count in missing.items() if not count]
        keys = list(self._nodes)
        order = []
        heapq.heapify(ready)
        while ready:
            key = keys[heapq.heappop(ready)]
            order.append(key)
            for reader in readers.get(key, []):
                missing[reader] -= 1
                if not missing[reader]:
                    heapq.heappush(ready, places[reader])
        if len(order) < len(keys):
            names = bounded(sorted({name for name, _ in set(keys) - set(order)}))
            self._found.problem(
                f"{self._prefix}{names}: calls that wait for one another"
            )
        return order


def _arguments(node: Any) -> Config:
    """The other arguments of a call, which stand beside its first tensor."""
    if values.is_reference(node):
        return node[3] if len(node) == 4 else {}
    inside = node if isinstance(node, list) else []
    if isinstance(node, dict):
        inside = list(node.values())
    for value in inside:
        arguments = _arguments(value)
        if arguments:
            return arguments
    return {}
