"""Every configuration of every kind of layer computes the same in both frameworks.

The configurations stand in files `grid_<family>.py` beside this one; `support/grid.py`
says what is in them. A family joins by its file. Everything is in float64, by layers
that are called alone, so that a configuration takes a few hundredths of a second.
"""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from grid import Configuration, named

from compare.kinds import BY_NAME

LIMIT = 1e-12
FILES = sorted(Path(__file__).parent.glob("grid_*.py"))


def loaded(path: Path) -> ModuleType:
    """The module of a table."""
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TABLES = [loaded(path) for path in FILES]
CONFIGURATIONS = [entry for table in TABLES for entry in table.CONFIGURATIONS]
UNSAYABLE = [entry for table in TABLES for entry in table.UNSAYABLE]
IMPOSSIBLE = [entry for table in TABLES for entry in table.IMPOSSIBLE]


def assert_same(first: np.ndarray, second: np.ndarray) -> None:
    assert first.dtype == second.dtype == np.float64
    assert first.shape == second.shape
    assert np.abs(first).max() > 1e-3
    assert np.abs(first - second).max() < LIMIT * max(np.abs(first).max(), 1)


def test_every_configuration_has_a_name_of_its_own():
    names = list(map(named, CONFIGURATIONS))

    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=named)
def test_both_frameworks_and_numpy_compute_the_same(
    kind_layers, configuration: Configuration
):
    """After a transfer in either direction; and the settings read alike."""
    kind, example = BY_NAME[configuration.kind], configuration.example
    twins = kind_layers.Twins(kind, example)
    twins.used = configuration.in_torch, configuration.in_keras
    directions = ("to_keras", "to_torch") if twins.layers("torch") else ("",)
    for direction in directions:
        twins.draw()
        if direction:
            twins.carry(direction)
        by_torch, by_keras = twins.outputs()

        assert_same(by_torch, by_keras)
        if configuration.in_torch is None:
            assert_same(by_torch, twins.reference("torch"))
        if configuration.in_keras is None:
            assert_same(by_keras, twins.reference("keras"))
    if configuration.is_plain:
        assert twins.unlike_options() == {}


@pytest.mark.parametrize("entry", UNSAYABLE, ids=lambda entry: entry.kind)
def test_what_the_other_side_cannot_be_given_is_said_with_what_to_write(
    kind_layers, entry
):
    """The setting is read as a value that the other side's layer does not have."""
    kind = BY_NAME[entry.kind]
    option = kind.option(entry.option)
    value = kind_layers.option_of(kind, option, entry)

    if entry.side == "keras" and option.torch:
        assert value not in option.in_pytorch
    elif entry.side == "torch" and option.keras:
        assert not isinstance(value, str)
    instead = option.instead
    if entry.side == "keras":
        instead = option.instead_in_torch or instead
    assert entry.words in instead


@pytest.mark.parametrize(
    "entry", IMPOSSIBLE, ids=lambda entry: f"{entry.layer}, {entry.why}"
)
def test_what_a_framework_refuses_is_still_refused(kind_layers, entry):
    """Where it no longer is, the configuration belongs to those that are run."""
    with pytest.raises(Exception):  # noqa: B017, PT011 (each framework has its own)
        kind_layers.run_alone(entry.side, entry.layer, entry.settings, entry.shape)
