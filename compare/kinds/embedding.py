"""Embedding: a row of a table for each index."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from compare.kinds.any_arrays import ANOTHER_LAYER, INITIAL, ROUNDED
from compare.kinds.changes import change_each, rolled
from compare.kinds.graph import LayerPlan
from compare.kinds.kind import Axes, Example, Kind
from compare.kinds.layer import Arrays
from compare.kinds.mistake import ArraysOfLayer, Call, Computation, Mistake
from compare.kinds.option import REQUIRED, Option, Options
from compare.kinds.parameters import parameter
from compare.kinds.rows import copied, in_any_layer
from compare.kinds.source import Site, Source, call_text, shape_text


def compute(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray:
    """Return the row of `weight`, (words, features), for each index.

    Args:
        arrays: `weight`.
        x: indices from 0, (batch, ...); whole numbers, of any type.
        options: max_norm, the longest that a row may be, where it is told.

    Returns:
        (batch, ..., features).
    """
    table = limited(arrays["weight"], options.get("max_norm"))
    result: np.ndarray = table[np.asarray(x).astype("int64")]
    return result


def limited(table: np.ndarray, longest: float | None) -> np.ndarray:
    """Shorten the rows of a table, (words, features), that are longer than allowed.

    Args:
        table: of an embedding.
        longest: Euclidean norm that a row may have; None for any.
    """
    if longest is None:
        return table
    norms = np.linalg.norm(table, axis=1, keepdims=True)
    shortened = table * (longest / (norms + 1e-7))  # as PyTorch divides
    return np.where(norms > longest, shortened, table)


def _off_by_one(name: str, read: str, index: str, by: int) -> Mistake[ArraysOfLayer]:
    return Mistake(
        name,
        f"row {read} of the embedding is read for index {index}: the rows are shifted",
        "roll the rows of weight back by one, or shift the indices as Keras does",
        "roll the rows of embeddings back by one, or shift the indices as PyTorch does",
        ArraysOfLayer(change_each(rolled(by), "weight")),
    )


def _shifted(shift: int) -> Callable[[Call], np.ndarray]:
    """Look up the row that lies so many further; zeros where there is no such row.

    TensorFlow has zeros there on a GPU. With the first row after the last, a table of
    two rows would be shifted alike in both directions.
    """

    def of_call(call: Call) -> np.ndarray:
        table = np.pad(call.arrays["weight"], ((1, 1), (0, 0)))
        indices = np.asarray(call.x).astype("int64") + 1 + shift
        return compute({"weight": table}, indices, {})

    return of_call


def _indices(name: str, shift: int, action: str) -> Mistake[Computation]:
    return Mistake(
        f"indices one too {name}",
        f"the indices that the embedding is asked for are one too {name}",
        f"do not {action} the indices",
        f"do not {action} the indices",
        Computation(_shifted(shift)),
        meant={"torch": f"{action} the indices", "keras": f"{action} the indices"},
    )


def write(site: Site) -> str:
    """An embedding in PyTorch, which takes whole numbers alone."""
    words, size = site.arrays["embeddings"].shape
    layer = site.module(
        call_text("nn.Embedding", words, size), ("Embedding", "Embedding")
    )
    indices = site.x.text
    if not site.x.dtype.startswith(("int", "uint")):
        indices = f"{indices}.long()"
    return f"{layer}({indices})"


def write_reversible(site: Site) -> str:
    """An embedding, or the scores of all its rows for a vector."""
    if not site.kwargs.get("reverse", False) and site.args[1:2] != (True,):
        return write(site)
    words, size = site.arrays["embeddings"].shape
    layer = site.module(
        call_text("nn.Embedding", words, size), ("Embedding", "Embedding")
    )
    table = f"{layer}.weight.T"
    if "reverse_embeddings" in site.arrays:
        table = parameter(site, "reverse_embeddings")
    scores = f"{site.x.text} @ {table}"
    if cap := site.setting("logit_soft_cap"):
        scores = f"torch.tanh(({scores}) / {cap}) * {cap}"
    return scores


def problem_of_reversible(plan: LayerPlan, arrays: Arrays) -> str:
    """A mask that Keras makes while the model runs, and tells nobody of before."""
    if plan.config.get("mask_zero"):
        return "ReversibleEmbedding with mask_zero=True; give it without, with a mask"
    return ""


def mask_of(site: Site) -> str:
    """The steps that count: those that are not 0, the index of padding."""
    mask = site.variable("mask")
    site.line(
        f"{mask} = {site.x.text} != 0", f"{shape_text(site.x)}, the steps that count"
    )
    return mask


EMBEDDING = Kind(
    name="Embedding",
    torch=("Embedding",),
    keras=("Embedding", "ReversibleEmbedding"),
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
    mistakes=(
        ANOTHER_LAYER,
        *ROUNDED,
        INITIAL,
        _off_by_one("embedding off by one", "k", "k + 1", 1),
        _off_by_one("embedding off by one, upwards", "k + 1", "k", -1),
        _indices("high", 1, "add 1 to"),
        _indices("low", -1, "subtract 1 from"),
    ),
    files=(Axes({"weight": 2}, {"embeddings": 2}),),
    sources={
        "Embedding": Source(write, "features last", mask_of=mask_of),
        "ReversibleEmbedding": Source(
            write_reversible, "features last", problem=problem_of_reversible
        ),
    },
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
