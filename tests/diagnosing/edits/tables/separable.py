"""Edits of `models/separable.py`."""

from edit import Edit

PAD = "nn.ZeroPad2d((0, 1, 0, 1)),"
FIRST = "separable1", "first", "norm1"

EDITS = (
    Edit(
        "torch",
        "        nn.ZeroPad2d((0, 1, 0, 1)),\n"
        "        nn.Conv2d(size, size, 3, stride=2, groups=size, bias=False),\n",
        "        nn.Identity(),\n"
        "        nn.Conv2d(\n"
        "            size, size, 3, stride=2, padding=1, groups=size, bias=False\n"
        "        ),\n",
        cause=("pad", "same"),
        place=FIRST,
        lines=('out, 3, strides=2, padding="same"',),
    ),
    Edit(
        "torch",
        "nn.ZeroPad2d((0, 1, 0, 1))",
        "nn.ZeroPad2d((1, 0, 1, 0))",
        cause=("pad",),
        place=FIRST,
        lines=('out, 3, strides=2, padding="same"',),
    ),
    Edit(
        "torch",
        "nn.ZeroPad2d((0, 1, 0, 1))",
        "nn.ReplicationPad2d((0, 1, 0, 1))",
        cause=("pad",),
        place=FIRST,
        lines=('out, 3, strides=2, padding="same"',),
    ),
    Edit(
        "torch",
        "nn.BatchNorm2d(out, eps=1e-3)",
        "nn.BatchNorm2d(out)",
        cause=("epsilon", "eps"),
        place=("norm1", "first.3"),
        lines=('x = layers.BatchNormalization(name=f"norm{number}")(x)',),
    ),
    Edit(
        "keras",
        "return layers.ReLU(6.0)(x)",
        "return layers.ReLU()(x)",
        cause=("relu6", "relu 6"),
        place=("first", "norm1", "relu"),
        lines=("nn.ReLU6(),",),
    ),
    Edit(
        "keras",
        "return layers.ReLU(6.0)(x)",
        "return x",
        cause=("relu",),
        place=("first", "norm1", "relu"),
        lines=("nn.ReLU6(),",),
    ),
    Edit(
        "keras",
        '    x = layers.BatchNormalization(name=f"norm{number}")(x)\n'
        "    return layers.ReLU(6.0)(x)\n",
        "    x = layers.ReLU(6.0)(x)\n"
        '    return layers.BatchNormalization(name=f"norm{number}")(x)\n',
        cause=("relu before", "relu order", "relu norm"),
        place=(*FIRST, "relu"),
        lines=("nn.ReLU6(),", "nn.BatchNorm2d(out, eps=1e-3)"),
    ),
    Edit(
        "transfer",
        "array(depth.weight).transpose(2, 3, 0, 1)",
        "array(depth.weight).transpose(3, 2, 0, 1)",
        cause=("height width", "transposed", "axes"),
        place=FIRST,
    ),
    Edit(
        "transfer",
        "array(depth.weight).transpose(2, 3, 0, 1)",
        "array(depth.weight).reshape(3, 3, -1, 1)",
        cause=("reshape", "memory order"),
        place=FIRST,
    ),
    Edit(
        "transfer",
        "array(point.weight).transpose(2, 3, 1, 0)",
        "array(point.weight).reshape(1, 1, point.in_channels, point.out_channels)",
        cause=("reshape", "memory order"),
        place=FIRST,
    ),
    Edit(
        "transfer",
        "arrays = [array(norm.weight), array(norm.bias), mean, variance]",
        "arrays = [array(norm.weight), array(norm.bias), 0 * mean, mean**0]",
        cause=("statistics", "mean variance", "running"),
        place=("norm1", "first.3"),
    ),
    Edit(
        "torch",
        "torch.amax(x, dim=(2, 3))",
        "torch.mean(x, dim=(2, 3))",
        cause=("mean max", "average max", "mean largest"),
        place=("head", "pool"),
        lines=("x = layers.GlobalMaxPooling2D()(x)",),
    ),
    Edit(
        "torch",
        "x = x.permute(0, 3, 1, 2)",
        "x = x.permute(0, 3, 2, 1)",
        cause=("height width", "transposed", "axes", "permute"),
        place=(*FIRST, "input"),
    ),
)
