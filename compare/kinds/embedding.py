"""Embedding: a row of a table for each index."""

from __future__ import annotations

import numpy as np

from compare.kinds.kind import Axes, Example, Kind
from compare.kinds.layer import Arrays
from compare.kinds.option import REQUIRED, Option, Options
from compare.kinds.rows import copied, in_any_layer


def compute(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray:
    """Return the row of `weight`, (words, features), for each index.

    Args:
        arrays: `weight`.
        x: indices from 0, (batch, ...); whole numbers, of any type.
        options: none is looked at.

    Returns:
        (batch, ..., features).
    """
    return arrays["weight"][np.asarray(x).astype("int64")]


EMBEDDING = Kind(
    name="Embedding",
    torch=("Embedding",),
    keras=("Embedding",),
    family="embedding",
    compute=compute,
    rows=in_any_layer(copied("weight", "embeddings")),
    options=(
        Option(
            "words", "num_embeddings", "input_dim", REQUIRED, REQUIRED, sample=(9, 9)
        ),
        Option(
            "size", "embedding_dim", "output_dim", REQUIRED, REQUIRED, sample=(5, 5)
        ),
        # The row of this index gets no gradient; it may have any numbers.
        Option(
            "padding_idx",
            "padding_idx",
            "",
            None,
            None,
            matters="training",
            instead="mask the gradient of that row",
            sample=(0, None),
        ),
        Option(
            "mask_zero",
            "",
            "mask_zero",
            False,
            False,
            in_pytorch=(False,),
            instead="pack the batch with the lengths without the indices 0",
            sample=(None, True),
        ),
        Option(
            "max_norm",
            "max_norm",
            "",
            None,
            None,
            instead="limit the norms of the rows before they are saved",
            sample=(1.0, None),
        ),
    ),
    files=(Axes({"weight": 2}, {"embeddings": 2}),),
    examples=(
        Example(
            "Embedding",
            {"num_embeddings": 7, "embedding_dim": 6},
            "Embedding",
            {"input_dim": 7, "output_dim": 6},
            shape=(3, 5),
        ),
    ),
)
