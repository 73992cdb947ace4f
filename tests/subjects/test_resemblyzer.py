"""A trained model that nobody here wrote, and its Keras twin: the same both ways.

`pytest -m slow -n 0 -s tests/subjects/test_resemblyzer.py` prints what the README says.
"""

import numpy as np
import pytest
import speaker_encoder as encoder

import compare

pytestmark = [
    pytest.mark.slow,  # for 1,000 frames, and the 16 MB that the first run fetches
    pytest.mark.xdist_group("resemblyzer"),
]

BATCH = 2
FRAMES = (1, 40, 160, 1000)


@pytest.fixture(scope="module")
def trained():
    """The trained weights, by the names that PyTorch's model has for them."""
    try:
        wheel = encoder.wheel()
    except encoder.NotFetchedError as error:
        pytest.skip(f"pip cannot fetch {encoder.PACKAGE}: {error}")
    return encoder.weights(wheel)


@pytest.fixture
def twins(trained):
    """Both twins with the trained weights."""
    torch_model, keras_model = encoder.in_pytorch(trained), encoder.in_keras()
    compare.transfer(torch_model, keras_model)
    return torch_model, keras_model


def figures(evidence):
    """What a check found, in a line."""
    stage = evidence.results[0].deciding
    probed = [r.sensitivity for r in evidence.results if r.sensitivity]
    noticed = " then ".join(f"{each.noticed} of {each.faults}" for each in probed)
    return (
        f"{evidence.results[0].place}: gap {stage.gap:.1e}, limit {stage.limit:.1e}, "
        f"in float32 {stage.gap32:.1e}, noticed {noticed or 'not asked'}, "
        f"{evidence.seconds:.1f} s"
    )


@pytest.mark.parametrize("frames", FRAMES)
@pytest.mark.parametrize("transfer", [None, "to_keras", "to_torch"])
def test_encoder_is_the_same(twins, transfer, frames):
    """On any number of frames; who receives the weights has random ones before."""
    torch_model, keras_model = twins
    if transfer == "to_keras":
        keras_model = encoder.in_keras()
    if transfer == "to_torch":
        torch_model = encoder.in_pytorch()
    x = encoder.energies(BATCH, frames)
    evidence = compare.check(torch_model, keras_model, x, transfer)
    first = evidence.results[0]
    print(f"\n{figures(evidence)}")

    assert evidence.verdict == "same", evidence.explain()
    assert (first.length, first.timesteps, first.batch) == ("none", frames, BATCH)
    assert all(each.noticed == each.faults for each in evidence.sensitivity)
    assert bool(evidence.sensitivity) == (frames > 1)  # one frame shows few mistakes


def test_embeddings_are_unit_vectors_and_differ(twins):
    """So that the verdict is about what the encoder is there for."""
    x = encoder.energies(BATCH, 160)
    found = twins[1](x).numpy()

    assert found.min() == 0
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-6)
    assert (found @ found.T)[~np.eye(BATCH, dtype=bool)].max() < 0.999


def test_gates_in_a_wrong_order_are_found_in_trained_weights(twins):
    """In all three layers, as a port that mistakes the order has them."""
    torch_model, keras_model = twins
    for layer in keras_model.layers[1 : 1 + encoder.LAYERS]:
        gates = [np.split(array, 4, -1) for array in layer.get_weights()]
        layer.set_weights([np.concatenate([i, f, o, g], -1) for i, f, g, o in gates])
    evidence = compare.check(torch_model, keras_model, encoder.energies(BATCH, 40))
    said = evidence.explain()
    print(f"\n{said}")

    assert evidence.verdict == "different"
    assert "gates are stacked i, f, o, g" in said
    assert "the weights differ, and the weights alone" in said
