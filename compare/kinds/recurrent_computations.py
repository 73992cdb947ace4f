"""Mistakes in what a recurrent layer computes from its input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from compare.kinds.functions import Function, hard_sigmoid_fifth, hard_sigmoid_sixth
from compare.kinds.mistake import Call, Computation, Mistake

Returned = dict[str, np.ndarray]  # what `running.run` returns of a layer
ComputationMistake = Mistake[Computation]


def returned(call: Call, **otherwise: Any) -> Returned:
    """Run a layer, with other options or another x."""
    result: Returned = call.run(**otherwise)
    return result


def computes(**otherwise: Any) -> Callable[[Call], Returned]:
    """Run a layer with other options."""

    def compute(call: Call) -> Returned:
        return returned(call, **otherwise)

    return compute


def _delayed(call: Call) -> Returned:
    """Each step gets what belongs to the step before it."""
    right = returned(call)
    output = np.zeros_like(right["output"])
    output[:, 1:] = right["output"][:, :-1]
    return {**right, "output": output, "h_n": output[None, :, -1]}


def _batch_for_time(call: Call) -> Returned | None:
    """The layer walks along the batch and takes the steps for samples."""
    if call.lengths is not None or call.options.get("states") is not None:
        return None
    turned = returned(call, x=call.x.swapaxes(0, 1))
    output = turned.pop("output").swapaxes(0, 1)  # (batch, time, size)
    result = {"output": output}
    for key, states in turned.items():  # (number, time, size)
        shape = len(states), len(output), states.shape[2]
        result[key] = np.broadcast_to(states[:, -1:], shape)
    return result


def _from_the_end(call: Call) -> Returned:
    """The layer reads the sequence from its end."""
    return returned(call, x=call.x[:, ::-1])


def _features_reversed(call: Call) -> Returned:
    """The layer reads the features in reverse order."""
    return returned(call, x=call.x[..., ::-1])


def _states_kept(call: Call) -> Returned:
    """The states at the end of the last batch are where this one begins."""
    before = returned(call)
    states = [before[key] for key in ("h_n", "c_n") if key in before]
    return returned(call, states=states)


def _begun_anew(call: Call) -> Returned | None:
    """Each step begins as the first does; None where there are no others."""
    batch, time, *sizes = call.x.shape
    if time < 2 or call.lengths is not None or _has_several_parts(call):
        return None
    states = call.options.get("states")
    if states is not None:  # (1, batch, size) each
        states = [np.repeat(state, time, axis=1) for state in states]
    x = call.x.reshape(batch * time, 1, *sizes)
    by_itself = returned(call, x=x, states=states)
    output = by_itself["output"]
    result = {"output": output.reshape(batch, time, *output.shape[2:])}
    for key in by_itself:
        if key != "output":  # (1, batch * time, size)
            state = by_itself[key]
            steps = state.reshape(batch, time, *state.shape[2:])
            result[key] = steps[None, :, -1]
    return result


def _state_by_state(change: Callable[..., Any]) -> Callable[[Call], Returned | None]:
    """Change the states of a layer of one part, h and c, from each step to the next.

    Args:
        change: takes h and c, and returns those with which the next step begins.
    """

    def compute(call: Call) -> Returned | None:
        time = call.x.shape[1]
        if time < 2 or call.lengths is not None or _has_several_parts(call):
            return None
        states, outputs = call.options.get("states"), []
        result: Returned = {}
        for step in range(time):
            result = returned(call, x=call.x[:, step : step + 1], states=states)
            if "c_n" not in result or result["c_n"].shape != result["h_n"].shape:
                return None
            outputs.append(result["output"])
            states = change(result["h_n"], result["c_n"])
        return {**result, "output": np.concatenate(outputs, axis=1)}

    return compute


def _h_and_c_exchanged(h: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, ...]:
    return c, h


def _c_forgotten(h: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, ...]:
    return h, np.zeros_like(c)


def _h_forgotten(h: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, ...]:
    return np.zeros_like(h), c


def _has_several_parts(call: Call) -> bool:
    return sum("weight_hh" in name for name in call.arrays) > 1


def _dropped(call: Call) -> Returned:
    """A tenth of the input is dropped, the rest scaled up, as in training."""
    stays = np.random.default_rng(0).random(call.x.shape) >= 0.1
    return returned(call, x=np.where(stays, call.x / 0.9, 0))


def _mask_ignored(call: Call) -> Returned | None:
    """Padded steps are computed; None where there are none."""
    return None if call.lengths is None else returned(call, lengths=None)


def _left_packed(call: Call) -> Returned | None:
    """Padding stands before each sequence, whose first steps are read by its length."""
    if call.lengths is None:
        return None
    return returned(call, x=_shifted(call.x, call.lengths))


def _left_padded(call: Call) -> Returned | None:
    """Padding stands before each sequence and is read as if it were data."""
    if call.lengths is None:
        return None
    time = call.x.shape[1]
    wrong = returned(call, x=_shifted(call.x, call.lengths), lengths=None)
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
    return returned(call, backwards=False) if _has_two_directions(call) else None


def _left_reversed(call: Call) -> Returned | None:
    """The backward half stays in the order in which it was computed."""
    if not _has_two_directions(call):
        return None
    right = returned(call)
    output = right["output"].copy()
    half = output.shape[2] // 2
    output[:, :, half:] = output[:, ::-1, half:]
    return {**right, "output": output}


def _has_two_directions(call: Call) -> bool:
    return any(name.endswith("_reverse") for name in call.arrays)


def _hard_sigmoid(name: str, slope: str, function: Function) -> ComputationMistake:
    return Mistake(
        name,
        f"the gates use a hard sigmoid, {slope}, in place of a sigmoid",
        "nn.LSTM and nn.GRU have no hard sigmoid: write the cell by hand",
        'recurrent_activation="sigmoid"',
        Computation(computes(recurrent_activation=function)),
        meant={
            "torch": "write the cell by hand, with a hard sigmoid in the gates",
            "keras": 'recurrent_activation="hard_sigmoid"',
        },
    )


OTHER_GATES = (
    _hard_sigmoid(
        "hard sigmoid x / 6", "x / 6 + 0.5, as in Keras 3", hard_sigmoid_sixth
    ),
    _hard_sigmoid(
        "hard sigmoid 0.2 x", "0.2 x + 0.5, as in Keras 2", hard_sigmoid_fifth
    ),
    Mistake(
        "tanh for sigmoid",
        "the gates use a tanh in place of a sigmoid",
        "use sigmoid in the gates",
        'recurrent_activation="sigmoid"',
        Computation(computes(recurrent_activation="tanh")),
        meant={
            "torch": "write the cell by hand, with a tanh in the gates",
            "keras": 'recurrent_activation="tanh"',
        },
    ),
)


def _for_tanh(name: str) -> ComputationMistake:
    return Mistake(
        f"{name} for tanh",
        f"the layer's activation is {name} in place of tanh",
        "use tanh, the only one that nn.LSTM and nn.GRU have",
        'activation="tanh"',
        Computation(computes(activation=name)),
        meant={
            "torch": f"write the cell by hand, with {name} in the place of tanh",
            "keras": f'activation="{name}"',
        },
    )


NO_TANH = (_for_tanh("relu"), _for_tanh("linear"))
FROM_THE_END = Mistake(
    "sequence reversed",
    "the layer reads the sequence backwards, from its end",
    "do not flip the input along time",
    "go_backwards=False",
    Computation(_from_the_end),
    meant={
        "torch": "flip the input along time, x.flip(1)",
        "keras": "go_backwards=True, or flip the input along time",
    },
)
SEQUENCES = (
    Mistake(
        "backward direction not reversed",
        "the backward direction reads the sequence from its beginning",
        "give the backward layer the reversed sequence",
        "go_backwards=True in the backward layer",
        Computation(_one_way),
    ),
    Mistake(
        "backward output not reversed",
        "the backward half of the output stays in the order it was computed in",
        "flip the backward half along time before it is joined",
        "flip the output of a layer with go_backwards=True before it is joined",
        Computation(_left_reversed),
    ),
    FROM_THE_END,
    Mistake(
        "features reversed",
        "the features of each step come in reverse order",
        "give the columns in the order of the other side",
        "give the columns in the order of the other side",
        Computation(_features_reversed),
        meant={
            "torch": "reverse the features, x.flip(2)",
            "keras": "reverse the features, ops.flip(x, axis=2)",
        },
    ),
    Mistake(
        "batch and time confused",
        "the layer walks along the batch and takes time steps for samples",
        "batch_first=True",
        "time_major does not exist in Keras 3: give (batch, time, features)",
        Computation(_batch_for_time),
    ),
    Mistake(
        "off by one step",
        "the output of each step is that of the step before",
        "take the output after the step, not before it",
        "take the output after the step, not before it",
        Computation(_delayed),
    ),
)


def _between_steps(name: str, sentence: str, change: Callable[..., Any]) -> Any:
    return Mistake(
        name,
        sentence,
        "hand on (h, c) of each step as they are",
        "hand on [h, c] of each step as they are",
        Computation(_state_by_state(change)),
    )


NOT_CARRIED = Mistake(
    "states begun anew at each step",
    "every step begins as the first one does, not with the states of the step before",
    "give each step the states of the step before",
    "give each step the states of the step before",
    Computation(_begun_anew),
)
# Of an LSTM, which has two states.
BETWEEN_STEPS = (
    NOT_CARRIED,
    _between_steps(
        "h and c exchanged between steps",
        "each step begins with h and c of the step before in each other's place",
        _h_and_c_exchanged,
    ),
    _between_steps(
        "cell state not carried",
        "each step begins with a cell state c of zeros, not that of the step before",
        _c_forgotten,
    ),
    _between_steps(
        "hidden state not carried",
        "each step begins with a hidden state h of zeros, not that of the step before",
        _h_forgotten,
    ),
)
STATES_AND_PADDING = (
    Mistake(
        "states carried over",
        "the states of the last batch are where this one begins",
        "give no states, or zeros",
        "stateful=False",
        Computation(_states_kept),
    ),
    Mistake(
        "dropout active",
        "dropout is active, as in training",
        "model.eval()",
        "call the model with training=False",
        Computation(_dropped),
    ),
    Mistake(
        "mask ignored",
        "padded steps are computed as if they were data",
        "pack the batch with pack_padded_sequence",
        "give the layer the mask",
        Computation(_mask_ignored),
        meant={
            "torch": "give the layer the padded batch, do not pack it",
            "keras": "take out what masks: Masking, mask_zero=True or mask=",
        },
    ),
    Mistake(
        "left for right padding",
        "padding stands before the sequences and is computed, not after them",
        "pad after the data: pad_sequence(..., padding_side='right')",
        'pad_sequences(..., padding="post")',
        Computation(_left_padded),
    ),
    Mistake(
        "left padding packed",
        "padding stands before the sequences, and the batch is packed as if it stood "
        "after them",
        "pad after the data, with pad_sequence(..., padding_side='right'), before it "
        "is packed",
        'pad_sequences(..., padding="post")',
        Computation(_left_packed),
    ),
)
