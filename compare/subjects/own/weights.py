"""The weights that a user's two models are judged with; loads both frameworks."""

from collections.abc import Callable
from functools import partial

import numpy as np

from compare.errors import BadInput
from compare.in_keras import names as in_keras_names
from compare.matching.rewriting import rewrite
from compare.subjects.own import models as live
from compare.subjects.own.pair import OwnPair

# PyTorch comes first.
from compare.twins.frameworks import FRAMEWORKS, LAYERS
from compare.twins.twins import Twins
from compare.twins.weights import fresh_weights

AS_IS, RANDOM = "as is", "random"  # beside the directions of a transfer


def loads(
    pair: OwnPair, twins: Twins, notes: list[str], unlike: list[str] | None = None
) -> dict[str, Callable[[Twins], None]]:
    """What gives the twins their weights: the user's own, then random ones.

    Random ones show what weights as they are may hide, such as a bias of zero.

    Args:
        pair: whose weights.
        twins: what gets them.
        notes: gets which weights are the same but for rounding.
        unlike: gets which are not, for when the models are the same all the same.
    """
    key = [pair.seed, 0]

    def random(twins, direction="to_keras"):
        twins.load(direction, partial(fresh_weights, seed=key))

    if pair.transfer == RANDOM:
        return {
            "to_keras": random,
            "to_torch": partial(random, direction="to_torch"),
        }
    own = partial(_as_they_are, pair=pair, notes=notes, unlike=unlike)
    if pair.transfer:
        own = partial(_transferred, direction=pair.transfer, pair=pair)
    found = {pair.transfer or AS_IS: own}
    return found if twins.only32 else {**found, RANDOM: random}


def _widen(twins, sides):
    """Let the twins of these sides in float64 have the weights of those in float32."""
    for side in sides:
        if "float64" in twins.of_side(side):
            layers = LAYERS[side].layers(twins.model(side, "float32"))
            arrays = {name: layer.arrays for name, layer in layers.items()}
            LAYERS[side].load(twins.model(side, "float64"), arrays)


def _made_anew(pair):
    """The sides whose model is made for each precision, each time with new weights."""
    return [
        side for side, model in pair.models.items() if not live.is_live(side, model)
    ]


def _transferred(twins, direction, pair):
    models = {side: twins.model(side, "float32") for side in FRAMEWORKS}
    models["keras"] = in_keras_names.unnamed(models["keras"])
    if any(model is pair.models[side] for side, model in models.items()):
        raise BadInput(
            f"{pair.name}: expected models that can be copied, since the weights of "
            "one are to be transferred and your own model stays as it is, got one that "
            f"cannot ({'; '.join(twins.only32.values())}); write a pair file: python "
            "-m compare new my_pair.py"
        )
    _widen(twins, _made_anew(pair))
    for precision in twins.precisions:
        twins.transfer(direction, precision)
    if twins.only32:
        _widen(twins, FRAMEWORKS)


def _as_they_are(twins, pair, notes, unlike):
    """Judge parameters that are another's rounded to float32 with its value."""
    _widen(twins, _made_anew(pair))
    if twins.only32:
        return
    models = {side: twins.model(side, "float64") for side in FRAMEWORKS}
    layers = {side: LAYERS[side].layers(model) for side, model in models.items()}
    exact, _ = rewrite(layers["torch"], layers["keras"], "to_keras", strict=False)
    rounded, apart = {}, {}
    for name, layer in layers["keras"].items():
        for key, have in layer.arrays.items():
            want = exact[name][key]
            same = (have != want) & (have == want.astype(np.float32))
            exact[name][key] = np.where(same, want, have)
            if same.any():
                rounded[f"{name}.{key}"] = int(same.sum())
            if (~same & (have != want)).any():
                apart[f"{name}.{key}"] = float(np.abs(have - want).max())
    LAYERS["keras"].load(models["keras"], exact)
    note = (
        f"{sum(rounded.values())} parameters of Keras's are sums of PyTorch's rounded "
        f"to float32, and count as the same ({', '.join(rounded)})."
    )
    if rounded and note not in notes:
        notes.append(note)
    if apart and unlike is not None:
        named = ", ".join(f"{name} by {gap:.1e}" for name, gap in apart.items())
        unlike.append(
            f"Keras's weights are not PyTorch's ({named}), which these inputs do not "
            "show: on others the models need not be the same."
        )
