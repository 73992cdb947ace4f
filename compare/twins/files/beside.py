"""What layers must compute for their numbers to mean the same, beside having them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from compare.kinds.layer import Layer
from compare.kinds.names import plain
from compare.matching.moves import Move
from compare.twins.files.cudnn import Converted

# Until then the gates of LSTM and GRU had a hard sigmoid by default.
# Source: release notes of Keras 2.3.0, "default recurrent activation".
SIGMOID_SINCE = (2, 3)
WITH_GATES = ("LSTM", "GRU")


def with_sentences(
    moves: Iterable[Move],
    torch: Mapping[str, Layer],
    keras: Mapping[str, Layer],
    version: str,
) -> list[Move]:
    """Add to moves what their layers must compute beside having the numbers.

    Args:
        moves: by the names of PyTorch's layers.
        torch: layers of PyTorch's file.
        keras: their twins in Keras's file, by the names of PyTorch's layers.
        version: of the Keras that saved weights without a configuration; "" where there
            is a configuration, or no version.
    """
    with_beside = []
    for move in moves:
        name = (move.source or move.target)[0].rpartition(".")[0]
        while name and name not in keras:  # of a part, such as `lstm.backward.kernel`
            name = name.rpartition(".")[0]
        sentence = ""
        if name:
            sentence = _sentence(name, torch[name], keras[name], version)
        with_beside.append(replace(move, beside=sentence))
    return with_beside


def _sentence(name: str, torch: Layer, keras: Layer, version: str) -> str:
    """What two layers must compute for their numbers to mean the same, or ""."""
    sentences = []
    if torch.by_hand and keras.kind != plain(keras.kind):
        sentences.append(
            f"{name}: Keras has {keras.kind}, which PyTorch's {torch.kind} does not "
            "compute: right only if your cell, written by hand, does."
        )
    is_of_cudnn = any(isinstance(array, Converted) for array in keras.arrays.values())
    has_gates = plain(keras.kind) in WITH_GATES and not is_of_cudnn
    if has_gates and _is_before(version, SIGMOID_SINCE):
        who = f"saved by Keras {version}"
        if version.endswith("-tf"):  # the same numbers in TensorFlow 1 and 2.0
            who += ", if with TensorFlow 1"
        sentences.append(
            f"{name}: {who}, whose {plain(keras.kind)} had the hard sigmoid 0.2 x + "
            "0.5 in its gates by default, where PyTorch's has the sigmoid: right only "
            'if it was made with recurrent_activation="sigmoid", or if a cell written '
            "by hand has that hard sigmoid."
        )
    return " ".join(sentences)


def _is_before(version: str, since: tuple[int, int]) -> bool:
    """Whether a version, such as "2.2.4-tf", is known and older."""
    numbers = re.match(r"(\d+)\.(\d+)", version)
    if numbers is None:
        return False
    return (int(numbers[1]), int(numbers[2])) < since
