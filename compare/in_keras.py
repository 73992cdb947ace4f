"""How a model is built, loaded, run and differentiated in Keras.

`in_pytorch.py` is its twin. What depends on Keras's backend lives here and in
`keras_training.py`. Only on TensorFlow does Keras compute in float64: its type
promotion turns float64 into float32 on JAX and on PyTorch.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from functools import partial, wraps
from itertools import islice

import numpy as np

# It sets what Keras reads, and comes first.
from compare.keras_layers import Renamed, children, holders, kind_of, leaves, unnamed

import keras  # isort: skip
import tensorflow  # isort: skip

from compare.cases import Input, as_judged, check_outputs, check_tensors, flat
from compare.errors import BadInput
from compare.keras_activations import activates, before_activation
from compare.keras_precision import exact_constants, narrowing, settled, widen
from compare.keras_refusals import REFUSALS, message, origin
from compare.keras_shapes import loops_not_traced, weights_not_drawn
from compare.refusals import refused
from compare.transfer import Layer

__all__ = ["REFUSALS", "Twin", "message", "settled", "versions"]


def versions() -> dict[str, str]:
    """What runs the models."""
    backend = f"tensorflow {tensorflow.__version__}"
    return {"keras": keras.__version__, "backend": backend}


class Twin:
    """A model in one precision, ready to run; each call returns its stages.

    Args:
        make: builds the model, with weights of any value.
        inputs: name, shape and kind of each argument; None in a shape admits any size.
        dtype: "float32" or "float64".
        outputs: names of the stages that the model returns, in order; None to name
            them by their place in what it returns.
        call: hands the inputs to the model, where that is not `model(x, name=...)`;
            it is a user's own then, and all that it raises is a refusal.
    """

    def __init__(
        self,
        make: Callable[[], keras.Model],
        inputs: Sequence[Input],
        dtype: str,
        outputs: Sequence[str] | None,
        call: Callable | None = None,
    ):
        self.inputs, self.dtype, self.outputs = inputs, dtype, outputs
        self.traces, self.masks = 0, {}
        self._names, self._masked = [], []
        self._call = call or self._by_name
        self._refused = partial(refused, REFUSALS, origin) if call else nullcontext
        self.order = []  # of the layers, as they are first called
        if keras.backend.result_type(dtype, dtype) != dtype:
            raise BadInput(
                f"KERAS_BACKEND={keras.backend.backend()}: expected a backend on which "
                f"Keras computes in {dtype}, which is to judge, got one on which it "
                "falls back to float32; set KERAS_BACKEND=tensorflow"
            )
        with settled(dtype):
            self.model = make()
            if type(self.model).build is keras.Model.build:
                # Calling the model builds its layers; Keras would trace it once more
                # just for that.
                self.model.built = True
            args = [
                keras.Input(batch_shape=each.shape, dtype=each.dtype or dtype)
                for each in inputs
            ]
            with self._noting_order(), self._returning_tensors(), self._refused():
                self._functional = keras.Model(args, self._call(self.model, args))
            if dtype == "float64":
                widen(self.model)
        if outputs is None:
            self.outputs = [name for name, _ in flat(self._functional.output)]
        # Eager Keras takes about 1 ms a step; one trace serves every length.
        self._run = self.traced(self._compute)
        self._gradients = {}

    def __call__(self, *arrays: np.ndarray) -> dict[str, np.ndarray]:
        """Every stage of the model on its inputs, in the order of computation.

        Args:
            arrays: one for each of `inputs`; floats in float32, lengths in int64.

        Returns:
            Arrays by stage: the output of every layer by its attribute name, a
            recurrent one's (batch, time, hidden_size), with its final states as
            `<name>.h` and `<name>.c`; and the model's own results. A recurrent layer
            without `return_sequences` has no output at every step to return. Which
            steps of a stage count, where Keras has a mask for it, is in `masks`.
        """
        # What does not fit the trace goes to the model itself: the refusal is not ours.
        run = self._run if _fits(self.inputs, arrays) else self._compute
        with settled(self.dtype):
            results, masks = run(*self.tensors(arrays))
        self.masks = _named(self._masked, masks)
        stages = _named(self._names, results)
        return {name: as_judged(array) for name, array in stages.items()}

    def eager(self, arrays: Sequence[np.ndarray]) -> tuple:
        """What the model returns, not compiled, so that its layers can be watched."""
        with settled(self.dtype), self._refused():
            returned = self._call(self.model, self.tensors(arrays))
        return tuple(tensor for _, tensor in flat(returned))

    def gradients(
        self,
        loss: Callable,
        arrays: Sequence[np.ndarray],
        targets: Sequence[np.ndarray],
        valid: Sequence[np.ndarray | None],
    ) -> tuple[np.ndarray, dict[str, np.ndarray], dict[str, Layer]]:
        """A loss, and its gradients by input and by layer.

        Args:
            loss: takes a result of the model and its target.
            arrays: one for each of `inputs`.
            targets: one for each result that counts, in order; the losses are added.
            valid: for each target, where a result is not valid, True where it is,
                shaped to broadcast over it; or None. What is not valid counts as zero.
        """
        behind = {  # TensorFlow's variables; Keras's have no zeros to stand for nothing
            name: {key: variable.value for key, variable in holds.items()}
            for name, holds in holders(self.model).items()
        }
        masks = [where for where in valid if where is not None]

        def compute(*args):
            args = iter(args)
            tensors = list(islice(args, len(arrays)))
            aims = list(islice(args, len(targets)))
            where = [None if each is None else next(args) for each in valid]
            floats = [x for x in tensors if x.dtype.is_floating]
            with tensorflow.GradientTape() as tape:
                tape.watch(floats)
                value = self.loss(loss, tensors, aims, where)
            zero = tensorflow.UnconnectedGradients.ZERO
            return value, *tape.gradient(
                value, [floats, behind], unconnected_gradients=zero
            )

        if loss not in self._gradients:  # one trace serves every batch and length
            specs = [self.spec(*each) for each in enumerate(targets)]
            specs += [tensorflow.TensorSpec((None,) * w.ndim, bool) for w in masks]
            self._gradients[loss] = self.traced(compute, *specs)
        with settled(self.dtype):
            value, by_input, by_layer = self._gradients[loss](
                *self.tensors(arrays), *self.targets(targets), *masks
            )
        names = [each.name for each in self.inputs if not each.dtype]
        by_input = [keras.ops.convert_to_numpy(tensor) for tensor in by_input]
        found = {
            name: Layer(
                kind_of(children(self.model)[name]),
                {key: keras.ops.convert_to_numpy(g) for key, g in gradients.items()},
            )
            for name, gradients in by_layer.items()
        }
        return value.numpy(), dict(zip(names, by_input, strict=True)), found

    def spec(self, number: int, target: np.ndarray) -> tensorflow.TensorSpec:
        """What a trace knows of the target of a result: the result's own sizes."""
        if target.dtype.kind != "f":
            return tensorflow.TensorSpec((None, *target.shape[1:]), target.dtype)
        return tensorflow.TensorSpec(self._functional.outputs[number].shape, self.dtype)

    def traced(self, function, *more):
        """A function of the inputs, and of `more`, as one that TensorFlow compiles."""
        specs = [
            tensorflow.TensorSpec(each.shape, each.dtype or self.dtype)
            for each in self.inputs
        ]
        # TensorFlow counts the traces of one piece of code together, those of different
        # models too, and warns; it knows a partial as something of its own.
        return tensorflow.function(
            partial(function), input_signature=[*specs, *more], autograph=False
        )

    def tensors(self, arrays):
        """The inputs in the twin's precision."""
        return [
            keras.ops.convert_to_tensor(array, dtype=each.dtype or self.dtype)
            for each, array in zip(self.inputs, arrays, strict=True)
        ]

    def targets(self, targets):
        """Floats in the twin's precision, labels as they are."""
        return [
            keras.ops.convert_to_tensor(
                t, dtype=self.dtype if t.dtype.kind == "f" else t.dtype
            )
            for t in targets
        ]

    def loss(self, loss, tensors, targets, valid, training=False):
        """The loss on tensors, of the results that have a target."""
        total = 0
        with self._refused(), exact_constants(self.dtype):
            results = self._functional(list(tensors), training=training)
        results = [tensor for _, tensor in flat(results)]
        for result, target, where in zip(results, targets, valid, strict=False):
            if where is not None:
                result = keras.ops.where(where, result, 0)
            total = total + loss(result, target)
        return total

    def narrows(self, arrays: Sequence[np.ndarray]) -> str:
        """What in the compiled model takes float64 to less, if it does."""
        with settled(self.dtype), suppress(*REFUSALS):
            graph = self._run.get_concrete_function().graph.as_graph_def()
            # Keras counts the models in a process, and so this one, in its name.
            return re.sub(rf"^{self._functional.name}(_\d+)*/", "", narrowing(graph))
        return ""

    @contextmanager
    def _noting_order(self):
        """Each layer that is called inside goes to `order`, the first time."""

        def noting(layer, call):
            def noted(*args, **kwargs):
                if all(layer is not each for each in self.order):
                    self.order.append(layer)
                with weights_not_drawn(layer), loops_not_traced(layer):
                    return call(*args, **kwargs)

            return wraps(call)(noted)

        layers = list(self.model._flatten_layers(include_self=False))
        try:
            for layer in layers:
                vars(layer)["call"] = noting(layer, layer.call)
            yield
        finally:
            for layer in layers:
                vars(layer).pop("call", None)

    @contextmanager
    def _returning_tensors(self):
        """What the model returns inside is checked, where Keras refuses to take it."""
        model, returned = self.model, []
        call, kept = model.call, vars(model).get("call")  # set on this one alone

        def watched(*args, **kwargs):
            returned.append(call(*args, **kwargs))
            return returned[-1]

        vars(model)["call"] = wraps(call)(watched)
        try:
            yield
        except ValueError:
            for each in returned:
                check_tensors("Keras", model, flat(each), _is_tensor)
            raise
        finally:
            vars(model).pop("call")
            vars(model).update({"call": kept} if kept else {})

    def leaves(self) -> dict[str, keras.Layer]:
        """The model's layers that hold weights, in the order of execution."""
        found = leaves(self._own)
        order = {id(layer): number for number, layer in enumerate(self.order)}
        return dict(sorted(found.items(), key=lambda item: order.get(id(item[1]), 1e9)))

    def rename(self, twins: Mapping[str, Sequence[int]]):
        """Let the layers go by the names of PyTorch's.

        Args:
            twins: for each of those the numbers of its own among `leaves`.
        """
        found = list(self.leaves().values())
        self.model = Renamed(
            self._own, {name: [found[n] for n in each] for name, each in twins.items()}
        )

    @property
    def _own(self):
        """The model, whatever its layers go by."""
        return unnamed(self.model)

    def _by_name(self, model, tensors):
        named = zip(self.inputs[1:], tensors[1:], strict=True)
        return model(tensors[0], **{each.name: tensor for each, tensor in named})

    def _compute(self, *args):
        """Stages and masks, in lists; their names go to `_names` and `_masked`."""
        self.traces += 1
        stages = {}
        watched = {}
        for name, attribute in children(self.model).items():
            if isinstance(attribute, list):
                attribute = attribute[-1]  # what a stack of layers hands on
            if isinstance(attribute, keras.Layer):
                watched[name] = attribute
        try:
            for name, layer in watched.items():
                vars(layer)["call"] = self._record(stages, name, layer)
            with self._refused():
                results = self._functional(list(args), training=False)
        finally:
            for layer in watched.values():
                vars(layer).pop("call", None)
        results = [tensor for _, tensor in flat(results)]
        check_outputs(self, results)
        stages = {
            name: tensor
            for name, tensor in stages.items()
            if all(tensor is not result for result in results)
        }
        stages |= zip(self.outputs, results, strict=True)
        masks = {
            name: getattr(each, "_keras_mask", None) for name, each in stages.items()
        }
        masks = {name: mask for name, mask in masks.items() if mask is not None}
        self._names, self._masked = list(stages), list(masks)
        return list(stages.values()), list(masks.values())

    def _record(self, stages, name, layer):
        call, ran = layer.call, []

        def record(*args, **kwargs):
            ran.append(name)
            if len(ran) > 1:  # what runs more than once is no stage
                for stage in (name, f"{name}.h", f"{name}.c"):
                    stages.pop(stage, None)
                return call(*args, **kwargs)
            if not isinstance(layer, keras.layers.RNN):
                with before_activation(layer) as before:
                    result = call(*args, **kwargs)
                if before:
                    stages[name] = before[-1]
                    return result
                if activates(getattr(layer, "layer", None)):
                    return result  # each step by itself: nothing to compare here
                # A Bidirectional may return its final states behind its output, or,
                # like any recurrent layer, no output at every step to compare.
                if getattr(layer, "return_sequences", True):
                    several = isinstance(result, list | tuple)
                    stages[name] = result[0] if several else result
                return result
            asked = layer.return_state
            layer.return_state = (
                True  # changes what is handed out, not what is computed
            )
            try:
                result, *states = call(*args, **kwargs)  # states: (batch, hidden_size)
            finally:
                layer.return_state = asked
            if layer.return_sequences:
                stages[name] = result
            keys = (f"{name}.{letter}" for letter in "hc")
            stages.update(zip(keys, states, strict=False))
            return (result, *states) if asked else result

        return record


def _is_tensor(value):
    return keras.ops.is_tensor(value) or isinstance(value, keras.KerasTensor)


def _named(names, tensors):
    arrays = map(keras.ops.convert_to_numpy, tensors)
    return dict(zip(names, arrays, strict=True))


def _fits(inputs, arrays):
    """Whether arrays have the shapes of the inputs, and lengths are those of sequences.

    A traced model cannot refuse a value, only a shape; the eager one can refuse both.
    """
    for each, array in zip(inputs, arrays, strict=True):
        if array.ndim != len(each.shape) or any(
            want not in (None, have)
            for want, have in zip(each.shape, array.shape, strict=True)
        ):
            return False
        if each.name == "lengths":
            batch, time = arrays[0].shape[:2]
            if len(array) != batch or not all(1 <= n <= time for n in array):
                return False
    return True
