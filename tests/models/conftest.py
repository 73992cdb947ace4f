"""Loads PyTorch before any module here: after TensorFlow it is slower."""

import torch  # noqa: F401
