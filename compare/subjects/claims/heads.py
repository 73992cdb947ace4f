"""Flatten or the last step: what either head reads of the sequence."""

from functools import partial

import keras
import torch
from torch import nn

from compare.subjects.claims.claim import Claim, Figure, Findings
from compare.subjects.claims.common import (
    make_linear,
    make_lstm,
    movers,
    rand,
    refusal,
    shape_of,
)


def slice_shape() -> Findings:
    """[:, -1, :] of a batch-first layer, and the head after it."""
    out, _ = make_lstm(8, 64, batch_first=True)(rand(64, 50, 8))
    last = out[:, -1, :]
    message = refusal(make_linear(64, 4), last)
    return Findings(
        {"": shape_of(last) == (64, 64) and not message},
        {"out": shape_of(out), "last": shape_of(last), "head": message or "runs"},
    )


def _last_output(lstm: nn.LSTM, units: slice, x: torch.Tensor) -> torch.Tensor:
    return lstm(x)[0][:, -1, units]


def last_sees_all() -> Findings:
    """Which steps of the input move each half of the last output."""
    cases: dict[str, bool] = {}
    figures: dict[str, Figure] = {}
    units = {
        "one direction": [slice(0, 4)],
        "bidirectional": [slice(0, 4), slice(4, 8)],
    }
    for name, halves in units.items():
        lstm = make_lstm(batch_first=True, bidirectional=name == "bidirectional")
        x = rand(2, 7, 3)
        counts = tuple(
            sum(movers(partial(_last_output, lstm, half), x, 1)) for half in halves
        )
        cases[name] = set(counts) == {7}
        figures[f"of 7 steps, {name}"] = counts
    return Findings(cases, figures)


def last_discards() -> Findings:
    """How many of the LSTM's outputs reach the result of either head."""
    head_of_last, head_of_all = make_linear(64, 4), make_linear(50 * 64, 4)
    h = rand(2, 50, 64)
    last = sum(movers(lambda h: head_of_last(h[:, -1, :]), h, 1))
    flat = sum(movers(lambda h: head_of_all(h.flatten(1)), h, 1))
    return Findings(
        {"": (last, flat) == (1, 50)}, {"last step": last, "flattened": flat}
    )


def _keras_flatten(sequences: bool) -> tuple[int, int, int]:
    """A Keras model of LSTM(64), Flatten and Dense(4) on (50, 8).

    Returns:
        Its parameters, the values that Flatten hands on, and the parameters of Dense.
    """
    zeros = dict(kernel_initializer="zeros", recurrent_initializer="zeros")
    lstm = keras.layers.LSTM(64, seed=0, return_sequences=sequences, **zeros)
    flatten = keras.layers.Flatten()
    head = keras.layers.Dense(4, kernel_initializer="zeros")
    model = keras.Sequential([keras.Input((50, 8)), lstm, flatten, head])
    return model.count_params(), flatten.output.shape[1], head.count_params()


def keras_flatten() -> Findings:
    """How many values Keras's Flatten hands on of 50 steps of 64."""
    cases: dict[str, bool] = {}
    figures: dict[str, Figure] = {}
    for sequences in (True, False):
        name = f"return_sequences={sequences}"
        parameters, width, _ = _keras_flatten(sequences)
        cases[name] = width == 50 * 64
        figures[f"values, {name}"] = width
        figures[f"parameters, {name}"] = parameters
    return Findings(cases, figures)


def head_parameters() -> Findings:
    """Parameters of the dense layer after Flatten, and of one without it."""
    counts = {
        "PyTorch": sum(p.numel() for p in nn.Linear(50 * 64, 4).parameters()),
        "Keras with return_sequences=True": _keras_flatten(True)[2],
        "Keras without it": _keras_flatten(False)[2],
    }
    alone = sum(p.numel() for p in nn.Linear(64, 4).parameters())
    return Findings(
        {name: count == (50 * 64 + 1) * 4 for name, count in counts.items()},
        {"last step": alone, **counts},
    )


CLAIMS = (
    Claim(
        "Does [:, -1, :] cut (batch, time, hidden_size) to (batch, hidden_size), ready "
        "for a linear layer?",
        "nn.LSTM(8, 64, batch_first=True) on (64, 50, 8), nn.Linear(64, 4)",
        slice_shape,
    ),
    Claim(
        "Does the last step's output sum up the whole sequence?",
        "which of 7 input steps move it, for each direction",
        last_sees_all,
    ),
    Claim(
        "Does taking the last step discard the other outputs, and Flatten keep them?",
        "which of 50 outputs reach the result of either head",
        last_discards,
    ),
    Claim(
        "Does a Keras model with LSTM and Flatten use all time steps?",
        "Input((50, 8)), LSTM(64), Flatten, Dense(4), both ways of return_sequences",
        keras_flatten,
    ),
    Claim(
        "Does Flatten widen the dense layer to time * hidden_size inputs?",
        "parameters of the dense layer with 4 outputs, 50 steps of 64",
        head_parameters,
    ),
)
