"""The settings of Keras and TensorFlow that a user may have changed, and the suite's.

The format of images and `epsilon` are part of what a user's layers are: they stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras
import tensorflow

from compare import settings
from compare.in_keras.internals import (
    default_policy,
    draws,
    names_counted,
    set_default_policy,
    set_draws,
    set_names_counted,
    without_callbacks,
)
from compare.settings import Setting, always

JUDGED = ("float32", "float64")


def _set_filtering(on: bool) -> None:
    if on:
        keras.config.enable_traceback_filtering()
    else:
        keras.config.disable_traceback_filtering()


SETTINGS = (
    Setting(keras.config.floatx, keras.config.set_floatx, always("float32")),
    Setting(default_policy, set_default_policy, always(None)),
    Setting(keras.config.image_data_format, keras.config.set_image_data_format),
    Setting(keras.config.epsilon, keras.config.set_epsilon),
    Setting(keras.config.is_traceback_filtering_enabled, _set_filtering, always(True)),
    Setting(
        tensorflow.config.functions_run_eagerly,
        tensorflow.config.run_functions_eagerly,
        always(False),
    ),
    Setting(names_counted, set_names_counted),
    Setting(draws, set_draws),
)


@contextmanager
def kept() -> Iterator[None]:
    """Let Keras's settings be after the block what they were before it."""
    with settings.kept(SETTINGS):
        yield


@contextmanager
def relied_on() -> Iterator[None]:
    """Keras as the suite relies on it inside the block, as a user left it after."""
    with without_callbacks(), settings.relied_on(SETTINGS):
        yield


def notes(made: bool) -> list[str]:
    """What of a user's settings the verdict does not speak of, a sentence each.

    Args:
        made: whether the suite makes the model; a live one keeps its own policy.
    """
    policy = default_policy()
    name = keras.config.floatx() if policy is None else policy.name
    if not made or name in JUDGED:
        return []
    return [
        f"Keras makes layers in {name} here; the models are made and judged in float32 "
        "and float64: give them live to judge what that policy makes of them."
    ]
