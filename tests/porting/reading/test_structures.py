"""What Keras 3 saves is read as the model it was, whatever the form of the file."""

import numpy as np
import pytest
from live_models import MODELS
from live_plans import draw, weights_of
from same_models import assert_same

from compare.in_keras.rebuilding import rebuilt
from compare.kinds.graph import MODEL
from compare.porting.reading import read

FORMS = (".keras", ".h5", ".weights.h5")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A function that saves a model in every form, once."""
    models = {}
    folder = tmp_path_factory.mktemp("saved")

    def of(make):
        if make not in models:
            model = make()
            draw(model)
            for form in FORMS[:2]:
                model.save(folder / f"{make.__name__}{form}")
            model.save_weights(folder / f"{make.__name__}{FORMS[2]}")
            (folder / f"{make.__name__}.json").write_text(model.to_json())
            models[make] = model
        return models[make]

    def file(make, form):
        model = of(make)
        config = folder / f"{make.__name__}.json" if form == FORMS[2] else None
        return model, folder / f"{make.__name__}{form}", config

    return file


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_a_saved_model_is_read_as_it_was(make, saved):
    """The plan and the weights make a model that computes the same in float64."""
    model, path, _ = saved(make, ".keras")

    result = read(path)

    assert result.is_whole
    assert_same(model, rebuilt(result.plan, result.weights).model)


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize("form", FORMS[1:])
@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_the_form_of_a_file_makes_no_difference(make, form, saved):
    """The plan is the same, and so are the weights."""
    _, path, config = saved(make, form)
    _, whole, _ = saved(make, ".keras")

    result, expected = read(path, config), read(whole)

    assert result.is_whole == (config is None)
    assert result.plan == expected.plan
    assert list(result.weights) == list(expected.weights)
    for name, arrays in expected.weights.items():
        assert list(result.weights[name]) == list(arrays)
        for key, array in arrays.items():
            assert np.array_equal(result.weights[name][key], array)


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_weights_are_complete_and_in_the_order_of_keras(make, form, saved):
    """Each layer has the arrays of `layer.weights`, in that order, bit for bit."""
    model, path, config = saved(make, form)

    result = read(path, config)

    if any(plan.inside and plan.inside[0].keras == MODEL for plan in plans(result)):
        pytest.skip("Keras has all weights of a wrapped model in one list")
    if make.__name__ == "stateful":
        pytest.skip("Keras counts the state of a sequence among the weights")
    expected = weights_of(model)
    assert list(result.weights) == list(expected)
    for name, arrays in expected.items():
        pairs = zip(arrays.values(), result.weights[name].values(), strict=True)
        assert all(np.array_equal(array, other) for array, other in pairs)


def plans(result):
    return result.plan.layers.values()
