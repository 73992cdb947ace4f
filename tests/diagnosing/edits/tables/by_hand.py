"""Edits of `models/by_hand.py`."""

from edit import Edit

SOFTMAX_IN_TORCH = "weights = torch.softmax(scores, dim="
SOFTMAX_IN_KERAS = "weights = ops.softmax(scores, axis=-1)"
HEADS = "query", "key", "value", "out"

EDITS = (
    Edit(
        "torch",
        "weights = torch.softmax(scores, dim=-1)",
        "weights = torch.softmax(scores, dim=2)",
        cause=("softmax axis", "softmax queries"),
        place=HEADS,
        lines=(SOFTMAX_IN_KERAS,),
    ),
    Edit(
        "keras",
        "scores = scores - 1e9 * later",
        "scores = scores - later",
        cause=("mask", "1e9", "1e+09"),
        place=HEADS,
        lines=("scores = scores.masked_fill(later, -1e9)",),
    ),
    Edit(
        "torch",
        "scores = scores / math.sqrt(SIZE // HEADS)\n        later = torch",
        "later = torch",
        cause=("divid", "scale", "sqrt", "times", "factor", "`/`"),
        place=HEADS,
        lines=("scores = scores / math.sqrt(SIZE // HEADS)\n        later = ops",),
    ),
    Edit(
        "keras",
        "scores = scores / math.sqrt(SIZE // HEADS)\n        later = ops",
        "scores = scores / math.sqrt(SIZE)\n        later = ops",
        cause=("divid", "scale", "sqrt", "times", "factor", "`/`"),
        place=HEADS,
        lines=("scores = scores / math.sqrt(SIZE // HEADS)\n        later = torch",),
    ),
    Edit(
        "torch",
        "later = torch.triu(torch.ones(STEPS, STEPS), 1).bool()",
        "later = torch.tril(torch.ones(STEPS, STEPS), -1).bool()",
        cause=("mask", "causal", "earlier later"),
        place=HEADS,
        lines=("later = ops.triu(ops.ones((STEPS, STEPS)), 1)",),
    ),
    Edit(
        "keras",
        "        scores = scores - 1e9 * later\n",
        "",
        cause=("mask", "causal"),
        place=HEADS,
        lines=("scores = scores.masked_fill(later, -1e9)",),
    ),
    Edit(
        "torch",
        "return x.view(x.shape[0], x.shape[1], HEADS, -1).transpose(1, 2)",
        "return x.view(x.shape[0], HEADS, x.shape[1], -1)",
        cause=("heads", "reshaped", "view"),
        place=HEADS,
        lines=("q = ops.transpose(ops.reshape(self.query(x), shape), (0, 2, 1, 3))",),
    ),
    Edit(
        "torch",
        "h = h.transpose(1, 2).reshape(x.shape)",
        "h = h.reshape(x.shape)",
        cause=("heads", "transpose", "axes another order"),
        place=("out", "value"),
        lines=("h = ops.transpose(ops.matmul(weights, v), (0, 2, 1, 3))",),
    ),
    Edit(
        "keras",
        "h = ops.transpose(ops.matmul(weights, v), (0, 2, 1, 3))",
        "h = ops.transpose(ops.matmul(weights, k), (0, 2, 1, 3))",
        cause=("key value", "keys values"),
        place=HEADS,
        lines=("h = weights @ v",),
    ),
    Edit(
        "torch",
        "scores = q @ k.transpose(-1, -2)",
        "scores = k @ q.transpose(-1, -2)",
        cause=("query key", "queries keys", "transpose"),
        place=HEADS,
        lines=("scores = ops.matmul(q, ops.transpose(k, (0, 1, 3, 2)))",),
    ),
    Edit(
        "torch",
        "return self.norm(x + self.out(h))\n\n\nclass InKeras",
        "return self.norm(self.out(h))\n\n\nclass InKeras",
        cause=("adds input", "shortcut", "residual", "not added"),
        place=("out", "norm"),
        lines=("return self.norm(x + self.out(h))\n\n\ndef",),
    ),
    Edit(
        "keras",
        "return self.norm(x + self.out(h))\n\n\ndef",
        "return x + self.norm(self.out(h))\n\n\ndef",
        cause=("last in each branch, before its residual is added in Keras",),
        place=("out", "norm"),
        lines=("return self.norm(x + self.out(h))\n\n\nclass InKeras",),
    ),
    Edit(
        "keras",
        "epsilon=1e-5",
        "epsilon=1e-3",
        cause=("epsilon", "eps"),
        place=("norm",),
        lines=("self.norm = nn.LayerNorm(SIZE)",),
    ),
)
