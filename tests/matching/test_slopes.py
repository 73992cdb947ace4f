"""PReLU layers, whose slopes one framework may share and the other not."""

from __future__ import annotations

import numpy as np

from compare.kinds.layer import Layer
from compare.matching.matching import matched


def in_pytorch(slopes: int) -> Layer:
    return Layer("PReLU", {"weight": np.zeros(slopes)})


def in_keras(slopes: int) -> Layer:
    return Layer("PReLU", {"alpha": np.zeros(slopes)})


def test_slopes_go_to_those_at_the_same_place_and_not_to_others_of_their_size():
    """One slope of PyTorch is 16 equal ones in Keras, which `q` must not be given."""
    found = matched(
        {"p": in_pytorch(1), "q": in_pytorch(16)},
        {"p_re_lu": in_keras(16), "p_re_lu_1": in_keras(16)},
        complete=False,
    )

    assert found.twins == {"q": ["p_re_lu_1"]}


def test_slopes_of_sizes_that_both_models_have_go_to_those_of_their_size():
    """Keras lists layers in another order where its model is a class."""
    found = matched(
        {"p": in_pytorch(1), "q": in_pytorch(16)},
        {"p_re_lu": in_keras(16), "p_re_lu_1": in_keras(1)},
        complete=False,
    )

    assert found.twins == {"p": ["p_re_lu_1"], "q": ["p_re_lu"]}
