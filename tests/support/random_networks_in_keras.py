"""Random networks in Keras, with the channels last."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops
from random_blocks import KINDS
from random_layers import KL, Options
from random_plans import RANKS, VOCABULARY, Plan, layers_of


class Layers:
    """A plan's layers in Keras, and how they are called.

    Args:
        plan: as in PyTorch, or with a mistake.
    """

    def __init__(self, plan: Plan):
        self.plan = plan
        self.layers: dict[str, dict[str, Any]] = {}
        for name, part in layers_of(plan.parts):
            self.layers[name] = self.framed(KINDS[part.kind].in_keras(part))
        if plan.recurrent:
            self.layers["over_frames"] = KINDS["recurrent"].in_keras(plan.recurrent)
            self.layers["mean"] = {
                "layer": KL.TimeDistributed(KL.GlobalAveragePooling2D())
            }
        if plan.domain == "words":
            self.layers["words"] = {"layer": KL.Embedding(VOCABULARY, plan.shape[-1])}
            if plan.positions:
                places = KL.Embedding(plan.shape[0], plan.shape[-1])
                self.layers["places"] = {"layer": places}
        if plan.head == "flatten":
            self.layers["flatten"] = {"layer": KL.Flatten()}
        if plan.outputs:
            self.layers["head"] = {"layer": KL.Dense(plan.outputs)}

    def framed(self, layers: dict[str, Any]) -> dict[str, Any]:
        """The layers for each frame of a video."""
        if self.plan.domain != "video" or set(layers) == {"down", "up"}:
            return layers
        return {name: KL.TimeDistributed(layer) for name, layer in layers.items()}

    def run_all(self, parts: list[Options], prefix: str, x: Any) -> Any:
        for number, part in enumerate(parts):
            name = f"{prefix}{part.kind.replace(' ', '')}{number}"
            x = self.run(name, part, x)
        return x

    def run(self, name: str, part: Options, x: Any) -> Any:
        if not part.parts:
            layers = self.layers[name]
            if self.plan.domain == "video" and part.kind == "squeeze":
                s = ops.mean(x, axis=(2, 3), keepdims=True)
                return x * layers["up"](layers["down"](s))
            return KINDS[part.kind].call(layers, part, x)
        results = []
        for branch, inside in enumerate(part.parts):
            results.append(self.run_all(inside, f"{name}_{branch}_", x))
        if part.kind == "residual":
            return x + results[0]
        return ops.concatenate(results, axis=-1)

    def __call__(self, x: Any) -> Any:
        plan = self.plan
        if plan.domain == "words":
            y = self.layers["words"]["layer"](x)
            if plan.positions:
                y = y + self.layers["places"]["layer"](ops.arange(x.shape[1]))
            x = y
        x = self.run_all(plan.parts, "", x)
        if plan.recurrent:
            x = self.layers["mean"]["layer"](x)
            x = KINDS["recurrent"].call(self.layers["over_frames"], plan.recurrent, x)
            x = x[:, -1]
        else:
            x = self.pooled(x)
        if plan.outputs:
            x = self.layers["head"]["layer"](x)
        return ops.softmax(x, axis=-1) if plan.softmax else x

    def pooled(self, x: Any) -> Any:
        axes = tuple(range(1, len(x.shape) - 1))
        match self.plan.head:
            case "mean":
                return ops.mean(x, axis=axes)
            case "max":
                return ops.max(x, axis=axes)
            case "flatten":
                return self.layers["flatten"]["layer"](x)
            case "last":
                return x[:, -1]
        return x

    def in_order(self) -> list[Any]:
        """All layers, for a Sequential model; only where none is called twice."""
        layers = []
        for name, _ in layers_of(self.plan.parts):
            layers += self.layers[name].values()
        rank = RANKS[self.plan.domain]
        match self.plan.head:
            case "mean":
                pools = {
                    1: KL.GlobalAveragePooling1D,
                    2: KL.GlobalAveragePooling2D,
                    3: KL.GlobalAveragePooling3D,
                }
                layers.append(pools[rank]())
            case "max":
                pools = {
                    1: KL.GlobalMaxPooling1D,
                    2: KL.GlobalMaxPooling2D,
                    3: KL.GlobalMaxPooling3D,
                }
                layers.append(pools[rank]())
            case "flatten":
                layers.append(self.layers["flatten"]["layer"])
        if self.plan.outputs:
            layers.append(self.layers["head"]["layer"])
        if self.plan.softmax:
            layers.append(KL.Softmax())
        return layers


class Subclassed(keras.Model):
    """A plan as a class."""

    def __init__(self, layers: Layers):
        super().__init__()
        self.plan = layers.plan
        self.names = []
        for name, named in layers.layers.items():
            for key, layer in named.items():
                self.names.append((name, key))
                setattr(self, f"{name}_{key}", layer)

    def call(self, x: Any) -> Any:
        layers = Layers.__new__(Layers)
        layers.plan, layers.layers = self.plan, {}
        for name, key in self.names:
            layer = getattr(self, f"{name}_{key}")
            layers.layers.setdefault(name, {})[key] = layer
        return layers(x)


def is_sequential(plan: Plan) -> bool:
    own_calls = ("attention", "transformer", "squeeze")
    if plan.head == "last" or plan.domain in ("words", "video"):
        return False
    return not any(part.parts or part.kind in own_calls for part in plan.parts)


def in_keras(plan: Plan) -> tuple[keras.Model, Layers]:
    """Keras's model, and its layers by PyTorch's names."""
    dtype = "int32" if plan.domain == "words" else "float32"
    shape = plan.shape[:1] if plan.domain == "words" else plan.shape
    style = plan.style
    if style == "sequential" and not is_sequential(plan):
        style = "functional"
    if style == "subclassed":
        layers = Layers(plan)
        model = Subclassed(layers)
        model(np.zeros((1, *shape), dtype))
        return model, layers
    layers = Layers(plan)
    x = keras.Input(shape, dtype=dtype)
    if style == "sequential":
        return keras.Sequential([x, *layers.in_order()]), layers
    return keras.Model(x, layers(x)), layers
