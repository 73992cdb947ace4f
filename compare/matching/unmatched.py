"""What is said of layers that have no twin."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from itertools import islice, product, zip_longest

from compare import kinds
from compare.errors import BadInput
from compare.kinds.layer import Layer
from compare.kinds.names import own, plain
from compare.matching.in_keras_alone import what_to_write
from compare.matching.sizes import NUMBER_IN_KERAS, Sizes, numbered, parts_of
from compare.matching.unlike_attention import other_attention
from compare.one_line import printable

MOST_LAYERS = 12  # of a side that is shown whole
MOST_LOST = 3  # of a side that is not
MOST_PAIRS = 10_000  # that are looked at for a suggestion
OTHERWISE = "give the model that lacks them these layers, or take them from the other"


def unmatched(
    torch: Mapping[str, Layer],
    keras: Mapping[str, Layer],
    matched: Collection[str],
    free: Mapping[str, Layer],
) -> BadInput:
    """The error that shows both lists, what has no twin marked, and what may be meant.

    Of long lists those layers alone are shown that have no twin, the first of them.

    Args:
        torch: all layers of PyTorch's model.
        keras: all layers of Keras's model.
        matched: names of PyTorch's layers that have a twin.
        free: Keras's layers that have none.
    """
    lost = {name: layer for name, layer in torch.items() if name not in matched}
    whole = max(len(torch), len(keras)) <= MOST_LAYERS
    torch_column = ["PyTorch", *_rows(torch, lost, whole)]
    keras_column = ["Keras", *_rows(keras, free, whole)]
    width = max(map(len, torch_column))
    rows = [
        f"  {in_torch:{width}}   {in_keras}".rstrip()
        for in_torch, in_keras in zip_longest(torch_column, keras_column, fillvalue="")
    ]
    counts = f"{len(lost)} in PyTorch and {len(free)} in Keras have none"
    message = (
        f"layers: {_suggestion(lost, free)}; expected a twin for each layer with "
        f"weights, got {counts} (marked *)"
    )
    return BadInput(message, rows)


def _rows(layers: Mapping[str, Layer], lost: Collection[str], whole: bool) -> list[str]:
    """A line for each layer, or for the first of those that have no twin.

    Args:
        layers: all of one side.
        lost: names of those that have none.
        whole: whether all are shown.
    """
    if whole:
        return [describe(name, layer, name in lost) for name, layer in layers.items()]
    shown = [name for name in layers if name in lost][:MOST_LOST]
    rows = [describe(name, layers[name], marked=True) for name in shown]
    counts = []
    if len(lost) > len(shown):
        counts.append(f"{len(lost) - len(shown)} more without a twin")
    if len(layers) > len(lost):
        counts.append(f"{len(layers) - len(lost)} with a twin")
    return [*rows, f"  and {', '.join(counts)}"] if counts else rows


def describe(name: str, layer: Layer, marked: bool = False) -> str:
    """Write a layer in a line: its name, kind and the shapes of its arrays."""
    mark = "*" if marked else " "
    shapes = ", ".join("x".join(map(str, a.shape)) for a in layer.arrays.values())
    return f"{mark} {called(name)} {layer.kind} [{shapes}]"


def called(name: str) -> str:
    """Return a layer's name for a sentence."""
    return printable(name) or "the model itself"


# A suggestion about two layers without twins: name and layer in PyTorch, then in Keras.
OfTwo = Callable[[str, Layer, str, Layer], str]


def _suggestion(lost: Mapping[str, Layer], free: Mapping[str, Layer]) -> str:
    """The likeliest of what may be meant by the layers without twins."""

    def of_pairs(suggest: OfTwo) -> str:
        pairs = product(lost.items(), free.items())
        for (name, layer), (twin, twin_layer) in islice(pairs, MOST_PAIRS):
            sentence = suggest(name, layer, twin, twin_layer)
            if sentence:
                return sentence
        return ""

    def of_layers(
        suggest: Callable[[str, Layer], str], *sides: Mapping[str, Layer]
    ) -> str:
        for layers in sides:
            for name, layer in layers.items():
                sentence = suggest(name, layer)
                if sentence:
                    return sentence
        return ""

    return (
        other_attention(lost, free)
        or what_to_write(free)
        or of_pairs(_own_layers)
        or of_layers(_computed_weights, lost)
        or of_pairs(_other_arrays)
        or of_pairs(_other_norms)
        or of_pairs(_other_parts)
        or of_pairs(_other_sizes)
        or of_layers(_without_rule, lost, free)
        or OTHERWISE
    )


def _own_layers(name: str, layer: Layer, twin: str, twin_layer: Layer) -> str:
    """Two layers of the user's own whose arrays are not those of each other."""
    if not own((layer.kind, twin_layer.kind)):
        return ""
    subject, verb = f"{called(name)} and {called(twin)}", "are layers"
    if name == twin:
        subject, verb = f"{called(name)} of either side", "is a layer"
    return (
        f"{subject} {verb} of your own: give the arrays the same names and shapes in "
        "both"
    )


def _computed_weights(name: str, layer: Layer) -> str:
    """A layer of PyTorch under weight_norm and the like."""
    if "weight_v" not in layer.arrays and ".parametrizations" not in name:
        return ""
    return (
        f"{name.split('.parametrizations')[0]} computes its weight from others: take "
        "that out, as torch.nn.utils.remove_weight_norm does"
    )


def _other_arrays(name: str, layer: Layer, twin: str, twin_layer: Layer) -> str:
    """Two layers of the same sizes where one has arrays that the other lacks."""
    if (
        layer.kind in kinds.NORMALISATION  # which, a file does not tell
        and "running_mean" not in layer.arrays
        and plain(twin_layer.kind) in kinds.BY_NAME["BatchNorm1d"].keras
    ):
        return (
            f"{called(name)} has no running statistics, and {called(twin)} always has: "
            "build PyTorch's layer with track_running_stats=True"
        )
    if layer.kind in kinds.NORMALISATION:
        return _other_scales(name, layer, twin, twin_layer)
    biased, twin_biased = _is_biased(layer), _is_biased(twin_layer)
    if not _has_rule(layer, twin_layer) or biased == twin_biased:
        return ""
    if _sizes_without_bias(layer) != _sizes_without_bias(twin_layer):
        return ""
    with_bias, without = (name, twin) if biased else (twin, name)
    return (
        f"{called(with_bias)} has a bias and {called(without)} has none: build both "
        "with or without it (bias=True in PyTorch, use_bias=True in Keras)"
    )


# What a layer that normalises may lack: the suite's word, and the arrays of each side.
SCALES = (
    ("a scale", "weight", "gamma"),
    ("an offset", "bias", "beta"),
)


def _other_scales(name: str, layer: Layer, twin: str, twin_layer: Layer) -> str:
    """Two layers that normalise, one of which lacks its scale, its offset or both."""
    kind = kinds.of_layers(plain(layer.kind), plain(twin_layer.kind))
    shapes = [array.shape for array in layer.arrays.values()]
    if kind is None or any(a.shape not in shapes for a in twin_layer.arrays.values()):
        return ""
    lacks_all = {"gamma", "beta"}.isdisjoint(twin_layer.arrays)
    sentences = []
    for words, in_torch, in_keras in SCALES:
        torch_has, keras_has = in_torch in layer.arrays, in_keras in twin_layer.arrays
        if torch_has == keras_has or in_keras not in kind.switches:
            continue
        option = kind.option(words.split()[1])
        has, lacks = f"{called(name)} ({in_torch})", f"{called(twin)} ({in_keras})"
        build = f"{option.keras}=True in Keras"
        if keras_has:
            has, lacks = lacks, has
            build = f"{option.torch}=True in PyTorch, or {option.keras}=False in Keras"
        elif lacks_all or option.torch == in_torch:  # else it is one switch for both
            build += f", or {option.torch}=False in PyTorch"
        sentences.append(f"{has} has {words} and {lacks} has none: {build}")
    return "; and ".join(sentences)


def _other_norms(name: str, layer: Layer, twin: str, twin_layer: Layer) -> str:
    """Two layers that normalise, in other ways."""
    keras_kind = kinds.of_keras_class(plain(twin_layer.kind))
    if layer.kind not in kinds.NORMALISATION or keras_kind is None:
        return ""
    torch_kind = kinds.BY_TORCH_NAME[layer.kind]
    if keras_kind.family != "normalisation" or keras_kind is torch_kind:
        return ""
    return (
        f"{called(name)} is {layer.kind} and {called(twin)} is {twin_layer.kind}, "
        f"which normalise in other ways: build {torch_kind.keras[0]} in Keras, or "
        f"nn.{keras_kind.torch[0]} in PyTorch"
    )


def _other_parts(name: str, layer: Layer, twin: str, twin_layer: Layer) -> str:
    """Two recurrent layers, one of which is several in the other model."""
    if not kinds.are_recurrent(plain(layer.kind), plain(twin_layer.kind)):
        return ""
    two_ways = any(key.endswith("_reverse") for key in layer.arrays)
    if two_ways != any("backward." in key for key in twin_layer.arrays):
        reads_both, reads_one = (name, twin) if two_ways else (twin, name)
        return (
            f"{called(reads_both)} reads both ways and {called(reads_one)} one way: "
            "build both twins with a bidirectional layer, or with two layers"
        )
    count = len(parts_of(layer))
    twin_count = len(numbered(twin_layer.arrays, NUMBER_IN_KERAS))
    if count >= twin_count:
        return ""
    return (
        f"{called(twin)} has {twin_count} layers in one and {called(name)} has "
        f"{count}: build both twins alike"
    )


def _other_sizes(name: str, layer: Layer, twin: str, twin_layer: Layer) -> str:
    if not _has_rule(layer, twin_layer):
        return ""
    sentence = (
        f"{called(name)} and {called(twin)} are of one kind, but not of the same "
        "sizes: build both twins with the same"
    )
    kind = kinds.of_layers(plain(layer.kind), plain(twin_layer.kind))
    names = [option.name for option in kind.options] if kind is not None else []
    if layer.kind in kinds.NORMALISATION and {"axis", "axes"} & {*names}:
        advice = "and axis in Keras that of the features, -1 where they are last"
        if "axes" in names:
            advice = "over the same axes: axis in Keras, normalized_shape in PyTorch"
        sentence += f", {advice}"
    return sentence


def _without_rule(name: str, layer: Layer) -> str:
    for kind in kinds.WITH_ARRAYS:
        if layer.kind in kind.torch or plain(layer.kind) in kind.keras:
            return ""
    return (
        f"move the weights of {called(name)} by hand, since no rule does it for "
        f"{layer.kind}, and compare the models as they are"
    )


def _has_rule(layer: Layer, twin_layer: Layer) -> bool:
    return kinds.of_layers(plain(layer.kind), plain(twin_layer.kind)) is not None


def _is_biased(layer: Layer) -> bool:
    return any("bias" in name for name in layer.arrays)


def _sizes_without_bias(layer: Layer) -> Sizes:
    """Sizes of the arrays that are not biases, however many arrays hold them."""
    return sorted(a.size for name, a in layer.arrays.items() if "bias" not in name)
