"""Configurations of recurrent layers: kinds, parts, sizes, settings, ways of use."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

from grid import Configuration, Impossible, Unsayable, Use

from compare.kinds.kind import Example

BATCH, TIME = 3, 5
KERAS = {"LSTM": "LSTM", "GRU": "GRU", "RNN": "SimpleRNN", "RNN(relu)": "SimpleRNN"}


def _layers(
    kind: str, features: int, units: int, **more: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arguments of both classes."""
    torch = {"input_size": features, "hidden_size": units, "batch_first": True}
    keras: dict[str, Any] = {"units": units, "return_sequences": True}
    if kind == "RNN(relu)":
        torch["nonlinearity"], keras["activation"] = "relu", "relu"
    return {**torch, **more}, keras


def _configuration(
    kind: str,
    name: str,
    torch: dict[str, Any],
    keras: dict[str, Any],
    shape: tuple[int, ...],
    in_torch: Use | None = None,
    in_keras: Use | None = None,
    **more: Any,
) -> Configuration:
    example = Example(
        kind.split("(")[0], torch, KERAS[kind], keras, name, shape, **more
    )
    return Configuration(kind, example, in_torch, in_keras)


def _parts() -> Iterator[Configuration]:
    """Layers of one part and of several, in one direction and in two."""
    for kind, layers, two_ways, bias in product(
        KERAS, (1, 2, 3), (False, True), (True, False)
    ):
        features, units = 4, 3 + layers
        torch, keras = _layers(kind, features, units, num_layers=layers, bias=bias)
        torch["bidirectional"], keras["use_bias"] = two_ways, bias
        ways = "two ways" if two_ways else "one way"
        yield _configuration(
            kind,
            f"{layers} layers, {ways}, bias {bias}",
            torch,
            keras,
            (BATCH, TIME, features),
            stack=layers,
            wrapper="Bidirectional" if two_ways else "",
        )


def _sizes() -> Iterator[Configuration]:
    """Inputs and states of one number, of equal size, of unequal size; one step."""
    for kind, (features, units, time, batch) in product(
        KERAS, ((1, 1, 4, 2), (5, 5, 4, 2), (7, 2, 1, 3), (1, 6, 9, 1), (6, 1, 3, 4))
    ):
        torch, keras = _layers(kind, features, units)
        name = f"{features} to {units}, {time} steps, batch {batch}"
        yield _configuration(kind, name, torch, keras, (batch, time, features))


def _cells() -> Iterator[Configuration]:
    """Cells, which take one step, and cells stacked in one layer."""
    for kind, bias in product(KERAS, (True, False)):
        torch, keras = _layers(kind, 4, 6, bias=bias)
        del torch["batch_first"], keras["return_sequences"]
        keras["use_bias"] = bias
        example = Example(
            f"{kind.split('(')[0]}Cell",
            torch,
            f"{KERAS[kind]}Cell",
            keras,
            f"cell, bias {bias}",
            (BATCH, 4),
        )
        yield Configuration(kind, example)
    for kind, layers in product(KERAS, (2, 3)):
        torch, keras = _layers(kind, 6, 6, num_layers=layers)
        del keras["return_sequences"]
        example = Example(
            kind.split("(")[0],
            torch,
            f"{KERAS[kind]}Cell",
            keras,
            f"{layers} stacked cells",
            (BATCH, TIME, 6),
            stack=layers,
            as_cells=True,
        )
        yield Configuration(kind, example)


def _flipped(layer: Any, x: Any) -> Any:
    return layer(x.flip(1))


def _flipped_back(layer: Any, x: Any) -> Any:
    output, states = layer(x.flip(1))
    return output.flip(1), states


def _turned_in_keras(layer: Any, x: Any) -> Any:
    return layer(x)[:, ::-1]


def _last(layer: Any, x: Any) -> Any:
    output, states = layer(x)
    return output[:, -1], states


def _ends(layer: Any, x: Any) -> Any:
    output, states = layer(x)
    half = output.shape[2] // 2
    import torch  # noqa: PLC0415 (the table itself loads no framework)

    return torch.cat([output[:, -1, :half], output[:, 0, half:]], 1), states


def _time_first(layer: Any, x: Any) -> Any:
    output, states = layer(x.transpose(0, 1))
    return output.transpose(0, 1), states


def _one_by_one(layer: Any, x: Any) -> Any:
    import torch  # noqa: PLC0415

    states, outputs = None, []
    for step in x.split(1, 1):
        output, states = layer(step, states)
        outputs.append(output)
    return torch.cat(outputs, 1), states


def _in_use() -> Iterator[Configuration]:
    """Ways in which models use a layer, each as it is written in either framework."""
    shape = (BATCH, TIME, 4)
    for kind in KERAS:
        torch, keras = _layers(kind, 4, 6)
        backwards = {**keras, "go_backwards": True}
        last = {**keras, "return_sequences": False}
        time_first = {**torch, "batch_first": False}
        two_ways = {**torch, "bidirectional": True}
        yield _configuration(kind, "backwards", torch, backwards, shape, _flipped)
        yield _configuration(
            *(kind, "backwards, flipped back", torch, backwards, shape),
            *(_flipped_back, _turned_in_keras),
        )
        yield _configuration(kind, "last step", torch, last, shape, _last)
        yield _configuration(kind, "time first", time_first, keras, shape, _time_first)
        yield _configuration(kind, "in steps", torch, keras, shape, _one_by_one)
        yield _configuration(
            *(kind, "ends of both ways", two_ways, last, shape, _ends),
            wrapper="Bidirectional",
        )
        for unroll in (True, False):
            options = {**keras, "unroll": unroll}
            yield _configuration(kind, f"unroll {unroll}", torch, options, shape)


CONFIGURATIONS = (*_parts(), *_sizes(), *_cells(), *_in_use())

UNSAYABLE = (
    *(
        Unsayable(kind, "keras", {"units": 4, setting: value}, setting, words)
        for kind, setting, value, words in (
            ("LSTM", "activation", "relu", "by hand"),
            ("LSTM", "recurrent_activation", "hard_sigmoid", "by hand"),
            ("GRU", "activation", "elu", "by hand"),
            ("GRU", "recurrent_activation", "tanh", "by hand"),
            ("GRU", "reset_after", False, "by hand"),
            ("LSTM", "go_backwards", True, "flip"),
            ("GRU", "go_backwards", True, "flip"),
            ("RNN", "go_backwards", True, "flip"),
        )
    ),
    Unsayable(
        "LSTM",
        "torch",
        {"input_size": 4, "hidden_size": 6, "proj_size": 2},
        "projection",
        "ProjectedLSTMCell",
    ),
)

IMPOSSIBLE = (
    Impossible(
        "torch",
        "GRU",
        {"input_size": 4, "hidden_size": 6, "proj_size": 2},
        (BATCH, TIME, 4),
        "only an LSTM has a projection",
    ),
    Impossible(
        "torch",
        "LSTM",
        {"input_size": 4, "hidden_size": 6, "proj_size": 6},
        (BATCH, TIME, 4),
        "a projection is smaller than the state",
    ),
    Impossible(
        "torch",
        "RNN",
        {"input_size": 4, "hidden_size": 6, "nonlinearity": "sigmoid"},
        (BATCH, TIME, 4),
        "PyTorch has tanh and relu alone",
    ),
)
