"""The cases of a pair: which lengths, how many steps, how large a batch, what input."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from compare.judging.arrays import Input
from compare.judging.words import Verdict
from compare.subjects.pairs import Pair

if TYPE_CHECKING:
    import numpy as np

    from compare.subjects.prices import Prices

FIXED = 50  # steps of a fixed-length twin: the paper's window of 50 days
OTHER_STEPS = (7, 200)  # what a fixed-length twin is also offered
NONE_STEPS = (1, 7, 50, 200)
BATCHES = (1, 4, 64)


@dataclass(frozen=True)
class Regime:
    """A length that twins are built for, and the inputs that they run on.

    Args:
        length: steps the twins are built for, or None for any number.
        steps: of the inputs.
        batches: of the inputs, each with each number of steps.
    """

    length: int | None
    steps: tuple[int, ...]
    batches: tuple[int, ...]


REGIMES = {
    "fixed": Regime(FIXED, (FIXED,), BATCHES),
    "other": Regime(FIXED, OTHER_STEPS, BATCHES[-1:]),
    "none": Regime(None, NONE_STEPS, BATCHES),
    "one": Regime(None, NONE_STEPS, (1,)),
    "many": Regime(None, (7, 50), (4, 64)),
}


@dataclass(frozen=True)
class Case:
    """One input and one length regime.

    Args:
        length: steps the twins are built for, or None for any number.
        timesteps: steps of the input, or None where it has no time axis.
        batch: sequences in the input.
        expected: the verdict the pair declares for it.
    """

    length: int | None
    timesteps: int | None
    batch: int
    expected: Verdict


def cases(pair: Pair, longest: int) -> list[Case]:
    """Every case of a pair, those of one length together.

    Args:
        pair: declares the regimes.
        longest: steps of the longest window there is; longer cases are left out.
    """
    all_cases = []
    for name, expected in pair.expected.items():
        regime = REGIMES[name]
        for steps, batch in product(regime.steps, regime.batches):
            if steps <= longest:
                all_cases.append(Case(regime.length, steps, batch, expected))
    return all_cases


def left_out(longest: int) -> list[int]:
    """The numbers of steps for which there is no window, and thus no case."""
    return sorted(steps for steps in {*OTHER_STEPS, *NONE_STEPS} if steps > longest)


def inputs(pair: Pair, length: int | None) -> tuple[Input, ...]:
    """What the models of a pair take when they are built for a length, or for any."""
    features = pair.sizes["num_features"]
    shape = (pair.batch, length, *pair.spatial, features)
    if pair.time_major:
        shape = (length, pair.batch, features)
    taken = [Input("x", shape)]
    if pair.lengths:
        taken.append(Input("lengths", (None,), "int64"))
    return tuple(taken)


def arrays(
    pair: Pair, timesteps: int, batch: int, prices: Prices, seed: int
) -> tuple[np.ndarray, ...]:
    """The arrays that a pair runs on, one for each of its inputs.

    Windows of the prices for a pair that reads them; otherwise features uniform in
    [0, 1), as the note's data are. Where the pair takes lengths they are random, the
    first is the whole window, and the padding after each is zero.

    Returns:
        float32 (batch, time, features), or (time, batch, features) where the pair is
        time-major, (batch, rows, width, features) of images and (batch, time, height,
        width, features) of films; int64 (batch,) for lengths.
    """
    import numpy as np  # the table of cases itself does without

    rng = np.random.default_rng([seed, timesteps, batch])
    if pair.prices:
        x = prices.windows(timesteps, batch)
    else:
        shape = (batch, timesteps, *pair.spatial, pair.sizes["num_features"])
        x = rng.uniform(0, 1, shape).astype(np.float32)
    if pair.time_major:
        x = np.ascontiguousarray(x.swapaxes(0, 1))
    if not pair.lengths:
        return (x,)
    lengths = rng.integers(1, timesteps + 1, batch)
    lengths[0] = timesteps
    x[np.arange(timesteps) >= lengths[:, None]] = 0
    return x, lengths
