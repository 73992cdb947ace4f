"""Functional models whose calls make no graph, and models of very many parts."""

from __future__ import annotations

from typing import Any

from case import Case
from keras_bytes import (
    Config,
    Model,
    called,
    content,
    dense,
    drawn,
    functional,
    input_layer,
    layer,
    sequential,
    weights_of_dense,
)

from areas.ports.ported import EITHER, both, port

X, FC = ["x", 0, 0], ["fc", 0, 0]


def _model(*layers: Config, inputs: Any = None, outputs: Any = None) -> Model:
    """A functional model of the right layers, and of more."""
    every = [called(input_layer(3)), called(dense(), "x"), *layers]
    config = functional(
        every,
        [X] if inputs is None else inputs,
        [FC] if outputs is None else outputs,
    )
    return Model(config, weights_of_dense())


def _relu(name: str, *sources: Any) -> Config:
    return called(layer("Activation", name, activation="relu"), *sources)


def _odd_node(node: Any) -> Model:
    odd = {**_relu("odd_one"), "inbound_nodes": node}
    return _model(odd, outputs=[["odd_one", 0, 0]])


def cases() -> list[Case]:
    """Models that are no graph, or a very large one."""
    odd_one = [["odd_one", 0, 0]]
    models = {
        "of-a-layer-that-is-not-there": _model(_relu("a", "nobody")),
        "cycle": _model(_relu("a", "b"), _relu("b", "a"), outputs=[["b", 0, 0]]),
        "cycle-of-one": _model(_relu("a", "a"), outputs=[["a", 0, 0]]),
        "output-not-there": _model(outputs=[["nobody", 0, 0]]),
        "output-of-a-call-not-there": _model(outputs=[["fc", 9, 0]]),
        "result-not-there": _model(outputs=[["fc", 0, 9]]),
        "negative-result": _model(outputs=[["fc", 0, -1]]),
        "input-not-there": _model(inputs=[["nobody", 0, 0]]),
        "input-that-is-a-layer": _model(inputs=[FC]),
        "no-inputs": _model(inputs=[]),
        "no-outputs": _model(outputs=[]),
        "outputs-of-text": _model(outputs="fc"),
        "outputs-of-null": _model(outputs=[None]),
        "outputs-nested": _model(outputs=[[[[[[FC]]]]]]),
        "two-layers-of-one-name": _model(called(dense(), "x")),
        "node-of-text": _odd_node("x"),
        "node-of-numbers": _odd_node([1, 2]),
        "node-of-objects": _odd_node([{"args": 3}]),
        "node-of-an-odd-history": _odd_node(
            [{"args": [{"class_name": "__keras_tensor__", "config": {}}]}]
        ),
        "node-with-too-many-arguments": _odd_node(
            [{"args": _relu("a", "fc", "fc")["inbound_nodes"][0]["args"][0] * 3}]
        ),
        "node-without-arguments": _odd_node([{"args": [], "kwargs": {}}]),
        "argument-that-is-not-known": _odd_node(
            [{**_relu("a", "fc")["inbound_nodes"][0], "kwargs": {"eval": "1+1"}}]
        ),
        "dot-of-unlike-shapes": _model(
            called(layer("Dot", "odd_one", axes=5), "fc", "x"), outputs=odd_one
        ),
        "sum-of-unlike-shapes": _model(
            called(layer("Add", "odd_one"), "fc", "x"), outputs=odd_one
        ),
        "concatenation-on-axis-7": _model(
            called(layer("Concatenate", "odd_one", axis=7), "fc", "x"), outputs=odd_one
        ),
    }
    may_work = ("outputs-nested", "output-of-a-call-not-there")
    made = []
    for name, model in models.items():
        statuses = EITHER if name in may_work else (2,)
        made += both(f"graph-{name}", model, statuses=statuses)
    return [*made, *_large()]


def _large() -> list[Case]:
    """Many layers, inputs, arrays and models in one another."""
    chain = [layer("Activation", f"a{n}", activation="relu") for n in range(5_000)]
    many = sequential(input_layer(3), *chain, dense())
    lambdas = [layer("Lambda", f"own_layer_number_{n}") for n in range(5_000)]
    foreign = sequential(input_layer(3), dense(), *lambdas)
    inputs = [called(input_layer(3, name=f"x{n}")) for n in range(300)]
    joined = called(layer("Add", "sum"), *[f"x{n}" for n in range(300)])
    wide = functional(
        [*inputs, joined, called(dense(), "sum")],
        [[f"x{n}", 0, 0] for n in range(300)],
        [FC],
    )
    nested = sequential(input_layer(3), dense())
    for number in range(60):
        nested = sequential(nested, name=f"m{number}")
    doubled = layer("Activation", "a", activation="relu")
    for _ in range(60):
        doubled = layer("TimeDistributed", "t", layer=doubled)
    double = _doubling()
    return [
        port("5000-layers", content(Model(many, weights_of_dense()), ".keras"),
             ".keras", "5002", lines=14),
        port("5000-lambdas", content(Model(foreign, weights_of_dense()), ".keras"),
             ".keras", "Lambda", lines=14),
        port("300-inputs", content(Model(wide, weights_of_dense()), ".keras"),
             ".keras", "", statuses=EITHER),
        *both("60-models-in-one-another", Model(nested, weights_of_dense())),
        *both("60-wrappers-in-one-another",
              Model(sequential(input_layer(2, 3), doubled), {})),
        *both("sum-doubled-40-times", double, statuses=EITHER),
        *both("sizes-doubled-40-times", _doubling("Concatenate")),
    ]  # fmt: skip


def _doubling(cls: str = "Add") -> Model:
    """Each layer takes the one before it twice."""
    layers = [called(input_layer(3)), called(dense(), "x")]
    before = "fc"
    for number in range(40):
        layers.append(called(layer(cls, f"odd{number}"), before, before))
        before = f"odd{number}"
    config = functional(layers, [X], [[before, 0, 0]])
    return Model(config, {"layers/dense": [drawn(3, 2), drawn(2)]})
