"""Mistakes of the suite itself: one line for people, the traceback in a file."""

from __future__ import annotations

import os
import tempfile
import traceback
from collections.abc import Sequence

from compare.judging.not_compared import NotCompared
from compare.one_line import class_and_message, place_in_suite


def defect(pair: str, error: BaseException) -> NotCompared:
    """What is kept of an exception that the suite should not have raised.

    Args:
        pair: that was run.
        error: as it was caught.
    """
    text = class_and_message(error)
    try:
        trace = "".join(traceback.format_exception(error))
    except Exception:  # what a user's exception says of itself may be anything
        trace = "".join(traceback.format_tb(error.__traceback__))
    return NotCompared(pair, f"{text} ({place_in_suite(error)})", trace)


def what_to_report(defects: Sequence[NotCompared]) -> str:
    """Write the tracebacks to a file; return what to do with it, in a sentence."""
    what = "a mistake in this suite, not in your models; please report it"
    try:
        handle, name = tempfile.mkstemp(prefix="twinproof-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
            for pair in defects:
                file.write(f"{pair.pair}: {pair.message}\n\n{pair.traceback}\n")
    except OSError:
        return what
    return f"{what} with {name}"
