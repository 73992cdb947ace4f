"""The areas: a file for each, whose `cases()` gives a list."""

from areas import (
    api,
    arguments,
    environment,
    outputs,
    pairs,
    plugin,
    ports,
    prices,
    weights,
)

AREAS = {
    "arguments": arguments.cases,
    "prices": prices.cases,
    "outputs": outputs.cases,
    "environment": environment.cases,
    "weights": weights.cases,
    "ports": ports.cases,
    "pairs": pairs.cases,
    "api": api.cases,
    "plugin": plugin.cases,
}
