"""A module of the user's run at several sizes, so that those that are open show."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import torch

from compare.errors import BadInput
from compare.in_pytorch import computed
from compare.in_pytorch.arrays import tensors_in
from compare.in_pytorch.beyond import Beyond, looked_beyond
from compare.in_pytorch.precision import one_thread
from compare.in_pytorch.recorded import Recording
from compare.in_pytorch.recording import recorded
from compare.in_pytorch.size_bounds import lost_places
from compare.one_line import message_of

BATCH = "batch"
# Of the batch, and of other open axes: halved a few times they are odd and even.
SIZES = ((2, 3), (37, 42, 44, 48))
LARGER = ((2, 3), (128, 135, 138, 140))
OF_TIME = (torch.nn.RNNBase, torch.nn.RNNCellBase, torch.nn.MultiheadAttention)
FLOAT, WHOLE = "float32", "int64"
OF_WORDS = ("ids", "idx", "mask")  # what the names of whole numbers end with
OF_LENGTHS = ("len", "lens", "length", "lengths", "seq_len", "seq_lens", "x_len")


@dataclass(frozen=True)
class Input:
    """What a module takes.

    Args:
        shape: "batch" first; numbers, and names of axes of any size.
        name: of the argument; "" for the next one.
        dtype: "" where running it tells.
        example: numbers to run it with, whose sizes are those of `shape`; None for
            random ones.
    """

    shape: tuple[int | str, ...]
    name: str = ""
    dtype: str = ""
    example: Any = None


def prepared(module: torch.nn.Module) -> torch.nn.Module:
    """A copy of a module that evaluates, and holds the weights that it computes."""
    module = getattr(module, "_orig_mod", module)  # of torch.compile
    try:
        model = copy.deepcopy(module)
    except Exception:  # of tensors that are no leaves
        model = module
    model = model.cpu().eval()
    computed.hold(model)
    return model


class Runs:
    """A module run at several sizes.

    Args:
        model: prepared.
        leaves: names of layers that are taken as they are.
        name: of the module, for messages.
        inputs: what it takes; none where its first layer tells.

    Attributes:
        inputs: with names and dtypes.
        recordings: the first one, and others in which one open axis has another size.
        beyond: runs at sizes where a comparison of sizes comes out otherwise.
        lost: where numbers that come of open sizes could not be followed.

    Raises:
        BadInput: if it cannot be run.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        leaves: Sequence[str],
        name: str,
        inputs: Sequence[Input],
    ) -> None:
        self._model, self._leaves, self._name = model, leaves, name
        choices = [tuple(inputs)] if inputs else list(guessed(model))
        if not choices:
            raise BadInput(
                f"{name}: expected a first layer that tells what the module takes, got "
                f"{_first(model)}; give its shape, such as --input batch,time,8"
            )
        first_error: Exception | None = None
        for choice in choices:
            error = self._try(choice)
            if error is None:
                break
            first_error = first_error or error
        else:
            assert first_error is not None
            shapes = ", ".join(_shown(spec.shape) for spec in choices[0])
            raise BadInput(
                f"{name}: expected a forward that takes {shapes}, got "
                f"{message_of(first_error)}; give its shape, such as --input "
                "batch,time,8"
            )

    def seen(
        self, names: Sequence[str]
    ) -> dict[str, tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]]:
        """The tensors that modules inside take and return in their last call.

        In a first call the states of a cell are zeros, which tell less.

        Args:
            names: of the modules.

        Returns:
            Arrays in float64, outer modules first; of those alone that are called.
        """
        model = copy.deepcopy(self._model).double()
        calls: dict[str, tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]] = {}

        def note(name: str) -> Any:
            def hook(module: Any, args: Any, kwargs: Any, result: Any) -> None:
                calls[name] = (_arrays((args, kwargs)), _arrays(result))

            return hook

        for name in names:
            module = model.get_submodule(name)
            module.register_forward_hook(note(name), with_kwargs=True)
        before = torch.get_default_dtype()
        torch.set_default_dtype(torch.float64)  # of the states that forward makes
        try:
            with torch.no_grad(), suppress(Exception):  # of the user's code
                self._run(self.inputs, {}, SIZES, model)
        finally:
            torch.set_default_dtype(before)
        return {name: calls[name] for name in names if name in calls}

    def _try(self, inputs: Sequence[Input]) -> Exception | None:
        """Run with these inputs, of the dtypes that work; return the first error."""
        names = self._argument_names(inputs)
        options = [
            _dtypes(spec, name) for spec, name in zip(inputs, names, strict=True)
        ]
        first: Exception | None = None
        for sizes, self._watches in product((SIZES, LARGER), (True, False)):
            for dtypes in product(*options):
                specs = [
                    Input(spec.shape, name, dtype, spec.example)
                    for spec, name, dtype in zip(inputs, names, dtypes, strict=True)
                ]
                try:
                    recording = self._run(specs, {}, sizes)
                except Exception as error:  # of the user's code
                    first = first or error
                    continue
                self.inputs = tuple(specs)
                self.recordings = [recording]
                self.beyond = self._more(specs, sizes)
                return None
        return first

    def _argument_names(self, inputs: Sequence[Input]) -> list[str]:
        parameters = inspect.signature(self._model.forward).parameters.values()
        usual = [
            p.name
            for p in parameters
            if p.kind in (p.POSITIONAL_OR_KEYWORD, p.POSITIONAL_ONLY)
        ]
        usual += [f"input_{number}" for number in range(len(usual), len(inputs))]
        return [spec.name or usual[n] for n, spec in enumerate(inputs)]

    def _more(self, specs: Sequence[Input], sizes: Any) -> list[Beyond]:
        """Add runs with another size of each open axis, and look beyond them."""
        axes = dict.fromkeys(
            size for spec in specs for size in spec.shape if isinstance(size, str)
        )
        beyond = []
        self.lost: list[str] = []
        for axis in axes:
            own = sizes[0] if axis == BATCH else sizes[1]
            runs = {own[0]: self.recordings[0]}
            for size in own[1:]:
                runs[size] = self._other(specs, axis, size, sizes)
            self.recordings += list(runs.values())[1:]

            def run(size: int, axis: str = axis) -> Recording:
                return self._run(specs, {axis: size}, sizes)

            beyond += looked_beyond(axis, runs, run)
            notes = {n: r.notes for n, r in runs.items() if r.notes is not None}
            self.lost += lost_places(notes)
        return beyond

    def _other(
        self, specs: Sequence[Input], axis: str, size: int, sizes: Any
    ) -> Recording:
        """A run with another size of one axis."""
        try:
            return self._run(specs, {axis: size}, sizes)
        except Exception as error:  # of the user's code
            first = (sizes[0] if axis == BATCH else sizes[1])[0]
            raise BadInput(
                f"{self._name}: expected a forward that takes any {axis}, got "
                f"{message_of(error)} at {size}, and nothing at {first}; give a "
                f"number for {axis}, such as --input batch,50,8"
            ) from None

    def _run(
        self,
        specs: Sequence[Input],
        other: dict[str, int],
        sizes: Any,
        double: torch.nn.Module | None = None,
    ) -> Recording:
        """Run the module, or its copy in float64, with the first size of each axis.

        In `other` are those that are others.
        """
        generator = torch.Generator().manual_seed(0)
        tensors = []
        times: list[int] = []
        for spec in specs:
            shape = []
            for size in spec.shape:
                if isinstance(size, str):
                    pair = sizes[0] if size == BATCH else sizes[1]
                    size = other.get(size, pair[0])
                shape.append(size)
            if len(shape) > 1:
                times.append(shape[1])
            tensors.append(self._drawn(spec, shape, times, generator))
        names = [spec.name for spec in specs]
        by_name = names != self._argument_names([Input(s.shape) for s in specs])
        if double is not None:
            tensors = [t.double() if t.is_floating_point() else t for t in tensors]
        with one_thread():
            leaves = self._leaves if double is None else []
            watches = self._watches and double is None
            model = double or self._model
            return recorded(model, leaves, tensors, names, by_name, watches)

    def _drawn(
        self, spec: Input, shape: Sequence[int], times: Sequence[int], generator: Any
    ) -> torch.Tensor:
        """Numbers of a shape: floats, indices that all tables have, or lengths."""
        if spec.example is not None:
            return _of_example(np.asarray(spec.example), shape)
        if spec.dtype == "bool":
            return torch.zeros(*shape, dtype=torch.bool)
        if spec.dtype == FLOAT:
            return torch.randn(*shape, generator=generator)
        tables = [
            module.num_embeddings
            for module in self._model.modules()
            if isinstance(module, torch.nn.Embedding)
        ]
        are_lengths = "len" in spec.name.lower() or not tables
        if len(shape) == 1 and times and are_lengths:  # steps that count
            longest = times[0]
            lengths = torch.arange(shape[0]) % longest + 1
            lengths[0] = longest
            return lengths
        most = min(tables, default=2)
        return torch.randint(0, most, tuple(shape), generator=generator)


def _of_example(example: np.ndarray, shape: Sequence[int]) -> torch.Tensor:
    """Numbers of an example in another shape: again from its start where it ends."""
    for axis, size in enumerate(shape):
        places = np.arange(size) % example.shape[axis]
        example = example.take(places, axis)
    tensor = torch.from_numpy(np.ascontiguousarray(example))
    return tensor.float() if tensor.is_floating_point() else tensor


def _dtypes(spec: Input, name: str) -> list[str]:
    if spec.example is not None:
        dtype = np.asarray(spec.example).dtype
        return [FLOAT if dtype.kind == "f" else str(dtype)]
    if spec.dtype:
        return [spec.dtype]
    is_length = name.lower() in OF_LENGTHS and len(spec.shape) == 1
    if is_length or name.lower().endswith(OF_WORDS):
        return [WHOLE, FLOAT]
    return [FLOAT, WHOLE]


def _shown(shape: Sequence[int | str]) -> str:
    return f"({', '.join(map(str, shape))})"


def _first(model: torch.nn.Module) -> str:
    layers = [m for m in model.modules() if not any(m.children()) and m is not model]
    return type(layers[0]).__name__ if layers else "none"


def guessed(model: torch.nn.Module) -> Iterator[tuple[Input, ...]]:
    """What a module may take, by its layers, the likeliest first."""
    required = [
        p
        for p in inspect.signature(model.forward).parameters.values()
        if p.default is p.empty
        and p.kind in (p.POSITIONAL_OR_KEYWORD, p.POSITIONAL_ONLY)
    ]
    if len(required) > 1:
        return
    parts = list(model.modules())
    is_of_time = any(isinstance(part, OF_TIME) for part in parts)
    for part in parts:
        if isinstance(part, torch.nn.Embedding):
            yield (Input((BATCH, "time"), dtype=WHOLE),)
            break
    for part in parts:
        shapes: list[tuple[int | str, ...]] = []
        if isinstance(part, torch.nn.RNNBase):
            first = (BATCH, "time") if part.batch_first else ("time", BATCH)
            shapes = [(*first, part.input_size)]
        elif isinstance(part, torch.nn.Linear):
            shapes = [(BATCH, part.in_features), (BATCH, "time", part.in_features)]
            if is_of_time:
                shapes = shapes[::-1]
        elif isinstance(part, torch.nn.Conv1d):
            channels = part.in_channels
            shapes = [(BATCH, channels, "time"), (BATCH, "time", channels)]
        elif isinstance(part, torch.nn.Conv2d):
            channels = part.in_channels
            shapes = [(BATCH, channels, "height", "width")]
        for shape in shapes:
            yield (Input(shape, dtype=FLOAT),)
        if shapes:
            return


def _arrays(value: Any) -> tuple[np.ndarray, ...]:
    """All tensors in a value as arrays."""
    return tuple(tensor.detach().numpy().copy() for tensor in tensors_in(value))
