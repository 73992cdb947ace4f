"""Whether TensorFlow can run here: in a copy of a process, or while it traces."""

from __future__ import annotations

import os
import sys

import tensorflow

from compare.errors import BadInput
from compare.in_keras.internals import has_run

_without_its_threads = False  # TensorFlow had run when this process was forked


def check_eager(who: str) -> None:
    """Raise BadInput inside a `tensorflow.function`, where arrays have no numbers yet.

    Args:
        who: what needs them, named first in the message.
    """
    if not tensorflow.executing_eagerly():
        raise BadInput(
            f"{who}: expected to be called where TensorFlow computes, got a call "
            "inside a tf.function, which is only traced; call it outside"
        )


def check_not_forked(who: str) -> None:
    """Raise BadInput in a process that was forked after TensorFlow had run.

    TensorFlow waits there without end for threads that only the parent has.

    Args:
        who: what needs TensorFlow, named first in the message.
    """
    if _without_its_threads:
        raise BadInput(
            f"{who}: expected a process in which TensorFlow can run, got one that was "
            "forked after TensorFlow had run, where it waits without end; start "
            'processes with multiprocessing.get_context("spawn")'
        )


def _note_fork() -> None:
    global _without_its_threads
    _without_its_threads = has_run()


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_note_fork)
