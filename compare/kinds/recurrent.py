"""Mistakes in what a recurrent layer computes from its input."""

from collections.abc import Callable, Iterator

import numpy as np

from compare.kinds.mistake import EMBEDDING, LAYER, RECURRENT, Call, Mistake


def layer_mistakes() -> Iterator[Mistake]:
    """Every mistake of this kind."""

    def mistake(name, sentence, torch, keras, kinds, change, meant=None):
        return Mistake(
            *(name, sentence, torch, keras, LAYER, kinds, change), meant=meant
        )

    gated = ("LSTM", "GRU")
    for name, slope, function in (
        ("hard sigmoid x / 6", "x / 6 + 0.5, as in Keras 3", hard_sigmoid_sixth),
        ("hard sigmoid 0.2 x", "0.2 x + 0.5, as in Keras 2", hard_sigmoid_fifth),
    ):
        yield mistake(
            name,
            f"the gates use a hard sigmoid, {slope}, in place of a sigmoid",
            "nn.LSTM and nn.GRU have no hard sigmoid: write the cell by hand",
            'recurrent_activation="sigmoid"',
            gated,
            _computes(gate=function),
            meant=dict(
                torch="write the cell by hand, with a hard sigmoid in the gates",
                keras='recurrent_activation="hard_sigmoid"',
            ),
        )
    yield mistake(
        "tanh for sigmoid",
        "the gates use a tanh in place of a sigmoid",
        "use sigmoid in the gates",
        'recurrent_activation="sigmoid"',
        gated,
        _computes(gate=np.tanh),
        meant=dict(
            torch="write the cell by hand, with a tanh in the gates",
            keras='recurrent_activation="tanh"',
        ),
    )
    for name, function in (("relu", _relu), ("linear", _linear)):
        yield mistake(
            f"{name} for tanh",
            f"the layer's activation is {name} in place of tanh",
            "use tanh, the only one that nn.LSTM and nn.GRU have",
            'activation="tanh"',
            ("LSTM", "GRU", "RNN"),
            _computes(activation=function),
            meant=dict(
                torch=f"write the cell by hand, with {name} in the place of tanh",
                keras=f'activation="{name}"',
            ),
        )
    yield mistake(
        "tanh for relu",
        "the layer's activation is tanh in place of relu",
        'nonlinearity="relu"',
        'activation="relu"',
        ("RNN(relu)",),
        _computes(activation=np.tanh),
        meant=dict(torch='nonlinearity="tanh"', keras='activation="tanh"'),
    )
    yield mistake(
        "reset gate before the product",
        "the reset gate acts on the state before the matrix product, not behind it",
        "write the cell by hand: nn.GRU has the gate behind the product",
        "reset_after=True",
        ("GRU",),
        _computes(reset_after=False),
        meant=dict(
            torch="write the cell by hand: nn.GRU has the gate behind the product",
            keras="reset_after=False",
        ),
    )
    yield mistake(
        "backward direction not reversed",
        "the backward direction reads the sequence from its beginning",
        "give the backward layer the reversed sequence",
        "go_backwards=True in the backward layer",
        RECURRENT,
        _one_way,
    )
    yield mistake(
        "backward output not reversed",
        "the backward half of the output stays in the order it was computed in",
        "flip the backward half along time before it is joined",
        "flip the output of a layer with go_backwards=True before it is joined",
        RECURRENT,
        _left_reversed,
    )
    yield mistake(
        "sequence reversed",
        "the layer reads the sequence from its end",
        "do not flip the input along time",
        "go_backwards=False",
        RECURRENT,
        _from_the_end,
        meant=dict(
            torch="flip the input along time, x.flip(1)",
            keras="go_backwards=True, or flip the input along time",
        ),
    )
    yield mistake(
        "features reversed",
        "the features of each step come in reverse order",
        "give the columns in the order of the other side",
        "give the columns in the order of the other side",
        RECURRENT,
        _features_reversed,
        meant=dict(
            torch="reverse the features, x.flip(2)",
            keras="reverse the features, ops.flip(x, axis=2)",
        ),
    )
    yield mistake(
        "batch and time confused",
        "the layer walks along the batch and takes time steps for samples",
        "batch_first=True",
        "time_major does not exist in Keras 3: give (batch, time, features)",
        RECURRENT,
        _batch_for_time,
    )
    yield mistake(
        "off by one step",
        "the output of each step is that of the step before",
        "take the output after the step, not before it",
        "take the output after the step, not before it",
        RECURRENT,
        _delayed,
    )
    yield mistake(
        "cell state for hidden state",
        "the final cell state c is taken for the final hidden state h",
        "output, (h_n, c_n) = lstm(x): take h_n",
        "output, h, c = lstm(x) with return_state=True: take h",
        ("LSTM",),
        _cell_shown,
    )
    yield mistake(
        "states carried over",
        "the states of the last batch are where this one begins",
        "give no states, or zeros",
        "stateful=False",
        RECURRENT,
        _states_kept,
    )
    yield mistake(
        "dropout active",
        "dropout is active, as in training",
        "model.eval()",
        "call the model with training=False",
        RECURRENT,
        _dropped,
    )
    yield mistake(
        "mask ignored",
        "padded steps are computed as if they were data",
        "pack the batch with pack_padded_sequence",
        "give the layer the mask",
        RECURRENT,
        _mask_ignored,
        meant=dict(
            torch="give the layer the padded batch, do not pack it",
            keras="take out what masks: Masking, mask_zero=True or mask=",
        ),
    )
    yield mistake(
        "left for right padding",
        "padding stands before the sequences and is computed, not behind them",
        "pad behind: pad_sequence(..., padding_side='right')",
        'pad_sequences(..., padding="post")',
        RECURRENT,
        _left_padded,
    )

    yield mistake(
        "left padding packed",
        "padding stands before the sequences, and the batch is packed as if behind",
        "pad behind, pad_sequence(..., padding_side='right'), before it is packed",
        'pad_sequences(..., padding="post")',
        RECURRENT,
        _left_packed,
    )
    for name, shift in (("high", 1), ("low", -1)):
        yield mistake(
            f"indices one too {name}",
            f"the indices that the embedding is asked for are one too {name}",
            f"do not {'add 1 to' if shift == 1 else 'subtract 1 from'} the indices",
            f"do not {'add 1 to' if shift == 1 else 'subtract 1 from'} the indices",
            EMBEDDING,
            _indices_shifted(shift),
            meant=dict.fromkeys(
                ("torch", "keras"),
                f"{'add 1 to' if shift == 1 else 'subtract 1 from'} the indices",
            ),
        )


def _indices_shifted(shift):
    """The row that lies so many further, behind the last one the first."""

    def change(call):
        rows = call.arrays["weight"]
        return rows[(np.asarray(call.x).astype("int64") + shift) % len(rows)]

    return change


def hard_sigmoid_sixth(x):
    """Limit x / 6 + 1 / 2 to [0, 1]: that of Keras 3 and of PyTorch."""
    return np.clip(x / 6 + 0.5, 0, 1)


def hard_sigmoid_fifth(x):
    """Limit 0.2 x + 1 / 2 to [0, 1]: that of Keras 2."""
    return np.clip(0.2 * x + 0.5, 0, 1)


def _relu(x):
    return np.maximum(x, 0)


def _linear(x):
    return x


def _computes(**otherwise) -> Callable[[Call], dict]:
    return lambda call: call.run(**otherwise)


def _delayed(call):
    """Each step gets what belongs to the step before it."""
    made = call.run()
    output = np.zeros_like(made["output"])
    output[:, 1:] = made["output"][:, :-1]
    return made | {"output": output, "h_n": output[None, :, -1]}


def _cell_shown(call):
    made = call.run()
    return made | {"h_n": made["c_n"]} if "c_n" in made else None


def _batch_for_time(call):
    """The layer walks along the batch and takes the steps for samples."""
    if call.lengths is not None:
        return None
    made = call.run(x=call.x.swapaxes(0, 1))
    output = made["output"].swapaxes(0, 1)
    finals = {key: state[:, -1:] for key, state in made.items() if key != "output"}
    return {
        "output": output,
        **{
            key: np.broadcast_to(state, (len(state), len(output), state.shape[2]))
            for key, state in finals.items()
        },
    }


def _from_the_end(call):
    return call.run(x=call.x[:, ::-1])


def _features_reversed(call):
    return call.run(x=call.x[..., ::-1])


def _states_kept(call):
    """The states at the end of the last batch are where this one begins."""
    before = call.run()
    states = [before[key] for key in ("h_n", "c_n") if key in before]
    return call.run(states=states)


def _dropped(call):
    """A tenth of the input is dropped, the rest scaled up, as in training."""
    kept = np.random.default_rng(0).random(call.x.shape) >= 0.1
    return call.run(x=np.where(kept, call.x / 0.9, 0))


def _mask_ignored(call):
    return None if call.lengths is None else call.run(lengths=None)


def _left_packed(call):
    """Padding stands before each sequence, whose first steps are read by its length."""
    if call.lengths is None:
        return None
    return call.run(x=_shifted(call))


def _shifted(call):
    """The input with the padding before each sequence, not behind it."""
    time = call.x.shape[1]
    shift = (np.arange(time) - (time - call.lengths)[:, None]) % time
    return call.x[np.arange(len(call.x))[:, None], shift]


def _left_padded(call):
    """Padding stands before each sequence and is read as if it were data."""
    if call.lengths is None:
        return None
    time = call.x.shape[1]
    rows = np.arange(len(call.x))[:, None]
    made = call.run(x=_shifted(call), lengths=None)
    back = (np.arange(time) + (time - call.lengths)[:, None]) % time
    return made | {"output": made["output"][rows, back]}


def _one_way(call):
    return _reverse_or_none(call, lambda: call.run(backwards=False))


def _left_reversed(call):
    """The backward half stays in the order in which it was computed."""

    def made():
        found = call.run()
        output = found["output"].copy()
        half = output.shape[2] // 2
        output[:, :, half:] = output[:, ::-1, half:]
        return found | {"output": output}

    return _reverse_or_none(call, made)


def _reverse_or_none(call, made):
    return made() if any(name.endswith("_reverse") for name in call.arrays) else None
