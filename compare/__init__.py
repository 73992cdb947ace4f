"""Is a model moved between Keras and PyTorch still the same model?

Importing this package loads neither framework.
"""

from compare.api import assert_same, check, port, train, transfer
from compare.errors import BadInput
from compare.subjects.pairs import Pair

__all__ = ["BadInput", "Pair", "assert_same", "check", "port", "train", "transfer"]
__version__ = "0.1.0"
