"""Other windows in a ConvLSTM: dilated, or padded with something else than zeros."""

from __future__ import annotations

from compare.kinds.by_hand_arrays import mistake_by_hand
from compare.kinds.convolution import MODES
from compare.kinds.mistake import Computation, Mistake
from compare.kinds.recurrent_computations import computes

DILATIONS = (2, 3, 4)
EDGES = tuple(
    mistake_by_hand(
        f"edges of a ConvLSTM padded in the mode {mode}",
        f"x and h are padded in the mode {mode}, not with zeros",
        "pad with zeros: the convolution's padding, in padding_mode='zeros'",
        computes(**{"what is padded with": mode}),
    )
    for mode in MODES
)


def _dilated(windows: str, dilation: int, **settings: int) -> Mistake[Computation]:
    """A mistake in dilation.

    Args:
        windows: whose they are, in words.
        dilation: of them.
        settings: the same as options of a ConvLSTM.
    """
    return mistake_by_hand(
        f"ConvLSTM with a dilation of {dilation} over {windows}",
        f"the windows over {windows} are dilated, by {dilation}",
        f"take windows over {windows} without a dilation",
        computes(**settings),
    )


# One convolution of x and h side by side has one dilation.
OF_BOTH = tuple(
    _dilated("both x and h", number, dilation_ih=number, dilation_hh=number)
    for number in DILATIONS
)
# Keras's dilation_rate is that of the windows over x.
OF_X_ALONE = tuple(
    _dilated("x alone, not h,", number, dilation_ih=number) for number in DILATIONS
)
