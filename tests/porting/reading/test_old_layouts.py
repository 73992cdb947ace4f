"""How old files lay numbers out: names of their own, arrays for numbers, functions."""

import pytest
from old_files import drawn, functional, layer, node, saved

from compare import BadInput
from compare.porting.reading import read

INPUT = {"batch_input_shape": [None, 2]}


def dense(name, inputs, units):
    return {f"{name}/kernel": drawn(inputs, units), f"{name}/bias": drawn(units)}


def two_layers():
    return [
        layer("Dense", "first", units=3, **INPUT),
        layer("Dense", "second", units=4),
    ]


def test_arrays_go_by_the_order_of_layers_where_their_names_are_others(tmp_path):
    """As Keras reads them, which never looks at the names."""
    arrays = {"dense_8": dense("dense_8", 2, 3), "dense_9": dense("dense_9", 3, 4)}
    result = read(saved(tmp_path / "old.h5", two_layers(), arrays))

    assert (result.weights["first"]["kernel"] == drawn(2, 3)).all()
    assert (result.weights["second"]["kernel"] == drawn(3, 4)).all()
    (note,) = result.notes
    assert note.endswith("first from dense_8, second from dense_9")


@pytest.mark.parametrize("names", [("second", "dense_9"), ("dense_8",)])
def test_arrays_whose_order_is_not_sure_are_refused(tmp_path, names):
    arrays = {}
    for name, sizes in zip(names, ((2, 3), (3, 4)), strict=False):
        arrays[name] = dense(name, *sizes)

    with pytest.raises(BadInput, match="which the configuration does not have"):
        read(saved(tmp_path / "old.h5", two_layers(), arrays))


@pytest.mark.parametrize(
    ("cls", "option", "new"),
    [
        ("ReLU", "max_value", "max_value"),
        ("LeakyReLU", "alpha", "negative_slope"),
        ("ELU", "alpha", "alpha"),
    ],
)
def test_a_number_may_be_written_as_an_array(tmp_path, cls, option, new):
    """Keras 2.2 had these in NumPy, and wrote them with the type."""
    setting = {option: {"type": "ndarray", "value": 6.0}}
    layers = [layer("Dense", "dense", units=3, **INPUT), layer(cls, "act", **setting)]
    path = saved(tmp_path / "old.h5", layers, {"dense": dense("dense", 2, 3)})

    assert read(path).plan.layers["act"].config[new] == 6.0


@pytest.mark.parametrize(
    ("function", "given", "meant"),
    [
        ("nn.gelu", {}, {"approximate": False}),
        ("nn.gelu", {"approximate": True}, {"approximate": True}),
        ("nn.softmax", {"axis": None}, {"axis": -1}),
        ("math.argmax", {}, {"axis": 0}),
        ("math.cumsum", {"axis": 1}, {"axis": 1}),
        ("math.l2_normalize", {"axis": 1}, {"axis": 1, "epsilon": 1e-6}),
    ],
)
def test_what_a_function_of_tensorflow_means_is_told(tmp_path, function, given, meant):
    """Where `keras.ops` means something else by leaving it out."""
    called = layer("TFOpLambda", "f", function=function)
    layers = [
        node(layer("InputLayer", "x", batch_input_shape=[None, 5, 2])),
        node(called, "x", **given),
    ]
    config = functional(layers, [["x", 0, 0]], [["f", 0, 0]])

    plan = read(saved(tmp_path / "old.h5", config, {"none": {}}, "2.11.0")).plan

    assert plan.calls[1].kwargs == pytest.approx(meant)


@pytest.mark.parametrize(("version", "is_read"), [("2.2.4", False), ("3.3.3", True)])
def test_masks_of_each_step_are_refused_where_keras_2_hands_them_on(
    tmp_path, version, is_read
):
    """Letters of words: 0.03 apart, and no run showed it."""
    letters = layer("Embedding", "e", input_dim=9, output_dim=2, mask_zero=True)
    lstm = layer("LSTM", "l", units=3, activation="tanh", recurrent_activation="tanh")
    layers = [
        layer("TimeDistributed", "a", layer=letters, batch_input_shape=[None, 4, 6]),
        layer("TimeDistributed", "b", layer=lstm),
    ]
    kernels = {"b/kernel": drawn(2, 12), "b/recurrent_kernel": drawn(3, 12)}
    arrays = {"a": {"a/embeddings": drawn(9, 2)}, "b": kernels | {"b/bias": drawn(12)}}
    path = saved(tmp_path / "old.h5", layers, arrays, version)

    if is_read:
        assert "a" in read(path).plan.layers
        return
    with pytest.raises(BadInput, match="a: a TimeDistributed of Embedding with a mask"):
        read(path)
