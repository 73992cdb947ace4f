"""How layers that change the shape alone are written in PyTorch."""

from __future__ import annotations

from collections.abc import Sequence

from compare.kinds.source import Site, Source


def reshaped(text: str, sizes: Sequence[int | None]) -> str:
    """A tensor in another shape, as an expression.

    Args:
        text: of the tensor.
        sizes: without the batch, in Keras's order; None or -1 where one is open.
    """
    if len(sizes) == 1:
        return f"{text}.flatten(1)"
    if None in sizes or -1 in sizes:
        words = [str(-1 if size is None else size) for size in sizes]
        return f"{text}.reshape({text}.shape[0], {', '.join(words)})"
    return f"{text}.reshape(-1, {', '.join(map(str, sizes))})"


def write_flatten(site: Site) -> str:
    """All numbers of a sample one after the other: the last axis is walked first."""
    x, first = site.x, len(site.outputs[0].shape) - 1
    if first > 1:  # behind the axes of the steps that a TimeDistributed has
        return f"{x.text}.flatten({first})" if x.axes > first + 1 else x.text
    if x.axes == 1:
        return f"{x.text}[:, None]"
    if x.axes == 2:
        return x.text
    if site.setting("data_format") == "channels_first":
        return f"{x.text}.movedim(1, -1).flatten(1)"
    return f"{x.text}.flatten(1)"


def write_reshape(site: Site) -> str:
    """The numbers of a sample in other axes."""
    target = list(site.setting("target_shape"))
    sizes = list(site.outputs[0].shape[1:])
    if sizes.count(None) > 1:
        sizes = target
    if site.x.axes == 1:
        return f"{site.x.text}.reshape(-1, {', '.join(map(str, target))})"
    if not target:
        return f"{site.x.text}.reshape(-1)"
    if len(sizes) == 1 and site.x.axes == 2:
        return site.x.text
    return reshaped(site.x.text, sizes)


def permuted(text: str, order: Sequence[int]) -> str:
    """A tensor with its axes in another order, as an expression.

    Args:
        text: of the tensor.
        order: the number of each axis, the batch included.
    """
    if list(order) == sorted(order):
        return text
    moved = [axis for axis, source in enumerate(order) if axis != source]
    if len(moved) == 2:
        return f"{text}.transpose({moved[0]}, {moved[1]})"
    return f"{text}.permute({', '.join(map(str, order))})"


def write_permute(site: Site) -> str:
    """The axes of a sample in another order."""
    return permuted(site.x.text, (0, *site.setting("dims")))


def write_repeat_vector(site: Site) -> str:
    """A vector once for each of so many steps."""
    return f"{site.x.text}[:, None].repeat(1, {site.setting('n')}, 1)"


def write_identity(site: Site) -> str:
    """What goes in, for layers that act in training alone, or never."""
    return site.x.text


def write_of_training(site: Site) -> str:
    """What goes in: Keras's layer acts while the model trains alone."""
    site.note(
        f"The layer {site.plan.name} ({site.plan.keras}) acts in training alone in "
        "Keras, and is left out here."
    )
    return site.x.text


# Layers that augment images while the model trains, and do nothing otherwise.
AUGMENTING = (
    "RandomBrightness",
    "RandomColorDegeneration",
    "RandomColorJitter",
    "RandomContrast",
    "RandomElasticTransform",
    "RandomErasing",
    "RandomFlip",
    "RandomGaussianBlur",
    "RandomGrayscale",
    "RandomHue",
    "RandomInvert",
    "RandomPerspective",
    "RandomRotation",
    "RandomSaturation",
    "RandomSharpness",
    "RandomShear",
    "RandomTranslation",
    "RandomZoom",
)
# Layers that change what goes in while the model trains alone, without a layer of their
# own in PyTorch.
ACTING_IN_TRAINING = (
    *AUGMENTING,
    "ActivityRegularization",
    "AugMix",
    "CutMix",
    "GaussianDropout",
    "GaussianNoise",
    "MixUp",
    "RandAugment",
    "Solarization",
)

RESHAPING = {
    "Flatten": Source(write_flatten, "features last"),
    "Reshape": Source(write_reshape, "features last"),
    "Permute": Source(write_permute, "features last"),
    "RepeatVector": Source(write_repeat_vector),
    "Identity": Source(write_identity),
    **{name: Source(write_of_training) for name in ACTING_IN_TRAINING},
}
