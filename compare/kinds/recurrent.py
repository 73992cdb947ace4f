"""Mistakes in what a recurrent layer computes from its input."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from compare.kinds.mistake import (
    EMBEDDING,
    RECURRENT,
    Call,
    Computation,
    Mistake,
)

Returned = dict[str, np.ndarray]  # what `reference.run` returns of a layer


def layer_mistakes() -> Iterator[Mistake[Computation]]:
    """Every mistake of this kind."""
    gated = ("LSTM", "GRU")
    for name, slope, function in (
        ("hard sigmoid x / 6", "x / 6 + 0.5, as in Keras 3", hard_sigmoid_sixth),
        ("hard sigmoid 0.2 x", "0.2 x + 0.5, as in Keras 2", hard_sigmoid_fifth),
    ):
        yield Mistake(
            name,
            f"the gates use a hard sigmoid, {slope}, in place of a sigmoid",
            "nn.LSTM and nn.GRU have no hard sigmoid: write the cell by hand",
            'recurrent_activation="sigmoid"',
            gated,
            Computation(_computes(gate=function)),
            meant={
                "torch": "write the cell by hand, with a hard sigmoid in the gates",
                "keras": 'recurrent_activation="hard_sigmoid"',
            },
        )
    yield Mistake(
        "tanh for sigmoid",
        "the gates use a tanh in place of a sigmoid",
        "use sigmoid in the gates",
        'recurrent_activation="sigmoid"',
        gated,
        Computation(_computes(gate=np.tanh)),
        meant={
            "torch": "write the cell by hand, with a tanh in the gates",
            "keras": 'recurrent_activation="tanh"',
        },
    )
    for name, function in (("relu", _relu), ("linear", _linear)):
        yield Mistake(
            f"{name} for tanh",
            f"the layer's activation is {name} in place of tanh",
            "use tanh, the only one that nn.LSTM and nn.GRU have",
            'activation="tanh"',
            ("LSTM", "GRU", "RNN"),
            Computation(_computes(activation=function)),
            meant={
                "torch": f"write the cell by hand, with {name} in the place of tanh",
                "keras": f'activation="{name}"',
            },
        )
    yield Mistake(
        "tanh for relu",
        "the layer's activation is tanh in place of relu",
        'nonlinearity="relu"',
        'activation="relu"',
        ("RNN(relu)",),
        Computation(_computes(activation=np.tanh)),
        meant={"torch": 'nonlinearity="tanh"', "keras": 'activation="tanh"'},
    )
    yield Mistake(
        "reset gate before the product",
        "the reset gate acts on the state before the matrix product, not behind it",
        "write the cell by hand: nn.GRU has the gate behind the product",
        "reset_after=True",
        ("GRU",),
        Computation(_computes(reset_after=False)),
        meant={
            "torch": "write the cell by hand: nn.GRU has the gate behind the product",
            "keras": "reset_after=False",
        },
    )
    yield Mistake(
        "backward direction not reversed",
        "the backward direction reads the sequence from its beginning",
        "give the backward layer the reversed sequence",
        "go_backwards=True in the backward layer",
        RECURRENT,
        Computation(_one_way),
    )
    yield Mistake(
        "backward output not reversed",
        "the backward half of the output stays in the order it was computed in",
        "flip the backward half along time before it is joined",
        "flip the output of a layer with go_backwards=True before it is joined",
        RECURRENT,
        Computation(_left_reversed),
    )
    yield Mistake(
        "sequence reversed",
        "the layer reads the sequence from its end",
        "do not flip the input along time",
        "go_backwards=False",
        RECURRENT,
        Computation(_from_the_end),
        meant={
            "torch": "flip the input along time, x.flip(1)",
            "keras": "go_backwards=True, or flip the input along time",
        },
    )
    yield Mistake(
        "features reversed",
        "the features of each step come in reverse order",
        "give the columns in the order of the other side",
        "give the columns in the order of the other side",
        RECURRENT,
        Computation(_features_reversed),
        meant={
            "torch": "reverse the features, x.flip(2)",
            "keras": "reverse the features, ops.flip(x, axis=2)",
        },
    )
    yield Mistake(
        "batch and time confused",
        "the layer walks along the batch and takes time steps for samples",
        "batch_first=True",
        "time_major does not exist in Keras 3: give (batch, time, features)",
        RECURRENT,
        Computation(_batch_for_time),
    )
    yield Mistake(
        "off by one step",
        "the output of each step is that of the step before",
        "take the output after the step, not before it",
        "take the output after the step, not before it",
        RECURRENT,
        Computation(_delayed),
    )
    yield Mistake(
        "cell state for hidden state",
        "the final cell state c is taken for the final hidden state h",
        "output, (h_n, c_n) = lstm(x): take h_n",
        "output, h, c = lstm(x) with return_state=True: take h",
        ("LSTM",),
        Computation(_cell_shown),
    )
    yield Mistake(
        "states carried over",
        "the states of the last batch are where this one begins",
        "give no states, or zeros",
        "stateful=False",
        RECURRENT,
        Computation(_states_kept),
    )
    yield Mistake(
        "dropout active",
        "dropout is active, as in training",
        "model.eval()",
        "call the model with training=False",
        RECURRENT,
        Computation(_dropped),
    )
    yield Mistake(
        "mask ignored",
        "padded steps are computed as if they were data",
        "pack the batch with pack_padded_sequence",
        "give the layer the mask",
        RECURRENT,
        Computation(_mask_ignored),
        meant={
            "torch": "give the layer the padded batch, do not pack it",
            "keras": "take out what masks: Masking, mask_zero=True or mask=",
        },
    )
    yield Mistake(
        "left for right padding",
        "padding stands before the sequences and is computed, not behind them",
        "pad behind: pad_sequence(..., padding_side='right')",
        'pad_sequences(..., padding="post")',
        RECURRENT,
        Computation(_left_padded),
    )
    yield Mistake(
        "left padding packed",
        "padding stands before the sequences, and the batch is packed as if behind",
        "pad behind, pad_sequence(..., padding_side='right'), before it is packed",
        'pad_sequences(..., padding="post")',
        RECURRENT,
        Computation(_left_packed),
    )
    for name, shift, action in (
        ("high", 1, "add 1 to"),
        ("low", -1, "subtract 1 from"),
    ):
        yield Mistake(
            f"indices one too {name}",
            f"the indices that the embedding is asked for are one too {name}",
            f"do not {action} the indices",
            f"do not {action} the indices",
            EMBEDDING,
            Computation(_indices_shifted(shift)),
            meant={
                "torch": f"{action} the indices",
                "keras": f"{action} the indices",
            },
        )


def _indices_shifted(shift: int) -> Callable[[Call], np.ndarray]:
    """Look up the row that lies so many further; after the last comes the first."""

    def compute(call: Call) -> np.ndarray:
        rows = call.arrays["weight"]
        indices = np.asarray(call.x).astype("int64") + shift
        shifted: np.ndarray = rows[indices % len(rows)]
        return shifted

    return compute


def hard_sigmoid_sixth(x: np.ndarray) -> np.ndarray:
    """Limit x / 6 + 1 / 2 to [0, 1]: that of Keras 3 and of PyTorch."""
    return np.clip(x / 6 + 0.5, 0, 1)


def hard_sigmoid_fifth(x: np.ndarray) -> np.ndarray:
    """Limit 0.2 x + 1 / 2 to [0, 1]: that of Keras 2."""
    return np.clip(0.2 * x + 0.5, 0, 1)


def _relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def _linear(x: np.ndarray) -> np.ndarray:
    return x


def _computes(**otherwise: Any) -> Callable[[Call], Returned]:
    """Run a layer with other arguments of `reference.run`."""

    def compute(call: Call) -> Returned:
        return call.run(**otherwise)

    return compute


def _delayed(call: Call) -> Returned:
    """Each step gets what belongs to the step before it."""
    right = call.run()
    output = np.zeros_like(right["output"])
    output[:, 1:] = right["output"][:, :-1]
    return {**right, "output": output, "h_n": output[None, :, -1]}


def _cell_shown(call: Call) -> Returned | None:
    """The final cell state is in the place of the final hidden state."""
    right = call.run()
    if "c_n" not in right:
        return None
    return {**right, "h_n": right["c_n"]}


def _batch_for_time(call: Call) -> Returned | None:
    """The layer walks along the batch and takes the steps for samples."""
    if call.lengths is not None:
        return None
    turned = call.run(x=call.x.swapaxes(0, 1))
    output = turned.pop("output").swapaxes(0, 1)  # (batch, time, size)
    result = {"output": output}
    for key, states in turned.items():  # (number, time, size)
        shape = len(states), len(output), states.shape[2]
        result[key] = np.broadcast_to(states[:, -1:], shape)
    return result


def _from_the_end(call: Call) -> Returned:
    """The layer reads the sequence from its end."""
    return call.run(x=call.x[:, ::-1])


def _features_reversed(call: Call) -> Returned:
    """The layer reads the features in reverse order."""
    return call.run(x=call.x[..., ::-1])


def _states_kept(call: Call) -> Returned:
    """The states at the end of the last batch are where this one begins."""
    before = call.run()
    states = [before[key] for key in ("h_n", "c_n") if key in before]
    return call.run(states=states)


def _dropped(call: Call) -> Returned:
    """A tenth of the input is dropped, the rest scaled up, as in training."""
    stays = np.random.default_rng(0).random(call.x.shape) >= 0.1
    return call.run(x=np.where(stays, call.x / 0.9, 0))


def _mask_ignored(call: Call) -> Returned | None:
    """Padded steps are computed; None where there are none."""
    return None if call.lengths is None else call.run(lengths=None)


def _left_packed(call: Call) -> Returned | None:
    """Padding stands before each sequence, whose first steps are read by its length."""
    if call.lengths is None:
        return None
    return call.run(x=_shifted(call.x, call.lengths))


def _left_padded(call: Call) -> Returned | None:
    """Padding stands before each sequence and is read as if it were data."""
    if call.lengths is None:
        return None
    time = call.x.shape[1]
    wrong = call.run(x=_shifted(call.x, call.lengths), lengths=None)
    rows = np.arange(len(call.x))[:, None]
    back = (np.arange(time) + (time - call.lengths)[:, None]) % time
    return {**wrong, "output": wrong["output"][rows, back]}


def _shifted(x: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Put the padding of x, (batch, time, features), before each sequence."""
    time = x.shape[1]
    shift = (np.arange(time) - (time - lengths)[:, None]) % time
    shifted: np.ndarray = x[np.arange(len(x))[:, None], shift]
    return shifted


def _one_way(call: Call) -> Returned | None:
    """The backward direction reads from the beginning; None where there is none."""
    return call.run(backwards=False) if _has_two_directions(call) else None


def _left_reversed(call: Call) -> Returned | None:
    """The backward half stays in the order in which it was computed."""
    if not _has_two_directions(call):
        return None
    right = call.run()
    output = right["output"].copy()
    half = output.shape[2] // 2
    output[:, :, half:] = output[:, ::-1, half:]
    return {**right, "output": output}


def _has_two_directions(call: Call) -> bool:
    return any(name.endswith("_reverse") for name in call.arrays)
