"""Edits of `models/encoder.py`."""

from edit import Edit

LAYER = "self.layer = nn.TransformerEncoderLayer("
ATTENTION = "self.attention", "layer.self_attn", "self_attn", "attention"

EDITS = (
    Edit(
        "torch",
        "SIZE, HEADS, INNER, 0.0, activation",
        "SIZE, 2 * HEADS, INNER, 0.0, activation",
        cause=("heads",),
        place=ATTENTION,
        lines=("self.attention = layers.MultiHeadAttention(",),
    ),
    Edit(
        "torch",
        "batch_first=True",
        "batch_first=True, norm_first=True",
        cause=("norm_first", "norm1 before", "before norm", "first norm"),
        place=(*ATTENTION, "norm1", "layer"),
        lines=(LAYER, "h = self.norm1(h + a)"),
    ),
    Edit(
        "torch",
        "batch_first=True",
        "batch_first=False",
        cause=("batch_first", "batch time", "time first"),
        place=(*ATTENTION, "layer"),
        lines=(LAYER,),
    ),
    Edit(
        "torch",
        'activation="gelu", batch',
        'activation="relu", batch',
        cause=("gelu relu",),
        place=("inner", "linear1"),
        lines=(LAYER, "self.inner = layers.Dense("),
    ),
    Edit(
        "keras",
        "self.norm1 = layers.LayerNormalization(epsilon=1e-5)",
        "self.norm1 = layers.LayerNormalization()",
        cause=("epsilon", "eps"),
        place=("norm1",),
        lines=(LAYER,),
    ),
    Edit(
        "torch",
        "h = self.words(x) + self.places(steps)\n        h =",
        "h = self.words(x)\n        h =",
        cause=(
            "adds places",
            "`+` embedding",
            "places not",
            "without places",
            "places left out",
        ),
        place=("words", "places"),
        lines=("h = self.words(x) + self.places(steps)\n        a =",),
    ),
    Edit(
        "keras",
        "h = self.norm1(h + a)",
        "h = self.norm1(a)",
        cause=("adds", "shortcut", "residual", "not added"),
        place=("norm1", *ATTENTION),
        lines=(LAYER,),
    ),
    Edit(
        "keras",
        "h = self.norm2(h + f)",
        "h = h + self.norm2(f)",
        cause=("last in each branch, before its residual is added in Keras",),
        place=("norm2", "outer", "linear2"),
        lines=(LAYER,),
    ),
    Edit(
        "keras",
        "a = self.attention(h, h)",
        "a = self.attention(h, h, use_causal_mask=True)",
        cause=("causal", "mask"),
        place=ATTENTION,
        lines=(LAYER, "h = self.layer(h)"),
    ),
    Edit(
        "torch",
        "self.head(h.mean(dim=1))",
        "self.head(h[:, 0])",
        cause=("first mean", "first average", "entry 0 mean"),
        place=("head", "norm2"),
        lines=("return self.head(keras.ops.mean(h, axis=1))",),
    ),
    Edit(
        "transfer",
        "query, key, value = kernels.reshape(3, SIZE, SIZE)",
        "key, query, value = kernels.reshape(3, SIZE, SIZE)",
        cause=("query key", "queries keys", "in_proj_weight order 1 0 2"),
        place=ATTENTION,
    ),
    Edit(
        "transfer",
        "weights.append(kernel.T.reshape(SIZE, HEADS, SIZE // HEADS))",
        "weights.append(kernel.reshape(SIZE, HEADS, SIZE // HEADS))",
        cause=("transpose",),
        place=ATTENTION,
    ),
    Edit(
        "transfer",
        "weights.append(array(out.weight).T.reshape(HEADS, SIZE // HEADS, SIZE))",
        "weights.append(array(out.weight).reshape(HEADS, SIZE // HEADS, SIZE))",
        cause=("transpose",),
        place=ATTENTION,
    ),
    Edit(
        "transfer",
        "weights.append(bias.reshape(HEADS, SIZE // HEADS))",
        "weights.append(0 * bias.reshape(HEADS, SIZE // HEADS))",
        cause=("bias",),
        place=ATTENTION,
    ),
)
