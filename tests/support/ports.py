"""Ports of live Keras models, without files: for tests of how layers are written."""

import types

import keras
import numpy as np
import torch

from compare.kinds.graph import Call, LayerPlan, ModelPlan, Tensor, TensorFacts
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
    """The plan, facts and weights of a functional model without models inside."""
    layers, calls, facts, weights, places = {}, [], [], {}, {}
    model = getattr(model, "_functional", None) or model
    for layer in model.operations:
        if not isinstance(layer, keras.layers.Layer):
            continue  # what makes a mask that Keras hands on by itself
        for node in layer._inbound_nodes:  # noqa: SLF001
            kwargs = {
                name: _placed(value, places)
                for name, value in node.arguments.kwargs.items()
                if value is not None and (name != "mask" or id(value) in places)
            }
            args = _placed(node.arguments.args, places)
            calls.append(Call(layer.name, args, kwargs))
            outputs = node.output_tensors
            for number, tensor in enumerate(outputs):
                places[id(tensor)] = Tensor(len(calls) - 1, number)
            facts.append(
                tuple(
                    TensorFacts(
                        tuple(tensor.shape),
                        tensor.dtype,
                        getattr(tensor, "_keras_mask", None) is not None,
                    )
                    for tensor in outputs
                )
            )
        layers[layer.name] = layer_plan(layer)
        weights[layer.name] = arrays_of(layer)
    inputs = [places[id(tensor)] for tensor in model.inputs]
    outputs = [places[id(tensor)] for tensor in model.outputs]
    plan = ModelPlan(
        model.name,
        layers,
        tuple(calls),
        inputs if len(inputs) > 1 else inputs[0],
        outputs if len(outputs) > 1 else outputs[0],
    )
    return plan, Facts(facts, {}), weights


def _placed(value, tensors):
    if isinstance(value, keras.KerasTensor):
        return tensors[id(value)]
    if isinstance(value, list | tuple):
        return type(value)(_placed(item, tensors) for item in value)
    return value


def layer_plan(layer):
    config = layer.get_config()
    for inner in ("layer", "backward_layer", "cell"):  # they stand in `inside`
        config.pop(inner, None)
    if isinstance(layer, keras.layers.InputLayer):
        config["shape"] = config["batch_shape"][1:]
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
        if type(layer).__name__ in ("MultiHeadAttention", "GroupQueryAttention"):
            part = "output" if part == "attention_output" else part
            name = f"{part}.{name}"
        arrays[name] = variable.numpy()
    return arrays


def port_of(model):
    """The port of a model, made and with its weights; its source as `source`."""
    plan, facts, weights = plan_of(model)
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
    with torch.no_grad():
        results = port(*given)
    wide = in_float64(model)
    expected = wide([x.numpy() for x in given] if len(given) > 1 else given[0].numpy())
    results = _flat(results)
    expected = _flat(expected)
    assert len(results) == len(expected)
    gaps = []
    for result, right in zip(results, expected, strict=True):
        right = np.asarray(right)
        assert tuple(result.shape) == right.shape
        scale = max(np.abs(right).max(), 1e-30)
        gaps.append(np.abs(result.numpy() - right).max() / scale)
    return max(gaps)


def _flat(value):
    if isinstance(value, dict):
        value = list(value.values())
    return list(value) if isinstance(value, list | tuple) else [value]


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
