"""Both adapters by side, the directions of a transfer, and the precisions."""

from __future__ import annotations

from compare.in_keras import layers as keras_layers
from compare.in_keras import models as keras_live
from compare.in_keras import twin as in_keras
from compare.in_pytorch import layers as pytorch_layers
from compare.in_pytorch import models as pytorch_live

# PyTorch comes first: loaded after TensorFlow it is slower.
from compare.in_pytorch import twin as in_pytorch

FRAMEWORKS = {"torch": in_pytorch, "keras": in_keras}
LAYERS = {"torch": pytorch_layers, "keras": keras_layers}
MODELS = {"torch": pytorch_live, "keras": keras_live}
DIRECTIONS = {"to_keras": ("torch", "keras"), "to_torch": ("keras", "torch")}
DTYPES = ("float32", "float64")
