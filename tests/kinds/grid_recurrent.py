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
        if kind == "RNN(relu)" and units == 1:
            continue  # one relu is zero half the time
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


def _called(layer: Any, x: Any) -> Any:
    return layer(x)


def _flipped_in_torch(layer: Any, x: Any) -> Any:
    return layer(x.flip(1))[0].flip(1)


def _flipped_in_keras(layer: Any, x: Any) -> Any:
    return layer(x[:, ::-1])[:, ::-1]


def _last(layer: Any, x: Any) -> Any:
    return layer(x)[0][:, -1]


def _last_in_keras(layer: Any, x: Any) -> Any:
    return layer(x)[:, -1]


def _final(layer: Any, x: Any) -> Any:
    states = layer(x)[1]
    h = states[0] if isinstance(states, tuple) else states
    return h[-1]


def _ends(layer: Any, x: Any) -> Any:
    import torch

    output = layer(x)[0]
    half = output.shape[2] // 2
    return torch.cat([output[:, -1, :half], output[:, 0, half:]], 1)


def _time_first(layer: Any, x: Any) -> Any:
    return layer(x.transpose(0, 1))[0].transpose(0, 1)


def _one_by_one(layer: Any, x: Any) -> Any:
    import torch

    states, outputs = None, []
    for step in x.split(1, 1):
        output, states = layer(step, states)
        outputs.append(output)
    return torch.cat(outputs, 1)


def _in_use() -> Iterator[Configuration]:
    """Ways in which models use a layer, each as it is written in either framework."""
    shape = (BATCH, TIME, 4)
    for kind in KERAS:
        plain, in_keras = _layers(kind, 4, 6)
        last = {**in_keras, "return_sequences": False}
        time_first = {**plain, "batch_first": False}
        two_ways = {**plain, "bidirectional": True}
        uses: tuple[tuple[str, dict[str, Any], dict[str, Any], Use, Use], ...] = (
            ("backwards", plain, in_keras, _flipped_in_torch, _flipped_in_keras),
            ("last step", plain, last, _last, _called),
            ("last step of all", plain, in_keras, _last, _last_in_keras),
            ("final state", plain, last, _final, _called),
            ("time first", time_first, in_keras, _time_first, _called),
            ("in steps", plain, in_keras, _one_by_one, _called),
            ("unrolled", plain, {**in_keras, "unroll": True}, _one_by_one, _called),
        )
        for name, torch_settings, keras_settings, use, use_in_keras in uses:
            yield _configuration(
                *(kind, name, torch_settings, keras_settings, shape),
                *(use, use_in_keras),
            )
        yield _configuration(
            *(kind, "ends of both ways", two_ways, last, shape, _ends, _called),
            wrapper="Bidirectional",
        )


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
