"""Settings of an embedding that are not alike are named."""

import keras
import numpy as np
import torch
from own_cases import check, in_pytorch

INDICES = np.random.default_rng(3).integers(0, 9, (4, 5))


def models(longest):
    """An embedding and a dense layer; PyTorch's rows are no longer than told."""
    torch.manual_seed(0)
    first = in_pytorch(
        lambda m, x: m.head(m.table(x)),
        table=torch.nn.Embedding(9, 6, max_norm=longest),
        head=torch.nn.Linear(6, 2),
    )
    second = keras.Sequential(
        [
            keras.Input((5,), dtype="int64"),
            keras.layers.Embedding(9, 6),
            keras.layers.Dense(2),
        ]
    )
    return first, second


def test_rows_that_pytorch_shortens_are_named_by_the_setting():
    """PyTorch writes them back where they were: the weights seem to differ too."""
    evidence = check(*models(1.0), INDICES, "random")
    found = next(r.explanation for r in evidence.results if r.explanation is not None)

    assert evidence.verdict == "different"
    assert found.explained
    assert found.sentence == "in table, max_norm is 1.0 in PyTorch, None in Keras"
    assert found.fix.startswith("either table of PyTorch: max_norm=None or")


def test_rows_of_any_length_are_the_same():
    assert check(*models(None), INDICES).verdict == "same"
