"""Edits of `models/text_cnn.py`."""

from edit import Edit

CONVS = "convs.0", "conv_2", "convs.1", "conv_3", "convs.2", "conv_4"
POOL_IN_KERAS = "pooled.append(layers.GlobalMaxPooling1D()(conv(x)))"
POOL_IN_TORCH = "pooled = [torch.relu(conv(x)).max(dim=2).values"

EDITS = (
    Edit(
        "keras",
        "layers.GlobalMaxPooling1D()",
        "layers.GlobalAveragePooling1D()",
        cause=("mean max", "average max", "mean largest"),
        place=(*CONVS, "pool", "hidden"),
        lines=(POOL_IN_TORCH,),
    ),
    Edit(
        "keras",
        "x = layers.concatenate(pooled)",
        "x = layers.concatenate(pooled[::-1])",
        cause=("order", "joins convs.2 convs.0"),
        place=(*CONVS, "hidden", "concat"),
        lines=("x = torch.cat(pooled, dim=1)",),
    ),
    Edit(
        "torch",
        "torch.relu(conv(x)).max(dim=2)",
        "conv(x).max(dim=2)",
        cause=("relu",),
        place=CONVS,
        lines=('conv = layers.Conv1D(4, width, activation="relu"',),
    ),
    Edit(
        "torch",
        "self.embed(tokens).transpose(1, 2)",
        "self.embed(tokens).reshape(-1, 6, 9)",
        cause=("reshape", "view", "without transposing"),
        place=("embed", *CONVS),
    ),
    Edit(
        "torch",
        "self.embed(tokens)",
        "self.embed((tokens + 1) % 30)",
        cause=("the values plus 1",),
        place=("embed",),
        lines=('x = layers.Embedding(30, 6, name="embed")(tokens)',),
    ),
    Edit(
        "keras",
        'activation="gelu", name="hidden"',
        'activation="relu", name="hidden"',
        cause=("relu gelu",),
        place=("hidden",),
        lines=("x = F.gelu(self.hidden(x))",),
    ),
    Edit(
        "torch",
        "F.gelu(self.hidden(x))",
        'F.gelu(self.hidden(x), approximate="tanh")',
        cause=("approximat", "tanh"),
        place=("hidden",),
        lines=('x = layers.Dense(8, activation="gelu", name="hidden")(x)',),
    ),
    Edit(
        "torch",
        "return F.softmax(self.out(x), dim=-1)",
        "return self.out(x)",
        cause=("softmax",),
        place=("out",),
        lines=('y = layers.Dense(3, activation="softmax", name="out")(x)',),
    ),
    Edit(
        "keras",
        'activation="softmax", name="out"',
        'activation="sigmoid", name="out"',
        cause=("softmax sigmoid",),
        place=("out",),
        lines=("return F.softmax(self.out(x), dim=-1)",),
    ),
    Edit(
        "torch",
        "nn.Conv1d(6, 4, width) for width",
        'nn.Conv1d(6, 4, width, padding="same") for width',
        cause=("pad",),
        place=CONVS,
        lines=('conv = layers.Conv1D(4, width, activation="relu"',),
    ),
    Edit(
        "keras",
        'conv = layers.Conv1D(4, width, activation="relu", name=f"conv_{width}")',
        "conv = layers.Conv1D(\n"
        '            4, width, activation="relu", strides=2, name=f"conv_{width}"\n'
        "        )",
        cause=("stride",),
        place=CONVS,
        lines=("nn.Conv1d(6, 4, width)",),
    ),
    Edit(
        "torch",
        "torch.cat(pooled, dim=1)",
        "torch.cat([pooled[0], pooled[1], pooled[1]], dim=1)",
        cause=("twice", "joins convs.1", "joins conv_3"),
        place=(*CONVS, "hidden", "concat"),
        lines=("x = layers.concatenate(pooled)",),
    ),
)
