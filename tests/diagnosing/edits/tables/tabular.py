"""Edits of `models/tabular.py`."""

from edit import Edit

EMBEDS = "embeds", "embed0", "embed1", "embed2"

EDITS = (
    Edit(
        "keras",
        "column = classes[:, i]",
        "column = classes[:, 2 - i]",
        cause=("column", "classes", "feature", "`[:, 0]` `[:, 2]`"),
        place=EMBEDS,
    ),
    Edit(
        "torch",
        "embed(classes[:, i])",
        "embed(classes[:, 0])",
        cause=("column", "classes", "feature", "`[:, 0]` `[:, 1]` `[:, 2]`"),
        place=EMBEDS,
    ),
    Edit(
        "keras",
        "layers.Concatenate()([*parts, scaled])",
        "layers.Concatenate()([scaled, *parts])",
        cause=("order", "joins norm embeds.0"),
        place=(*EMBEDS, "norm", "first", "body.0", "concat"),
        lines=("x = torch.cat([*parts, numbers], dim=1)",),
    ),
    Edit(
        "torch",
        "torch.cat([*parts, numbers], dim=1)",
        "torch.cat([*parts[::-1], numbers], dim=1)",
        cause=("order", "joins embeds.2 embeds.0"),
        place=(*EMBEDS, "norm", "first", "body.0", "concat"),
        lines=("x = layers.Concatenate()([*parts, scaled])",),
    ),
    Edit(
        "keras",
        "scaled = keras.ops.log1p(numbers)",
        "scaled = numbers",
        cause=("log",),
        place=("norm", "numbers", "input"),
        lines=("numbers = self.norm(torch.log1p(numbers))",),
    ),
    Edit(
        "torch",
        "torch.log1p(numbers)",
        "torch.log(numbers)",
        cause=("log",),
        place=("norm", "numbers", "input"),
        lines=("scaled = keras.ops.log1p(numbers)",),
    ),
    Edit(
        "keras",
        'epsilon=1e-5, name="norm"',
        'name="norm"',
        cause=("epsilon", "eps"),
        place=("norm",),
        lines=("self.norm = nn.BatchNorm1d(5)",),
    ),
    Edit(
        "torch",
        "            nn.LayerNorm(10),\n",
        "            nn.Identity(),\n",
        cause=("layer_norm", "layernorm"),
        place=("layer_norm", "body.2"),
        lines=('x = layers.LayerNormalization(epsilon=1e-5, name="layer_norm")(x)',),
    ),
    Edit(
        "keras",
        "x = layers.ELU(alpha=1.0)(x)",
        "x = layers.ELU(alpha=0.5)(x)",
        cause=("alpha", "0.5"),
        place=("first", "body.0", "body.1", "elu"),
        lines=("nn.ELU(),",),
    ),
    Edit(
        "torch",
        "nn.ELU()",
        "nn.SELU()",
        cause=("selu",),
        place=("first", "body.0", "body.1", "elu"),
        lines=("x = layers.ELU(alpha=1.0)(x)",),
    ),
    Edit(
        "torch",
        "            nn.ELU(),\n            nn.LayerNorm(10),\n",
        "            nn.LayerNorm(10),\n            nn.ELU(),\n",
        cause=("elu before", "elu after", "elu order", "pytorch lacks elu keras lacks"),
        place=("first", "body.0", "body.1", "body.2", "layer_norm", "elu"),
        lines=(
            "x = layers.ELU(alpha=1.0)(x)",
            'x = layers.LayerNormalization(epsilon=1e-5, name="layer_norm")(x)',
        ),
    ),
    Edit(
        "keras",
        'x = layers.Activation("silu")(x)',
        'x = layers.Activation("mish")(x)',
        cause=("mish",),
        place=("second", "body.3", "body.4", "activation"),
        lines=("nn.SiLU(),",),
    ),
    Edit(
        "torch",
        "numbers = self.norm(torch.log1p(numbers))",
        "numbers = self.norm(torch.log1p(numbers.clamp(max=2)))",
        cause=("clamp", "clip", "limit", "most 2"),
        place=("norm", "numbers", "input"),
        lines=("scaled = keras.ops.log1p(numbers)",),
    ),
)
