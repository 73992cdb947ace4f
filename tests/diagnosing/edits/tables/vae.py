"""Edits of `models/vae.py`."""

from edit import Edit

EDITS = (
    Edit(
        "torch",
        "nn.ZeroPad2d((0, 1, 0, 1))",
        "nn.ZeroPad2d((1, 0, 1, 0))",
        cause=("padding", "zeros"),
        place=("conv1", "encoder.0", "encoder.1"),
    ),
    Edit(
        "torch",
        "nn.LeakyReLU(0.2)",
        "nn.LeakyReLU()",
        cause=("slope",),
        place=("encoder.2", "conv1", "leaky"),
    ),
    Edit(
        "torch",
        "nn.InstanceNorm2d(6, affine=True, eps=1e-3)",
        "nn.GroupNorm(2, 6, eps=1e-3)",
        cause=("group",),
        place=("encoder.4", "norm"),
    ),
    Edit(
        "torch",
        "nn.InstanceNorm2d(6, affine=True, eps=1e-3)",
        "nn.InstanceNorm2d(6, affine=True)",
        cause=("eps",),
        place=("encoder.4", "norm"),
    ),
    Edit(
        "torch",
        "nn.SiLU(),",
        "nn.Hardswish(),",
        cause=("silu",),
        place=("encoder.5", "norm", "encoder"),
    ),
    Edit(
        "torch",
        "h = h.permute(0, 2, 3, 1).flatten(1)",
        "h = h.flatten(1)",
        cause=("channel by channel",),
        place=("code", "encoder.5", "encoder"),
    ),
    Edit(
        "torch",
        (
            "h = torch.relu(self.expand(code)).view(-1, 4, 6, 6)\n        h = "
            "self.up(h.permute(0, 3, 1, 2))"
        ),
        "h = torch.relu(self.expand(code)).view(-1, 6, 4, 6)\n        h = self.up(h)",
        cause=("reshape", "channels"),
        place=("expand", "up"),
    ),
    Edit(
        "torch",
        "h = nn.functional.softplus(h)",
        "h = torch.relu(h)",
        cause=("softplus",),
        place=("up", "activation"),
    ),
    Edit(
        "torch",
        "h = nn.functional.softplus(h)",
        "h = nn.functional.softplus(h, beta=2)",
        cause=("softplus beta", "beta"),
        place=("up", "activation"),
    ),
    Edit(
        "torch",
        "code = torch.tanh(self.code(h))",
        "code = self.code(torch.tanh(h))",
        cause=("tanh",),
        place=("code", "encoder.5"),
    ),
    Edit(
        "torch",
        "return torch.sigmoid(self.last(h)).permute(0, 2, 3, 1)",
        "return torch.sigmoid(self.last(h)).permute(0, 3, 2, 1)",
        cause=("height width", "transpose", "axes", "shape"),
        place=("last",),
    ),
    Edit(
        "keras",
        "layers.Reshape((4, 6, 6))",
        "layers.Reshape((6, 4, 6)),\n            layers.Permute((2, 1, 3))",
        cause=("reshape", "permute", "height width"),
        place=("expand", "reshape", "permute", "up"),
    ),
    Edit(
        "keras",
        'layers.Dense(5, activation="tanh", name="code")',
        'layers.Dense(5, activation="hard_tanh", name="code")',
        cause=("tanh",),
        place=("code",),
    ),
    Edit(
        "keras",
        'layers.Conv2D(1, 3, padding="same", activation="sigmoid", name="last")',
        'layers.Conv2D(1, 3, padding="same", activation="hard_sigmoid", name="last")',
        cause=("hard",),
        place=("last",),
    ),
    Edit(
        "transfer",
        "kernel = conv.weight.detach().numpy().transpose(2, 3, 1, 0)",
        (
            "order = (2, 3, 0, 1) if name == 'up' else (2, 3, 1, 0)\n        "
            "kernel = conv.weight.detach().numpy().transpose(order).reshape(*conv"
            ".weight.shape[2:], *conv.weight.shape[1::-1])"
        ),
        cause=("reshape", "transpose", "inputs"),
        place=("up",),
    ),
    Edit(
        "transfer",
        "[dense.weight.detach().numpy().T, dense.bias.detach().numpy()]",
        (
            "[dense.weight.detach().numpy().astype('float16').T, "
            "dense.bias.detach().numpy()]"
        ),
        cause=("float16", "half"),
        place=("code", "expand"),
    ),
)
