"""What both adapters have, by side; the directions of a transfer."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

from compare.in_keras import arrays as keras_arrays
from compare.in_keras import cells as keras_cells
from compare.in_keras import drawing as keras_drawing
from compare.in_keras import layers as keras_layers
from compare.in_keras import models as keras_models
from compare.in_keras import refusals as keras_refusals
from compare.in_keras import settings as keras_settings
from compare.in_keras import twin as in_keras
from compare.in_pytorch import arrays as pytorch_arrays
from compare.in_pytorch import cells as pytorch_cells
from compare.in_pytorch import drawing as pytorch_drawing
from compare.in_pytorch import layers as pytorch_layers
from compare.in_pytorch import models as pytorch_models
from compare.in_pytorch import refusals as pytorch_refusals
from compare.in_pytorch import settings as pytorch_settings

# PyTorch comes first: loaded after TensorFlow it is slower.
from compare.in_pytorch import twin as in_pytorch
from compare.judging.words import Direction, Side

FRAMEWORKS: dict[Side, ModuleType] = {
    "torch": in_pytorch,
    "keras": in_keras,
}  # where `Twin` is
LAYERS: dict[Side, ModuleType] = {"torch": pytorch_layers, "keras": keras_layers}
CELLS: dict[Side, ModuleType] = {"torch": pytorch_cells, "keras": keras_cells}
ARRAYS: dict[Side, ModuleType] = {"torch": pytorch_arrays, "keras": keras_arrays}
DRAWING: dict[Side, ModuleType] = {"torch": pytorch_drawing, "keras": keras_drawing}
MODELS: dict[Side, ModuleType] = {"torch": pytorch_models, "keras": keras_models}

SETTINGS: dict[Side, ModuleType] = {"torch": pytorch_settings, "keras": keras_settings}

# What a model raises when it refuses to be built or to run, and what that says.
REFUSALS: dict[Side, tuple[type[Exception], ...]] = {
    "torch": pytorch_refusals.REFUSALS,
    "keras": keras_refusals.REFUSALS,
}
MESSAGES: dict[Side, Callable[[Exception], str]] = {
    "torch": pytorch_refusals.message,
    "keras": keras_refusals.message,
}

DIRECTIONS: dict[Direction, tuple[Side, Side]] = {  # from the source to the target
    "to_keras": ("torch", "keras"),
    "to_torch": ("keras", "torch"),
}
