"""Edits of `models/forecast.py`."""

from edit import Edit

INPUT = ("input", "conv1", "skip", "model itself")
END = ("fc2", "model itself", "reshape")

EDITS = (
    Edit(
        "torch",
        "unbiased=False",
        "unbiased=True",
        cause=("unbiased", "correction", "bessel", "n - 1", "degrees"),
        place=INPUT,
        lines=("std = ops.sqrt(ops.var(x, axis=1, keepdims=True) + 1e-5)",),
    ),
    Edit(
        "torch",
        "mean = x.mean(dim=1, keepdim=True)",
        "mean = x.mean(dim=0, keepdim=True)",
        cause=("mean axis", "mean batch", "mean time"),
        place=INPUT,
        lines=("mean = ops.mean(x, axis=1, keepdims=True)",),
    ),
    Edit(
        "keras",
        "x = (x - mean) / std\n        y = self.conv1",
        "x = x - mean\n        y = self.conv1",
        cause=("std", "divid", "`/`", "scale", "deviation"),
        place=INPUT,
        lines=("x = (x - mean) / std\n        z",),
    ),
    Edit(
        "torch",
        "z = x.transpose(1, 2)",
        "z = x.reshape(len(x), 3, -1)",
        cause=("reshape", "transpose"),
        place=INPUT,
    ),
    Edit(
        "torch",
        "self.conv1(nn.functional.pad(z, (2, 0)))",
        "self.conv1(nn.functional.pad(z, (1, 1)))",
        cause=("pad", "causal"),
        place=("conv1",),
        lines=('channels, 3, padding="causal", activation="relu"',),
    ),
    Edit(
        "keras",
        'channels, 3, padding="causal", dilation_rate=2',
        'channels, 3, padding="same", dilation_rate=2',
        cause=("pad", "causal", "same"),
        place=("conv2",),
        lines=("y = self.norm(self.conv2(nn.functional.pad(y, (4, 0))))",),
    ),
    Edit(
        "torch",
        "self.conv2(nn.functional.pad(y, (4, 0)))",
        'self.conv2(nn.functional.pad(y, (4, 0), mode="replicate"))',
        cause=("pad", "replicate", "zeros"),
        place=("conv2",),
        lines=('channels, 3, padding="causal", dilation_rate=2',),
    ),
    Edit(
        "torch",
        "y = torch.relu(y + self.skip(z))",
        "y = torch.relu(y) + self.skip(z)",
        cause=("relu",),
        place=("norm", "skip"),
        lines=("y = ops.relu(y + self.skip(x))",),
    ),
    Edit(
        "torch",
        "y = torch.relu(y + self.skip(z))",
        "y = torch.relu(y)",
        cause=("and `+` of what `/`",),
        place=("norm", "skip"),
        lines=("y = ops.relu(y + self.skip(x))",),
    ),
    Edit(
        "torch",
        "y = torch.cat([h[-1], last], dim=-1)",
        "y = torch.cat([h[0], last], dim=-1)",
        cause=("layer", "first", "h[0]", "lstm1"),
        place=("lstm", "lstm2", "lstm1", "fc1"),
        lines=("h = self.lstm2(self.lstm1(y))",),
    ),
    Edit(
        "torch",
        "y = torch.cat([h[-1], last], dim=-1)",
        "y = torch.cat([c[-1], last], dim=-1)",
        cause=("cell", "c h", "state"),
        place=("lstm", "lstm2", "fc1"),
        lines=("h = self.lstm2(self.lstm1(y))",),
    ),
    Edit(
        "torch",
        "y = torch.cat([h[-1], last], dim=-1)",
        "y = torch.cat([out.mean(dim=1), last], dim=-1)",
        cause=("mean last", "mean"),
        place=("lstm", "lstm2", "fc1"),
        lines=("h = self.lstm2(self.lstm1(y))",),
    ),
    Edit(
        "torch",
        "last = x[:, -1]",
        "last = x[:, 0]",
        cause=("last first", "step first", "[:, 0]", "first"),
        place=(*INPUT, "fc1"),
        lines=("last = x[:, -1, :]",),
    ),
    Edit(
        "torch",
        "nn.functional.leaky_relu(self.fc1(y), 0.2)",
        "nn.functional.leaky_relu(self.fc1(y))",
        cause=("slope",),
        place=("fc1",),
        lines=("self.fc2(ops.leaky_relu(self.fc1(y), negative_slope=0.2))",),
    ),
    Edit(
        "torch",
        "y = y.view(-1, self.horizon, self.features) + last.unsqueeze(1)",
        "y = y.view(-1, self.features, self.horizon).transpose(1, 2) "
        "+ last.unsqueeze(1)",
        cause=("transpose", "reshape", "order"),
        place=END,
    ),
    Edit(
        "keras",
        "y = y + ops.expand_dims(last, 1)",
        "y = y + ops.expand_dims(x[:, 0, :], 1)",
        cause=("last first", "step first", "first"),
        place=(*END, *INPUT),
        lines=("y = y.view(-1, self.horizon, self.features) + last.unsqueeze(1)",),
    ),
    Edit(
        "keras",
        "y = ops.reshape(y, (-1, self.horizon, self.features))\n"
        "        y = y + ops.expand_dims(last, 1)\n"
        "        return y * std + mean",
        "y = ops.reshape(y, (-1, self.horizon, self.features))\n"
        "        y = y + ops.expand_dims(last, 1)\n"
        "        return (y + mean) * std",
        cause=("order", "`*`", "`+`", "product", "sum"),
        place=(*END, "fc2"),
        lines=("        return y * std + mean\n\n\nclass",),
    ),
    Edit(
        "transfer",
        'kernel = weights[name + ".weight"].transpose(2, 1, 0)',
        'kernel = weights[name + ".weight"].transpose(2, 1, 0)[::-1]',
        cause=("flip", "revers", "mirror", "turned"),
        place=("conv1", "conv2"),
    ),
    Edit(
        "transfer",
        'weights[f"lstm.bias_ih_l{number}"] + weights[f"lstm.bias_hh_l{number}"]',
        'weights[f"lstm.bias_ih_l{number}"]',
        cause=("bias",),
        place=("lstm",),
    ),
)
