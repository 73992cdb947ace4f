"""Edits of `models/sentiment.py`."""

from edit import Edit

EDITS = (
    Edit(
        "torch",
        "x = self.norm(self.embedding(words))\n        h, last",
        "x = self.embedding(words)\n        h, last",
        cause=("norm",),
        place=("norm",),
    ),
    Edit(
        "torch",
        "weights = torch.softmax(scores, dim=1)",
        "weights = torch.softmax(scores, dim=0)",
        cause=("softmax",),
        place=("score",),
    ),
    Edit(
        "torch",
        "torch.cat([last[0], last[1]], dim=1)",
        "torch.cat([last[1], last[0]], dim=1)",
        cause=("order", "exchanged", "cat"),
        place=("gru",),
    ),
    Edit(
        "torch",
        "        last = torch.cat([last[0], last[1]], dim=1)",
        "        last = h[:, -1]",
        cause=("last", "backward", "reverse", "direction"),
        place=("gru",),
    ),
    Edit(
        "torch",
        "        last = torch.cat([last[0], last[1]], dim=1)",
        "        last = last.reshape(len(x), -1)",
        cause=("reshape", "mixe", "batch", "view", "transpose"),
        place=("gru",),
    ),
    Edit(
        "torch",
        "context = (weights.unsqueeze(-1) * h).sum(dim=1)",
        "context = (weights.unsqueeze(-1) * h).mean(dim=1)",
        cause=("mean", "sum", "9"),
        place=("score", "gru"),
    ),
    Edit(
        "torch",
        "context = (weights.unsqueeze(-1) * h).sum(dim=1)",
        "context = h.mean(dim=1)",
        cause=("weight", "multipl", "mean", "average", "attention"),
        place=("score", "gru"),
    ),
    Edit(
        "torch",
        "torch.cat([context, last], dim=1)))",
        "torch.cat([last, context], dim=1)))",
        cause=("order", "exchanged", "cat"),
        place=("hidden", "gru"),
    ),
    Edit(
        "torch",
        "y = nn.functional.elu(",
        "y = nn.functional.selu(",
        cause=("selu",),
        place=("hidden",),
    ),
    Edit(
        "torch",
        "return torch.sigmoid(self.out(y)).squeeze(-1)",
        "return self.out(y).squeeze(-1)",
        cause=("sigmoid",),
        place=("out",),
    ),
    Edit(
        "torch",
        "return torch.sigmoid(self.out(y)).squeeze(-1)",
        "return torch.sigmoid(self.out(y))",
        cause=("squeeze", "shape", "axis"),
        place=("out",),
    ),
    Edit(
        "keras",
        'self.key = layers.Dense(6, activation="tanh")',
        "self.key = layers.Dense(6)",
        cause=("tanh",),
        place=("key",),
        lines=("scores = self.score(torch.tanh(self.key(h))).squeeze(-1)",),
    ),
    Edit(
        "keras",
        "self.norm = layers.LayerNormalization(epsilon=1e-5)",
        "self.norm = layers.LayerNormalization()",
        cause=("eps",),
        place=("norm",),
    ),
    Edit(
        "keras",
        "layers.GRU(4, return_sequences=True, return_state=True)",
        (
            "layers.GRU(4, return_sequences=True, return_state=True, "
            "recurrent_activation='hard_sigmoid')"
        ),
        cause=("hard",),
        place=("gru",),
    ),
    Edit(
        "keras",
        "ops.concatenate([context, forward, backward], axis=-1)",
        "ops.concatenate([context, forward, forward], axis=-1)",
        cause=("forward", "backward", "state", "takes"),
        place=("gru",),
        lines=("        last = torch.cat([last[0], last[1]], dim=1)",),
    ),
    Edit(
        "transfer",
        "return np.concatenate([z, r, n])",
        "return np.concatenate([r, z, n])",
        cause=("gates stacked",),
        place=("gru",),
    ),
    Edit(
        "transfer",
        "np.stack(biases),",
        "np.stack(biases[::-1]),",
        cause=("bias",),
        place=("gru",),
    ),
    Edit(
        "transfer",
        'for end in ("", "_reverse"):',
        'for end in ("_reverse", ""):',
        cause=("direction", "exchanged"),
        place=("gru",),
    ),
    Edit(
        "transfer",
        'keras_model.embedding.set_weights([state["embedding.weight"]])',
        'keras_model.embedding.set_weights([np.roll(state["embedding.weight"], 1, 0)])',
        cause=("shifted", "row", "roll"),
        place=("embedding",),
    ),
)
