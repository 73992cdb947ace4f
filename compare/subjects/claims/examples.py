"""The two examples: shapes of the first, data and training of the second."""

from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.optim.adam import adam
from torch.utils.data import DataLoader, Dataset

from compare.subjects.claims.claim import Claim, Findings
from compare.subjects.claims.common import refusal, shape_of

# What `torch.optim.Adam(lr=0.001)` hands to `adam`; the class itself imports a compiler
# first, which takes 2 s.
ADAM: dict[str, Any] = dict(
    amsgrad=False,
    beta1=0.9,
    beta2=0.999,
    lr=0.001,
    weight_decay=0,
    eps=1e-8,
    maximize=False,
)


# Example 1


def _example_1() -> dict[str, tuple[int, ...]]:
    """Shapes of the first example, by what they are of."""
    lstm = nn.LSTM(input_size=5, hidden_size=50, batch_first=True)
    x, state = torch.rand(10, 30, 5), torch.zeros(1, 10, 50)
    out, (h, c) = lstm(x, (state, state))
    return {
        "input": shape_of(x),
        "h_0": shape_of(state),
        "out": shape_of(out),
        "out[-1]": shape_of(out[-1]),
        "out[:, -1, :]": shape_of(out[:, -1, :]),
        "h_n": shape_of(h),
        "c_n": shape_of(c),
        "c_n[-1]": shape_of(c[-1]),
    }


def example_1(**expected: tuple[int, ...]) -> Findings:
    """Some shapes of the first example against those that are expected."""
    shapes = {name: _example_1()[name] for name in expected}
    return Findings({"": shapes == expected}, {**shapes})


def hundred_stocks() -> Findings:
    """The whole data set of the first example as one batch."""
    out, _ = nn.LSTM(5, 50, batch_first=True)(torch.rand(100, 30, 5))
    return Findings({"": shape_of(out) == (100, 30, 50)}, {"out": shape_of(out)})


# Example 2


class _Windows(Dataset):
    """Each run of seven days, with the target of the day after it."""

    days = 7

    def __init__(self) -> None:
        draw = np.random.RandomState(0).rand  # the stream of np.random.seed(0)
        self.features = draw(100, 5).astype(np.float32)
        self.targets = draw(100, 1).astype(np.float32)

    def __len__(self) -> int:
        return len(self.features) - self.days

    def __getitem__(self, i: int) -> tuple[np.ndarray, np.ndarray]:
        return self.features[i : i + self.days], self.targets[i + self.days]


def dummy_data() -> Findings:
    """The second example's data as NumPy prints it, against what was printed."""
    data = _Windows()
    printed = (
        "0.5488135 0.71518934 0.60276335 0.5448832 0.4236548",
        "0.6458941 0.4375872 0.891773 0.96366274 0.3834415",
        "0.79172504 0.5288949 0.56804454 0.92559665 0.07103606",
    )
    prices = ("0.31038082", "0.37303486", "0.5249705")
    features, targets = map(_printed, (data.features[:3], data.targets[:3]))
    return Findings(
        {"": features == printed and targets == prices},
        {
            "features": shape_of(data.features),
            "targets": shape_of(data.targets),
            "features[0]": features[0],
            "targets[:3]": targets,
        },
    )


def _printed(array: np.ndarray) -> tuple[str, ...]:
    """Rows of an array as NumPy prints them, without brackets and filling."""
    rows = np.array2string(array, precision=8).splitlines()
    return tuple(" ".join(row.strip(" []").split()) for row in rows)


def window_count() -> Findings:
    """How many windows of seven days a hundred days hold, and of which shapes."""
    data = _Windows()
    x, y = data[0]
    return Findings(
        {"": len(data) == 93},
        {"windows": len(data), "x": shape_of(x), "y": shape_of(y)},
    )


def _batches(data: Any, **options: Any) -> list[torch.Tensor]:
    return [batch for batch, *_ in DataLoader(data, 20, shuffle=True, **options)]


def drop_last() -> Findings:
    """Sizes of the batches by default and without the last one."""
    by_default = tuple(map(len, _batches(_Windows())))
    dropped = tuple(map(len, _batches(_Windows(), drop_last=True)))
    return Findings(
        {"": by_default == (20, 20, 20, 20, 13) and dropped == (20,) * 4},
        {"by default": by_default, "drop_last=True": dropped},
    )


def drop_last_length() -> Findings:
    """Lengths of the sequences with and without the last batch.

    The claim is true of windows if dropping makes lengths equal that were not, and of
    unequal sequences if it makes batches of them possible.
    """
    lengths = []
    for drop in (False, True):
        batches = _batches(_Windows(), drop_last=drop)
        lengths.append(sorted({batch.shape[1] for batch in batches}))
    unequal = [(torch.zeros(1 + i % 3, 5), i) for i in range(93)]
    by_default, dropped = (
        refusal(partial(_batches, unequal, drop_last=drop)) for drop in (False, True)
    )
    return Findings(
        {
            "windows of one length": len(lengths[1]) == 1 < len(lengths[0]),
            "sequences of unequal length": not dropped and bool(by_default),
        },
        {
            "lengths, last batch kept": tuple(lengths[0]),
            "dropped": tuple(lengths[1]),
            "unequal, dropped": dropped or "runs",
        },
    )


def drop_last_unused(epochs: int = 20) -> Findings:
    """Samples that no epoch hands out, in a fixed and in a shuffled order."""
    unused = {}
    for shuffle in (False, True):
        samples: Any = range(93)  # a data set is what has a length and an index
        loader: DataLoader = DataLoader(samples, 20, shuffle=shuffle, drop_last=True)
        handed_out = set()
        for _ in range(epochs):
            for batch in loader:
                handed_out |= {int(number) for number in batch}
        unused[f"shuffle={shuffle}"] = 93 - len(handed_out)
    return Findings(
        {name: count > 0 for name, count in unused.items()},
        {"epochs": epochs, **{f"unused, {n}": count for n, count in unused.items()}},
    )


Shape = tuple[int, ...]


def _trained(epochs: int) -> tuple[float, Shape, Shape, Shape]:
    """Train the second example's model.

    Returns:
        The last loss, and the last shapes of x, of the outputs and of the targets.
    """
    lstm, head = nn.LSTM(5, 50, batch_first=True), nn.Linear(50, 1)
    weights: list[torch.Tensor] = [*lstm.parameters(), *head.parameters()]
    means = [torch.zeros_like(weight) for weight in weights]
    squares = [torch.zeros_like(weight) for weight in weights]
    steps = [torch.tensor(0.0) for _ in weights]
    loader = DataLoader(_Windows(), 20, shuffle=True, drop_last=True)
    for _ in range(epochs):
        for x, y in loader:
            outputs = head(lstm(x)[1][0][-1])
            loss = nn.functional.mse_loss(outputs, y)
            grads = list(torch.autograd.grad(loss, weights))
            with torch.no_grad():
                adam(weights, grads, means, squares, [], steps, **ADAM)
    return loss.item(), shape_of(x), shape_of(outputs), shape_of(y)


def first_loss() -> Findings:
    """The first of the losses printed, from the same seed."""
    loss = f"{_trained(10)[0]:.4f}"
    return Findings({"": loss == "0.0875"}, {"loss at epoch 10": loss})


def prediction_shape() -> Findings:
    """One price per sequence, of the shape of the targets."""
    _, x, outputs, targets = _trained(1)
    return Findings(
        {"": outputs == targets == (20, 1) and x == (20, 7, 5)},
        {"x": x, "outputs": outputs, "targets": targets},
    )


CLAIMS = (
    Claim(
        "Do 100 sequences of 30 steps and 5 features go in as one batch?",
        "nn.LSTM(5, 50, batch_first=True) on (100, 30, 5)",
        hundred_stocks,
    ),
    Claim(
        "Are the first example's states, given and returned, (1, 10, 50)?",
        "nn.LSTM(5, 50, batch_first=True) on (10, 30, 5)",
        partial(
            example_1,
            input=(10, 30, 5),
            h_0=(1, 10, 50),
            h_n=(1, 10, 50),
            c_n=(1, 10, 50),
            **{"c_n[-1]": (10, 50)},
        ),
    ),
    Claim(
        "Is its output (10, 30, 50), out[-1] (30, 50) and out[:, -1, :] (10, 50)?",
        "the same call",
        partial(
            example_1,
            out=(10, 30, 50),
            **{"out[-1]": (30, 50), "out[:, -1, :]": (10, 50)},
        ),
    ),
    Claim(
        "Does seed 0 give the second example's features and targets, as printed?",
        "100 x 5 and 100 x 1 uniform numbers from NumPy's seed 0",
        dummy_data,
    ),
    Claim(
        "Do 100 days hold 93 windows of 7 days with a target after each?",
        "a Dataset of the second example's windows",
        window_count,
    ),
    Claim(
        "Does drop_last=True leave out the last, smaller batch, which is kept by "
        "default?",
        "DataLoader(batch_size=20) over the 93 windows",
        drop_last,
    ),
    Claim(
        "Does drop_last=True help to keep all sequences of one length?",
        "lengths in all batches with and without it, and batches of unequal sequences",
        drop_last_length,
    ),
    Claim(
        "Does drop_last=True keep some samples out of training for good?",
        "20 epochs over 93 samples in batches of 20, shuffled and not",
        drop_last_unused,
    ),
    Claim(
        "Is the second example's first printed loss what its training gives?",
        "10 epochs of LSTM(5, 50), Linear(50, 1), Adam 0.001, from seed 0",
        first_loss,
    ),
    Claim(
        "Are predictions and targets of a batch of 20 both (20, 1)?",
        "one epoch of the same model",
        prediction_shape,
    ),
)
