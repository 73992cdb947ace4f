"""What makes Keras find the shapes of a model's results with less work."""

from collections.abc import Iterator
from contextlib import contextmanager

# It sets what Keras reads, and comes first.
import compare.keras_layers  # noqa: F401

import keras  # isort: skip
import tensorflow  # isort: skip

DRAWN = (
    keras.initializers.Orthogonal,
    keras.initializers.RandomNormal,
    keras.initializers.RandomUniform,
    keras.initializers.TruncatedNormal,
    keras.initializers.VarianceScaling,  # those of Glorot, He and LeCun, too
)

STEPWISE = (keras.layers.LSTM, keras.layers.GRU, keras.layers.SimpleRNN)


@contextmanager
def weights_not_drawn(layer: keras.Layer) -> Iterator[None]:
    """Weights that have no value yet are only shapes inside, where a layer is called.

    A layer gets its weights as Keras first calls it, on symbols, to see what it
    returns. Keras draws them at once for each use, an orthogonal matrix by a QR
    decomposition, and draws them again afterwards as the values that they get; half of
    the time of that call goes into numbers that nobody reads.
    """
    waiting = [
        (variable, variable._initializer)
        for variable in layer.variables
        if isinstance(variable._initializer, DRAWN)
    ]
    try:
        for variable, _ in waiting:
            variable._initializer = _placeholder
        yield
    finally:
        for variable, initializer in waiting:
            variable._initializer = initializer


def _placeholder(shape: tuple[int, ...], dtype: str) -> tensorflow.Tensor:
    """A symbol for numbers, as opaque to TensorFlow as those that are drawn."""
    return tensorflow.compat.v1.placeholder(dtype, shape)


@contextmanager
def loops_not_traced(layer: keras.Layer) -> Iterator[None]:
    """A recurrent layer of Keras's own does its first step inside, and no other.

    Keras works out one step before the loop over all of them, which returns tensors of
    the same shapes. TensorFlow would trace that step once more as the body of the loop.
    """
    if type(layer) not in STEPWISE:
        yield
        return
    loop = tensorflow.while_loop

    def first_step(cond, body, loop_vars, **options):
        _, (outputs,), *states = loop_vars
        shape = outputs.element_shape.as_list()
        shapes = [state.shape.as_list() for state in tensorflow.nest.flatten(states)]
        if any(each != shape for each in shapes):  # the loop may refuse it
            return loop(cond=cond, body=body, loop_vars=loop_vars, **options)
        return loop_vars

    tensorflow.while_loop = first_step
    try:
        yield
    finally:
        tensorflow.while_loop = loop
