"""The cases of a pair: which lengths, how many steps, how large a batch, what input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from compare.errors import BadInput
from compare.subjects.pairs import Pair

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

    from compare.subjects.prices import Prices

FIXED = 50  # steps of a fixed-length twin: the paper's window of 50 days
OTHER_STEPS = (7, 200)  # what a fixed-length twin is also offered
NONE_STEPS = (1, 7, 50, 200)
BATCHES = (1, 4, 64)

# By regime: the length the twins are built for, and the (steps, batch) they run on.
REGIMES = {
    "fixed": (FIXED, [(FIXED, batch) for batch in BATCHES]),
    "other": (FIXED, [(steps, BATCHES[-1]) for steps in OTHER_STEPS]),
    "none": (None, [(steps, batch) for steps in NONE_STEPS for batch in BATCHES]),
    "one": (None, [(steps, 1) for steps in NONE_STEPS]),
    "many": (None, [(steps, batch) for steps in (7, 50) for batch in (4, 64)]),
}


@dataclass(frozen=True)
class Input:
    """One argument of a model.

    Args:
        name: "x", "lengths" (valid steps of each sequence), or an initial state.
        shape: batch axis included; None admits any size.
        dtype: None for floats in the precision of the run, else "int64".
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str | None = None


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
    return [
        Case(REGIMES[regime][0], steps, batch, expected)
        for regime, expected in pair.expected.items()
        for steps, batch in REGIMES[regime][1]
        if steps <= longest
    ]


def left_out(longest: int) -> list[int]:
    """The numbers of steps for which there is no window, and so no case."""
    return sorted(steps for steps in {*OTHER_STEPS, *NONE_STEPS} if steps > longest)


def sequences(
    length: int | None, num_features: int, batch: int | None = None
) -> tuple[Input, ...]:
    """The input of a model that takes (batch, time, features) and nothing else."""
    return (Input("x", (batch, length, num_features)),)


def check_outputs(twin, results):
    """Raise BadInput where a model does not return what its pair says it returns."""
    if len(results) != len(twin.outputs):
        raise BadInput(
            f"{type(twin.model).__name__}: expected {len(twin.outputs)} results "
            f"({', '.join(twin.outputs)}), got {len(results)}; name as many outputs"
        )


def check_tensors(side, model, found, is_tensor):
    """Raise BadInput where a model returns something that cannot be compared."""
    found = list(found)
    if not found:
        raise BadInput(
            f"{side}'s {type(model).__name__}: expected tensors as results, got none; "
            "return them at the end of forward or call"
        )
    for name, each in found:
        if not is_tensor(each):
            raise BadInput(
                f"{side}'s {type(model).__name__}: expected tensors as results, in "
                f"tuples, lists or dictionaries, got {name} of type "
                f"{type(each).__name__}; return tensors"
            )


def as_judged(array: np.ndarray) -> np.ndarray:
    """A stage as it is compared: with an axis, whole numbers whatever their width."""
    if array.dtype.kind in "biu":
        array = array.astype("int8" if array.dtype.kind == "b" else "int64")
    return array if array.ndim else array.reshape(1)


def flat(results: object, name: str = "output") -> Iterator[tuple[str, object]]:
    """Every tensor in what a model returns, named by its place: `output.0.h`."""
    if isinstance(results, dict):
        for key in sorted(results):
            yield from flat(results[key], f"{name}.{key}")
    elif isinstance(results, list | tuple):
        for number, each in enumerate(results):
            yield from flat(each, name if len(results) == 1 else f"{name}.{number}")
    elif results is not None:
        yield name, results


def inputs(pair: Pair, length: int | None) -> tuple[Input, ...]:
    """What the models of a pair take when they are built for a length, or for any."""
    shape = (pair.batch, length, pair.sizes["num_features"])
    if pair.time_major:
        shape = (shape[1], shape[0], shape[2])
    found = [Input("x", shape)]
    if pair.lengths:
        found.append(Input("lengths", (None,), "int64"))
    return tuple(found)


def arrays(
    pair: Pair, timesteps: int, batch: int, prices: Prices, seed: int
) -> tuple[np.ndarray, ...]:
    """What a pair runs on, one array for each of its inputs.

    Windows of the prices for a pair that reads them; otherwise features uniform in
    [0, 1), as the note's data are. Where the pair takes lengths they are random, the
    first is the whole window, and the padding behind each is zero.

    Returns:
        float32 (batch, time, features), or (time, batch, features) where the pair is
        time-major; int64 (batch,) for lengths.
    """
    import numpy as np  # the table of cases itself does without

    rng = np.random.default_rng([seed, timesteps, batch])
    if pair.prices:
        x = prices.windows(timesteps, batch)
    else:
        shape = (batch, timesteps, pair.sizes["num_features"])
        x = rng.uniform(0, 1, shape).astype(np.float32)
    if pair.time_major:
        x = np.ascontiguousarray(x.swapaxes(0, 1))
    if not pair.lengths:
        return (x,)
    lengths = rng.integers(1, timesteps + 1, batch)
    lengths[0] = timesteps
    x[np.arange(timesteps) >= lengths[:, None]] = 0
    return x, lengths


def sequence(arrays: Sequence[np.ndarray]) -> np.ndarray | None:
    """The first input that has steps, (batch, time, ...) or, of indices, (batch, time).

    None where no input has.
    """
    found = (a for a in arrays if a.ndim > (2 if a.dtype.kind == "f" else 1))
    return next(found, None)


def valid_steps(array: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Which steps of (batch, time, ...) are within each length: (batch, time, 1)."""
    import numpy as np

    return (np.arange(array.shape[1]) < lengths[:, None])[..., None]


def targets(
    loss: str, shapes: Sequence[tuple[int, ...]], seed: int
) -> list[np.ndarray]:
    """What a loss compares results with, drawn at random.

    Args:
        loss: name of a function of `pytorch_models/losses.py` and its twin.
        shapes: of the results of a model.
        seed: of the numbers.

    Returns:
        A target for each result that the loss can take: values in [0, 1) for the mean
        squared error, labels for the cross-entropy, daily returns of about one per cent
        for the Sharpe ratio.
    """
    import numpy as np

    rng = np.random.default_rng([seed, len(shapes)])
    first = shapes[0]
    if loss == "cross_entropy":
        return [rng.integers(0, first[1], first[0])]
    if loss == "negative_sharpe_ratio":
        return [rng.normal(0.0005, 0.01, first).astype(np.float32)]
    return [rng.uniform(0, 1, shape).astype(np.float32) for shape in shapes]
