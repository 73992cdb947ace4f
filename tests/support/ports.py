"""Ports of live Keras models, without files: for tests of how layers are written."""

import re
import subprocess
import sys
import types

import keras
import numpy as np
import torch

from compare.in_keras.rebuilding import rebuilt
from compare.kinds.graph import (
    INPUT,
    MODEL,
    OPERATION,
    Call,
    LayerPlan,
    ModelPlan,
    Tensor,
    TensorFacts,
)
from compare.porting.moving import state_of
from compare.porting.writing.pytorch_source import Facts, pytorch_source


def drawn(model, seed=0):
    """Give a model random weights, no two alike; variances stay positive."""
    rng = np.random.default_rng(seed)
    weights = []
    for variable in model.weights:
        array = rng.normal(0, 0.3, variable.shape).astype("float32")
        if "variance" in variable.path:
            array = np.abs(array) + 0.5
        weights.append(array)
    model.set_weights(weights)
    return model


def plan_of(model):
    """The plan, facts and weights of a functional model."""
    model = _functional(model)
    weights = {}
    plan, facts = _traced(model, "", weights)
    if any(layer.model is not None for layer in plan.layers.values()):
        live = rebuilt(plan, weights)
        return plan, Facts(live.facts, live.models), weights
    return plan, Facts(facts, {}), weights


def _functional(model):
    return getattr(model, "_functional", None) or model


def _traced(model, prefix, weights):
    """The plan and the facts of a model; adds its weights by their full names."""
    layers, calls, facts, places = {}, [], [], {}
    for depth in sorted(model._nodes_by_depth, reverse=True):  # noqa: SLF001
        for node in model._nodes_by_depth[depth]:  # noqa: SLF001
            layer = node.operation
            kwargs = {
                name: _placed(value, places)
                for name, value in node.arguments.kwargs.items()
                if any(item is not None for item in keras.tree.flatten(value))
            }
            if not isinstance(layer, keras.layers.Layer):
                config = layer.get_config()
                kwargs |= {key: config[key] for key in config if key != "name"}
            args = _placed(node.arguments.args, places)
            calls.append(Call(layer.name, args, kwargs))
            outputs = node.output_tensors
            for number, tensor in enumerate(outputs):
                places[id(tensor)] = Tensor(len(calls) - 1, number)
            facts.append(tuple(map(_facts_of, outputs)))
            if layer.name not in layers:
                layers[layer.name] = _plan_of_layer(layer, prefix, weights)
    inputs = _placed(model._inputs_struct, places)  # noqa: SLF001
    outputs = _placed(model._outputs_struct, places)  # noqa: SLF001
    plan = ModelPlan(model.name, layers, tuple(calls), _ends(inputs), _ends(outputs))
    return plan, facts


def _ends(value):
    """What a model takes or returns, without a list around a single tensor."""
    if isinstance(value, list | tuple) and len(value) == 1:
        return value[0]
    return value


def _plan_of_layer(layer, prefix, weights):
    if isinstance(layer, keras.Model):
        inside, _ = _traced(_functional(layer), f"{prefix}{layer.name}.", weights)
        return LayerPlan(layer.name, MODEL, model=inside)
    if not isinstance(layer, keras.layers.Layer):
        return LayerPlan(layer.name, OPERATION + operation_name(layer))
    if layer.weights:
        weights[prefix + layer.name] = arrays_of(layer)
    return layer_plan(layer)


def operation_name(operation):
    """The name of an operation's function in `keras.ops`: "true_divide"."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(operation).__name__).lower()
    return "getitem" if name == "get_item" else name


def _facts_of(tensor):
    masked = getattr(tensor, "_keras_mask", None) is not None
    return TensorFacts(
        tuple(tensor.shape), keras.backend.standardize_dtype(tensor.dtype), masked
    )


def _placed(value, tensors):
    if isinstance(value, keras.KerasTensor):
        return tensors[id(value)]
    if isinstance(value, list | tuple):
        return type(value)(_placed(item, tensors) for item in value)
    if isinstance(value, dict):
        return {key: _placed(item, tensors) for key, item in value.items()}
    return value


def layer_plan(layer):
    if isinstance(layer, keras.layers.InputLayer):
        size, *shape = layer.batch_shape
        config = {"shape": shape, "dtype": layer.dtype}
        if size is not None:
            config["batch_size"] = size
        return LayerPlan(layer.name, INPUT, config)
    config = layer.get_config()
    for inner in ("layer", "backward_layer", "cell"):  # they stand in `inside`
        config.pop(inner, None)
    inside = ()
    if isinstance(layer, keras.layers.Bidirectional):
        inside = (layer_plan(layer.forward_layer), layer_plan(layer.backward_layer))
    elif isinstance(layer, keras.layers.TimeDistributed):
        inside = (layer_plan(layer.layer),)
    elif type(layer) is keras.layers.RNN:
        cells = getattr(layer.cell, "cells", [layer.cell])
        inside = tuple(map(layer_plan, cells))
    return LayerPlan(layer.name, type(layer).__name__, config, inside)


def arrays_of(layer):
    """Arrays by name, as `KerasFile` names them."""
    if isinstance(layer, keras.layers.Bidirectional):
        sides = {"forward.": layer.forward_layer, "backward.": layer.backward_layer}
        return {
            prefix + name: array
            for prefix, inner in sides.items()
            for name, array in arrays_of(inner).items()
        }
    if isinstance(layer, keras.layers.TimeDistributed):
        return arrays_of(layer.layer)
    if type(layer) is keras.layers.RNN and hasattr(layer.cell, "cells"):
        return {
            f"{number}.{variable.name}": variable.numpy()
            for number, cell in enumerate(layer.cell.cells)
            for variable in cell.weights
        }
    arrays = {}
    for variable in layer.weights:
        *_, part, name = f"/{variable.path}".split("/")
        if type(layer).__name__.endswith("Attention") and len(layer.weights) > 3:
            part = "output" if part == "attention_output" else part
            name = f"{part}.{name}"
        arrays[name] = variable.numpy()
    return arrays


def port_of(model):
    """The port of a model, made and with its weights; its source as `source`."""
    return port_from(*plan_of(model))


def port_from(plan, facts, weights):
    """The port of a plan, made and with its weights; its source as `source`."""
    written = pytorch_source(plan, facts, weights, "Port")
    module = types.ModuleType("port")
    exec(compile(written.text, "model.py", "exec"), module.__dict__)
    port = module.Port()
    state = state_of(port, written.moves)
    missing = {*port.state_dict()} - {*state}
    assert all("num_batches_tracked" in name for name in missing), missing
    port.load_state_dict(
        {name: torch.from_numpy(array) for name, array in state.items()}, strict=False
    )
    port.eval()
    port.source = written.text
    return port


def widest_gap(model, *inputs):
    """The largest difference of a model and its port in float64, as a part of results.

    Prints the source, which pytest shows of a failing test.
    """
    port = port_of(model)
    print(port.source)
    port.double()
    given = [
        torch.from_numpy(x.astype("float64") if x.dtype.kind == "f" else x)
        for x in inputs
    ]
    torch.set_default_dtype(torch.float64)
    try:
        with torch.no_grad():
            results = port(*given)
    finally:
        torch.set_default_dtype(torch.float32)
    wide = in_float64(model)
    arrays = [x.numpy() for x in given]
    expected = wide(arrays if len(arrays) > 1 else arrays[0], training=False)
    results = _flat(results)
    expected = _flat(expected)
    assert len(results) == len(expected)
    gaps = []
    for result, right in zip(results, expected, strict=True):
        right = np.asarray(right)
        assert tuple(result.shape) == right.shape
        assert (result.dtype == torch.bool) == (right.dtype == bool)
        assert result.is_floating_point() == (right.dtype.kind == "f")
        result, right = result.double(), right.astype("float64")
        scale = max(np.abs(right).max(), 1e-30)
        gaps.append(np.abs(result.numpy() - right).max() / scale)
    return max(gaps)


def _flat(value):
    if isinstance(value, dict):
        value = [value[key] for key in sorted(value)]
    if isinstance(value, list | tuple):
        return [tensor for item in value for tensor in _flat(item)]
    return [value]


def in_float64(model):
    """The model again, in float64, with its weights."""
    before = keras.config.dtype_policy(), keras.config.floatx()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    try:
        text = model.to_json().replace('"float32"', '"float64"')
        wide = keras.models.model_from_json(text)
    finally:
        keras.config.set_dtype_policy(before[0])
        keras.config.set_floatx(before[1])
    wide.set_weights(model.get_weights())
    return wide


def assert_clean(sources, folder):
    """Hold that ruff finds nothing in these files, and would change nothing."""
    for number, source in enumerate(sources):
        (folder / f"model_{number}.py").write_text(source)
    (folder / "ruff.toml").write_text(
        'line-length = 88\nlint.select = ["E", "F", "W", "I", "B", "UP", "D"]\n'
        'lint.ignore = ["D100", "D102", "D107", "D203", "D213", "D413"]\n'
    )
    for arguments in (["check"], ["format", "--diff"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *arguments, str(folder)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
