"""Names that Keras and TensorFlow admit, for layers of files that have others."""

from __future__ import annotations

import re
from collections.abc import Iterable


def legal_names(names: Iterable[str]) -> dict[str, str]:
    """Names that Keras and TensorFlow admit, no two alike, by the names as they were.

    They have no slashes, no spaces, and a letter or a digit first.
    """
    legal: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        plain = re.sub(r"[^A-Za-z0-9_.-]", "_", name)
        if not re.match("[A-Za-z0-9.]", plain):
            plain = f"layer{plain}"
        number, free = 1, plain
        while free in taken:
            number += 1
            free = f"{plain}_{number}"
        taken.add(free)
        legal[name] = free
    return legal
