"""The runs of layers as they are shown beside those of the other side."""

from dataclasses import replace

import numpy as np

from compare.mistakes.anatomy import Anatomy
from compare.mistakes.runs import unfolded


def anatomy(x, y):
    seen = Anatomy({}, {}, {}, {}, {}, {}, None, None)
    return replace(
        seen,
        kinds={"head": "Linear"},
        layer_inputs={"head": x},
        layer_outputs={"head": y},
    )


def test_a_sample_without_its_batch_axis_is_not_taken_for_steps():
    """`h.squeeze()` with a batch of 1: the features of a dense layer are no steps."""
    squeezed = anatomy(np.zeros(6), np.zeros(1))
    batched = anatomy(np.zeros((1, 6)), np.zeros((1, 1)))

    shown = unfolded(squeezed, batched)

    assert shown.layer_inputs["head"].shape == (6,)
    assert shown.layer_outputs["head"].shape == (1,)
