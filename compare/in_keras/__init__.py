"""Everything that imports keras or tensorflow; `compare.in_pytorch` is its twin."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow reads it
import torch  # noqa: F401  PyTorch is slower if it is loaded after TensorFlow
