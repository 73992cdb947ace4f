"""Edits of `models/tcn.py`."""

from edit import Edit

LOOP_IN_TORCH = "y = F.leaky_relu(conv(y), 0.2)"
LOOP_IN_KERAS = "y = keras.layers.LeakyReLU(negative_slope=0.2)(y)"

EDITS = (
    Edit(
        "keras",
        "enumerate((1, 2, 4))",
        "enumerate((1, 2, 3))",
        cause=("dilation",),
        place=("conv2", "convs.2"),
        lines=("nn.Conv1d(6, 6, 3, dilation=d)", "6, 3, dilation_rate=rate"),
    ),
    Edit(
        "torch",
        "DILATIONS = 1, 2, 4",
        "DILATIONS = 1, 2, 2",
        cause=("dilation",),
        place=("conv2", "convs.2"),
        lines=("nn.Conv1d(6, 6, 3, dilation=d)", "6, 3, dilation_rate=rate"),
    ),
    Edit(
        "torch",
        "y = F.pad(x, (2 * dilation, 0))",
        "y = F.pad(x, (dilation, dilation))",
        cause=("pad", "causal"),
        place=("conv0", "convs.0"),
        lines=("6, 3, dilation_rate=rate",),
    ),
    Edit(
        "torch",
        "y = F.pad(x, (2 * dilation, 0))",
        "y = F.pad(x, (0, 2 * dilation))",
        cause=("pad", "causal"),
        place=("conv0", "convs.0"),
        lines=("6, 3, dilation_rate=rate",),
    ),
    Edit(
        "keras",
        'padding="causal"',
        'padding="same"',
        cause=("causal", "pad"),
        place=("conv0", "convs.0"),
        lines=("y = F.pad(x, (2 * dilation, 0))",),
    ),
    Edit(
        "torch",
        "x = x + y",
        "x = y",
        cause=("adds inlet", "add inlet", "residual"),
        place=("conv0", "convs.0", "add"),
        lines=("x = keras.layers.Add()([x, y])",),
    ),
    Edit(
        "keras",
        "keras.layers.LeakyReLU(negative_slope=0.2)",
        "keras.layers.LeakyReLU(negative_slope=0.02)",
        cause=("slope", "0.02"),
        place=("conv0", "convs.0", "leaky"),
        lines=(LOOP_IN_TORCH,),
    ),
    Edit(
        "torch",
        "F.leaky_relu(conv(y), 0.2)",
        "F.leaky_relu(conv(y))",
        cause=("slope", "0.01"),
        place=("conv0", "convs.0", "leaky"),
        lines=(LOOP_IN_KERAS,),
    ),
    Edit(
        "keras",
        "        y = keras.layers.LeakyReLU(negative_slope=0.2)(y)\n",
        "",
        cause=("leaky", "slope"),
        place=("conv0", "convs.0", "leaky"),
        lines=(LOOP_IN_TORCH,),
    ),
    Edit(
        "keras",
        "x = x[:, -1]",
        "x = keras.ops.mean(x, axis=1)",
        cause=("mean last", "average last"),
        place=("norm", "head"),
        lines=("return torch.sigmoid(self.head(x[:, -1]))",),
    ),
    Edit(
        "torch",
        "self.head(x[:, -1])",
        "self.head(x[:, 0])",
        cause=("first last",),
        place=("norm", "head"),
        lines=("x = x[:, -1]",),
    ),
    Edit(
        "torch",
        "nn.LayerNorm(6, eps=1e-3)",
        "nn.LayerNorm(6)",
        cause=("epsilon", "eps"),
        place=("norm",),
        lines=("keras.layers.LayerNormalization(epsilon=1e-3",),
    ),
    Edit(
        "torch",
        "torch.sigmoid(self.head(x[:, -1]))",
        "self.head(x[:, -1])",
        cause=("sigmoid",),
        place=("head",),
        lines=("y = keras.layers.Dense(2",),
    ),
)
