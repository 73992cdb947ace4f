"""Edits of `models/gru_by_hand.py`."""

from edit import Edit

CELL = "cell", "x2h", "h2h", "gru"

EDITS = (
    Edit(
        "transfer",
        "return np.concatenate([z, r, n])",
        "return np.concatenate([r, z, n])",
        cause=("order gates", "blocks order", "gates r z"),
        place=CELL,
    ),
    Edit(
        "torch",
        "return z * h + (1 - z) * n",
        "return (1 - z) * h + z * n",
        cause=("1 - z", "update gate", "gate z"),
        place=CELL,
    ),
    Edit(
        "torch",
        "n = torch.tanh(x_n + r * h_n)",
        "n = torch.tanh(x_n + z * h_n)",
        cause=("reset", "gate r"),
        place=CELL,
    ),
    Edit(
        "torch",
        "n = torch.tanh(x_n + r * h_n)",
        "n = torch.tanh(x_n + h_n)",
        cause=("reset", "gate r"),
        place=CELL,
    ),
    Edit(
        "torch",
        "n = torch.tanh(x_n + r * h_n)",
        "n = torch.sigmoid(x_n + r * h_n)",
        cause=("tanh sigmoid",),
        place=CELL,
    ),
    Edit(
        "keras",
        "keras.layers.GRU(SIZE, return_sequences=True)",
        "keras.layers.GRU(\n"
        '            SIZE, return_sequences=True, recurrent_activation="hard_sigmoid"\n'
        "        )",
        cause=("hard",),
        place=CELL,
    ),
    Edit(
        "keras",
        "keras.layers.GRU(SIZE, return_sequences=True)",
        "keras.layers.GRU(SIZE, return_sequences=True, go_backwards=True)",
        cause=("revers", "backward", "from its end"),
        place=CELL,
        lines=("for step in x.unbind(1):",),
    ),
    Edit(
        "transfer",
        "bias = np.stack([in_order(cell.x2h.bias), in_order(cell.h2h.bias)])",
        "bias = np.stack([in_order(cell.h2h.bias), in_order(cell.x2h.bias)])",
        cause=("bias",),
        place=CELL,
    ),
    Edit(
        "transfer",
        "recurrent = in_order(cell.h2h.weight).T",
        "recurrent = in_order(cell.h2h.weight).reshape(SIZE, 3 * SIZE)",
        cause=("reshape", "transpose"),
        place=CELL,
    ),
    Edit(
        "torch",
        "h = torch.zeros(x.shape[0], SIZE, dtype=x.dtype)",
        "h = torch.ones(x.shape[0], SIZE, dtype=x.dtype)",
        cause=("initial ones", "begins ones"),
        place=CELL,
    ),
    Edit(
        "keras",
        "h = keras.ops.mean(h, axis=1)",
        "h = h[:, -1]",
        cause=("last mean", "last average"),
        place=(*CELL, "dense"),
        lines=("return self.dense(h.mean(dim=1))",),
    ),
    Edit(
        "torch",
        "return self.dense(h.mean(dim=1))",
        "return self.dense(h.sum(dim=1))",
        cause=("sum mean", "sum average"),
        place=(*CELL, "dense"),
        lines=("h = keras.ops.mean(h, axis=1)",),
    ),
)
