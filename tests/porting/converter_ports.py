"""The ways in which each converter is used, each as its own documentation says.

`PREPARE[converter]()` imports the converter, whose imports are no part of a
conversion's time, and returns its attempts. Nothing but NumPy is imported before that:
each runs in an environment that may hold no other converter.
"""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

Array: TypeAlias = np.ndarray

# What a converter is told as fixed: nothing that Keras leaves open; all but the batch;
# all. Each is tried only where the one before it is not right everywhere.
Fixed: TypeAlias = Literal["nothing", "length", "size"]
FIXED: tuple[Fixed, ...] = get_args(Fixed)


@dataclass(frozen=True)
class Port:
    """A converted model.

    Args:
        run: takes the inputs and a float type; returns the output.
        float_types: in which it can be asked to run, the most exact first.
        trainable: numbers in the parameters that an optimizer would train.
        lines: of source that are not blank; None where there is no source.
        nodes: of the graph that is run in the place of source, or None.
    """

    run: Callable[[list[Array], str], Array]
    float_types: tuple[str, ...]
    trainable: int
    lines: int | None = None
    nodes: int | None = None


@dataclass(frozen=True)
class Attempt:
    """One way to use a converter: the first that is right everywhere counts.

    Args:
        note: what a person has to do beside calling the converter, or "".
        convert: turns the folder of a saved model into a port.
    """

    note: str
    convert: Callable[[Path], Port]


class NotThere(Exception):
    """What a converter needs does not exist here, or it takes no Keras model."""


# The suite itself


def prepare_suite() -> list[Attempt]:
    """Prepare `twinproof port`, which is `compare.port`."""
    import keras
    import torch

    from compare.porting import port

    del keras, torch, port  # their imports are not a port's time
    return [Attempt("", _port_with_suite)]


def _port_with_suite(folder: Path) -> Port:
    """Port a model, and load what was written with torch and safetensors alone."""
    import safetensors.torch

    import compare

    out = folder / "suite"
    class_name = compare.port(str(folder / "model.keras"), str(out)).name
    source = out / "model.py"
    spec = importlib.util.spec_from_file_location(f"port_{folder.name}", source)
    written = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(written)
    module = getattr(written, class_name)()
    module.load_state_dict(safetensors.torch.load_file(out / "model.safetensors"))
    return _torch_port(module, lines=_count_lines(source.read_text()))


# tf2onnx, and what reads its files


def prepare_onnx2torch() -> list[Attempt]:
    """Prepare onnx2torch, after tf2onnx."""
    _import_torchvision()
    import onnx2torch

    def read(onnx_model: Any) -> Port:
        module = onnx2torch.convert(onnx_model)
        return _torch_port(module, lines=_count_lines(module.code))

    return _attempts_with_tf2onnx(read)


def prepare_onnx2pytorch() -> list[Attempt]:
    """Prepare onnx2pytorch, after tf2onnx.

    The last attempt takes a default out of the file: onnx2pytorch 0.6.0 refuses an
    LSTM's three activations where they are written, even where they are the usual ones.
    """
    _import_torchvision()
    import onnx2pytorch

    def read(onnx_model: Any) -> Port:
        module = onnx2pytorch.ConvertModel(onnx_model)
        return _torch_port(module, nodes=_count_nodes(onnx_model.graph))

    def read_edited(folder: Path) -> Port:
        onnx_model = _written_by_tf2onnx(None, "nothing", folder)
        _remove_usual_activations(onnx_model.graph)
        return read(onnx_model)

    return [*_attempts_with_tf2onnx(read), Attempt("ONNX file edited", read_edited)]


def _attempts_with_tf2onnx(read: Callable[[Any], Port]) -> list[Attempt]:
    """Return attempts to read what tf2onnx writes: four opsets, then lengths fixed.

    The first is tf2onnx's default.
    """
    settings: list[tuple[int | None, Fixed]] = [
        (None, "nothing"),
        (17, "nothing"),
        (13, "nothing"),
        (11, "nothing"),
        (None, "length"),
    ]

    def convert(opset: int | None, fixed: Fixed, folder: Path) -> Port:
        return read(_written_by_tf2onnx(opset, fixed, folder))

    return [
        Attempt(_described(opset, fixed), functools.partial(convert, opset, fixed))
        for opset, fixed in settings
    ]


def _described(opset: int | None, fixed: Fixed) -> str:
    """Return what differs from a converter's defaults, as text."""
    parts = []
    if fixed != "nothing":
        parts.append(f"{fixed} fixed")
    if opset is not None:
        parts.append(f"opset {opset}")
    return ", ".join(parts)


def _written_by_tf2onnx(opset: int | None, fixed: Fixed, folder: Path) -> Any:
    """Return tf2onnx's model of ONNX.

    The signature is given since tf2onnx cannot read Keras 3's own (its issue 2329).
    """
    import tensorflow as tf
    import tf2onnx

    model = _load_keras(folder)
    signature = [
        tf.TensorSpec(shape, tensor.dtype, name=tensor.name)
        for shape, tensor in zip(
            _shapes(model, folder, fixed), model.inputs, strict=True
        )
    ]
    onnx_model, _ = tf2onnx.convert.from_keras(model, signature, opset=opset)
    return onnx_model


def _remove_usual_activations(graph: Any) -> None:
    """Take out the activations of LSTMs that are those of ONNX's default."""
    usual = [b"Sigmoid", b"Tanh", b"Tanh"]
    for node in graph.node:
        if node.op_type != "LSTM":
            continue
        for attribute in list(node.attribute):
            num_directions = len(attribute.strings) // 3
            is_usual = list(attribute.strings) == usual * num_directions
            if attribute.name == "activations" and is_usual:
                node.attribute.remove(attribute)


_torchvision_operators: Any = None


def _import_torchvision() -> None:
    """Import torchvision, as both readers of ONNX do, beside a torch without CUDA.

    PyPI's torchvision is built for CUDA. Its operators do not load beside such a torch,
    and it fails on two names that it takes for granted; they are declared here. No
    model of the twelve uses one. It may go when torchvision checks for both.
    """
    import torch

    global _torchvision_operators
    try:
        import torchvision  # noqa: F401
    except RuntimeError:
        _torchvision_operators = torch.library.Library("torchvision", "DEF")
        arguments = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
        for name in ("nms", "qnms"):
            _torchvision_operators.define(name + arguments)


# Keras's own export, run by onnxruntime


def prepare_keras_export() -> list[Attempt]:
    """Prepare `model.export(format="onnx")` of the backend that Keras was told."""
    import keras
    import onnxruntime

    del keras
    onnxruntime.set_default_logger_severity(4)
    return [
        Attempt(_described(None, fixed), functools.partial(_export, fixed))
        for fixed in FIXED
    ]


def _export(fixed: Fixed, folder: Path) -> Port:
    """Export a model once it was called, as Keras asks, and load the file."""
    import keras
    import onnx
    import onnxruntime

    model = _load_keras(folder)
    inputs = [in_float_type(x, "float32") for x in inputs_of_case(folder, 0)]
    model(inputs if len(inputs) > 1 else inputs[0])
    signature = [
        keras.InputSpec(shape=shape, dtype=tensor.dtype, name=tensor.name)
        for shape, tensor in zip(
            _shapes(model, folder, fixed), model.inputs, strict=True
        )
    ]
    if len(signature) > 1:
        signature = [signature]
    path = folder / "export.onnx"
    model.export(path, format="onnx", verbose=False, input_signature=signature)
    session = onnxruntime.InferenceSession(path)

    def run(inputs: list[Array], float_type: str) -> Array:
        named = {
            tensor.name: in_float_type(x, float_type)
            for tensor, x in zip(session.get_inputs(), inputs, strict=True)
        }
        return session.run(None, named)[0]

    return Port(run, ("float32",), 0, nodes=_count_nodes(onnx.load(path).graph))


def prepare_nobuco() -> list[Attempt]:
    """Say why nobuco has no part: it is read only far enough to know."""
    direction = "turns PyTorch into Keras 2, and takes no Keras model"
    try:
        import nobuco  # noqa: F401
    except ImportError as error:
        version = importlib.metadata.version("keras")
        raise NotThere(f"{direction}; beside Keras {version}: {error}") from None
    raise NotThere(direction)


# What converters share


def _load_keras(folder: Path) -> Any:
    """Load a saved model; names that Keras counts start anew."""
    import keras

    keras.utils.clear_session()
    return keras.models.load_model(folder / "model.keras")


def inputs_of_case(folder: Path, case: int) -> list[Array]:
    """Return a case's inputs, in the model's order."""
    with np.load(folder / "cases.npz") as arrays:
        names = sorted(name for name in arrays if name.startswith(f"input_{case}_"))
        return [arrays[name] for name in names]


def _shapes(model: Any, folder: Path, fixed: Fixed) -> list[tuple[int | None, ...]]:
    """Return the shapes of a model's inputs; None is an axis of any size."""
    if fixed == "nothing":
        return [tensor.shape for tensor in model.inputs]
    shapes = [x.shape for x in inputs_of_case(folder, 0)]
    if fixed == "length":
        return [(None, *shape[1:]) for shape in shapes]
    return shapes


def _torch_port(
    module: Any, lines: int | None = None, nodes: int | None = None
) -> Port:
    """Return the port that a `torch.nn.Module` is."""
    import torch

    def run(inputs: list[Array], float_type: str) -> Array:
        module.to(getattr(torch, float_type))
        tensors = [torch.from_numpy(in_float_type(x, float_type)) for x in inputs]
        with torch.no_grad():
            output = module(*tensors)
        if isinstance(output, list | tuple):
            (output,) = output
        return output.numpy()

    module.eval()
    parameters = [p for p in module.parameters() if p.requires_grad]
    trainable = sum(parameter.numel() for parameter in parameters)
    return Port(run, ("float64", "float32"), trainable, lines, nodes)


def in_float_type(x: Array, float_type: str) -> Array:
    """Return floats in a float type, and integers as they are."""
    return x.astype(float_type) if x.dtype.kind == "f" else x


def _count_lines(source: str) -> int:
    """Count the lines of source that are not blank."""
    return sum(bool(line.strip()) for line in source.splitlines())


def _count_nodes(graph: Any) -> int:
    """Count the nodes of an ONNX graph, and of the graphs inside them."""
    count = len(graph.node)
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                count += _count_nodes(attribute.g)
    return count


PREPARE = {
    "suite": prepare_suite,
    "onnx2torch": prepare_onnx2torch,
    "onnx2pytorch": prepare_onnx2pytorch,
    "keras_export": prepare_keras_export,
    "keras_export_torch": prepare_keras_export,
    "nobuco": prepare_nobuco,
}
