"""Is a model moved between Keras and PyTorch still the same model?

Importing this package loads neither framework.
"""

from compare.api import assert_same, check
from compare.errors import BadInput
from compare.subjects.pairs import Pair
from compare.twins.transfer import transfer

__all__ = ["BadInput", "Pair", "assert_same", "check", "transfer"]
__version__ = "0.1.0"
