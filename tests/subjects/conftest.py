"""Before any module here: it loads PyTorch first and keeps TensorFlow quiet."""

import compare.in_keras  # noqa: F401
