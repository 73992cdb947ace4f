"""The LSTM layer: its arguments, and the shapes of what it reads and returns."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_sequence

from compare.subjects.claims.claim import Claim, Figure, Findings
from compare.subjects.claims.common import (
    ROUNDING,
    apart,
    close,
    layer_of,
    make_keras_lstm,
    make_lstm,
    rand,
    refusal,
    shape_of,
    to_numpy,
)

# The layer's arguments


def axes() -> Findings:
    """Time and batch may be of any size; the third axis is the layer's own."""
    lstm, sizes = make_lstm(5), [(1, 1), (7, 10), (30, 2)]  # (time, batch)
    shapes = [shape_of(lstm(rand(*size, 5))[0]) for size in sizes]
    wrong = refusal(lstm, rand(7, 10, 6))
    two_more = refusal(lstm, rand(2, 7, 10, 5))
    return Findings(
        {"": shapes == [(*size, 4) for size in sizes] and bool(wrong and two_more)},
        {"runs (time, batch)": tuple(map(str, sizes)), "on 6 features": wrong},
    )


def defaults() -> Findings:
    """What a layer made from two sizes alone is like."""
    lstm = nn.LSTM(3, 4)
    expected = dict(
        num_layers=1,
        bias=True,
        batch_first=False,
        dropout=0.0,
        bidirectional=False,
        proj_size=0,
    )
    attributes = {name: getattr(lstm, name) for name in expected}
    return Findings(
        {"": attributes == expected},
        {name: str(value) for name, value in attributes.items()},
    )


def stacking() -> Findings:
    """Two layers in one against one layer after another."""
    stack = make_lstm(3, 4, 2)
    lower, upper = layer_of(stack, 0), layer_of(stack, 1)
    x = rand(7, 2, 3)
    below = lower(x)[0]
    out, above = stack(x)[0], upper(below)[0]
    return Findings(
        {"": close(out, above) and not close(out, below)},
        {
            "from second(first(x))": apart(out, above),
            "from first(x)": apart(out, below),
        },
    )


def bias() -> Findings:
    """Parameters with and without biases."""
    with_bias = dict(nn.LSTM(3, 4).named_parameters())
    without = dict(nn.LSTM(3, 4, bias=False).named_parameters())
    missing = tuple(name for name in with_bias if name not in without)
    return Findings(
        {"": missing == ("bias_ih_l0", "bias_hh_l0")},
        {"left out": missing, "left": tuple(without)},
    )


def batch_first() -> Findings:
    """One layer with either order of axes."""
    lstm, turned = make_lstm(), make_lstm(batch_first=True)
    turned.load_state_dict(lstm.state_dict())
    x = rand(7, 2, 3)
    out, swapped = lstm(x)[0], turned(x.transpose(0, 1))[0]
    return Findings(
        {"": close(out, swapped.transpose(0, 1))},
        {"False": shape_of(out), "True": shape_of(swapped)},
    )


def batch_first_states() -> Findings:
    """States of a batch-first layer: what it returns and what it takes."""
    lstm, x = make_lstm(batch_first=True), rand(2, 7, 3)
    _, (h, c) = lstm(x)
    taken = refusal(lstm, x, (h, c))
    swapped = refusal(lstm, x, (h.transpose(0, 1), c.transpose(0, 1)))
    return Findings(
        {"": shape_of(h) == shape_of(c) == (1, 2, 4) and not taken and bool(swapped)},
        {"h_n": shape_of(h), "given (2, 1, 4)": swapped},
    )


def dropout() -> Findings:
    """Dropout that drops everything: what is left of each layer's output."""
    lstm = make_lstm(3, 4, 2, dropout=1.0)
    x = rand(7, 2, 3)
    silent = layer_of(lstm, 1)(torch.zeros(7, 2, 4, dtype=torch.float64))[0]
    cases: dict[str, bool] = {}
    figures: dict[str, Figure] = {}
    for mode in ("training", "evaluation"):
        out, (h, _) = lstm.train(mode == "training")(x)
        whole = bool(h[0].ne(0).all() and out.ne(0).all())  # neither is dropped itself
        gap = apart(out, silent)
        cases[f"{mode} mode"] = whole and gap <= ROUNDING
        figures[f"off zeros fed to layer 2, {mode} mode"] = gap
    return Findings(cases, figures)


# Inputs and outputs


Shape = tuple[int, ...]


@dataclass(frozen=True)
class _Layout:
    """Shapes of one layer: "output", "h" and "c".

    Args:
        name: "unbatched", "time-major" or "batch-first".
        directions, layers, projection: of the layer.
        expected: shapes, by the documentation.
        shapes: those that came out.
    """

    name: str
    directions: int
    layers: int
    projection: int
    expected: Mapping[str, Shape]
    shapes: Mapping[str, Shape]


def _layouts() -> list[_Layout]:
    """Shapes of 24 layers, of their states as taken and as returned."""
    layouts = []
    time, batch, hidden = 7, 2, 4
    options = ("unbatched", "time-major", "batch-first"), (1, 2), (1, 2), (0, 3)
    for layout, directions, layers, proj in product(*options):
        batched = () if layout == "unbatched" else (batch,)
        h_out = proj or hidden
        expected = {
            "output": (time, *batched, directions * h_out),
            "h": (directions * layers, *batched, h_out),
            "c": (directions * layers, *batched, hidden),
        }
        x = rand(time, *batched, 3)
        if layout == "batch-first":
            x = x.transpose(0, 1)
            expected["output"] = (batch, time, directions * h_out)
        lstm = make_lstm(
            layers=layers,
            batch_first=layout == "batch-first",
            bidirectional=directions == 2,
            proj_size=proj,
        )
        out, (h, c) = lstm(x, (rand(*expected["h"]), rand(*expected["c"])))
        shapes = {"output": shape_of(out), "h": shape_of(h), "c": shape_of(c)}
        layouts.append(_Layout(layout, directions, layers, proj, expected, shapes))
    return layouts


def layout(name: str) -> Findings:
    """Shapes of "output", "h" or "c", the states as taken and as returned."""
    layouts = _layouts()
    cases: dict[str, bool] = {}
    figures: dict[str, Figure] = {"layers tried": len(layouts)}
    for tried in layouts:
        agrees = tried.expected[name] == tried.shapes[name]
        cases[tried.name] = cases.get(tried.name, True) and agrees
        if (tried.directions, tried.layers, tried.projection) == (2, 2, 3):
            figures[tried.name] = tried.shapes[name]  # an example
    return Findings(cases, figures)


def projection() -> Findings:
    """A layer of 50 units that projects its hidden state to 20."""
    lstm = make_lstm(5, 50, proj_size=20)
    out, (h, c) = lstm(rand(7, 2, 5))
    sizes = tuple(shape_of(tensor)[-1] for tensor in (out, h, c))
    return Findings(
        {"": sizes == (20, 20, 50)},
        dict(zip(("out", "h_n", "c_n"), sizes, strict=True)),
    )


def packed_output() -> Findings:
    """The type of what comes out for either type that goes in."""
    lstm = make_lstm()
    packed = pack_sequence([rand(5, 3), rand(3, 3)])
    types: dict[str, Figure] = {
        "packed in": type(lstm(packed)[0]).__name__,
        "tensor in": type(lstm(rand(5, 2, 3))[0]).__name__,
    }
    expected = [PackedSequence.__name__, torch.Tensor.__name__]
    return Findings({"": list(types.values()) == expected}, types)


def both_directions() -> Findings:
    """A bidirectional layer against two layers, one of them reading backwards."""
    lstm, x = make_lstm(bidirectional=True), rand(7, 2, 3)
    forward = layer_of(lstm, 0)(x)[0]
    reverse = layer_of(lstm, 0, "_reverse")(x.flip(0))[0].flip(0)
    out = lstm(x)[0]
    return Findings(
        {"": close(out, torch.cat([forward, reverse], dim=-1))},
        {"output": shape_of(out), "each direction": shape_of(forward)},
    )


def both_final_states() -> Findings:
    """Along which axis a bidirectional layer's final states are put together."""
    lstm, x = make_lstm(bidirectional=True), rand(7, 2, 3)
    out, (h, c) = lstm(x)
    ends = out[-1, :, :4], out[0, :, 4:]  # the reverse one ends at the first step
    return Findings(
        {
            "along the first axis": close(h, torch.stack(ends)),
            "along the features": close(h, torch.cat(ends, dim=-1)[None]),
        },
        {"h_n": shape_of(h), "c_n": shape_of(c), "one direction": shape_of(ends[0])},
    )


def zero_states() -> Findings:
    """No states given, zeros given, and something else given."""
    lstm, x = make_lstm(), rand(7, 2, 3)
    zeros = torch.zeros(1, 2, 4, dtype=torch.float64)
    alone = lstm(x)[0]
    torch_gap = apart(alone, lstm(x, (zeros, zeros))[0])
    other_gap = apart(alone, lstm(x, (zeros + 1, zeros))[0])
    layer, array, state = make_keras_lstm(), x.transpose(0, 1).numpy(), np.zeros((2, 4))
    from_zeros = layer(array, initial_state=[state, state])
    keras_gap = apart(to_numpy(layer(array)), to_numpy(from_zeros))
    return Findings(
        {"PyTorch": torch_gap == 0 and other_gap > 0, "Keras": keras_gap == 0},
        {"PyTorch": torch_gap, "Keras": keras_gap, "h_0 of ones": other_gap},
    )


CLAIMS = (
    Claim(
        "Does an LSTM read three axes, of which only the features have a set size?",
        "nn.LSTM(5, 4) on several (time, batch), on 6 features and on four axes",
        axes,
    ),
    Claim(
        "Are the defaults one layer, biases, time first, no dropout, one direction and "
        "no projection?",
        "attributes of nn.LSTM(3, 4)",
        defaults,
    ),
    Claim(
        "With num_layers=2, does the second layer read the first one's outputs, and "
        "is its output what comes out?",
        "nn.LSTM(3, 4, 2) against two single layers with its weights",
        stacking,
    ),
    Claim(
        "Does bias=False leave out b_ih and b_hh, and nothing else?",
        "parameter names of nn.LSTM(3, 4) with and without",
        bias,
    ),
    Claim(
        "Does batch_first=True swap time and batch of input and output, and change no "
        "number?",
        "two layers of the same weights on an input and on its transpose",
        batch_first,
    ),
    Claim(
        "Do hidden and cell states keep their axes under batch_first=True?",
        "states returned by a batch-first layer, given back as they are and transposed",
        batch_first_states,
    ),
    Claim(
        "Does dropout act after every layer but the last?",
        "nn.LSTM(3, 4, 2, dropout=1.0) against its second layer fed zeros",
        dropout,
    ),
    Claim(
        "Has the input (L, N, H_in), or (N, L, H_in), or (L, H_in) without a batch, "
        "and the output the same axes with D * H_out features?",
        "24 layers: three layouts, one or two layers, directions, with projection",
        partial(layout, "output"),
    ),
    Claim(
        "Have h_0 and h_n the shape (D * num_layers, N, H_out), without N where there "
        "is no batch?",
        "the same 24 layers, h_0 given and h_n returned",
        partial(layout, "h"),
    ),
    Claim(
        "Have c_0 and c_n the shape (D * num_layers, N, H_cell), without N where there "
        "is no batch?",
        "the same 24 layers, c_0 given and c_n returned",
        partial(layout, "c"),
    ),
    Claim(
        "Is H_out the proj_size where there is one, while H_cell stays hidden_size?",
        "nn.LSTM(5, 50, proj_size=20)",
        projection,
    ),
    Claim(
        "May the input be a packed sequence, and is the output then packed as well?",
        "one layer on a packed sequence and on a tensor",
        packed_output,
    ),
    Claim(
        "Does a bidirectional layer's output join both directions' hidden states at "
        "each step?",
        "a bidirectional layer against two layers with its weights, one reading "
        "backwards",
        both_directions,
    ),
    Claim(
        "Are a bidirectional layer's final states, forward and reverse, joined in h_n?",
        "h_n against the forward half of the last output and the reverse half of the "
        "first",
        both_final_states,
    ),
    Claim(
        "Are the first states zeros where none are given?",
        "an LSTM without states, with zeros and with ones, in PyTorch and in Keras",
        zero_states,
    ),
)
