"""The areas: a file for each, whose `cases()` gives a list."""

from areas import (
    api,
    arguments,
    environment,
    outputs,
    pairs,
    plugin,
    prices,
    weights,
)

AREAS = {
    "arguments": arguments.cases,
    "prices": prices.cases,
    "outputs": outputs.cases,
    "environment": environment.cases,
    "weights": weights.cases,
    "pairs": pairs.cases,
    "api": api.cases,
    "plugin": plugin.cases,
}
