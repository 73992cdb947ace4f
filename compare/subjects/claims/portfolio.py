"""The portfolio models: any number of steps, and Flatten in either order of axes."""

from functools import partial
from typing import Any

import keras
import numpy as np
import torch
from torch import nn

from compare.subjects.claims.claim import Claim, Figure, Findings
from compare.subjects.claims.common import (
    apart,
    close,
    make_keras_lstm,
    make_linear,
    make_lstm,
    movers,
    rand,
    refusal,
    shape_of,
    to_numpy,
)

# Any number of steps


def keras_any_length() -> Findings:
    """A Keras LSTM built without a length, and one built for seven steps."""
    models = {}
    for time in (None, 7):
        x = keras.Input((time, 3), dtype="float64", name="x")
        models[time] = keras.Model(
            x, make_keras_lstm(return_sequences=True)(x), name="m"
        )
    sizes = [(2, 1), (2, 3), (1, 9)]  # (batch, time)
    shapes = [shape_of(models[None](np.zeros((*size, 3)))) for size in sizes]
    message = refusal(models[7], np.zeros((2, 9, 3)))
    return Findings(
        {"": shapes == [(*size, 4) for size in sizes]},
        {"runs (batch, time)": tuple(map(str, sizes)), "built for 7, given 9": message},
    )


def torch_any_length() -> Findings:
    """One layer, batch after batch."""
    lstm, times = make_lstm(), (1, 7, 50, 200)
    shapes = [shape_of(lstm(rand(time, 2, 3))[0]) for time in times]
    return Findings(
        {"": shapes == [(time, 2, 4) for time in times]}, {"steps that run": times}
    )


def time_axis() -> Findings:
    """Along which axis of its input a layer remembers."""
    cases: dict[str, bool] = {}
    figures: dict[str, Figure] = {}
    for batch_first in (False, True):
        lstm = make_lstm(batch_first=batch_first)
        last = partial(lambda lstm, x: lstm(x)[0][-1, -1], lstm)
        reach = [sum(movers(last, rand(6, 6, 3), axis)) for axis in (0, 1)]
        cases[f"batch_first={batch_first}"] = reach == [6, 1]
        figures[f"time axis, batch_first={batch_first}"] = reach.index(6)
    return Findings(cases, figures)


# Flatten and the portfolio models


def flatten_keeps_all() -> Findings:
    """What Flatten makes of (batch, time, hidden_size)."""
    h = rand(10, 30, 50)
    rows = torch.stack([torch.cat(list(sample)) for sample in h])  # step after step
    flat = {
        "PyTorch": nn.Flatten()(h).numpy(),
        "Keras": to_numpy(keras.layers.Flatten(dtype="float64")(h.numpy())),
    }
    return Findings(
        {name: np.array_equal(array, rows.numpy()) for name, array in flat.items()},
        {name: shape_of(array) for name, array in flat.items()},
    )


def flatten_edition() -> Findings:
    """The Flatten edition as written: a time-major LSTM and a head for 64 values."""
    lstm, head = nn.LSTM(8, 64), nn.Sequential(nn.Flatten(), nn.Linear(64, 4))
    cases: dict[str, bool] = {}
    figures: dict[str, Figure] = {}
    for batch in (1, 4):
        h, _ = lstm(torch.rand(50, batch, 8))
        message = refusal(head, h)
        cases[f"batch {batch}"] = not message
        figures[f"batch {batch}"] = message or shape_of(head(h))
    return Findings(cases, figures)


def view_alternative() -> Findings:
    """`view` on (time, batch, hidden_size) against each sample's own steps."""
    cases: dict[str, bool] = {}
    figures: dict[str, Figure] = {}
    for batch in (1, 4):
        h = rand(6, batch, 4)
        viewed = h.view(-1, 4 * h.shape[0])
        cases[f"batch {batch}"] = close(viewed, h.transpose(0, 1).flatten(1))
        origin = torch.arange(batch).expand(6, batch)[..., None].expand(h.shape)
        mixed = len(set(origin.reshape(viewed.shape)[0].tolist()))
        figures[f"samples in row 1, batch {batch}"] = mixed
    return Findings(cases, figures)


def last_step_edition() -> Findings:
    """[:, -1, :] after a time-major LSTM, for either order of the input's axes."""
    lstm, x = make_lstm(), rand(7, 2, 3)
    truth = lstm(x)[0][-1]
    picked = {
        "time-major input": lstm(x)[0][:, -1, :],
        "batch-first input": lstm(x.transpose(0, 1))[0][:, -1, :],
    }
    batch_first = picked["batch-first input"]
    return Findings(
        {name: close(tensor, truth) for name, tensor in picked.items()},
        {"last step": shape_of(truth)}
        | {name: shape_of(tensor) for name, tensor in picked.items()}
        | {"gap, batch-first input": apart(batch_first, truth)},
    )


def flatten_time_major() -> Findings:
    """What Flatten makes of (time, batch, hidden_size)."""
    h = rand(7, 2, 4)
    flat = nn.Flatten()(h)
    return Findings(
        {"": close(flat, torch.cat([h[:, 0], h[:, 1]], dim=1))},
        {"before": shape_of(h), "after": shape_of(flat)},
    )


def flatten_needed() -> Findings:
    """A linear layer on every step as it stands against one step after another."""
    h, head = rand(64, 50, 64), make_linear(64, 4)
    message = refusal(head, h)
    whole, steps = head(h), torch.stack([head(h_t) for h_t in h.unbind(1)], dim=1)
    return Findings(
        {"": bool(message) or not close(whole, steps)},
        {
            "without Flatten": shape_of(whole),
            "gap to step by step": apart(whole, steps),
        },
    )


def independent_steps() -> Findings:
    """Which steps move each output of a head after flattened steps."""
    counts, swapped = _flat_head()
    return Findings(
        {"": set(counts) == {1}},
        {"steps behind each output": counts, "two steps swapped moves it by": swapped},
    )


def mixed_steps() -> Findings:
    """Check the opposite claim of `independent_steps`."""
    counts, _ = _flat_head()
    return Findings({"": set(counts) == {50}}, {"steps behind each output": counts})


def _flat_head() -> tuple[tuple[int, ...], float]:
    """Steps that move each of a flattened head's outputs; what a swap of two does."""
    head, h = make_linear(50 * 64, 4), rand(2, 50, 64)
    outputs = [partial(lambda h, k: head(h.flatten(1))[:, k], k=k) for k in range(4)]
    counts = tuple(sum(movers(output, h, 1)) for output in outputs)
    order = [1, 0, *range(2, 50)]
    return counts, apart(head(h.flatten(1)), head(h[:, order].flatten(1)))


def head_width() -> Findings:
    """A head for 50 flattened steps of 64, offered 50 and 49 of them."""
    head = make_linear(50 * 64, 4)
    messages = {time: refusal(head, rand(2, time, 64).flatten(1)) for time in (50, 49)}
    return Findings(
        {"": not messages[50] and bool(messages[49])},
        {"in_features": head.in_features, "49 steps": messages[49]},
    )


def size_index() -> Findings:
    """`out.size[0]`, where `out.size(0)` or `out.shape[0]` is meant."""
    out = rand(2, 50, 64)
    size: Any = out.size  # a method, which the note indexes
    message = refusal(lambda: out.reshape(size[0], -1), errors=TypeError)
    return Findings({"": not message}, {"out.size[0]": message or "runs"})


def hard_wired_sizes() -> Findings:
    """The flattening model's LSTM is LSTM(8, 64), whatever sizes it is asked for."""
    cases: dict[str, bool] = {}
    figures: dict[str, Figure] = {}
    for features, hidden in ((8, 64), (5, 64), (8, 32)):
        lstm, head = nn.LSTM(8, 64, batch_first=True), nn.Linear(50 * hidden, 4)
        x = torch.rand(2, 50, features)
        message = refusal(lambda x=x, h=head, f=lstm: h(f(x)[0].flatten(1)))
        cases[f"{features} features and {hidden} units"] = not message
        figures[f"{features} features, {hidden} units"] = message or "runs"
    return Findings(cases, figures)


def sharpe_reshape() -> Findings:
    """The reshape of the flattening model, with its own sizes."""
    out, _ = nn.LSTM(8, 64, batch_first=True)(torch.rand(64, 50, 8))
    flat = out.reshape(out.shape[0], -1)
    return Findings(
        {"": (shape_of(out), shape_of(flat)) == ((64, 50, 64), (64, 3200))},
        {"out": shape_of(out), "reshaped": shape_of(flat), "50 * 64": 50 * 64},
    )


CLAIMS = (
    Claim(
        "Does a Keras LSTM built without a length read any?",
        "Input((None, 3)) and LSTM(4) on 1, 3 and 9 steps; Input((7, 3)) on 9",
        keras_any_length,
    ),
    Claim(
        "Does a PyTorch LSTM read any length, another one in each batch?",
        "one layer on 1, 7, 50 and 200 steps",
        torch_any_length,
    ),
    Claim(
        "Does a PyTorch LSTM expect (time, batch, features)?",
        "along which axis an input moves the last output",
        time_axis,
    ),
    Claim(
        "Does Flatten turn (batch, time, hidden_size) into two axes that keep every "
        "step?",
        "Flatten of PyTorch and of Keras on (10, 30, 50)",
        flatten_keeps_all,
    ),
    Claim(
        "Does the portfolio model with a time-major LSTM, Flatten and Linear(64) run?",
        "that model on 50 steps, batch 1 and batch 4",
        flatten_edition,
    ),
    Claim(
        "Does view(-1, hidden_size * time) of a time-major output give each sample its "
        "own row?",
        "`view` on (6, batch, 4), and which samples share a row",
        view_alternative,
    ),
    Claim(
        "Does [:, -1, :] pick the last step after the time-major portfolio LSTM?",
        "a time-major LSTM on (7, 2, 3) and on (2, 7, 3)",
        last_step_edition,
    ),
    Claim(
        "Does Flatten turn (time, batch, features) into (time, batch * features)?",
        "nn.Flatten on (7, 2, 4)",
        flatten_time_major,
    ),
    Claim(
        "Must the output be flattened for a linear layer to act on every step?",
        "nn.Linear(64, 4) on (64, 50, 64) and step by step",
        flatten_needed,
    ),
    Claim(
        "Does the linear layer after flattened steps treat each step on its own?",
        "which of 50 steps move each of 4 outputs, and a swap of two steps",
        independent_steps,
    ),
    Claim(
        "Must that linear layer be as wide as time * hidden_size?",
        "nn.Linear(50 * 64, 4) on 50 and on 49 flattened steps",
        head_width,
    ),
    Claim(
        "Does out.size[0] give the number of samples?",
        "out.reshape(out.size[0], -1)",
        size_index,
    ),
    Claim(
        "Does the flattening portfolio model run for the sizes it is given?",
        "LSTM(8, 64) as it is written there, a head for 50 * hidden_size",
        hard_wired_sizes,
    ),
    Claim(
        "Does its reshape turn (64, 50, 64) into (64, 3200)?",
        "nn.LSTM(8, 64, batch_first=True) on (64, 50, 8)",
        sharpe_reshape,
    ),
    Claim(
        "Does flattening mix all steps in every output?",
        "which of 50 steps move each of 4 outputs",
        mixed_steps,
    ),
)
