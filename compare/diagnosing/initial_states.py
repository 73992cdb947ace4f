"""The states with which a recurrent layer begins, where it is given some."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from compare.diagnosing.between.route import STATE
from compare.diagnosing.between.ways import ways_of
from compare.diagnosing.finding import Finding, Reading
from compare.diagnosing.isolated import Isolated
from compare.judging.distances import near
from compare.judging.explanation import listed
from compare.judging.words import Side
from compare.kinds.mistake import InitialStates
from compare.mistakes import ACTIVATIONS
from compare.mistakes.activations import NONE
from compare.mistakes.anatomy import Anatomy
from compare.mistakes.states import OF_STATES

ZEROS, UNKNOWN = "zeros", "something else"
LETTERS = ("h", "c")
SHORT = {STATE: "h", "the final cell state": "c"}

States = Sequence[np.ndarray]  # h, or h and c, each (layers * directions, batch, size)


def begun_otherwise(layer: str, isolated: Isolated) -> Iterator[Finding]:
    """Why a recurrent layer begins with other states, if it does.

    Args:
        layer: its name.
        isolated: the twins at work, the model's inputs among the layers.
    """
    torch_call = isolated.relayed.recurrent_calls.get(layer)
    keras_call = isolated.keras.recurrent_calls.get(layer)
    if torch_call is None or keras_call is None:
        return
    torch, keras = torch_call.options.get("states"), keras_call.options.get("states")
    if torch is None and keras is None:
        return
    torch_states, keras_states = _filled(torch, keras), _filled(keras, torch)
    if _are_same(torch_states, keras_states):
        return
    own_call = isolated.torch.recurrent_calls[layer]
    states = own_call.options.get("states")
    sources: dict[Side, list[str]] = {
        "torch": _sources(layer, _filled(states, keras), isolated.torch),
        "keras": _sources(layer, keras_states, isolated.keras),
    }
    if sources["torch"] == sources["keras"] and UNKNOWN not in sources["torch"]:
        return  # the layer that both are of makes others
    yield Finding(
        layer,
        (_reading(layer, isolated, sources),),
        cure=InitialStates(tuple(keras_states)),
    )


def _filled(states: States | None, opposite: States | None) -> list[np.ndarray]:
    """The states of one side; zeros of the other side's shapes where it has none."""
    if states is not None:
        return list(states)
    return [np.zeros_like(state) for state in opposite or ()]


def _are_same(torch: States, keras: States) -> bool:
    return len(torch) == len(keras) and all(map(near, torch, keras))


# ------------------------------------------------------------------------------ sources


def _sources(layer: str, states: States, anatomy: Anatomy) -> list[str]:
    """What each state is, in words: of every letter, and of every part of it.

    Args:
        layer: the one that begins with them.
        states: what it is given.
        anatomy: what that side does.
    """
    sources = []
    for state in states:
        sources += [_source(layer, row, anatomy) for row in state]
    return sources


def _source(layer: str, state: np.ndarray, anatomy: Anatomy) -> str:
    """What a state, (batch, size), is, in words."""
    if not state.any():
        return ZEROS
    if near(state, np.full_like(state, state.flat[0])):
        return "ones" if state.flat[0] == 1 else f"{state.flat[0]:.3g} everywhere"
    for name, output in reversed(list(anatomy.recurrent_outputs.items())):
        if name == layer:
            continue
        ways, _ = ways_of(anatomy, name, False)
        for way in (*SHORT, *ways):
            if near(ways[way](output), state):
                return f"{SHORT.get(way, way)} of {name}"
        own_states = _states_of_parts(name, anatomy)
        if "c" in own_states:
            of_c = own_states["c"]
            joined = replace(output, h=of_c[-1], states=of_c)
            for way, taken in OF_STATES.items():
                if near(taken(joined), state):
                    return f"{way} of c of {name}"
        for letter, letter_states in own_states.items():
            for number, own_state in enumerate(letter_states, start=1):
                if near(own_state, state):
                    return f"{letter} of part {number} of {name}"
    for name, array in reversed(list(anatomy.layer_outputs.items())):
        for activation, function in ACTIVATIONS.items():
            if array.shape == state.shape and near(function(array), state):
                return name if activation == NONE else f"{activation} of {name}"
    for name, output in reversed(list(anatomy.recurrent_outputs.items())):
        if name != layer:
            ways, _ = ways_of(anatomy, name, False)
            for way in SHORT:
                relation = _relation(ways[way](output), state)
                if relation:
                    return f"{relation}{SHORT[way]} of {name}"
    return UNKNOWN


def _relation(taken: np.ndarray | None, state: np.ndarray) -> str:
    """Which multiple or function of another state a state is; "" where it is none."""
    if taken is None or taken.shape != state.shape or not taken.any():
        return ""
    largest = np.abs(taken).argmax()
    factor = float(state.flat[largest] / taken.flat[largest])
    if near(factor * taken, state):
        return f"{factor:.6g} times "
    for activation, function in ACTIVATIONS.items():
        if activation != NONE and near(function(taken), state):
            return f"{activation} of "
    return ""


def _states_of_parts(name: str, anatomy: Anatomy) -> dict[str, np.ndarray]:
    """The final states of each layer and direction of a recurrent layer.

    Args:
        name: of the layer.
        anatomy: what its side does; a layer hands on c of its last part alone, so that
            those of the others are computed.

    Returns:
        By letter, (parts, batch, size).
    """
    by_letter = {}
    states = anatomy.recurrent_outputs[name].states
    if states is not None:
        by_letter["h"] = states
    computed = anatomy.recurrent_calls[name].run()
    if isinstance(computed, dict) and "c_n" in computed:
        by_letter["c"] = computed["c_n"]
    return by_letter


# ----------------------------------------------------------------------------- in words


def _reading(layer: str, isolated: Isolated, sources: dict[Side, list[str]]) -> Reading:
    """Either side may be the one that gives the wrong states."""
    call = isolated.keras.recurrent_calls[layer]
    num_letters = 1 if call.kind.startswith(("GRU", "RNN")) else 2
    torch = _in_words(sources["torch"], num_letters)
    keras = _in_words(sources["keras"], num_letters)
    names = {side: isolated.name(layer, side) for side in isolated.anatomies}
    sentence = f"{names['torch']} begins with {torch} in PyTorch, with {keras} in Keras"
    torch_fix = f"{names['torch']} of PyTorch: give it {keras}"
    keras_fix = f"{names['keras']} of Keras: initial_state of {torch}"
    if UNKNOWN in sources["keras"]:
        torch_fix = (
            f"{names['torch']} of PyTorch: give it what Keras's layer begins with"
        )
    if UNKNOWN in sources["torch"]:
        keras_fix = (
            f"{names['keras']} of Keras: initial_state of what PyTorch's layer begins "
            "with"
        )
    if set(sources["keras"]) == {ZEROS}:
        torch_fix = f"{names['torch']} of PyTorch: give it no states"
    if set(sources["torch"]) == {ZEROS}:
        keras_fix = f"{names['keras']} of Keras: give it no initial_state"
    return Reading("", (), sentence, f"either {torch_fix} or {keras_fix}")


def _in_words(sources: list[str], num_letters: int) -> str:
    """What h, or h and c, are of every part; zeros where all are."""
    if set(sources) == {ZEROS}:
        return ZEROS
    num_parts = len(sources) // num_letters
    phrases = []
    for number, source in enumerate(sources):
        letter = LETTERS[number // num_parts]
        place = f" of part {number % num_parts + 1}" if num_parts > 1 else ""
        phrases.append(f"{letter}{place} = {source}")
    return listed(phrases)
