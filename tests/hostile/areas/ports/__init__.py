"""Saved models to be ported: damaged, boundless, and such as would run code."""

from case import Case

from areas.ports import arrays, calls, containers, names, places, settings, sizes


def cases() -> list[Case]:
    """Files that `port` is given, and where it is to write."""
    return [
        *containers.cases(),
        *settings.cases(),
        *sizes.cases(),
        *calls.cases(),
        *arrays.cases(),
        *names.cases(),
        *places.cases(),
    ]
