"""What TensorFlow lacks in float64 is what it computes in float32, with more digits."""

import numpy as np
import pytest

ROUNDING = 2e-6  # of float32


@pytest.fixture(scope="module")
def both(keras):
    """Runs a layer in float32, and in float64 as a twin does."""
    from compare.in_keras.precision import settled

    def run(make, x, in_graph):
        results = {}
        for dtype in ("float32", "float64"):
            with settled(dtype):
                layer = make()
                call = layer
                if in_graph:  # of unknown batch
                    model = keras.Sequential([keras.Input(x.shape[1:]), layer])
                    call = model.predict_on_batch
                results[dtype] = np.asarray(call(x.astype(dtype)))
        return results["float32"], results["float64"]

    return run


def assert_more_digits(single, double):
    assert single.dtype == np.float32
    assert double.dtype == np.float64
    assert single.shape == double.shape
    assert 0 < np.abs(single - double).max() < ROUNDING


@pytest.mark.parametrize("in_graph", [False, True], ids=["eager", "graph"])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("strides", [None, 1, (1, 2, 3)], ids=str)
@pytest.mark.parametrize("name", ["MaxPooling3D", "AveragePooling3D"])
def test_pooling_over_three_axes(keras, both, name, strides, padding, in_graph):
    x = np.random.default_rng(0).normal(0, 1, (2, 5, 6, 7, 3))

    def make():
        return getattr(keras.layers, name)((2, 3, 2), strides, padding)

    assert_more_digits(*both(make, x, in_graph))


@pytest.mark.parametrize("in_graph", [False, True], ids=["eager", "graph"])
@pytest.mark.parametrize("method", ["bilinear", "bicubic"])
@pytest.mark.parametrize("size", [(10, 12), (7, 9), (3, 4)], ids=str)
def test_resizing(keras, both, method, size, in_graph):
    x = np.random.default_rng(0).normal(0, 1, (2, 5, 6, 3))

    def make():
        return keras.layers.Resizing(*size, interpolation=method)

    assert_more_digits(*both(make, x, in_graph))


@pytest.mark.parametrize(
    ("method", "antialias"), [("bilinear", False), ("bicubic", True)]
)
def test_upsampling_is_that_of_pytorch(keras, torch, both, method, antialias):
    """Keras's bicubic is PyTorch's with an antialias, whose kernel is another."""
    x = np.random.default_rng(0).normal(0, 1, (2, 5, 6, 3))

    def make():
        return keras.layers.UpSampling2D(2, interpolation=method)

    _, double = both(make, x, False)
    theirs = torch.nn.functional.interpolate(
        torch.from_numpy(x).movedim(-1, 1),
        scale_factor=2,
        mode=method,
        antialias=antialias,
    )
    np.testing.assert_allclose(double, theirs.movedim(1, -1), rtol=0, atol=1e-12)


def test_adaptive_pooling_of_keras_is_that_of_pytorch(keras, torch):
    """Keras 3.7 has no such layers."""
    if not hasattr(keras.layers, "AdaptiveAveragePooling2D"):
        pytest.skip("this Keras has no adaptive pooling")
    from compare.in_keras.precision import settled

    x = np.random.default_rng(0).normal(0, 1, (2, 5, 7, 3))
    with settled("float64"):
        ours = keras.layers.AdaptiveAveragePooling2D((2, 3))(x)
    theirs = torch.nn.AdaptiveAvgPool2d((2, 3))(torch.from_numpy(x).movedim(-1, 1))

    np.testing.assert_allclose(ours, theirs.movedim(1, -1), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["local_response_normalization", "lrn"])
def test_local_response_norm_is_that_of_pytorch(keras, torch, both, name):
    """PyTorch divides its alpha by the size of the window."""
    import tensorflow

    x = np.random.default_rng(0).normal(0, 1, (2, 5, 6, 7))

    def make():
        norm = getattr(tensorflow.nn, name)
        return lambda x: norm(x, depth_radius=2, bias=1.5, alpha=0.3, beta=0.75)

    single, double = both(make, x, False)
    theirs = torch.nn.functional.local_response_norm(
        torch.from_numpy(x).movedim(-1, 1), 5, alpha=1.5, beta=0.75, k=1.5
    )

    assert_more_digits(single, double)
    np.testing.assert_allclose(double, theirs.movedim(1, -1), rtol=0, atol=1e-12)
