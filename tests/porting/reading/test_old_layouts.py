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
