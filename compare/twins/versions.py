"""The versions of the suite and of what runs the models."""

from __future__ import annotations

import platform
from importlib import metadata

import numpy as np

from compare.in_keras import twin as in_keras
from compare.in_pytorch import twin as in_pytorch


def versions() -> dict[str, str]:
    """The version of everything that a run depends on, by name."""
    return {
        "compare": metadata.version("twinproof"),
        **in_pytorch.versions(),
        **in_keras.versions(),
        "numpy": np.__version__,
        "python": platform.python_version(),
    }
