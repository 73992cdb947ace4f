"""What runs the original faithfully: a port is compared with that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from compare.porting.proof import Judge
from compare.porting.reading import Saved


def judge_of(path: Path, saved: Saved, is_whole: bool, twin: Any) -> Judge:
    """Choose what a port is compared with.

    Args:
        path: of the file.
        saved: what was read from it.
        is_whole: whether the file holds the configuration as well as the weights.
        twin: the model, rebuilt in Keras 3 from configuration and arrays.
    """
    from compare.in_keras import saved as loading

    if not is_whole:
        return Judge(
            "rebuilt in Keras 3",
            "It was compared with the model rebuilt in Keras 3: the file holds weights "
            "alone.",
            twin,
        )
    if not saved.version.startswith("3"):
        return Judge(
            "rebuilt in Keras 3",
            "It was compared with the model rebuilt in Keras 3 from the configuration "
            f"and the arrays: Keras {saved.version or 'of unknown version'} wrote the "
            "file, and Keras 3 need not mean the same by it.",
            twin,
        )
    try:
        model = loading.loaded(path)
    except Exception as error:  # Keras raises many kinds
        from compare.in_keras.refusals import message

        return Judge(
            "rebuilt in Keras 3",
            "It was compared with the model rebuilt in Keras 3: Keras does not load "
            f"the file ({message(error)}).",
            twin,
        )
    return Judge(
        "Keras 3",
        "It was compared with the model as Keras 3 loads it from the file.",
        model,
    )
