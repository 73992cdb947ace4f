"""Is a model moved between Keras and PyTorch still the same model?

    import compare

    evidence = compare.check(torch_model, keras_model, x)
    print(evidence.verdict)  # same
    print(evidence.explain())

`check` judges two models, `assert_same` does in a test, `train` lets both learn,
`transfer` copies weights, and `port` writes a saved model as source of PyTorch.

Importing this package loads neither framework.
"""

from compare.api import assert_same, check, port, train, transfer
from compare.errors import BadInput
from compare.subjects.pairs import Pair

__all__ = ["BadInput", "Pair", "assert_same", "check", "port", "train", "transfer"]
__version__ = "0.1.0"
