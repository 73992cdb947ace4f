"""What happens between layers and after the last: known ways, and confusions."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np

from compare.kinds import DENSE, NORMALISATION, RECURRENT, functions
from compare.kinds.functions import softmax
from compare.kinds.mistake import (
    FinalActivation,
    Handover,
    Mistake,
    RecurrentOutput,
    ResultOrder,
)
from compare.mistakes.states import (
    BACKWARD_FIRST,
    BACKWARD_TWICE,
    ENDS,
    FORWARD_TWICE,
    OF_FIRST_LAYER,
    OF_STATES,
    STATES_WRITTEN,
    VIEWED,
)

# Takes the output of a layer to what comes next; None where there is no such thing.
Way = Callable[[RecurrentOutput], np.ndarray | None]


def _last_valid_step(s: RecurrentOutput) -> np.ndarray | None:
    """The last step of each sequence that is no padding, (batch, size)."""
    if s.lengths is None:
        return None
    return s.output[np.arange(len(s.output)), s.lengths - 1]


def _before_last_valid_step(s: RecurrentOutput) -> np.ndarray | None:
    """The step before that, as by an index that is one too small, (batch, size)."""
    if s.lengths is None:
        return None
    return s.output[np.arange(len(s.output)), np.maximum(s.lengths - 2, 0)]


def _mean_of_valid_steps(s: RecurrentOutput) -> np.ndarray | None:
    """The sum of all steps, the padded ones being 0, by the number of valid ones."""
    if s.lengths is None:
        return None
    return s.output.sum(axis=1) / np.maximum(s.lengths, 1)[:, None]


def _unit_by_unit(s: RecurrentOutput) -> np.ndarray:
    """All steps of the first unit, then all of the second: (batch, size * time)."""
    return s.output.swapaxes(1, 2).reshape(len(s.output), -1)


def _samples_mixed(s: RecurrentOutput) -> np.ndarray:
    """The numbers step by step, cut into rows for the samples: (batch, time * size)."""
    return s.output.swapaxes(0, 1).reshape(len(s.output), -1)


def _of_positions(s: RecurrentOutput) -> np.ndarray | None:
    """(batch, positions, channels) of an image or a volume; None of what is neither."""
    if s.output.ndim < 4:
        return None
    return s.output.reshape(len(s.output), -1, s.output.shape[-1])


def _position_by_position(s: RecurrentOutput) -> np.ndarray | None:
    """All channels of the first position, then of the second, as Keras flattens."""
    positions = _of_positions(s)
    return None if positions is None else positions.reshape(len(positions), -1)


def _channel_by_channel(s: RecurrentOutput) -> np.ndarray | None:
    """All positions of the first channel, then of the second, as PyTorch flattens."""
    positions = _of_positions(s)
    if positions is None:
        return None
    return positions.swapaxes(1, 2).reshape(len(positions), -1)


def _mean_of_positions(s: RecurrentOutput) -> np.ndarray | None:
    positions = _of_positions(s)
    return None if positions is None else np.asarray(positions.mean(axis=1))


def _largest_of_positions(s: RecurrentOutput) -> np.ndarray | None:
    positions = _of_positions(s)
    return None if positions is None else np.asarray(positions.max(axis=1))


# How a layer's output of several axes between batch and channels is handed on.
POSITIONS: dict[str, Callable[[RecurrentOutput], np.ndarray | None]] = {
    "all positions, one after another": _position_by_position,
    "all positions, channel by channel": _channel_by_channel,
    "the mean of all positions": _mean_of_positions,
    "the largest of all positions": _largest_of_positions,
}

# How a recurrent layer's output becomes the next one's input.
WAYS: dict[str, Way] = {
    "the last step": lambda s: s.output[:, -1],
    "the last valid step": _last_valid_step,
    "the step before the last valid one": _before_last_valid_step,
    "the final hidden state": lambda s: s.h,
    "all steps, one after another": lambda s: s.output.reshape(len(s.output), -1),
    "every step": lambda s: s.output,
    ENDS: OF_STATES[ENDS],
    "the first step": lambda s: s.output[:, 0],
    "the step before the last": lambda s: s.output[:, max(s.output.shape[1] - 2, 0)],
    "the last sample": lambda s: s.output[-1],
    "the final cell state": lambda s: s.c,
    "the mean of all steps": lambda s: s.output.mean(axis=1),
    "the mean of the valid steps": _mean_of_valid_steps,
    "the sum of all steps": lambda s: s.output.sum(axis=1),
    "the largest of all steps": lambda s: s.output.max(axis=1),
    "all steps, unit by unit": _unit_by_unit,
    "all steps, last first": lambda s: s.output[:, ::-1].reshape(len(s.output), -1),
    "every step, last first": lambda s: s.output[:, ::-1],
    "all steps, samples mixed": _samples_mixed,
    **OF_STATES,
}

# Ways of images or volumes at every step, (batch, time, *spatial, channels).
STEPS_OF_IMAGES = {
    name: WAYS[name]
    for name in (
        "the last step",
        "the final hidden state",
        "every step",
        "the first step",
        "the step before the last",
        "the final cell state",
        "the mean of all steps",
        "the sum of all steps",
        "the largest of all steps",
        "every step, last first",
    )
}


def _positions_of(name: str, of_positions: str) -> Way:
    """What is made of all positions of one image, taken in a way of that name."""

    def way(s: RecurrentOutput) -> np.ndarray | None:
        image = WAYS[name](s)
        if image is None:
            return None
        return POSITIONS[of_positions](RecurrentOutput(image))

    return way


# How the output of a recurrent layer that convolves becomes the next one's input.
CONVOLVED = dict(STEPS_OF_IMAGES)
for _name in STEPS_OF_IMAGES:
    if not _name.startswith("every step"):
        for _positions in POSITIONS:
            key = f"{_positions} of {_name}"
            CONVOLVED[key] = _positions_of(_name, _positions)

# How each is written in either framework.
WRITTEN = {
    "the last step": (
        "output[:, -1]",
        "output[:, -1], or return_sequences=False without an index",
    ),
    "the last valid step": (
        "h_n[-1] of a packed batch",
        "return_sequences=False, after a Masking layer",
    ),
    "the step before the last valid one": (
        "output[torch.arange(len(x)), lengths - 2]",
        "ops.take_along_axis(output, (lengths - 2)[:, None, None], axis=1)",
    ),
    "the final hidden state": ("h_n[-1]", "h of return_state=True"),
    "all steps, one after another": ("nn.Flatten", "return_sequences=True and Flatten"),
    "every step": ("output", "return_sequences=True"),
    "the first step": ("output[:, 0]", "return_sequences=True and output[:, 0]"),
    "the step before the last": ("output[:, -2]",) * 2,
    "the last sample": ("output[-1]",) * 2,
    "the final cell state": ("c_n[-1]", "c of return_state=True"),
    "the mean of all steps": ("output.mean(1)", "GlobalAveragePooling1D"),
    "the mean of the valid steps": (
        "output.sum(1) / lengths[:, None]",
        "GlobalAveragePooling1D after a Masking layer",
    ),
    "the sum of all steps": ("output.sum(1)", "ops.sum(output, axis=1)"),
    "the largest of all steps": ("output.amax(1)", "GlobalMaxPooling1D"),
    "all steps, unit by unit": (
        "output.transpose(1, 2).flatten(1)",
        "Permute((2, 1)) and Flatten",
    ),
    "all positions, one after another": (
        "x.permute(0, 2, 3, 1).flatten(1)",
        "Flatten",
    ),
    "all positions, channel by channel": (
        "x.flatten(1), channels second",
        "Permute((3, 1, 2)) and Flatten",
    ),
    "the mean of all positions": ("x.mean((2, 3))", "GlobalAveragePooling2D"),
    "the largest of all positions": ("x.amax((2, 3))", "GlobalMaxPooling2D"),
    "all steps, last first": (
        "output.flip(1).flatten(1)",
        "ops.flip(output, axis=1) and Flatten",
    ),
    "every step, last first": ("output.flip(1)", "ops.flip(output, axis=1)"),
    "all steps, samples mixed": ("output.reshape(batch, -1), time first",) * 2,
    **STATES_WRITTEN,
}


def _log_softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    largest = x.max(axis, keepdims=True)
    return x - largest + np.log(softmax(x, axis).max(axis, keepdims=True))


# What turns the last layer's output into the model's result.
RESULTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "a softmax over the outputs": softmax,
    "nothing": lambda x: x,
    "a softmax over the batch": lambda x: softmax(x, axis=0),
    "two softmaxes": lambda x: softmax(softmax(x)),
    "a log-softmax": _log_softmax,
    "a log-softmax over the batch": lambda x: _log_softmax(x, axis=0),
    "a sigmoid": functions.sigmoid,
    "a tanh": np.tanh,
    "a relu": lambda x: np.maximum(x, 0),
}

# How each function is written in either framework.
ENDINGS = {
    "a softmax over the outputs": ("torch.softmax(x, dim=-1)", 'activation="softmax"'),
    "a softmax over the batch": ("torch.softmax(x, dim=0)", "Softmax(axis=0)"),
    "a log-softmax over the batch": (
        "torch.log_softmax(x, dim=0)",
        "keras.ops.log_softmax(x, axis=0)",
    ),
    "a log-softmax": ("torch.log_softmax(x, dim=-1)", 'activation="log_softmax"'),
    "a sigmoid": ("torch.sigmoid(x)", 'activation="sigmoid"'),
    "a tanh": ("torch.tanh(x)", 'activation="tanh"'),
    "a relu": ("torch.relu(x)", 'activation="relu"'),
}

# Never what is meant, so that the other side is not asked to do the same.
NEVER = (
    "the last sample",
    "all steps, samples mixed",
    VIEWED,
    "two softmaxes",
)

# What is mistaken for what between a recurrent layer and the next: all names of what
# is right, and what is wrong.
LAST = ("the last step", "the last valid step", "the final hidden state")
FLAT = "all steps, one after another"
CONFUSIONS = (
    ((ENDS,), "the last step"),
    ((ENDS,), "the first step"),
    ((ENDS,), BACKWARD_FIRST),
    ((ENDS,), VIEWED),
    ((ENDS,), FORWARD_TWICE),
    ((ENDS,), BACKWARD_TWICE),
    (LAST, "the first step"),
    (LAST, "the step before the last"),
    (LAST, "the last sample"),
    (LAST, "the final cell state"),
    (LAST, "the mean of all steps"),
    (LAST, "the largest of all steps"),
    (LAST, "every step"),
    ((*LAST, ENDS), OF_FIRST_LAYER),
    (("the last valid step",), "the last step"),
    (("the last valid step",), "the step before the last valid one"),
    ((FLAT,), "all steps, unit by unit"),
    ((FLAT,), "all steps, last first"),
    ((FLAT,), "all steps, samples mixed"),
    ((FLAT,), "the last step"),
    (("every step",), "the last step"),
    (("every step",), "every step, last first"),
    (("the mean of all steps",), "the last step"),
    (("the mean of all steps",), "the largest of all steps"),
    (("the mean of all steps",), "the sum of all steps"),
    (("the mean of the valid steps",), "the mean of all steps"),
    (("the largest of all steps",), "the last step"),
    (("the largest of all steps",), "the mean of all steps"),
    (("the sum of all steps",), "the mean of all steps"),
)
RESULT_CONFUSIONS = (
    ("a softmax over the outputs", "a softmax over the batch"),
    ("a softmax over the outputs", "two softmaxes"),
    ("a softmax over the outputs", "nothing"),
    ("a softmax over the outputs", "a sigmoid"),
    ("a softmax over the outputs", "a log-softmax"),
    ("nothing", "a softmax over the outputs"),
    ("nothing", "a sigmoid"),
    ("nothing", "a tanh"),
    ("nothing", "a relu"),
    ("a sigmoid", "a softmax over the outputs"),
    ("a sigmoid", "nothing"),
    ("a tanh", "nothing"),
    ("a relu", "nothing"),
    ("a log-softmax", "a softmax over the outputs"),
)


def confusions() -> Iterator[Mistake[Handover | FinalActivation | ResultOrder]]:
    """Every mistake of this kind."""
    for rights, wrong in CONFUSIONS:
        right = rights[0]
        yield Mistake(
            f"{wrong} for {right}",
            f"the next layer gets {wrong} of the recurrent layer, not {right}",
            written(right, "torch"),
            written(right, "keras"),
            Handover(WAYS[wrong], rights),
            kinds=RECURRENT,
        )
    for right, wrong in RESULT_CONFUSIONS:
        ends = f"the model ends {ending(wrong)}, not {ending(right)}"
        if wrong == "nothing":
            ends = f"the model ends without {right}"
        yield Mistake(
            f"{wrong} for {right} at the end",
            ends,
            end(right, "torch"),
            end(right, "keras"),
            FinalActivation(RESULTS[wrong], right),
            kinds=DENSE,
        )

    yield Mistake(
        "results in another order",
        "the model returns its results in another order",
        "return them in the order of Keras's model, which sorts a dictionary by key",
        "return them in the order of PyTorch's model",
        ResultOrder(_exchanged),
        kinds=RECURRENT + DENSE + NORMALISATION,
    )


def _exchanged(results: Sequence[np.ndarray]) -> list[int] | None:
    """The numbers of the results, with the first two of one shape exchanged.

    None where no two have one shape.
    """
    order = list(range(len(results)))
    for place, later_place in combinations(order, 2):
        if results[place].shape == results[later_place].shape:
            order[place], order[later_place] = later_place, place
            return order
    return None


def taken(ways: Mapping[str, Way], output: RecurrentOutput) -> dict[str, np.ndarray]:
    """What is taken of a layer's output, by way, where there is such a thing."""
    arrays = {}
    for name, way in ways.items():
        array = way(output)
        if array is not None:
            arrays[name] = array
    return arrays


def written(name: str, side: str, instead: str = "") -> str:
    """How to take a way of WAYS, in words and as the framework's API has it.

    Args:
        name: of the way.
        side: "torch" or "keras".
        instead: of the way that is taken there.
    """
    place = 0 if side == "torch" else 1
    if name not in WRITTEN:  # "the largest of all positions of the last step"
        positions = next(words for words in POSITIONS if name.startswith(words))
        step = name.removeprefix(f"{positions} of ")
        return f"take {positions} of {WRITTEN[step][place]}"
    api = WRITTEN[name][place]
    if side == "keras" and name == "the last step" and instead in (ENDS, LAST[1]):
        api = "return_sequences=True and output[:, -1]"  # without, it is what is taken
    return f"take {name}, {api}"


def ending(name: str) -> str:
    """How a model ends with a function of RESULTS, in words."""
    return "without an activation" if name == "nothing" else f"with {name}"


def end(name: str, side: str) -> str:
    """How to end with a function of RESULTS, in words and as the API has it."""
    apis = ENDINGS.get(name)
    if not apis:
        return f"end {ending(name)}"
    place = 0 if side == "torch" else 1
    return f"end {ending(name)}, {apis[place]}"
