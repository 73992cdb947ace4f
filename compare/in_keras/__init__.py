"""Everything that imports keras or tensorflow; `compare.in_pytorch` is its twin."""

import importlib
import os
import sys
from contextlib import suppress

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow reads it
import torch  # noqa: F401  PyTorch is slower if it is loaded after TensorFlow

# PyTorch for GPUs loads triton at an optimizer's first step. Loaded after TensorFlow it
# crashes the process; loaded before, both work (triton 3.7.1, TensorFlow 2.21). This
# may go when `import tensorflow, triton` ends well.
if "tensorflow" not in sys.modules:
    with suppress(ImportError):
        importlib.import_module("triton")
