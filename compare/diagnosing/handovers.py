"""What a layer or the caller is given, where the layers before it hand on the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from compare.diagnosing import lost_batch
from compare.diagnosing.between import combined, concatenated
from compare.diagnosing.between import ways as between
from compare.diagnosing.between.route import Recognised
from compare.diagnosing.between.ways import (
    differing,
    ways_of,
    with_lengths,
    without_padding,
)
from compare.diagnosing.computations import is_array, is_output
from compare.diagnosing.fed import fed_by_another, fed_otherwise
from compare.diagnosing.finding import (
    Finding,
    Link,
    finding_in_layer,
    known_mistakes,
    mistake_named,
    reading,
)
from compare.diagnosing.from_the_end import REVERSED
from compare.diagnosing.in_layers.directions import (
    crossed,
    left_reversed,
    turned_round,
)
from compare.diagnosing.in_layers.padding import ends_with_the_padding
from compare.diagnosing.initial_states import begun_otherwise
from compare.diagnosing.isolated import Isolated
from compare.diagnosing.windows import given_padded
from compare.judging.distances import NEAR
from compare.judging.result import OTHER
from compare.judging.words import Side
from compare.kinds import ATTENTION
from compare.kinds import call as layer_call
from compare.kinds.attention_mistakes import over_batch
from compare.kinds.mistake import Computation, Handover, LayerInput, RecurrentOutput
from compare.mistakes import Call
from compare.mistakes.anatomy import Anatomy

OVER_BATCH = "attention over the batch"
CONFUSED, INPUT = "batch and time confused", "the input"

Recognise = Callable[[Anatomy, str, np.ndarray, bool, bool], Recognised]


def given_to(layer: str, isolated: Isolated) -> Iterator[Finding]:
    """Why a layer is given something else, where those before it hand on the same.

    Args:
        layer: its name.
        isolated: the twins at work, the model's inputs among the layers.
    """
    if layer in isolated.time_major:
        name, cure = CONFUSED, Computation(_turned_back)
        if isolated.kinds[layer] in ATTENTION:
            name, cure = OVER_BATCH, Computation(over_batch)
        confused = reading(layer, "torch", mistake_named(name))
        yield Finding(layer, (confused,), cure=cure)
        return
    yield from begun_otherwise(layer, isolated)
    gap = isolated.input_gap(layer)
    if gap <= NEAR or layer not in isolated.torch.kinds:
        return
    misread = _misread(layer, isolated)
    if misread is not None:
        yield misread
        return
    amount = "in shape" if np.isinf(gap) else f"by {gap:.1e}"
    layers = list(isolated.torch.kinds)
    before = layers[: layers.index(layer)]
    if before:
        without_batch = lost_batch.in_layer(layer, before[-1], isolated)
        if without_batch is not None:
            yield without_batch
            return
    given_otherwise = fed_otherwise(layer, isolated)
    if given_otherwise is not None:
        yield given_otherwise
        return
    findings = handed_on(before, layer, isolated)
    if findings is None or any(finding.unknown for finding in findings):
        another = fed_by_another(layer, isolated)
        if another is not None:
            yield another
            return
    if findings is not None:
        around = isolated.around.get(layer)
        for finding in findings:
            with_padding = given_padded(finding.cure, around)
            yield replace(_with_amount(finding, amount), cure=with_padding)
    elif not isolated.unseen:
        same = ", though the layers before hand on the same" if before else ""
        yield Finding(layer, unknown=f"what goes in differs {amount}{same}")


def _with_amount(finding: Finding, amount: str) -> Finding:
    """Add to an unknown cause in a model's input how far the inputs are apart."""
    if not finding.unknown or not finding.layer.startswith(INPUT):
        return finding
    return replace(finding, unknown=f"{finding.unknown}: what goes in differs {amount}")


# --------------------------------------------------------- a layer that reads otherwise


def _turned_back(call: Call) -> dict[str, np.ndarray]:
    """Run a layer that gets batch and time exchanged; exchange them in its output."""
    computed = call.run(x=call.x.swapaxes(0, 1), lengths=None)
    return computed | {"output": computed["output"].swapaxes(0, 1)}


def _misread(layer: str, isolated: Isolated) -> Finding | None:
    """The mistake by which a layer reads an input of its own as that of the other side.

    Args:
        layer: its name.
        isolated: the twins at work.

    Returns:
        None where no such mistake is known.
    """
    if layer in isolated.keras.recurrent_calls:
        return _read_in_another_order(layer, isolated)
    if isolated.kinds[layer] == "Embedding":
        return _asked_for_other_rows(layer, isolated)
    return None


def _read_in_another_order(layer: str, isolated: Isolated) -> Finding | None:
    """A mistake by which a recurrent layer makes its output of the other side's input.

    Args:
        layer: its name.
        isolated: the twins at work.
    """
    torch_x, keras_x = isolated.relayed.input_of(layer), isolated.keras.input_of(layer)
    if torch_x is None or keras_x is None or torch_x.shape != keras_x.shape:
        return None
    # A layer is tried on the other side's input, and held to its own output.
    torch_call = replace(isolated.relayed.recurrent_calls[layer], x=keras_x)
    keras_call = replace(isolated.keras.recurrent_calls[layer], x=torch_x)
    calls: dict[Side, Call] = {"torch": torch_call, "keras": keras_call}
    outputs = {
        "torch": isolated.relayed.recurrent_outputs[layer],
        "keras": isolated.keras.recurrent_outputs[layer],
    }
    suspects = []
    for side, call in calls.items():
        for mistake in known_mistakes(Computation, call.kind):
            if is_output(mistake.effect.compute(call), call, outputs[side]):
                suspects.append((side, mistake))
    if not suspects:
        return None
    if any(mistake.name == REVERSED for _, mistake in suspects):
        suspects = turned_round(layer, isolated) or suspects

    def compute(call: Call) -> dict[str, np.ndarray]:
        steps = call.x.shape[1]  # of a cell in a loop, those up to one
        result: dict[str, np.ndarray] = call.run(x=keras_x[:, :steps])
        return result

    return finding_in_layer(layer, isolated, suspects, Computation(compute))


def _asked_for_other_rows(layer: str, isolated: Isolated) -> Finding | None:
    """A mistake by which an embedding looks up other rows than those it is asked for.

    Args:
        layer: its name.
        isolated: the twins at work.
    """
    indices: dict[Side, np.ndarray] = {  # (batch, time)
        "torch": isolated.relayed.layer_inputs[layer],
        "keras": isolated.keras.layer_inputs[layer].astype("int64"),
    }
    suspects = []
    for side, opposite in OTHER.items():
        arrays = isolated.weights[side][layer]
        call = layer_call("Embedding", arrays, indices[opposite])
        rows = arrays["weight"][indices[side]]  # (batch, time, features)
        for mistake in known_mistakes(Computation, "Embedding"):
            if is_array(mistake.effect.compute(call), rows):
                suspects.append((side, mistake))
    if not suspects:
        return None
    keras_rows = isolated.weights["keras"][layer]["weight"][indices["keras"]]
    return finding_in_layer(
        layer, isolated, suspects, Computation(lambda call: keras_rows)
    )


# ----------------------------------------------------------------------- between layers


def handed_on(
    before: Sequence[str], following: str | None, isolated: Isolated
) -> list[Finding] | None:
    """How the sides differ in what they hand on to a layer, or to the caller.

    Args:
        before: names of the layers before it, in order.
        following: its name; None for the caller.
        isolated: the twins at work, the model's inputs among the layers.

    Returns:
        Where it differs, empty where it does not; None where no layer is known of which
        a side makes it.
    """
    return _HandoverSearch(before, following, isolated).findings()


class _HandoverSearch:
    """Looks for the layer, or layers, whose output both sides hand on to one place.

    Attributes:
        half_recognised: the first link on which one side alone was recognised, and what
            was recognised there; None if there is none yet.
    """

    def __init__(
        self, before: Sequence[str], following: str | None, isolated: Isolated
    ) -> None:
        self._following, self._isolated = following, isolated
        self._inputs = [n for n in isolated.torch.layer_outputs if n.startswith(INPUT)]
        self._sources = [*self._inputs, *before]  # in the order in which they are made
        self._nearest_first = list(reversed(before))
        if following:  # a model that returns its input is not looked for
            self._nearest_first += self._inputs
        self.half_recognised: tuple[Link, Mapping[Side, Recognised]] | None = None

    def findings(self) -> list[Finding] | None:
        """What differs; of several explanations the one that needs the least.

        So a way to hand on one array comes first, then several arrays side by side, and
        last other arrays or numbers that are added or multiplied.
        """
        findings = self._from_one_layer(between.recognise)
        if findings is None:
            findings = self._from_several_layers()
        if findings is None:
            combination = partial(combined.recognise, self._sources)
            findings = self._from_one_layer(combination)
        if findings is None and self.half_recognised is not None:
            link, sides = self.half_recognised
            findings = list(differing(link, sides))
        return findings

    def _from_one_layer(self, recognise: Recognise) -> list[Finding] | None:
        """What differs, by the nearest layer from which both sides are recognised.

        Args:
            recognise: finds what takes a layer's output to what is handed on.

        Returns:
            None where there is no such layer.
        """
        keras = self._isolated.keras
        for layer in self._nearest_first:
            if not all(_is_seen(layer, a) for a in self._isolated.anatomies.values()):
                continue
            link = Link(layer, self._following)
            is_half_enough = self.half_recognised is None
            sides = _recognised(link, self._isolated, recognise, is_half_enough)
            if all(sides.values()):
                findings = _differing(link, sides, self._isolated)
                if layer in self._inputs:
                    return [_with_array_as_cure(f, keras) for f in findings]
                return [_without_padding(finding, keras) for finding in findings]
            # What one side does is worth reporting if nothing better is found.
            if any(sides.values()) and self.half_recognised is None:
                self.half_recognised = link, sides
        return None

    def _from_several_layers(self) -> list[Finding] | None:
        """What differs, if both sides hand on several arrays side by side.

        None where one does not.
        """
        if not self._sources:
            return None
        isolated = self._isolated
        link = Link(self._sources[-1], self._following)
        joined = {}
        shared = self._shared_features(link)
        for side, anatomy in isolated.anatomies.items():
            array = link.array_on(anatomy)
            if array is None:
                return None
            turned = (
                isolated.time_major if side == "torch" else ()
            )  # never Keras's layers
            joined[side] = concatenated.parts(
                anatomy, self._sources, array, turned, shared
            )
            if not joined[side]:
                return None
        cure = concatenated.joining(joined["keras"], isolated.keras, self._following)
        exchanged = crossed(isolated)
        joined["keras"] = concatenated.renamed(joined["keras"], exchanged)
        from_the_end = [*isolated.from_the_end, *exchanged]
        return list(concatenated.differing(link, joined, cure, from_the_end))

    def _shared_features(self, link: Link) -> np.ndarray | None:
        """Where both sides hand on the same features, if their layers do."""
        torch = link.array_on(self._isolated.relayed)
        keras = link.array_on(self._isolated.keras)
        if torch is None or keras is None:
            return None
        return concatenated.shared_features(torch, keras)


def _is_seen(layer: str, anatomy: Anatomy) -> bool:
    """Whether what a layer makes was seen on a side."""
    return layer in anatomy.recurrent_outputs or layer in anatomy.layer_outputs


def _recognised(
    link: Link, isolated: Isolated, recognise: Recognise, is_half_enough: bool
) -> dict[Side, Recognised]:
    """What each side does on a link; empty for a side on which nothing is recognised.

    Args:
        link: the place.
        isolated: the twins at work.
        recognise: finds what takes the layer's output to what is handed on.
        is_half_enough: whether it is worth to know of one side alone; else the second
            is not looked at where the first shows nothing.
    """
    sides: dict[Side, Recognised] = {side: {} for side in isolated.anatomies}
    is_last = not link.following
    for side, anatomy in isolated.anatomies.items():
        array = link.array_on(anatomy)
        if side == "torch":
            anatomy = with_lengths(anatomy, link.layer, isolated.keras)
        if array is not None:
            is_turned = side == "torch" and link.layer in isolated.time_major
            sides[side] = recognise(anatomy, link.layer, array, is_last, is_turned)
        if not sides[side] and not is_half_enough:
            break
    return sides


def _differing(
    link: Link, sides: Mapping[Side, Recognised], isolated: Isolated
) -> list[Finding]:
    """Where both sides are recognised and differ; padding and directions included.

    Args:
        link: the place.
        sides: what was recognised on each.
        isolated: the twins at work.
    """
    findings = list(differing(link, sides))
    if not findings:
        return list(ends_with_the_padding(link, isolated, sides))
    if link.layer in isolated.from_the_end:
        ways = {side: [way for way, _ in routes] for side, routes in sides.items()}
        readings = left_reversed(link, ways)
        if readings:
            findings[0] = replace(findings[0], readings=readings)
    return findings


def _without_padding(finding: Finding, keras: Anatomy) -> Finding:
    """Let a cure take what it hands on from the valid steps, as Keras does."""
    cure = finding.cure
    if not isinstance(cure, Handover):
        return finding

    def take(output: RecurrentOutput) -> np.ndarray | None:
        return cure.function(without_padding(output, finding.layer, keras))

    return replace(finding, cure=Handover(take))


def _with_array_as_cure(finding: Finding, keras: Anatomy) -> Finding:
    """Cure a finding about an input without a layer of PyTorch to take the array from.

    Args:
        finding: about a model's input, which no layer makes.
        keras: what Keras's twin does.
    """
    if not isinstance(finding.cure, Handover):
        return finding
    _, output = ways_of(keras, finding.layer, False)  # the input, as if a layer made it
    array = finding.cure.function(output)
    if array is None:
        return finding
    return replace(finding, cure=LayerInput(array))
