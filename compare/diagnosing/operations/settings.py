"""Settings by which a layer and a function in its place make other things."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from compare.diagnosing.in_layers.options import Wording, fewest, makes, unlike_of
from compare.diagnosing.operations.candidate import Candidate
from compare.diagnosing.operations.layer_calls import Layer, twins_at
from compare.diagnosing.operations.naming import at
from compare.diagnosing.operations.regions import Regions
from compare.diagnosing.operations.worded import Worded
from compare.judging.distances import near
from compare.judging.result import OTHER, SIDES
from compare.judging.words import Side
from compare.kinds.batch_norm import BATCH_NORM, OF_BATCH
from compare.kinds.mistake import Call
from compare.kinds.option import Option
from compare.mistakes.traces import Step

ACTIVATION = "activation"  # which a trace has as a step of its own


def unlike_settings(change: Candidate, regions: Regions) -> Worded | None:
    """Name the settings that make two layers of one kind differ, if they do.

    Args:
        change: a step of PyTorch that does what one of Keras does.
        regions: where the twins differ.
    """
    twins = twins_at(change, regions)
    if twins is None:
        return None
    torch, keras = twins
    assert change.keras is not None  # since there are twins
    if torch.kind.cell is not None:  # the settings of a cell are not noted
        return None
    learning = _learning_norm(change, torch, keras)
    if learning is not None:
        return learning
    options = _unlike(torch, keras)
    if not options:
        return None
    names: dict[Side, str] = {
        "torch": _name(change.torch),
        "keras": _name(change.keras),
    }
    wording = Wording(names, {"torch": torch.call, "keras": keras.call})
    mistakes = [f"{option.name} in {names['torch']}" for option in options]
    sentences = [wording.reading(option).sentence for option in options]
    fixes: dict[Side, str] = {}
    for side in names:
        fixes[side] = "; and ".join([wording.fix(option, side) for option in options])
    return Worded(" and ".join(mistakes), "; and ".join(sentences), fixes)


def _learning_norm(change: Candidate, torch: Layer, keras: Layer) -> Worded | None:
    """Say that one of two batch norms alone has the statistics of the batch."""
    assert change.keras is not None
    steps: dict[Side, Step] = {"torch": change.torch, "keras": change.keras}
    layers: dict[Side, Layer] = {"torch": torch, "keras": keras}
    learning = [side for side, layer in layers.items() if _learns(layer)]
    if len(learning) != 1 or torch.kind is not BATCH_NORM:
        return None
    (side,) = learning
    name, sentence = f"{_name(steps[side])} of {SIDES[side]}", OF_BATCH.sentence
    right = f"{_name(steps[OTHER[side]])} of {SIDES[OTHER[side]]}"
    fixes: dict[Side, str] = {
        side: f"{name}: training=False",
        OTHER[side]: f"{right}: training=True",
    }
    return Worded(OF_BATCH.name, f"in {name}, {sentence}", fixes)


def _learns(layer: Layer) -> bool:
    """Whether a batch norm makes what it does while a model learns."""
    options = {**layer.call.options, "training": True}
    learning = replace(layer, call=replace(layer.call, options=options))
    return not layer.is_right and learning.is_right


def _unlike(torch: Layer, keras: Layer) -> Sequence[Option]:
    """The fewest settings that PyTorch's layer must take over to make the same."""
    if not torch.is_right or not keras.is_right:
        return ()
    if not near(torch.call.x, keras.call.x):
        return ()  # where one pads what it is given, settings make up for it
    kind, settings = torch.kind, torch.call.options
    if kind.same_in_words is not None:
        settings = kind.same_in_words(settings, keras.call.options, torch.call.x)
    options = [option for option in kind.options if option.name != ACTIVATION]
    unlike = unlike_of(options, settings, keras.call.options)
    of_keras = replace(keras.call, arrays=torch.call.arrays)

    def is_right(call: Call) -> bool:
        return makes(call, keras.output)

    if is_right(replace(of_keras, options=settings)):
        return ()  # the settings are not what makes them differ
    return fewest(unlike, settings, of_keras, is_right)


def _name(step: Step) -> str:
    """A layer by its name, a function by what it is called and its line."""
    return step.layer if step.is_layer and step.layer else f"{step.name}{at(step)}"
