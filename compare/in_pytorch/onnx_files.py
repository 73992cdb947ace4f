"""A module of PyTorch as ONNX, with every open size open, and what that computes."""

from __future__ import annotations

import contextlib
import inspect
import io
import logging
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from compare.errors import BadInput
from compare.one_line import class_and_message, printable

Shape = Sequence[int | None]
LONGEST_REASON = 300  # letters


def exported(
    port: torch.nn.Module,
    arrays: Sequence[np.ndarray],
    shapes: Sequence[Shape],
    by_export: bool,
) -> bytes:
    """A module as the bytes of an ONNX file, the same for the same module.

    Args:
        port: evaluates, in float32.
        arrays: what it is followed with.
        shapes: of its inputs, batch first; None where a size is open.
        by_export: whether by `torch.export`, or by PyTorch's older exporter.

    Raises:
        BadInput: if the exporter does not write it with these sizes open.
    """
    names = list(inspect.signature(port.forward).parameters)[: len(arrays)]
    open_axes = [_open_axes(shape) for shape in shapes]
    tensors = tuple(torch.tensor(array) for array in arrays)
    write = _by_export if by_export else _by_trace
    try:
        with _silent(), torch.no_grad():
            model = write(port, tensors, names, open_axes)
    except Exception as error:  # of many classes
        raise _refusal(class_and_message(error.__cause__ or error)) from None
    for value, axes in zip(model.graph.input, open_axes, strict=True):
        dims = value.type.tensor_type.shape.dim
        fixed = [axis for axis in axes if not dims[axis].dim_param]
        if fixed:
            raise _refusal(f"axis {fixed[0]} of {value.name} fixed to what it was")
    _clean(model, open_axes)
    return model.SerializeToString(deterministic=True)


def gap(
    model: bytes, arrays: Sequence[np.ndarray], expected: Sequence[np.ndarray]
) -> float:
    """How far what onnxruntime computes is from what it should.

    Args:
        model: an ONNX file.
        arrays: one for each of its inputs.
        expected: its results.

    Returns:
        The largest difference as a part of the largest value.

    Raises:
        BadInput: if onnxruntime does not run it on these sizes.
    """
    import onnxruntime

    try:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4  # what it refuses it raises as well
        session = onnxruntime.InferenceSession(model, options)
        inputs = {
            value.name: array
            for value, array in zip(session.get_inputs(), arrays, strict=True)
        }
        results = session.run(None, inputs)
    except Exception as error:  # of classes of its own
        raise _refusal(f"a file that fails at other sizes: {error}") from None
    largest = 0.0
    for result, right in zip(results, expected, strict=True):
        if result.shape != right.shape:
            raise _refusal(f"results {result.shape} in place of {right.shape}")
        scale = max(float(np.abs(right).max()), 1e-30)
        largest = max(largest, float(np.abs(result - right).max()) / scale)
    return largest


def _by_export(
    port: torch.nn.Module,
    tensors: tuple[torch.Tensor, ...],
    names: list[str],
    open_axes: Sequence[Sequence[int]],
) -> Any:
    """What the exporter makes that follows a module by `torch.export`."""
    dynamic = [{axis: torch.export.Dim.AUTO for axis in axes} for axes in open_axes]
    program = torch.onnx.export(
        port,
        tensors,
        dynamo=True,
        dynamic_shapes=tuple(dynamic),
        input_names=names,
        verbose=False,
    )
    assert program is not None
    return program.model_proto


def _by_trace(
    port: torch.nn.Module,
    tensors: tuple[torch.Tensor, ...],
    names: list[str],
    open_axes: Sequence[Sequence[int]],
) -> Any:
    """What the older exporter makes, which knows recurrent layers of any length."""
    import onnx

    axes_of = {
        name: {axis: f"{name}_axis_{axis}" for axis in axes}
        for name, axes in zip(names, open_axes, strict=True)
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        torch.onnx.export(
            port, tensors, path, dynamo=False, input_names=names, dynamic_axes=axes_of
        )
        return onnx.load(path)


def _refusal(reason: str) -> BadInput:
    """The error of a module that cannot be written as ONNX."""
    plain = printable(" ".join(reason.split()), LONGEST_REASON)
    return BadInput(
        "--onnx: expected a port that PyTorch's exporter writes for any batch and "
        f"length, as it does not write packed sequences and loops, got {plain}; leave "
        "--onnx out"
    )


def _open_axes(shape: Shape) -> list[int]:
    """The axes of an input that are open, the batch among them."""
    return [axis for axis, size in enumerate(shape) if axis == 0 or size is None]


def _clean(model: Any, open_axes: Sequence[Sequence[int]]) -> None:
    """Leave out what is of this run and machine, and call open sizes by words."""
    words: dict[str, str] = {}
    for value, axes in zip(model.graph.input, open_axes, strict=True):
        for axis in axes:
            symbol = value.type.tensor_type.shape.dim[axis].dim_param
            word = "batch" if axis == 0 else f"{value.name}_axis_{axis}"
            words.setdefault(symbol, word)
    for value in (*model.graph.input, *model.graph.output):
        for dim in value.type.tensor_type.shape.dim:
            if dim.dim_param:
                dim.dim_param = words.get(dim.dim_param, "")
    del model.graph.value_info[:]
    for part in _parts(model):
        part.doc_string = ""
        del part.metadata_props[:]


def _parts(model: Any) -> Iterator[Any]:
    """All parts of an ONNX model that may have texts of the exporter's."""
    yield model
    for function in model.functions:
        del function.value_info[:]
        yield function
        yield from function.node
    graphs = [model.graph]
    while graphs:
        graph = graphs.pop()
        yield graph
        yield from (*graph.input, *graph.output, *graph.initializer)
        for node in graph.node:
            yield node
            for attribute in node.attribute:
                if attribute.HasField("g"):
                    graphs.append(attribute.g)
                graphs += attribute.graphs


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Keep what the exporter prints to itself."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with (
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
