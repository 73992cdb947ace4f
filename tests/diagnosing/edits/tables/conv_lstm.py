"""Edits of `models/conv_lstm.py`."""

from edit import Edit

CELL = "cell", "gates", "lstm"

EDITS = (
    Edit(
        "torch",
        "i, f, o, g = torch.chunk(gates, 4, dim=1)",
        "f, i, o, g = torch.chunk(gates, 4, dim=1)",
        cause=("order gates", "blocks order", "gates exchanged", "input forget"),
        place=CELL,
    ),
    Edit(
        "transfer",
        "order = [0, 1, 3, 2]",
        "order = [0, 1, 2, 3]",
        cause=("order gates", "blocks order", "gates exchanged"),
        place=CELL,
    ),
    Edit(
        "keras",
        'padding="same", recurrent_activation="sigmoid", name="lstm"',
        'padding="same", recurrent_activation="hard_sigmoid", name="lstm"',
        cause=("hard",),
        place=CELL,
        lines=("i, f, o = torch.sigmoid(i), torch.sigmoid(f), torch.sigmoid(o)",),
    ),
    Edit(
        "torch",
        "g = torch.tanh(g)",
        "g = torch.relu(g)",
        cause=("tanh relu",),
        place=CELL,
        lines=('padding="same", recurrent_activation="sigmoid"',),
    ),
    Edit(
        "torch",
        "h = o * torch.tanh(c)",
        "h = o * c",
        cause=("tanh",),
        place=CELL,
    ),
    Edit(
        "torch",
        "c = f * c + i * g",
        "c = f * c + (1 - f) * g",
        cause=("input gate", "1 - f", "gate i"),
        place=CELL,
    ),
    Edit(
        "torch",
        "torch.cat([x, h], dim=1)",
        "torch.cat([h, x], dim=1)",
        cause=("order", "joins h", "exchanged", "h stands before x"),
        place=CELL,
    ),
    Edit(
        "torch",
        "for step in range(x.shape[1]):",
        "for step in reversed(range(x.shape[1])):",
        cause=("revers", "backward", "last first"),
        place=CELL,
    ),
    Edit(
        "torch",
        "for step in range(x.shape[1]):",
        "for step in range(x.shape[1] - 1):",
        cause=("last step", "one step", "steps"),
        place=CELL,
    ),
    Edit(
        "torch",
        "return self.head(h.amax(dim=(2, 3)))",
        "return self.head(c.amax(dim=(2, 3)))",
        cause=("cell state", "c not h", "c for h", "h not c"),
        place=(*CELL, "head"),
    ),
    Edit(
        "torch",
        "return self.head(h.amax(dim=(2, 3)))",
        "return self.head(h.mean(dim=(2, 3)))",
        cause=("mean max", "average max", "mean largest"),
        place=("head", "pool"),
        lines=("keras.layers.GlobalMaxPooling2D()",),
    ),
    Edit(
        "transfer",
        "weight = np.transpose(weight, (2, 3, 1, 0))",
        "weight = np.transpose(weight, (3, 2, 1, 0))",
        cause=("height width", "transposed", "axes"),
        place=CELL,
    ),
    Edit(
        "transfer",
        "lstm.set_weights([weight[:, :, :2], weight[:, :, 2:], bias])",
        "lstm.set_weights([weight[:, :, :2], weight[:, :, 2:], 0 * bias])",
        cause=("bias",),
        place=CELL,
    ),
)
