"""What there is to say of a file while it is read: notes, and reasons to refuse it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

Config = dict[str, Any]  # of a layer or a model: its class, and what it is made with


@dataclass
class Findings:
    """What is found out while a configuration is read.

    Args:
        version: of the Keras that wrote the configuration, as it says it; or "".
        generation: 1, 2 or 3: whose words the configuration is in.
        data_format: of layers of Keras 1 that do not say it, where others do; or "".
        notes: what is read otherwise than it is written.
        problems: why the model cannot be read, with the name of a layer each.
        stubs: what is read as a stub, with the name of the layer each.
        foreign: what of the layer that is being read no layer of Keras 3 has: such a
            layer is a stub.
        built: the shape that each layer was built for, batch first, by its full name.
        classes: what Keras called each layer's class, by its full name.
        in_training: names of layers with settings that act in training only.
        frozen: names of layers that are not to be trained.
    """

    version: str
    generation: int
    data_format: str = ""
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    stubs: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    built: dict[str, tuple[int | None, ...]] = field(default_factory=dict)
    classes: dict[str, str] = field(default_factory=dict)
    in_training: list[str] = field(default_factory=list)
    frozen: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Add a note, once."""
        if text not in self.notes:
            self.notes.append(text)

    def problem(self, text: str) -> None:
        """Add a reason to refuse the file, once."""
        if text not in self.problems:
            self.problems.append(text)

    @property
    def release(self) -> tuple[int, ...]:
        """The version as numbers, such as (2, 2, 4); () where it is not known."""
        return release(self.version)


def release(version: str) -> tuple[int, ...]:
    """The numbers that a version begins with: (2, 2, 4) of "2.2.4-tf"."""
    match = re.match(r"\d+(\.\d+)*", version)
    if match is None:
        return ()
    return tuple(int(number) for number in match[0].split("."))


def data_format(config: Config, generation: int) -> str:
    """The order of axes that layers of Keras 1 have that do not say it.

    It wrote the order into some classes of layers; for others it was a setting of its
    own.

    Returns:
        "channels_first" where every layer that says it says so; else "".
    """
    text = str(config)
    if generation > 1 or "'dim_ordering': 'tf'" in text:
        return ""
    return "channels_first" if "'dim_ordering': 'th'" in text else ""


def generation(config: Config, version: str) -> int:
    """Whose words a configuration is in: of Keras 1, 2 or 3.

    Keras 1 wrote no version before 1.2. Of Keras 3 only `.keras` and `.h5` say it;
    its configurations differ from those of Keras 2 in the words below.

    Args:
        config: of a model.
        version: that the configuration or its file says, or "".
    """
    numbers = release(version)
    if numbers:
        return min(max(numbers[0], 1), 3)
    text = str(config)
    if "'registered_name'" in text:
        return 3
    old_words = ("'output_dim'", "'nb_filter'", "'border_mode'", "'W_regularizer'")
    new_words = ("'kernel_initializer'", "'batch_shape'", "'units'", "'padding'")
    if any(word in text for word in old_words) and not any(
        word in text for word in new_words
    ):
        return 1
    return 2
