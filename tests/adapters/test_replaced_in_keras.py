"""What the suite replaces in Keras while it runs, and puts back, is where it was."""

import keras
import numpy as np
import tensorflow

from compare.in_keras import internals as in_keras

KERAS = "compare/in_keras/internals.py"


def test_a_layer_adds_its_losses_by_a_name_that_can_be_replaced():
    layer = keras.layers.Dense(2, activity_regularizer="l2")
    added = []
    with in_keras.add_loss_replaced([(layer, lambda add: added.append)]):
        layer(np.ones((1, 2), "float32"))

    assert len(added) == 1, f"{KERAS}: add_loss_replaced"
    assert layer.losses == []
    assert "add_loss" not in vars(layer)


def test_functions_of_random_numbers_are_looked_up_where_they_are_called():
    before, calls = keras.random.dropout, []
    with in_keras.random_functions_replaced(lambda *call: calls.append(call)):
        keras.random.dropout(np.ones(2, "float32"), 0.5)
        keras.layers.Dropout(0.5)(np.ones((1, 2), "float32"), training=True)

    assert [name for name, _ in calls] == ["dropout"], (
        f"{KERAS}: random_functions_replaced, which Keras's layers do not call"
    )
    assert calls[0][1]["rate"] == 0.5
    assert keras.random.dropout is before


def test_operations_are_seen_as_they_are_traced():
    """With their types, inputs and outputs, also in the body of a loop."""
    types = []

    def note(op_type, inputs, attrs, outputs, op_name=None, graph=None):
        assert isinstance(inputs, tuple)
        assert len(outputs) == 1 or op_type not in ("Relu6", "Minimum")
        types.append(op_type)

    @tensorflow.function(autograph=False)
    def traced(x):
        def body(step, h):
            return step + 1, tensorflow.nn.relu6(h)

        _, h = tensorflow.while_loop(lambda step, h: step < 3, body, (0, x))
        return tensorflow.minimum(h, 2.0)

    with in_keras.operations_noted(note):
        traced(tensorflow.ones(2))
    traced(tensorflow.ones(3))

    names = [name.decode() if isinstance(name, bytes) else name for name in types]
    assert {"Relu6", "Minimum"} <= set(names), f"{KERAS}: operations_noted"


# What a check puts back


def test_keras_keeps_the_policy_where_the_suite_puts_it_back():
    before = in_keras.default_policy()
    try:
        keras.config.set_dtype_policy("float64")
        assert in_keras.default_policy().name == "float64"
        in_keras.set_default_policy(None)
        assert keras.config.dtype_policy().name == keras.config.floatx()
    finally:
        in_keras.set_default_policy(before)


def test_keras_counts_names_where_the_suite_puts_them_back():
    counts = in_keras.names_counted()

    name = keras.layers.Dense(1).name
    in_keras.set_names_counted(counts)

    assert keras.layers.Dense(1).name == name


def test_keras_draws_from_where_the_suite_puts_it_back():
    keras.random.uniform(())
    before = in_keras.draws()

    number = float(keras.random.uniform(()))
    in_keras.set_draws(before)

    assert float(keras.random.uniform(())) == number


def test_no_callback_of_a_user_sees_what_runs_in_a_block():
    noted = []

    def note(kind, *others):
        noted.append(kind)

    with in_keras.operations_noted(note):
        with in_keras.without_callbacks():
            tensorflow.constant(1.0) + tensorflow.constant(2.0)
        inside = [*noted]
        tensorflow.constant(1.0) + tensorflow.constant(2.0)

    assert inside == []
    assert "AddV2" in noted
