"""What happens between layers and behind the last: known ways, and confusions."""

from collections.abc import Callable, Iterator

import numpy as np

from compare import reference
from compare.faults.fault import BETWEEN, DENSE, RECURRENT, RESULT, Fault, Sequence

# How a recurrent layer's output becomes the next one's input.
WAYS: dict[str, Callable[[Sequence], np.ndarray | None]] = {
    "the last step": lambda s: s.output[:, -1],
    "the last valid step": lambda s: (
        None if s.lengths is None else s.output[np.arange(len(s.output)), s.lengths - 1]
    ),
    "the final hidden state": lambda s: s.h,
    "all steps, one after another": lambda s: s.output.reshape(len(s.output), -1),
    "every step": lambda s: s.output,
    "the end of each direction": lambda s: _ends(s),
    "the first step": lambda s: s.output[:, 0],
    "the step before the last": lambda s: s.output[:, max(s.output.shape[1] - 2, 0)],
    "the last sample": lambda s: s.output[-1],
    "the final cell state": lambda s: s.c,
    "the mean of all steps": lambda s: s.output.mean(axis=1),
    "the largest of all steps": lambda s: s.output.max(axis=1),
    "all steps, unit by unit": lambda s: s.output.swapaxes(1, 2).reshape(
        len(s.output), -1
    ),
    "all steps, last first": lambda s: s.output[:, ::-1].reshape(len(s.output), -1),
}


def _ends(s):
    """The last step of the forward half beside the first of the backward one."""
    size = s.h.shape[-1]
    if s.lengths is not None or s.output.shape[2] != 2 * size:
        return None
    return np.concatenate([s.output[:, -1, :size], s.output[:, 0, size:]], axis=1)


def softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    """Source: Goodfellow, Bengio & Courville 2016, Deep Learning, section 6.2.2.3."""
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


# What turns the last layer's output into the model's result.
RESULTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "a softmax over the outputs": softmax,
    "nothing": lambda x: x,
    "a softmax over the batch": lambda x: softmax(x, axis=0),
    "two softmaxes": lambda x: softmax(softmax(x)),
    "a sigmoid": reference.sigmoid,
    "a tanh": np.tanh,
    "a relu": lambda x: np.maximum(x, 0),
}


# What is mistaken for what between a recurrent layer and the next.
CONFUSIONS = (
    ("the end of each direction", "the last step"),
    ("the end of each direction", "the first step"),
    ("the last step", "the first step"),
    ("the last step", "the step before the last"),
    ("the last step", "the last sample"),
    ("the last step", "the final cell state"),
    ("the last step", "the mean of all steps"),
    ("the last step", "the largest of all steps"),
    ("the last valid step", "the last step"),
    ("the last valid step", "the first step"),
    ("all steps, one after another", "all steps, unit by unit"),
    ("all steps, one after another", "all steps, last first"),
    ("all steps, one after another", "the last step"),
)
RESULT_CONFUSIONS = (
    ("a softmax over the outputs", "a softmax over the batch"),
    ("a softmax over the outputs", "two softmaxes"),
    ("a softmax over the outputs", "nothing"),
    ("a softmax over the outputs", "a sigmoid"),
    ("nothing", "a softmax over the outputs"),
    ("nothing", "a sigmoid"),
    ("nothing", "a tanh"),
    ("nothing", "a relu"),
)


def confusions() -> Iterator[Fault]:
    """Every mistake of this kind."""
    for right, wrong in CONFUSIONS:
        yield Fault(
            f"{wrong} for {right}",
            f"the next layer gets {wrong} of the recurrent layer, not {right}",
            f"take {right}",
            f"take {right}",
            BETWEEN,
            RECURRENT,
            WAYS[wrong],
            right,
        )
    for right, wrong in RESULT_CONFUSIONS:
        yield Fault(
            f"{wrong} for {right} at the end",
            f"{wrong} makes the result from the last layer's output, not {right}",
            f"end with {right}",
            f"end with {right}",
            RESULT,
            DENSE,
            RESULTS[wrong],
            right,
        )
