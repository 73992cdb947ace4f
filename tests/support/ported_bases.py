"""What models as users write them are made of, and the weights of twins."""

from __future__ import annotations

import copy

import keras
import numpy as np
import torch
from torch import nn

from compare.in_keras.internals import every_layer
from compare.in_keras.names import unnamed
from compare.judging.words import PRECISIONS
from compare.matching.rewriting import carry, plan
from compare.twins.frameworks import LAYERS

RNG = np.random.default_rng(5)
SERIES = RNG.standard_normal((4, 8, 5)).astype("float32")
IMAGES = RNG.standard_normal((4, 8, 8, 3)).astype("float32")
TOKENS = RNG.integers(1, 20, (4, 8)).astype("int32")


class Module(nn.Module):
    """A module of some layers whose forward is a function of it and the input."""

    def __init__(self, forward, **parts):
        super().__init__()
        for name, part in parts.items():
            setattr(self, name, part)
        self._forward = forward

    def forward(self, x):
        return self._forward(self, x)


class KerasModel(keras.Model):
    """The same in Keras."""

    def __init__(self, call, **parts):
        super().__init__()
        for name, part in parts.items():
            setattr(self, name, part)
        self._call = call

    def call(self, x):
        return self._call(self, x)


def give_weights(twins, seed=2):
    """Give both sides the same weights; those of Conv2d by hand."""
    torch.manual_seed(seed)
    drawn = None
    for precision in PRECISIONS:
        torch_model = twins.model("torch", precision)
        if drawn is None:
            for parameter in torch_model.parameters():
                nn.init.normal_(parameter, 0, 0.4)
            drawn = copy.deepcopy(torch_model.state_dict())
        torch_model.load_state_dict(drawn)
        of_keras = {}
        for layer in every_layer(unnamed(twins.model("keras", precision))):
            of_keras[layer.name] = layer
        by_hand = set()
        for name, module in torch_model.named_modules():
            if isinstance(module, nn.Conv2d) and name in of_keras:
                kernel = module.weight.detach().numpy().transpose(2, 3, 1, 0)
                of_keras[name].set_weights([kernel, module.bias.detach().numpy()])
                by_hand.add(name)
        source = LAYERS["torch"].held(torch_model)
        target = LAYERS["keras"].held(twins.model("keras", precision))
        names = source.keys() & target.keys() - by_hand
        carry(
            plan(
                {name: source[name] for name in names},
                {name: target[name] for name in names},
                "to_keras",
                strict=False,
            ),
            LAYERS["torch"].read,
            LAYERS["keras"].write,
        )
