"""Models of Keras 1 and 2 as tf-keras runs them, which is Keras 2 kept alive.

tf-keras and Keras 3 run in one process; each has its own global settings. A file is
loaded only after its configuration was read and found to be of Keras's own layers.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow

from compare.errors import BadInput
from compare.in_keras.file_kinds import by_its_kind
from compare.in_keras.internals import every_layer
from compare.in_keras.precision import exact_constants
from compare.in_keras.refusals import message
from compare.judging.words import Precision
from compare.kinds.graph import LayerPlan, ModelPlan
from compare.kinds.wrappers import cells_of
from compare.one_line import class_name

PACKAGE = "tf_keras"
PLAIN = ("float16", "bfloat16", "float32", "float64")


def is_installed() -> bool:
    """Whether there is a tf-keras, the extra `legacy`; it is not loaded."""
    return importlib.util.find_spec(PACKAGE) is not None


def is_model(value: object) -> bool:
    """Whether this is a model or a layer of tf-keras, which is not loaded for it."""
    tf_keras = sys.modules.get(PACKAGE)
    return tf_keras is not None and isinstance(value, tf_keras.layers.Layer)


def config_of(model: Any) -> str:
    """The configuration of a model of tf-keras, as JSON.

    Raises:
        BadInput: if it is of a class of the user's own, which has none.
    """
    try:
        return str(model.to_json())
    except NotImplementedError:
        raise BadInput(
            f"{class_name(model)}: expected a functional or a Sequential model of "
            "tf-keras, got one of a class of its own, whose layers are not told; make "
            "it with keras, or as a functional model"
        ) from None


class Original:
    """A saved model as tf-keras loads it.

    Args:
        path: of a whole model, of layers that are Keras's own: `reading.read` has
            refused it otherwise.
        plan: what was read from the file.

    Attributes:
        version: of tf-keras.

    Raises:
        BadInput: if tf-keras does not load the file, or means another by it than the
            Keras that saved it.
    """

    def __init__(self, path: Path, plan: ModelPlan) -> None:
        self._tf_keras = importlib.import_module(PACKAGE)
        # The TensorFlow in which tf-keras looks functions up.
        self._tensorflow = importlib.import_module("tensorflow.compat.v2")
        self.version = str(self._tf_keras.__version__)
        try:
            with _quiet(), by_its_kind(path) as file:
                self._model = self._tf_keras.models.load_model(
                    file, custom_objects=_as_meant(self._tf_keras), compile=False
                )
        except Exception as error:  # of many kinds
            raise BadInput(
                f"{path}: expected a model that tf-keras {self.version} loads, got one "
                f"that it refuses: {message(error)}"
            ) from None
        self._check_resets(path, plan)
        # Building a recurrent layer takes tf-keras a second.
        self._in_precision: dict[Precision, Any] = {}

    def _check_resets(self, path: Path, plan: ModelPlan) -> None:
        """Check that each GRU resets its state where the one that was saved does.

        tf-keras takes a configuration that does not say it for a later GRU than it is.

        Raises:
            BadInput: if they are not alike.
        """
        live = []
        for layer in every_layer(self._model):
            if isinstance(layer, self._tf_keras.layers.GRUCell):
                live.append(bool(layer.reset_after))
        if Counter(live) != Counter(_resets(plan)):
            raise BadInput(
                f"{path}: expected a model that tf-keras {self.version} takes for what "
                "it is, got one with a GRU of before reset_after, which it takes for "
                "a later one"
            )

    def results(
        self, arrays: Sequence[np.ndarray], dtype: Precision
    ) -> list[np.ndarray]:
        """What the model returns, one array for each result.

        Args:
            arrays: one for each input, in order.
            dtype: in which it computes.

        Raises:
            BadInput: if it does not run here, as layers of CuDNN do not without a GPU.
        """
        inputs = []
        for array in arrays:
            is_float = array.dtype.kind == "f"
            inputs.append(tensorflow.constant(array, dtype if is_float else None))
        with _quiet(), self._floats(dtype), exact_constants(dtype, self._tensorflow):
            model = self._in(dtype)
            if model.stateful:
                model.reset_states()  # the rebuilt model begins each run with zeros
            given = _filled(model.input, iter(inputs))
            try:
                returned = model(given, training=False)
            except Exception as error:  # of many kinds
                raise BadInput(
                    f"expected a model that tf-keras {self.version} runs here, got one "
                    f"that it does not: {message(error)}"
                ) from None
        return [np.asarray(tensor) for tensor in tensorflow.nest.flatten(returned)]

    def _in(self, dtype: Precision) -> Any:
        """The model in a precision, with the weights of the file."""
        if dtype not in self._in_precision:
            dtypes = {layer.compute_dtype for layer in every_layer(self._model)}
            model = self._model
            if dtypes.intersection(PLAIN) - {dtype}:
                config = _with_dtype(model.get_config(), dtype)
                model = type(model).from_config(config)
                if not model.built:
                    model.build(self._model.input_shape)
                model.set_weights(self._model.get_weights())
            self._in_precision[dtype] = model
        return self._in_precision[dtype]

    @contextmanager
    def _floats(self, dtype: Precision) -> Iterator[None]:
        """Let layers whose configuration says no dtype have this one."""
        backend = self._tf_keras.backend
        before = backend.floatx()
        backend.set_floatx(dtype)
        try:
            yield
        finally:
            backend.set_floatx(before)


def _filled(structure: Any, tensors: Iterator[Any]) -> Any:
    """What a model takes, as it takes it; TensorFlow would sort the names of inputs.

    Args:
        structure: of its own inputs: one, or lists, tuples and dictionaries of some.
        tensors: to be in their place, in order.
    """
    if isinstance(structure, Mapping):
        return {name: _filled(value, tensors) for name, value in structure.items()}
    if isinstance(structure, list | tuple):
        return [_filled(value, tensors) for value in structure]
    return next(tensors)


def _as_meant(tf_keras: Any) -> dict[str, type]:
    """The classes for what files of older Kerases mean by the names of layers.

    Layers of CuDNN run on a GPU alone; tf-keras puts their arrays into the layout of
    the usual layers as it loads them. A GRU of before reset_after does not say it, and
    tf-keras would take it for a later one.
    """
    classes = {"CuDNNLSTM": tf_keras.layers.LSTM, "CuDNNGRU": tf_keras.layers.GRU}
    for name in ("GRU", "GRUCell"):
        classes[name] = _before_reset_after(getattr(tf_keras.layers, name))
    return classes


def _before_reset_after(cls: Any) -> type:
    """The class of tf-keras, whose configurations mean False by saying nothing."""

    def from_config(made: Any, config: Mapping[str, Any]) -> Any:
        return made(**{"reset_after": False, **config})

    # tf-keras puts arrays into a layout by the name of the class.
    return type(cls.__name__, (cls,), {"from_config": classmethod(from_config)})


@contextmanager
def _quiet() -> Iterator[None]:
    """Let no warning of tf-keras be seen."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _with_dtype(config: Any, dtype: str) -> Any:
    """A configuration with another dtype wherever it has one of floats."""
    if isinstance(config, list | tuple):
        return type(config)(_with_dtype(item, dtype) for item in config)
    if not isinstance(config, Mapping):
        return config
    changed = {}
    for key, value in config.items():
        changed[key] = _with_dtype(value, dtype)
        policy = value
        if isinstance(value, Mapping):
            policy = value.get("config", {}).get("name")
        if key == "dtype" and policy in PLAIN:
            changed[key] = dtype
    return changed


def _resets(plan: ModelPlan) -> Iterator[bool]:
    """Whether each GRU of a model resets its state after the recurrent product."""
    for layer in plan.layers.values():
        yield from _resets_of_layer(layer)


def _resets_of_layer(layer: LayerPlan) -> Iterator[bool]:
    if layer.model is not None:
        yield from _resets(layer.model)
    if layer.keras in ("GRU", "GRUCell"):
        yield bool(layer.config.get("reset_after", True))
    parts = cells_of(layer)
    if layer.keras == "Bidirectional" and len(parts) == 1:
        parts *= 2
    for part in parts:
        yield from _resets_of_layer(part)
