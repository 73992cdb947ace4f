"""The cases of a pair: which lengths, how many steps, how large a batch."""

from dataclasses import dataclass

from compare.pairs import Pair

FIXED = 50  # steps of a fixed-length twin: the paper's window of 50 days
OTHER_STEPS = (7, 200)  # what a fixed-length twin is also offered
NONE_STEPS = (1, 7, 50, 200)
BATCHES = (1, 4, 64)


@dataclass(frozen=True)
class Case:
    """One input and one length regime.

    Args:
        length: steps the twins are built for, or None for any number.
        timesteps: steps of the input.
        batch: sequences in the input.
        expected: the verdict the pair declares for it.
    """

    length: int | None
    timesteps: int
    batch: int
    expected: str


def cases(pair: Pair, longest: int) -> list[Case]:
    """Every case of a pair, those of one length together.

    Args:
        pair: declares the regimes.
        longest: steps of the longest window there is; longer cases are left out.
    """
    found = []
    for regime, expected in pair.expected.items():
        if regime == "fixed":
            grid = [(FIXED, FIXED, batch) for batch in BATCHES]
        elif regime == "other":
            grid = [(FIXED, steps, BATCHES[-1]) for steps in OTHER_STEPS]
        else:
            grid = [(None, steps, batch) for steps in NONE_STEPS for batch in BATCHES]
        found += [Case(*place, expected) for place in grid]
    return [case for case in found if case.timesteps <= longest]


def left_out(longest: int) -> list[int]:
    """The numbers of steps for which there is no window, and so no case."""
    return sorted(steps for steps in {*OTHER_STEPS, *NONE_STEPS} if steps > longest)
