"""What Keras does not promise and the suite uses is there in this version."""

import keras
import numpy as np
import pytest
import tensorflow
from internals_of import refusal

from compare.in_keras import internals as in_keras
from compare.in_keras.models import copied
from compare.in_keras.precision import settled
from compare.in_keras.refusals import message, origin

KERAS = "compare/in_keras/internals.py"


@pytest.fixture
def graph():
    """A functional model with a model inside: two layers share an input."""
    x = keras.Input((5, 3), name="x")
    h = keras.layers.LSTM(4, return_sequences=True, name="lstm")(x)
    inside = keras.Sequential([keras.layers.Dense(4, name="dense")], name="inside")
    return keras.Model(x, keras.layers.Add(name="add")([h, inside(x)]), name="graph")


@pytest.fixture
def written():
    """A model that a user writes, built."""

    class Written(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(2, activation="relu")
            self.cells = [keras.layers.Dense(2)]

        def call(self, x):
            return self.cells[0](self.dense(x))

    model = Written()
    model(np.ones((2, 3), "float32"))
    return model


def test_the_calls_of_a_layer_in_a_graph_are_found(graph):
    ((taken, returned),) = in_keras.calls_in_graphs(graph.get_layer("lstm"))

    assert taken[0] is graph.inputs[0], f"see calls_in_graphs of {KERAS}"
    assert tuple(returned[0].shape) == (None, 5, 4)


def test_an_input_is_made_of_a_tensor_with_its_fixed_shape(graph):
    ((_, (tensor,)),) = in_keras.calls_in_graphs(graph.get_layer("lstm"))

    in_keras.fix_shape(tensor, (2, 5, 4))
    cut = keras.Model([graph.inputs[0], tensor], graph.outputs)

    assert tuple(cut.inputs[1].shape) == (2, 5, 4), f"see fix_shape of {KERAS}"


@pytest.mark.parametrize(
    ("owner", "name", "needed"),
    [
        ("Layer", "_flatten_layers", "every layer inside, at any depth: every_layer"),
        ("Layer", "dtype_policy", "what a layer computes in: finish_copy"),
        ("Model", "build", "to tell a user's build from Keras's: mark_built"),
        ("optimizers.Optimizer", "_get_variable_index", "keras_models/optimizers.py"),
    ],
)
def test_keras_has_a_name_in_its_class(owner, name, needed):
    cls = keras
    for part in owner.split("."):
        cls = getattr(cls, part)

    assert hasattr(cls, name), f"keras.{owner}.{name} is gone; needed for: {needed}"


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("_inbound_nodes", "a copy is in no graph: finish_copy"),
        ("_outbound_nodes", "a copy is in no graph: finish_copy"),
        ("_dtype_policy", "a copy computes in its own precision: finish_copy"),
        ("_layers", "it is none of the user's attributes: OWN_ATTRIBUTES"),
        ("_metrics", "it is none of the user's attributes: OWN_ATTRIBUTES"),
        ("_parent_path", "the name of a layer without one of its own: children"),
    ],
)
def test_keras_sets_an_attribute(written, name, needed):
    assert name in vars(written), f"vars(layer) has no {name} in {KERAS}: {needed}"


def test_a_layer_that_stands_in_another_does_not_count_it_as_its_own(written):
    """`attributes` shows what a user set; the lists of Keras and its parent are not."""
    found = in_keras.attributes(written)
    layers = [
        name
        for name, value in found.items()
        if value is written.dense or value is written.cells
    ]

    assert layers == ["dense", "cells"], f"{KERAS}: OWN_ATTRIBUTES, see vars(layer)"
    hidden = [n for n in found if n not in layers and written.dense in listed(found[n])]
    assert not hidden, f"{KERAS}: add {hidden} to OWN_ATTRIBUTES"


def listed(value):
    """What is in a list; nothing of anything else."""
    return list(value) if isinstance(value, list | tuple) else []


def test_a_variable_without_a_value_gets_it_from_an_initializer_held_in_it():
    """Keras reads it on a call on symbols, and later, as the call ends, to draw it."""
    shapes = []

    def ones(shape, dtype):
        shapes.append(tuple(shape))
        return keras.ops.ones(shape, dtype)

    class Written(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(2)

        def call(self, x):
            return self.dense(x)

    model = Written()
    drawn = (keras.initializers.VarianceScaling,)

    def replaced(call):
        def run(x):
            with in_keras.initializers_replaced(model.dense, drawn, ones):
                return call(x)

        return run

    with in_keras.calls_replaced([(model.dense, replaced)]):
        model(keras.Input((3,)))

    needed = f"{KERAS}: initializers_replaced, by Variable._initializer"
    assert (3, 2) in shapes, needed
    assert not np.array_equal(model.dense.kernel, np.ones((3, 2))), needed


def test_what_a_layer_holds_is_a_variable_of_the_public_class(written):
    """A live model is copied variable by variable; before Keras 3.7 they were not."""
    variables = written.weights

    assert variables
    assert all(isinstance(variable, keras.Variable) for variable in variables)


def test_an_optimizer_has_its_variables_in_order():
    optimizer = keras.optimizers.SGD(0.1)
    variable = keras.Variable(np.ones(3, "float32"))
    optimizer.build([variable])

    assert optimizer._trainable_variables == [variable], "keras_models/optimizers.py"  # noqa: SLF001


def test_every_layer_is_found_at_any_depth(graph):
    names = {layer.name for layer in in_keras.every_layer(graph)}

    assert names >= {"graph", "lstm", "inside", "dense", "add"}
    assert graph not in in_keras.every_layer(graph, itself=False)


def test_the_sources_of_each_node_are_known(graph):
    sources = [
        sorted(operation.name for operation in operations)
        for operations in in_keras.node_sources(graph)
    ]

    assert sorted(sources) == [[], ["inside", "lstm"], ["x"], ["x"]], (
        f"{KERAS}: node_sources, by Function._nodes_by_depth and _keras_history"
    )


def test_the_mask_of_a_tensor_is_known():
    x = np.ones((2, 3, 1), "float32")
    x[0, 1:] = 0
    mask = in_keras.mask_of(keras.layers.Masking()(x))

    assert mask is not None, f"{KERAS}: mask_of, tensors have no _keras_mask"
    assert np.array_equal(mask, [[True, False, False], [True, True, True]])


def test_a_mask_is_handed_on_with_a_symbolic_tensor_that_is_given_one():
    x, mask = keras.Input((3, 2)), keras.Input((3,), dtype="bool")

    in_keras.set_mask(x, mask)

    h = keras.layers.LSTM(2, return_sequences=True)(x)
    assert in_keras.mask_of(h) is mask, f"{KERAS}: set_mask, Keras reads another place"


def test_the_memory_of_a_variable_is_seen_without_a_copy():
    variable = keras.Variable(np.arange(6, dtype="float32").reshape(2, 3))
    view = in_keras.view_of(variable)

    assert np.array_equal(view, np.arange(6).reshape(2, 3)), f"{KERAS}: view_of"
    assert not view.flags.owndata, f"{KERAS}: view_of, a tensor is no buffer any more"


@pytest.mark.parametrize("how", ["eager", "symbolic", "traced", "inside", "model"])
def test_a_call_is_looked_up_each_time(written, how):
    """What stands in the instance runs, not what the class defines."""
    ran = []

    def noticed(call):
        def run(*args, **kwargs):
            ran.append(how)
            return call(*args, **kwargs)

        return run

    x = np.ones((2, 3), "float32")
    layer = written if how in ("model", "symbolic") else written.dense
    model = keras.Sequential([keras.Input((3,)), layer])
    with in_keras.calls_replaced([(layer, noticed)]):
        if how == "symbolic":
            layer(keras.Input((3,)))
        elif how == "traced":
            tensorflow.function(layer)(tensorflow.constant(x))
        elif how == "inside":
            model(x)
        else:
            layer(x)

    assert ran == [how], f"{KERAS}: calls_replaced, Layer.__call__ looks up self.call"
    layer(x)
    assert len(ran) == 1, "and the replaced call is gone again"


def test_replaced_calls_nest_and_what_a_user_set_comes_back():
    layer = keras.layers.Dense(2)
    order = []

    def noting(number):
        def noted(call):
            def run(x):
                order.append(number)
                return call(x)

            return run

        return noted

    own = noting("user")(layer.call)
    vars(layer)["call"] = own
    twice = [(layer, noting("first")), (layer, noting("second"))]
    with in_keras.calls_replaced(twice):
        layer(np.ones((1, 3), "float32"))

    assert order == ["second", "first", "user"]
    assert vars(layer)["call"] is own


def test_an_activation_is_looked_up_each_time():
    layer = keras.layers.Dense(2, activation="relu")
    with in_keras.activation_replaced(layer, lambda x: 0 * x - 7):
        replaced = layer(np.ones((1, 3), "float32"))

    assert (np.asarray(replaced) == -7).all(), f"{KERAS}: activation_replaced"
    assert layer.activation is keras.activations.relu


def test_keras_own_classes_are_told_by_their_module(written):
    for name in ("LSTM", "Dense", "Bidirectional", "BatchNormalization"):
        cls = getattr(keras.layers, name)
        home = f"{KERAS}: KERAS_HOME, {cls.__module__}"
        assert cls.__module__.startswith(in_keras.KERAS_HOME), home
    assert in_keras.framework_class(written) is keras.Model
    assert in_keras.framework_class(written.dense) is keras.layers.Dense


def test_a_model_with_keras_own_build_is_not_called_to_be_built():
    calls = []

    class Counted(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(2)

        def call(self, x):
            calls.append(x)
            return self.dense(x)

    model = Counted()
    in_keras.mark_built(model)
    model(keras.Input((3,)))

    assert len(calls) == 1, f"{KERAS}: mark_built, by Model.build and model.built"
    assert model.dense.built


def test_a_copy_runs_without_the_original_and_in_its_precision():
    x = keras.Input((3,))
    layer = keras.layers.Dense(2)
    layer(x)
    with settled("float64"):
        copy = copied(layer, "float64")
        result = copy(np.ones((1, 3)))

    assert copy.dtype_policy.name == "float64", f"{KERAS}: finish_copy"
    assert keras.backend.standardize_dtype(result.dtype) == "float64"
    assert np.allclose(result, layer(np.ones((1, 3), "float32")), rtol=1e-6)
    assert layer.dtype_policy.name == "float32"


def failing(error):
    """A model whose call raises an error."""

    class Failing(keras.Model):
        def call(self, x):
            raise error

    return Failing()


@pytest.mark.parametrize("how", ["eager", "symbolic"])
def test_an_error_in_a_call_is_told_from_keras_words(how):
    raised = ValueError("needs ten steps")
    model = failing(raised)
    x = keras.Input((3,)) if how == "symbolic" else np.ones((1, 3), "float32")
    error = refusal(lambda: model(x))
    words = in_keras.REWORDED[1] if how == "symbolic" else in_keras.REWORDED[0]

    assert words in str(error), f"{KERAS}: REWORDED"
    assert in_keras.ARGUMENTS in str(error), f"{KERAS}: ARGUMENTS"
    assert origin(error) is raised, f"{KERAS}: REWORDED, by __context__"
    assert message(error) == "needs ten steps", f"{KERAS}: WRAPPING"


def test_an_error_that_keras_raises_itself_is_one_line():
    layer = keras.layers.LSTM(2)
    text = message(refusal(lambda: layer(np.ones((1, 3), "float32"))))

    assert text.startswith("Input 0 "), f"{KERAS}: WRAPPING"
    assert "\n" not in text
    assert "\x1b" not in text


def test_an_error_in_a_graph_is_told_from_tensorflow_words():
    open_sizes = tensorflow.TensorSpec((None, None), tensorflow.float32)

    @tensorflow.function(input_signature=[open_sizes])
    def reshaped(x):
        return tensorflow.reshape(x, [7, 7])

    text = message(refusal(lambda: reshaped(tensorflow.ones((3, 2)))))

    assert text.startswith("Input to reshape is a tensor"), f"{KERAS}: IN_A_GRAPH"
    assert "\n" not in text


def test_a_traced_function_returns_dictionaries_in_their_order():
    """`Twin` returns the stages in the order of computation."""

    @tensorflow.function
    def traced(x):
        return {"z": x, "a.h": x + 1, "m": 2 * x}

    found = traced(tensorflow.ones(2))

    assert list(found) == ["z", "a.h", "m"], "compare/in_keras/twin.py: Twin._compute"
