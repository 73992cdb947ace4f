"""Edits of `models/bottleneck.py`."""

from edit import Edit

WEIGHED = ("se", "expand", "reduce", "block1", "norm_c", "c.1")
INPUT = ("input", "stem", "model itself", "rescaling", "normalization")

EDITS = (
    Edit(
        "torch",
        "(x.permute(0, 3, 1, 2) / 255 - self.mean) / self.std",
        "(x.permute(0, 3, 1, 2) / 255 - self.mean)",
        cause=("divid", "std", "`/`", "deviation", "standardis", "normalization"),
        place=INPUT,
    ),
    Edit(
        "torch",
        "(x.permute(0, 3, 1, 2) / 255 - self.mean) / self.std",
        "(x.permute(0, 3, 1, 2) - self.mean) / self.std",
        cause=("255",),
        place=INPUT,
    ),
    Edit(
        "torch",
        "return x * torch.sigmoid(s)",
        "return x * F.hardsigmoid(s)",
        cause=("sigmoid hard",),
        place=WEIGHED,
    ),
    Edit(
        "torch",
        "return x * torch.sigmoid(s)",
        "return x + torch.sigmoid(s)",
        cause=("product", "multipl", "`*`", "`+`", "adds"),
        place=WEIGHED,
    ),
    Edit(
        "torch",
        "s = self.expand(F.relu(self.reduce(s)))",
        "s = self.expand(F.silu(self.reduce(s)))",
        cause=("relu silu",),
        place=WEIGHED,
    ),
    Edit(
        "torch",
        "s = x.mean((2, 3), keepdim=True)",
        "s = x.amax((2, 3), keepdim=True)",
        cause=("mean max", "mean largest"),
        place=WEIGHED,
    ),
    Edit(
        "torch",
        "y = self.se(self.c(y))",
        "y = self.c(y)",
        cause=("se", "`*`", "multipl", "sigmoid"),
        place=WEIGHED,
    ),
    Edit(
        "torch",
        "return F.relu(y + self.shortcut(x))",
        "return F.relu(y) + self.shortcut(x)",
        cause=("relu",),
        place=("block1", "shortcut", *WEIGHED),
    ),
    Edit(
        "torch",
        "        y = F.relu(self.b(y))\n",
        "        y = self.b(y)\n",
        cause=("relu",),
        place=("b.1", "norm_b", "block1.b"),
    ),
    Edit(
        "torch",
        "x.mean((2, 3)), x.amax((2, 3))",
        "x.amax((2, 3)), x.mean((2, 3))",
        cause=("order", "exchanged"),
        place=("fc", "block2", "pool"),
    ),
    Edit(
        "torch",
        "padding=1, groups=2)",
        "padding=2, dilation=2, groups=2)",
        cause=("dilation",),
        place=("b.0", "conv_b"),
    ),
    Edit(
        "keras",
        "        return ops.relu(y + x)\n",
        "        return ops.relu(y)\n",
        cause=("adds", "sum", "shortcut", "`+`"),
        place=("block1", "shortcut", *WEIGHED),
        lines=("return F.relu(y + self.shortcut(x))",),
    ),
    Edit(
        "keras",
        "y = ops.relu(self.norm_b(self.conv_b(self.pad(y))))",
        "y = self.norm_b(ops.relu(self.conv_b(self.pad(y))))",
        cause=("relu before", "lacks relu"),
        place=("norm_b", "b.0", "b.1", "conv_b"),
    ),
    Edit(
        "keras",
        'layers.Conv2D(4, 5, strides=2, activation="relu")',
        "layers.Conv2D(4, 5, strides=2)",
        cause=("relu",),
        place=("stem",),
        lines=("x = F.relu(self.stem(x))",),
    ),
    Edit(
        "keras",
        "x = self.stem(self.pad(x))",
        "x = self.stem(ops.pad(x, ((0, 0), (1, 2), (1, 2), (0, 0))))",
        cause=("pad", "same"),
        place=("stem",),
    ),
    Edit(
        "keras",
        "x = (self.scale(x) - MEAN) / STD\n",
        "x = (self.scale(x) - MEAN) / np.sqrt(STD)\n",
        cause=("root", "sqrt", "divid", "constant", "0.2", "0.4"),
        place=INPUT,
    ),
    Edit(
        "transfer",
        "statistics = [array(module[1].running_mean), array(module[1].running_var)]",
        "statistics = [0 * array(module[1].running_mean), "
        "array(module[1].running_var) ** 0]",
        cause=("statistics", "running", "mean variance"),
        place=("norm", "a.1", "block1"),
    ),
)
