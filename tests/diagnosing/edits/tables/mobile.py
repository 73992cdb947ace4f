"""Edits of `models/mobile.py`."""

from edit import Edit

EDITS = (
    Edit(
        "torch",
        "nn.BatchNorm2d(outputs, eps=1e-3)",
        "nn.BatchNorm2d(outputs)",
        cause=("eps",),
        place=("conv.7", "project_norm"),
    ),
    Edit(
        "torch",
        "            nn.ReLU6(),\n            nn.Conv2d(hidden, hidden",
        "            nn.ReLU(),\n            nn.Conv2d(hidden, hidden",
        cause=("relu6",),
        place=("conv.2", "one"),
        lines=("y = ops.relu6(self.expand_norm",),
    ),
    Edit(
        "torch",
        "hidden, hidden, 3, stride, padding=1, groups",
        "hidden, hidden, 3, stride, padding=1, padding_mode='reflect', groups",
        cause=("reflect",),
        place=("conv.3", "depthwise"),
    ),
    Edit(
        "torch",
        "self.use_shortcut = stride == 1 and channels == outputs",
        "self.use_shortcut = False",
        cause=("add", "residual", "shortcut", "leaves out"),
        place=("one",),
        lines=(
            "return x + y if self.shortcut else y",
            "            y = x + y",
            "        if self.use_shortcut:",
        ),
    ),
    Edit(
        "torch",
        "x = torch.clamp(4 * self.stem(x), 0, 6)",
        "x = torch.clamp(self.stem(x), 0, 6)",
        cause=("4",),
        place=("stem",),
        lines=("x = ops.clip(4.0 * self.stem(x), 0.0, 6.0)",),
    ),
    Edit(
        "torch",
        "x = torch.clamp(4 * self.stem(x), 0, 6)",
        "x = torch.clamp(4 * self.stem(x), 0, 1)",
        cause=("clip", "clamp", "limit", "from 0 to"),
        place=("stem",),
        lines=("x = ops.clip(4.0 * self.stem(x), 0.0, 6.0)",),
    ),
    Edit(
        "torch",
        "x = x.mean([2, 3])",
        "x = x.amax([2, 3])",
        cause=("max", "largest"),
        place=("two",),
        lines=("x = ops.mean(x, axis=(1, 2))",),
    ),
    Edit(
        "torch",
        "return torch.softmax(self.classifier(x), dim=1)",
        "return torch.softmax(self.classifier(x), dim=0)",
        cause=("softmax",),
        place=("classifier",),
    ),
    Edit(
        "torch",
        "return torch.softmax(self.classifier(x), dim=1)",
        "return torch.log_softmax(self.classifier(x), dim=1)",
        cause=("log",),
        place=("classifier",),
    ),
    Edit(
        "torch",
        "return torch.softmax(self.classifier(x), dim=1)",
        "return torch.sigmoid(self.classifier(x))",
        cause=("sigmoid",),
        place=("classifier",),
    ),
    Edit(
        "keras",
        "y = self.project_norm(self.project(y))",
        "y = ops.relu6(self.project_norm(self.project(y)))",
        cause=("relu6",),
        place=("project_norm", "conv.7", "one"),
    ),
    Edit(
        "keras",
        "return x + y if self.shortcut else y",
        "return x - y if self.shortcut else y",
        cause=("subtract", "minus", "-", "sign"),
        place=("one",),
        lines=("            y = x + y",),
    ),
    Edit(
        "transfer",
        "norm.running_mean.numpy(),\n            norm.running_var.numpy()",
        "norm.running_var.numpy(),\n            norm.running_mean.numpy()",
        cause=("mean variance", "exchanged"),
        place=("norm", "conv.1"),
    ),
    Edit(
        "transfer",
        "block.depthwise.set_weights([weights[1].transpose(2, 3, 0, 1)])",
        "block.depthwise.set_weights([weights[1].transpose(3, 2, 0, 1)])",
        cause=("height width", "transposed"),
        place=("depthwise", "conv.3"),
    ),
    Edit(
        "transfer",
        "block.expand.set_weights([weights[0].transpose(2, 3, 1, 0)])",
        (
            "block.expand.set_weights([weights[0].reshape(1, 1, "
            "*weights[0].shape[1::-1])])"
        ),
        cause=("reshape", "memory order"),
        place=("expand", "conv.0"),
    ),
    Edit(
        "transfer",
        "set_norm(block.project_norm, conv[7])",
        "set_norm(block.project_norm, conv[7]) if name == 'one' else None",
        cause=("initial", "not carried", "still", "new layer"),
        place=("project_norm", "conv.7"),
    ),
)
