"""Files of the adapters."""

import pytest


def refusal(run):
    """The exception that a function raises."""
    with pytest.raises(Exception) as caught:  # noqa: PT011  of any kind
        run()
    return caught.value
