"""Edits of `models/wavenet.py`."""

from edit import Edit

EDITS = (
    Edit(
        "torch",
        "[GatedBlock(4, 2**i) for i in range(3)]",
        "[GatedBlock(4, i + 1) for i in range(3)]",
        cause=("dilation",),
        place=("blocks.2", "filter2", "gate2"),
    ),
    Edit(
        "torch",
        "padded = F.pad(x, (self.pad, 0))",
        "padded = F.pad(x, (self.pad // 2, self.pad // 2))",
        cause=("causal", "both sides", "padding", "zeros"),
        place=("blocks.0", "filter0", "gate0"),
    ),
    Edit(
        "torch",
        "torch.tanh(self.filter(padded)) * torch.sigmoid(self.gate(padded))",
        "torch.sigmoid(self.filter(padded)) * torch.tanh(self.gate(padded))",
        cause=("sigmoid tanh",),
        place=("blocks.0", "filter0", "gate0"),
    ),
    Edit(
        "torch",
        "return x + self.residual(h), self.skip(h)",
        "return self.residual(h), self.skip(h)",
        cause=("add", "residual", "leaves out"),
        place=("blocks.0", "residual0"),
    ),
    Edit(
        "torch",
        "return x + self.residual(h), self.skip(h)",
        "x = x + self.residual(h)\n        return x, self.skip(x)",
        cause=("skip", "fed", "takes"),
        place=("skip0", "blocks.0.skip"),
        lines=("        return x, self.skip(x)",),
    ),
    Edit(
        "torch",
        "            total = total + skip",
        "            total = skip",
        cause=("add", "sum", "leaves out"),
        place=("skip2", "blocks.2"),
        lines=("y = layers.Add()(skips)",),
    ),
    Edit(
        "torch",
        "y = F.relu(self.end1(F.relu(total)))",
        "y = F.relu(self.end1(total))",
        cause=("relu",),
        place=("end1", "skip2"),
        lines=('y = layers.Activation("relu")(y)',),
    ),
    Edit(
        "torch",
        "y = F.relu(self.end1(F.relu(total)))",
        "y = F.leaky_relu(self.end1(F.relu(total)))",
        cause=("leaky",),
        place=("end1",),
    ),
    Edit(
        "torch",
        "y = F.relu(self.end1(F.relu(total)))",
        "y = F.relu(self.end1(F.relu(total / 3)))",
        cause=("3",),
        place=("end1", "skip2"),
        lines=("y = layers.Add()(skips)",),
    ),
    Edit(
        "torch",
        "return self.end2(y).transpose(1, 2)",
        "return self.end2(y).reshape(y.shape[0], y.shape[2], -1)",
        cause=("without transposing",),
        place=("end2",),
    ),
    Edit(
        "keras",
        "y = layers.Add()(skips)",
        "y = layers.Average()(skips)",
        cause=("average", "mean", "3"),
        place=("skip2",),
        lines=("            total = total + skip",),
    ),
    Edit(
        "keras",
        'activation="tanh", name=f"filter{i}"',
        'activation="softsign", name=f"filter{i}"',
        cause=("softsign",),
        place=("filter0", "blocks.0"),
    ),
    Edit(
        "keras",
        "x = layers.Add()([x, layers.Conv1D",
        "x = layers.Add()([f, layers.Conv1D",
        cause=("filter", "tanh", "takes", "add"),
        place=("blocks.0", "residual0"),
        lines=("return x + self.residual(h), self.skip(h)",),
    ),
    Edit(
        "keras",
        "h = layers.Multiply()([f, g])",
        "h = layers.Add()([f, g])",
        cause=("add", "multipl", "sum"),
        place=("blocks.0", "filter0"),
        lines=(
            "h = torch.tanh(self.filter(padded)) * torch.sigmoid(self.gate(padded))",
        ),
    ),
    Edit(
        "transfer",
        "kernel = conv.weight.detach().numpy().transpose(2, 1, 0)",
        "kernel = conv.weight.detach().numpy().transpose(2, 1, 0)[::-1]",
        cause=("flipped", "reverse", "backward"),
        place=("filter0", "gate0"),
    ),
    Edit(
        "transfer", "if i < 2:", "if i < 1:", cause=("made with",), place=("residual1",)
    ),
)
