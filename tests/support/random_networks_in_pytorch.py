"""Random networks in PyTorch, the channels second or last, as its users write."""

from __future__ import annotations

import numpy as np
import torch
from random_blocks import KINDS
from random_layers import Options
from random_plans import VOCABULARY, Plan, layers_of
from torch import nn


class InTorch(nn.Module):
    """A plan in PyTorch."""

    def __init__(self, plan: Plan):
        super().__init__()
        self.plan = plan
        if plan.domain == "words":
            self.words = nn.Embedding(VOCABULARY, plan.shape[-1])
            if plan.positions:
                self.places = nn.Embedding(plan.shape[0], plan.shape[-1])
        for name, part in layers_of(plan.parts):
            self.add_layers(name, part)
        if plan.recurrent:
            self.add_layers("over_frames", plan.recurrent)

    def add_layers(self, name: str, part: Options) -> None:
        for key, module in KINDS[part.kind].in_torch(part).items():
            self.add_module(f"{name}_{key}", module)

    def run(
        self, name: str, part: Options, x: torch.Tensor, second: bool
    ) -> tuple[torch.Tensor, bool]:
        """What a layer makes, and whether it has the channels second."""
        if part.parts:
            results = []
            for branch, inside in enumerate(part.parts):
                y = self.run_all(inside, f"{name}_{branch}_", x, second)
                results.append(y)
            if part.kind == "residual":
                return x + results[0], second
            return torch.cat(results, 1 if second else -1), second
        kind = KINDS[part.kind]
        if x.ndim > 2 and kind.axes == "second" and not second:
            x, second = x.movedim(-1, 1), True
        elif x.ndim > 2 and kind.axes == "last" and second:
            x, second = x.movedim(1, -1), False
        modules = {
            key.removeprefix(f"{name}_"): module
            for key, module in self.named_children()
            if key.startswith(f"{name}_")
        }
        return kind.forward(modules, part, x), second

    def run_all(
        self, parts: list[Options], prefix: str, x: torch.Tensor, second: bool
    ) -> torch.Tensor:
        before = second
        for number, part in enumerate(parts):
            name = f"{prefix}{part.kind.replace(' ', '')}{number}"
            x, second = self.run(name, part, x, second)
        if before != second and x.ndim > 2:
            x = x.movedim(1, -1) if second else x.movedim(-1, 1)
        return x

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        plan = self.plan
        if plan.domain == "words":
            y = self.words(x)
            if plan.positions:
                y = y + self.places(torch.arange(x.shape[1], device=x.device))
            x = y
        frames = 0
        if plan.domain == "video":
            frames = x.shape[1]
            x = x.flatten(0, 1)
        x = self.run_all(plan.parts, "", x, plan.second)
        x = self.pooled(x)
        if frames:
            x = x.reshape(-1, frames, x.shape[-1])
            assert plan.recurrent is not None
            x, _ = self.run("over_frames", plan.recurrent, x, False)
            x = x[:, -1]
        if plan.outputs:
            x = self.head_of(x)
        if plan.softmax:
            axis = 1 if plan.head == "map" and plan.second and x.ndim > 2 else -1
            x = torch.softmax(x, axis)
        return x

    def head_of(self, x: torch.Tensor) -> torch.Tensor:
        plan = self.plan
        if plan.head == "map" and plan.second and x.ndim > 2:
            return self.head(x.movedim(1, -1)).movedim(-1, 1)
        return self.head(x)

    def pooled(self, x: torch.Tensor) -> torch.Tensor:
        plan = self.plan
        axes = tuple(range(2, x.ndim)) if plan.second else tuple(range(1, x.ndim - 1))
        match plan.head:
            case "mean":
                return x.mean(axes)
            case "max":
                return x.amax(axes)
            case "flatten":
                return (x.movedim(1, -1) if plan.second else x).flatten(1)
            case "last":
                return x[..., -1] if plan.second else x[:, -1]
        return x


def in_torch(plan: Plan, x: np.ndarray) -> InTorch:
    """PyTorch's model with random weights and statistics, which takes x."""
    torch.manual_seed(plan.seed)
    model = InTorch(plan).eval()
    if plan.outputs:
        outputs = plan.outputs
        plan.outputs = 0
        made = model(torch.tensor(x))
        plan.outputs = outputs
        axis = 1 if plan.head == "map" and plan.second else -1
        model.head = nn.Linear(made.shape[axis], outputs)
    rng = np.random.default_rng(plan.seed)
    for tensor in [*model.parameters(), *model.buffers()]:
        if not tensor.is_floating_point():
            continue
        values = rng.uniform(-0.7, 0.7, tensor.shape)
        tensor.data = torch.tensor(values.astype(np.float32))
    for module in model.modules():
        if "BatchNorm" in type(module).__name__:
            assert module.running_var is not None
            module.running_var += 1
        if "Norm" in type(module).__name__ and module.weight is not None:
            module.weight.data += 1
    return model
