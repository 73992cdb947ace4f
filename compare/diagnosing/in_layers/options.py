"""Settings of a layer that are not the same on both sides, such as its padding."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from compare.diagnosing import wordings
from compare.diagnosing.finding import Finding, Reading, worded
from compare.diagnosing.in_layers.fixes import (
    PADDING,
    around_of,
    fix_of_option,
    written,
)
from compare.diagnosing.isolated import Isolated
from compare.diagnosing.wordings import PLACES
from compare.judging.distances import near
from compare.judging.result import SIDES
from compare.judging.words import Side
from compare.kinds import BY_TORCH_NAME, CONVOLUTION
from compare.kinds.computing import Computed
from compare.kinds.layer import Arrays
from compare.kinds.mistake import Call, Computation
from compare.kinds.option import Option, Options
from compare.mistakes.runs import layer_of

IsMade = Callable[[Side, Computed | None], bool]


def unlike_options(layer: str, isolated: Isolated) -> list[Finding]:
    """Name the settings by which two layers of one kind make other things.

    Each side must do what its own settings say, so that they are what differs. Of the
    settings that are unlike, those are named which make Keras's output of its input
    once PyTorch's layer has Keras's value: as few as do.

    Args:
        layer: its name; not recurrent, with the same arrays on both sides.
        isolated: the twins at work.

    Returns:
        Nothing where settings do not explain it.
    """
    torch, keras = isolated.torch.call(layer), isolated.keras.call(layer)
    kind = BY_TORCH_NAME.get(torch.kind)
    if kind is None:
        return []
    if kind.same_in_words is not None:
        in_words = kind.same_in_words(torch.options, keras.options, torch.x)
        torch = replace(torch, options=in_words)
    outputs = {
        "torch": isolated.torch.layer_outputs[layer],
        "keras": isolated.keras.layer_outputs[layer],
    }
    if not makes(torch, outputs["torch"]) or not makes(keras, outputs["keras"]):
        return []
    unlike = unlike_of(kind.options, torch.options, keras.options)

    def is_right(call: Call) -> bool:
        return makes(call, outputs["keras"])

    options = fewest(unlike, torch.options, keras, is_right)
    cure = _cure(layer, isolated)
    names = {side: isolated.name(layer, side) for side in SIDES}
    wording = Wording(names, {"torch": torch, "keras": keras})
    return [Finding(layer, (wording.reading(option),), cure=cure) for option in options]


def unlike_in_steps(layer: str, isolated: Isolated, is_made: IsMade) -> list[Finding]:
    """Name the settings by which two recurrent layers make other things.

    Each side must do what its own settings say.

    Args:
        layer: its name; recurrent, with the same arrays on both sides.
        isolated: the twins at work.
        is_made: takes a side's layer at work, what was computed for it, and says
            whether that is what it handed on.

    Returns:
        Nothing where settings do not explain it.
    """
    calls: dict[Side, Call] = {}
    for side, anatomy in isolated.anatomies.items():
        call = anatomy.recurrent_calls[layer]
        options_of_call = {
            **isolated.settings[side].get(layer_of(layer), {}),
            **call.options,
        }
        calls[side] = replace(call, options=options_of_call)
        if not _is_made_by(calls[side], side, is_made):
            return []
    torch, keras = calls["torch"], calls["keras"]
    kind = BY_TORCH_NAME[torch.kind]
    read = torch.options.keys() & keras.options.keys()
    shared = [option for option in kind.options if option.name in read]
    unlike = unlike_of(shared, torch.options, keras.options)
    names = {side: isolated.name(layer, side) for side in SIDES}
    wording = Wording(names, calls)

    def is_right(call: Call) -> bool:
        return _is_made_by(call, "keras", is_made)

    named = fewest(unlike, torch.options, keras, is_right)
    options = keras.options

    def compute(call: Call) -> Computed | None:
        computed: Computed | None = replace(call, options=options).run()
        return computed

    cure = Computation(compute)
    return [Finding(layer, (wording.reading(option),), cure=cure) for option in named]


def _is_made_by(call: Call, side: Side, is_made: IsMade) -> bool:
    """Whether a recurrent layer hands on what its settings say."""
    try:
        return is_made(side, call.run())
    except (KeyError, ValueError):  # a setting that its kind does not compute
        return False


def suspected(layer: str, isolated: Isolated) -> str:
    """Say which settings are unlike where nothing explains what a layer makes.

    Args:
        layer: its name.
        isolated: the twins at work.

    Returns:
        The end of a sentence; nothing where the settings that can be read are alike.
    """
    kind = BY_TORCH_NAME.get(isolated.kinds[layer])
    torch = isolated.settings["torch"].get(layer_of(layer), {})
    keras = isolated.settings["keras"].get(layer_of(layer), {})
    if kind is None:
        return ""
    read = torch.keys() & keras.keys()
    shared = [option for option in kind.options if option.name in read]
    texts = [
        f"{option.name} is {written(torch[option.name])} in PyTorch, "
        f"{written(keras[option.name])} in Keras"
        for option in unlike_of(shared, torch, keras)
    ]
    return f", though {'; '.join(texts)}" if texts else ""


def unlike_of(
    options: Sequence[Option], torch: Options, keras: Options
) -> list[Option]:
    """The settings on which results depend and of which the sides have other values.

    Args:
        options: of the kind of both layers.
        torch: PyTorch's settings, in Keras's words.
        keras: Keras's.
    """
    return [
        option
        for option in options
        if option.matters == "results" and torch[option.name] != keras[option.name]
    ]


def makes(call: Call, output: np.ndarray) -> bool:
    """Whether a layer makes an output, of any shape, by what its settings say."""
    try:
        computed = call.run()
    except ValueError:  # settings that its kind does not compute
        return False
    return isinstance(computed, np.ndarray) and near(computed, output)


def fewest(
    unlike: Sequence[Option],
    options: Options,
    keras: Call,
    is_right: Callable[[Call], bool],
) -> Sequence[Option]:
    """The fewest settings that must be Keras's value to make Keras's output.

    Args:
        unlike: settings of which the sides have other values.
        options: all settings of PyTorch's layer.
        keras: Keras's layer at work.
        is_right: whether a layer at work makes what Keras's does.

    Returns:
        Nothing where they do not, or none must.
    """
    for count in range(1, len(unlike) + 1):
        for chosen in combinations(unlike, count):
            values = {option.name: keras.options[option.name] for option in chosen}
            if is_right(replace(keras, options={**options, **values})):
                return chosen
    return ()


def _cure(layer: str, isolated: Isolated) -> Computation:
    """Make PyTorch's layer compute what Keras's layer does of its input."""
    options = isolated.keras.options[layer]
    arrays: Arrays = isolated.weights["keras"][layer]
    surrounding = isolated.around.get(layer)

    def compute(call: Call) -> np.ndarray | None:
        x = call.x if surrounding is None else surrounding.bare(call.x)
        computed = replace(call, arrays=arrays, options=options, x=x).run()
        if surrounding is None or not isinstance(computed, np.ndarray):
            return computed
        return surrounding.before_cutting(computed)

    return Computation(compute)


# ----------------------------------------------------------------------------- in words


class Wording:
    """Words for what is unlike in two layers.

    Args:
        names: what the user of each side calls the layer.
        calls: the layer at work on each side.
    """

    def __init__(self, names: Mapping[Side, str], calls: Mapping[Side, Call]) -> None:
        self._names, self._calls = names, calls

    def reading(self, option: Option) -> Reading:
        """Either side may be the one whose setting is wrong."""
        texts = {side: self._value(option, side) for side in SIDES}
        sentence = (
            f"in {PLACES['torch']}, {option.name} is {texts['torch']} in PyTorch, "
            f"{texts['keras']} in Keras"
        )
        torch, keras = (self._fix(option, side) for side in SIDES)
        in_words = wordings.Wording(sentence, f"either {torch} or {keras}")
        return worded("", (), in_words, self._names)

    def fix(self, option: Option, side: Side) -> str:
        """What to change on a side to do as the other one does."""
        return self._fix(option, side).replace(PLACES[side], self._names[side])

    def _value(self, option: Option, side: Side) -> str:
        """The value of a setting on a side, in words."""
        value = self._calls[side].options[option.name]
        if option.name != PADDING or not self._has_steps():
            return written(value)
        zeros = around_of(self._calls[side])
        if len(zeros) > 1:
            words = f"{zeros} before and after each axis"
            return f'"{value}" ({words})' if isinstance(value, str) else words
        before, after = zeros[0]
        if isinstance(value, str):
            return f'"{value}" ({before} before, {after} after)'
        return f"{before} before and {after} after"

    def _has_steps(self) -> bool:
        return self._calls["keras"].kind in CONVOLUTION

    def _fix(self, option: Option, side: Side) -> str:
        """The same for a layer of any name."""
        fix = fix_of_option(option, side, self._calls)
        return f"{PLACES[side]} of {SIDES[side]}: {fix}"
