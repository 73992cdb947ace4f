"""Sequences of any length: padding, packing and masking."""

import math
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch.nn.utils.rnn import (
    PackedSequence,
    pack_padded_sequence,
    pack_sequence,
    pad_packed_sequence,
    pad_sequence,
)

from compare.subjects.claims.claim import Claim, Figure, Findings
from compare.subjects.claims.common import (
    ROUNDING,
    apart,
    close,
    make_keras_lstm,
    make_linear,
    make_lstm,
    rand,
    refusal,
    shape_of,
    to_numpy,
)

LENGTHS = (5, 8, 3)
FILLS = (0.0, 1e6, math.nan)


def _sequences() -> list[torch.Tensor]:
    return [rand(length, 3) for length in LENGTHS]


def _pad(sequences: list[torch.Tensor], fill: float = 0.0) -> torch.Tensor:
    return pad_sequence(sequences, batch_first=True, padding_value=fill)


def _pack(padded: torch.Tensor) -> PackedSequence:
    return pack_padded_sequence(
        padded, list(LENGTHS), batch_first=True, enforce_sorted=False
    )


def _mask() -> np.ndarray:
    """True on the valid steps: (batch, time)."""
    return np.arange(max(LENGTHS)) < np.array(LENGTHS)[:, None]


def model_any_length() -> Findings:
    """LSTM and a linear layer on its last step, for inputs of any length."""
    lstm, head, times = make_lstm(batch_first=True), make_linear(4, 1), (1, 7, 50, 200)
    shapes = [shape_of(head(lstm(rand(2, time, 3))[0][:, -1, :])) for time in times]
    return Findings({"": shapes == [(2, 1)] * len(times)}, {"steps that run": times})


def unequal_batch() -> Findings:
    """Sequences of unequal length made into one batch in three ways."""
    lstm, sequences = make_lstm(batch_first=True), _sequences()
    stacked = refusal(lambda: lstm(torch.stack(sequences)))
    padded = refusal(lambda: lstm(_pad(sequences)))
    packed = refusal(lambda: lstm(pack_sequence(sequences, enforce_sorted=False)))
    return Findings(
        {"": bool(stacked) and not padded and not packed},
        {"stacked": stacked, "padded": padded or "runs", "packed": packed or "runs"},
    )


def last_valid() -> Findings:
    """The output at the last valid step against h_n[-1], of packed sequences."""
    lstm = make_lstm(batch_first=True)
    packed, (h_n, _) = lstm(_pack(_pad(_sequences())))
    out, lengths = pad_packed_sequence(packed, batch_first=True)
    valid = out[range(len(out)), lengths - 1, :]
    return Findings(
        {"": torch.equal(valid, h_n[-1])},
        {"lengths": LENGTHS, "gap": apart(valid, h_n[-1])},
    )


def sorted_lengths() -> Findings:
    """Unsorted and sorted lengths with enforce_sorted left as it is, and False."""
    x, unsorted, descending = rand(3, 8, 3), list(LENGTHS), sorted(LENGTHS)[::-1]
    pack = partial(pack_padded_sequence, x, batch_first=True)
    on_unsorted, on_sorted = refusal(pack, unsorted), refusal(pack, descending)
    allowed = refusal(partial(pack, enforce_sorted=False), unsorted)
    return Findings(
        {"": bool(on_unsorted) and not on_sorted and not allowed},
        {
            f"{LENGTHS}, by default": on_unsorted or "runs",
            f"{tuple(descending)}": on_sorted or "runs",
            f"{LENGTHS}, enforce_sorted=False": allowed or "runs",
        },
    )


def inner_sort() -> Findings:
    """The order inside a packed sequence, and that of the results."""
    lstm, sequences = make_lstm(batch_first=True), _sequences()
    packed = _pack(_pad(sequences))
    assert packed.sorted_indices is not None
    order = packed.sorted_indices.tolist()
    h = lstm(packed)[1][0][-1]
    alone = torch.stack([lstm(sequence)[1][0][-1] for sequence in sequences])
    descending = sorted(range(3), key=lambda i: -LENGTHS[i])
    return Findings(
        {"": order == descending and close(h, alone)},
        {"order inside": tuple(order), "gap to each run alone": apart(h, alone)},
    )


def one_length() -> Findings:
    """Whether unequal lengths are refused, in three places where they may meet."""
    lstm, sequences = make_lstm(), _sequences()
    messages = {
        "within one tensor": refusal(torch.stack, sequences),
        "within one packed sequence": refusal(
            lambda: lstm(pack_sequence(sequences, enforce_sorted=False))
        ),
        "from one batch to the next": refusal(
            lambda: [lstm(sequence) for sequence in sequences]
        ),
    }
    return Findings(
        {name: bool(text) for name, text in messages.items()},
        {name: text or "runs" for name, text in messages.items()},
    )


def padding_added() -> Findings:
    """How many steps of zeros each sequence gets, and at which end."""
    padded = _pad(_sequences())
    zeros = padded.eq(0).all(dim=2)
    past = torch.from_numpy(~_mask())
    added = tuple(zeros.sum(1).tolist())
    return Findings(
        {"": torch.equal(zeros, past) and added == (3, 0, 5)},
        {"lengths": LENGTHS, "zeros added": added, "padded": shape_of(padded)},
    )


def _readers() -> dict[str, Callable[[torch.Tensor], np.ndarray]]:
    """Final states of padded sequences, by what the layer is told of the padding."""
    lstm, layer, mask = make_lstm(batch_first=True), make_keras_lstm(), _mask()
    return {
        "packed in PyTorch": lambda x: lstm(_pack(x))[1][0][-1].detach().numpy(),
        "masked in Keras": lambda x: to_numpy(layer(x.numpy(), mask=mask)),
        "PyTorch": lambda x: lstm(x)[1][0][-1].detach().numpy(),
        "Keras": lambda x: to_numpy(layer(x.numpy())),
    }


def neutral_zeros() -> Findings:
    """Zeros that no layer was told to skip against each sequence run alone."""
    readers, sequences = _readers(), _sequences()
    gaps = {}
    for name in ("PyTorch", "Keras"):
        alone = [readers[name](sequence[None])[0] for sequence in sequences]
        gaps[name] = apart(readers[name](_pad(sequences)), np.stack(alone))
    return Findings(
        {name: gap <= ROUNDING for name, gap in gaps.items()},
        {f"final state off by, {name}": gap for name, gap in gaps.items()},
    )


def ignored_padding() -> Findings:
    """Final states, bit by bit, with 0, a million and NaN as padding."""
    sequences = _sequences()
    cases: dict[str, bool] = {}
    figures: dict[str, Figure] = {}
    for name, read in _readers().items():
        zero, million, nan = (read(_pad(sequences, fill)) for fill in FILLS)
        prefix = "" if " " in name else "not told of in "
        cases[prefix + name] = np.array_equal(zero, million) and np.array_equal(
            zero, nan
        )
        figures[f"0 against 1e6, {prefix}{name}"] = apart(zero, million)
    return Findings(cases, figures)


def ignored_backward() -> Findings:
    """Gradients through packed sequences, bit by bit, whatever the padding holds."""
    lstm, sequences = make_lstm(batch_first=True), _sequences()
    gradients = []
    for fill in FILLS:
        x = _pad(sequences, fill).requires_grad_()
        loss = lstm(_pack(x))[1][0].square().sum()
        *weights, inputs = torch.autograd.grad(loss, [*lstm.parameters(), x])
        gradients.append((weights, inputs))
    zero_weights, zero_inputs = gradients[0]
    same = True
    for weights, inputs in gradients:
        same &= all(map(torch.equal, zero_weights, weights))
        same &= torch.equal(zero_inputs, inputs)
    padding = zero_inputs[~torch.from_numpy(_mask())]
    return Findings(
        {"": same and not padding.any()},
        {
            "paddings": tuple(map(str, FILLS)),
            "gradient of the padding": float(padding.abs().max()),
        },
    )


def computed_rows() -> Findings:
    """How many rows, a step of a sequence each, either framework computes.

    Keras takes the first step twice, to learn the shapes; it counts once here.
    """
    padded = _pad(_sequences())
    data = make_lstm(batch_first=True)(_pack(padded))[0].data
    layer, rows_by_input = make_keras_lstm(), {}
    call = layer.cell.call

    def record(inputs, *args, **kwargs):
        rows_by_input[to_numpy(inputs).tobytes()] = len(inputs)
        return call(inputs, *args, **kwargs)

    layer.cell.call = record
    layer(padded.numpy(), mask=_mask())
    rows = {
        "packed in PyTorch": len(data),
        "masked in Keras": sum(rows_by_input.values()),
    }
    return Findings(
        {name: count == sum(LENGTHS) for name, count in rows.items()},
        {"padded rows": len(LENGTHS) * max(LENGTHS), **rows},
    )


def beyond_the_end() -> Findings:
    """What either framework hands out at the steps that are padding."""
    padded, past = _pad(_sequences()), ~_mask()
    packed, _ = make_lstm(batch_first=True)(_pack(padded))
    torch_out = pad_packed_sequence(packed, batch_first=True)[0].detach().numpy()
    layer = make_keras_lstm(return_sequences=True)
    keras_out = to_numpy(layer(padded.numpy(), mask=_mask()))
    last = keras_out[range(len(LENGTHS)), np.array(LENGTHS) - 1]  # (batch, units)
    repeated = np.broadcast_to(last[:, None], keras_out.shape)
    return Findings(
        {
            "PyTorch": not torch_out[past].any(),
            "Keras": np.array_equal(keras_out[past], repeated[past]),
        },
        {
            "PyTorch, largest value there": float(abs(torch_out[past]).max()),
            "Keras, largest value there": float(abs(keras_out[past]).max()),
            "Keras, gap to the last output": apart(keras_out[past], repeated[past]),
        },
    )


CLAIMS = (
    Claim(
        "Does a model of LSTM, last step and linear layer take any length?",
        "one batch-first model on 1, 7, 50 and 200 steps",
        model_any_length,
    ),
    Claim(
        "Do unequal sequences need padding or packing to share a batch?",
        "lengths 5, 8, 3 stacked, padded and packed",
        unequal_batch,
    ),
    Claim(
        "Is the output at the last valid step h_n[-1], for packed sequences?",
        "a packed batch of lengths 5, 8, 3, unpacked again",
        last_valid,
    ),
    Claim(
        "Must lengths fall unless enforce_sorted is False, and is True the default?",
        "pack_padded_sequence with lengths 5, 8, 3 and 8, 5, 3",
        sorted_lengths,
    ),
    Claim(
        "Does enforce_sorted=False sort inside and hand results back in order?",
        "order inside the packed sequence; final states against sequences run alone",
        inner_sort,
    ),
    Claim(
        "Must all sequences that an LSTM reads be of one length?",
        "lengths 5, 8, 3 in one tensor, one packed sequence, and in turn",
        one_length,
    ),
    Claim(
        "Do lengths 5, 8, 3, padded at the end to 8, get 3, 0 and 5 steps of zeros?",
        "pad_sequence",
        padding_added,
    ),
    Claim(
        "Are zeros neutral to a layer that is not told they are padding?",
        "final states of padded sequences against sequences run alone",
        neutral_zeros,
    ),
    Claim(
        "Is padding ignored, whatever it holds?",
        "final states, bit by bit, for paddings 0, 1e6 and NaN",
        ignored_padding,
    ),
    Claim(
        "Is padding ignored in the backward pass too, so that only real steps teach?",
        "gradients of a packed batch, bit by bit, for paddings 0, 1e6 and NaN",
        ignored_backward,
    ),
    Claim(
        "Does skipping the padding save computation?",
        "rows computed for lengths 5, 8, 3",
        computed_rows,
    ),
    Claim(
        "Beyond a sequence's end, does PyTorch give zeros and Keras its last output?",
        "a packed batch, unpacked, and a masked one",
        beyond_the_end,
    ),
)
