"""What PyTorch raises when it refuses a model or an input, and what it says."""

from __future__ import annotations

from compare.one_line import message_of

REFUSALS = (ValueError, RuntimeError, TypeError, IndexError)


def origin(error: Exception) -> Exception:
    """What a model itself raised: PyTorch rewords nothing."""
    return error


def message(error: Exception) -> str:
    """What a refusal says, in one line; of an empty one the name of its class."""
    return message_of(error)
