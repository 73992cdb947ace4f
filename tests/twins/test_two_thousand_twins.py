"""The measurement that SAFETY and FLOOR32 carry; `pytest -m slow -n 0 -s` prints it."""

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest

from compare.judging import verdict
from compare.judging.arrays import sequences
from compare.judging.result import DIFFERENT, ILL_CONDITIONED, SAME
from compare.judging.words import PRECISIONS
from compare.twins.frameworks import LAYERS
from compare.twins.models import twin_makers
from compare.twins.twins import Twins

TWINS = 2000
SIZES = 80  # hidden sizes 1 to 80, 25 twins each
WEIGHT_ERROR = 1e-6


def random_weights(rng, scale, layers):
    """Normal weights and biases of one scale, by layer and name."""
    return {
        name: {
            key: (scale * rng.standard_normal(array.shape)).astype(np.float32)
            for key, array in layer.arrays.items()
        }
        for name, layer in layers.items()
    }


def build(hidden_size, rng, modules):
    """Twins of one size: every second one flattens a fixed number of steps."""
    sizes = dict(
        num_features=int(rng.integers(1, 81)),
        hidden_size=hidden_size,
        num_outputs=int(rng.integers(2, 9)),
    )
    timesteps = int(rng.integers(1, 301)) if hidden_size % 2 else None
    file, cls = "portfolio_last_step", "PortfolioLastStep"
    if timesteps:
        file, cls = "portfolio_flatten", "PortfolioFlatten"
        sizes["timesteps"] = timesteps
    make = modules.make(file, cls, sizes)
    return modules.Twins(make, sequences(timesteps, sizes["num_features"]), ["weights"])


@pytest.mark.slow
def test_no_correct_twin_is_called_different():
    """2,000 random correct twins: not one `different`; a weight error is not missed."""
    rng = np.random.default_rng(2005)
    modules = SimpleNamespace(Twins=Twins, make=twin_makers)
    verdicts, caught, ratios, missed = Counter(), Counter(), [], []
    for number in range(TWINS):
        if number % (TWINS // SIZES) == 0:
            twins = build(1 + number * SIZES // TWINS, rng, modules)
        scale = 10 ** rng.uniform(-3, 1)
        _, steps, num_features = twins.inputs[0].shape
        steps = steps or int(rng.integers(1, 301))
        shape = (int(rng.integers(1, 9)), steps, num_features)
        x = rng.standard_normal(shape).astype(np.float32)
        direction = ("to_keras", "to_torch")[number % 2]
        seed = int(rng.integers(2**32))
        twins.load(
            direction,
            lambda layers, seed=seed, scale=scale: random_weights(
                np.random.default_rng(seed), scale, layers
            ),
        )
        found = twins.compare(x)
        verdicts[found.verdict] += 1
        if found.verdict == DIFFERENT:
            missed.append((number, scale, shape, found.stages))
        ratios += [
            stage.ratio * verdict.SAFETY
            for stage in found.stages
            if stage.horizon  # with an empty horizon nothing was judged
        ]
        if number % 5 == 0 and found.verdict == SAME:
            scale_one_matrix(twins, 1 + WEIGHT_ERROR)
            caught[twins.compare(x).verdict] += 1
    top = np.percentile(ratios, [50, 99, 99.9, 100])
    print(f"\n{TWINS} correct twins: {dict(verdicts)}")
    print(
        f"gap64 over the limit without SAFETY, {len(ratios)} stages: median "
        f"{top[0]:.2f}, 99 % {top[1]:.2f}, 99.9 % {top[2]:.2f}, largest {top[3]:.2f}"
    )
    print(f"kernel scaled by 1 + {WEIGHT_ERROR}: {dict(caught)}")

    assert not missed, missed[0]
    assert verdicts[SAME] > verdicts[ILL_CONDITIONED]


def scale_one_matrix(twins, factor):
    """Make Keras's recurrent kernel wrong by a factor, in both precisions."""
    for dtype in PRECISIONS:
        model = twins.model("keras", dtype)
        kernel = LAYERS["keras"].layers(model)["lstm"].arrays["kernel"]
        arrays = {"lstm": dict(LAYERS["keras"].layers(model)["lstm"].arrays)}
        arrays["lstm"]["kernel"] = kernel * factor
        LAYERS["keras"].load(model, arrays)
