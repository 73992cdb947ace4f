"""Every configuration of the recurrent layers, in both transfer directions."""

from functools import lru_cache, partial
from itertools import product

import numpy as np
import pytest

from compare.judging.arrays import Input
from compare.judging.result import SAME
from compare.kinds import BY_NAME
from compare.twins.frameworks import DIRECTIONS, LAYERS
from compare.twins.models import twin_makers
from compare.twins.twins import Twins
from compare.twins.weights import fresh_weights

FEATURES, HIDDEN, STEPS = 4, 6, 7
FILES = {"LSTM": "lstm_layer", "GRU": "gru_layer", "RNN": "rnn_layer"}


def configurations():
    """(kind, options): 34 of them."""
    for kind, layers, both, bias in product(
        FILES, (1, 2), (False, True), (True, False)
    ):
        options = dict(num_layers=layers, bidirectional=both, bias=bias)
        yield kind, options
        if kind == "LSTM":
            yield kind, {**options, "proj_size": 3}
        if kind == "RNN" and bias and layers == 2:
            yield kind, {**options, "nonlinearity": "relu"}
        if layers == 2 and bias and both:
            yield kind, {**options, "batch_first": False}


def regimes(options):
    """(what the twins are built for, steps, batch) for each run of a configuration."""
    for batch in (1, 5):
        if options["bias"]:
            yield "fixed", STEPS, batch
        for steps in (1, STEPS, 23):
            yield "none", steps, batch
        yield "states", STEPS, batch
        if options.get("batch_first", True):
            yield "lengths", STEPS, batch
    # As many sequences as steps, and as states: no axis may pass for another.
    rows = options["num_layers"] * (2 if options["bidirectional"] else 1)
    if rows > 1:
        yield "none", rows, rows
    if rows > 1 and options.get("batch_first", True):
        yield "lengths", rows, rows


GRID = [
    (kind, tuple(options.items()), built, steps, batch)
    for kind, options in configurations()
    for built, steps, batch in sorted(regimes(options))
]


def name(case):
    kind, options, built, steps, batch = case
    words = [f"{key}={value}" for key, value in options]
    return "-".join([kind, *words, built, f"steps={steps}", f"batch={batch}"])


def arguments(kind, options, built):
    """The inputs of a configuration."""
    directions = 2 if options["bidirectional"] else 1
    rows = directions * options["num_layers"]
    length = STEPS if built == "fixed" else None
    shape = (None, length, FEATURES)
    if not options.get("batch_first", True):
        shape = (length, None, FEATURES)
    found = [Input("x", shape)]
    if built == "states":
        size = options.get("proj_size") or HIDDEN
        found.append(Input("h_0", (rows, None, size)))
        if kind == "LSTM":
            found.append(Input("c_0", (rows, None, HIDDEN)))
    if built == "lengths":
        found.append(Input("lengths", (None,), "int64"))
    return found


@lru_cache(maxsize=1)  # cases of one build follow each other
def build(kind, options, built):
    options = dict(options)
    sizes = dict(num_features=FEATURES, hidden_size=HIDDEN, **options)
    make = twin_makers(FILES[kind], f"{kind}Layer", sizes)
    outputs = ["output", "h_n"] + (["c_n"] if kind == "LSTM" else [])
    time_axis = 1 if options.get("batch_first", True) else 0
    return Twins(make, arguments(kind, options, built), outputs, time_axis)


def draw(inputs, steps, batch, batch_first):
    """Random arrays for the inputs; the padding behind each length is NaN."""
    rng = np.random.default_rng([steps, batch])

    def uniform(*shape):
        return rng.uniform(-1, 1, shape).astype(np.float32)

    made = [uniform(*((batch, steps) if batch_first else (steps, batch)), FEATURES)]
    for each in inputs[1:]:
        if each.name == "lengths":
            lengths = rng.integers(1, steps + 1, batch)
            made[0][np.arange(steps) >= lengths[:, None]] = np.nan
            made.append(lengths)
        else:
            rows, _, size = each.shape
            made.append(uniform(rows, batch, size))
    return made


def cases():
    """The grid; what shares a build stays together, on one worker."""
    for case in GRID:
        group = pytest.mark.xdist_group("-".join(map(str, case[:3])))
        yield pytest.param(case, id=name(case), marks=group)


@pytest.mark.parametrize("case", [*cases()])
def test_configuration_is_the_same_and_right(case):
    """Twins agree in both transfer directions, and with NumPy, gate by gate.

    Twins may agree and both be wrong; the reference is a third opinion.
    """
    kind, options, built, steps, batch = case
    twins = build(kind, options, built)
    options = dict(options)
    batch_first = options.get("batch_first", True)
    arrays = draw(twins.inputs, steps, batch, batch_first)

    for number, direction in enumerate(DIRECTIONS):
        twins.load(direction, partial(fresh_weights, seed=[number]))
        found = twins.compare(*arrays)
        assert found.verdict == SAME, found
        assert {"output", "h_n"} <= {stage.stage for stage in found.stages}

    given = dict(zip((each.name for each in twins.inputs), arrays, strict=True))
    expected = in_numpy(twins, kind, options, given)
    output = twins.twin("torch", "float64")(*arrays)
    if not batch_first:
        output["output"] = output["output"].swapaxes(0, 1)
    for stage, values in expected.items():
        assert np.abs(output[stage] - values).max() < 1e-13


def in_numpy(twins, kind, options, given):
    """What the reference makes of the same weights and inputs."""
    x = given["x"] if options.get("batch_first", True) else given["x"].swapaxes(0, 1)
    layer = LAYERS["torch"].layers(twins.model("torch", "float64"))
    states = tuple(given[name] for name in ("h_0", "c_0") if name in given)
    settings = {
        "lengths": given.get("lengths"),
        "states": states or None,
        "activation": options.get("nonlinearity", "tanh"),
    }
    return BY_NAME[kind].compute(layer[kind.lower()].arrays, x, settings)


def test_the_grid_is_large_enough():
    assert len(GRID) >= 300
    assert len(set(map(name, GRID))) == len(GRID)
