"""A script that shows a difference without this package: models, weights and input."""

from __future__ import annotations

import ast
import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import indent
from typing import Any

import numpy as np

from compare.diagnosing.shrinking import Smallest
from compare.errors import BadInput
from compare.files import SCRIPT_AUTHOR
from compare.in_keras.names import unnamed
from compare.judging.result import SIDES, Result
from compare.judging.words import Side
from compare.subjects.own.calls import Style, call_style
from compare.subjects.own.models import is_live
from compare.subjects.own.pair import OwnPair
from compare.subjects.pairs import Pair
from compare.subjects.sources import of_twins

WIDTH = 88  # of a line of data
RULE = "-" * 60
FUTURE = "from __future__ import annotations\n"

HEAD = '''\
{author}
"""{title}

Needs torch, keras, tensorflow and numpy, no more. Prints the largest difference of each
result; exit status 1 as long as there is one.
"""

{future}import base64
import io
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import torch  # before TensorFlow
import keras
import numpy

torch.set_default_dtype(torch.float64)
keras.config.set_floatx("float64")
keras.config.set_dtype_policy("float64")

# {rule} the models

'''

TAIL = '''\
{models}


# {rule} the same weights, the same input

DATA = """
{data}
"""
with numpy.load(io.BytesIO(base64.b64decode(DATA))) as file:
    arrays = dict(file)
inputs = {{name[2:]: a for name, a in arrays.items() if name.startswith("x/")}}
weights = [a for name, a in arrays.items() if name.startswith("k/")]
state = {{name[2:]: a for name, a in arrays.items() if name.startswith("t/")}}


def flat(result):
    """Every tensor in what a model returns, in order."""
    if isinstance(result, dict):
        result = [result[key] for key in sorted(result)]
    if isinstance(result, (list, tuple)):
        return [tensor for each in result for tensor in flat(each)]
    return [] if result is None else [result]


in_torch = {torch_model}
in_torch.load_state_dict({{n: torch.from_numpy(a) for n, a in state.items()}})
in_torch.eval()
with torch.no_grad():
    first = {{name: {torch_input} for name, a in inputs.items()}}
    first = [t.numpy() for t in flat(in_torch({torch_call}))]
{channels_last}
in_keras = {keras_model}
second = {{name: keras.ops.convert_to_tensor(a) for name, a in inputs.items()}}
in_keras({keras_call})  # builds the variables
for variable, array in zip(in_keras.weights, weights, strict=True):
    variable.assign(array)
second = flat(in_keras({keras_call}, training=False))
second = [keras.ops.convert_to_numpy(tensor) for tensor in second]

differs = len(first) != len(second)
for number, (a, b) in enumerate(zip(first, second)):
    if a.shape != b.shape:
        print(f"result {{number}}: PyTorch {{a.shape}}, Keras {{b.shape}}")
        differs = True
        continue
    gap = numpy.abs(a - b)
    worst = numpy.unravel_index(gap.argmax(), gap.shape)
    print(
        f"result {{number}}: largest difference {{gap.max():.3e}} at "
        f"{{[int(i) for i in worst]}}: PyTorch {{a[worst]:.9g}}, Keras {{b[worst]:.9g}}"
    )
    differs |= not gap.max() <= 1e-12 * max(numpy.abs(a).max(), 1e-300)
sys.exit(1 if differs else 0)
'''


# How a call hands its inputs over, by `calls.call_style`.
ARGUMENTS: dict[Style, str] = {
    "by name": "**{inputs}",
    "dictionary": "{inputs}",
    "list": "list({inputs}.values())",
    "in turn": "*{inputs}.values()",
}


@dataclass(frozen=True)
class _Source:
    """How a script makes the models of a pair.

    Args:
        name: of the pair.
        text: defines what makes them.
        makers: by side, what is called to make a model.
        sizes: that it is called with.
        inputs: names of the inputs, where they are handed over by name.
    """

    name: str
    text: str
    makers: Mapping[Side, str]
    sizes: Mapping[str, int]
    inputs: tuple[str, ...] | None


def script(pair: Pair | OwnPair, result: Result, least: Smallest) -> str:
    """The text of the script.

    Args:
        pair: what differs; its models are made by functions or classes.
        result: how.
        least: weights and input that show it.
    """
    if isinstance(pair, OwnPair):
        source = _own_source(pair, least)
    else:
        source = _built_in_source(pair, least)
    torch = least.twins.model("torch", "float64")
    keras = unnamed(least.twins.model("keras", "float64"))
    count = len(least.arrays)
    torch_arguments = ARGUMENTS[call_style("torch", source.inputs, torch, count)]
    keras_arguments = ARGUMENTS[call_style("keras", source.inputs, keras, count)]
    sizes = ", ".join(f"{name}={size}" for name, size in source.sizes.items())
    title = f"PyTorch and Keras differ: {source.name}."
    if result.explanation and result.explanation.sentence:
        sentence = result.explanation.sentence
        title = f"PyTorch and Keras differ: {source.name}: {sentence}."
    future = f"{FUTURE}\n" if FUTURE in source.text else ""
    head = HEAD.format(
        author=SCRIPT_AUTHOR,
        title=title.replace("\\", "/").replace('"', "'"),
        future=future,
        rule=RULE,
    )
    tail = TAIL.format(
        models=source.text.replace(FUTURE, "").strip("\n"),
        rule=RULE,
        data=_packed(_arrays(torch, keras, least)),
        torch_model=f"{source.makers['torch']}({sizes})",
        keras_model=f"{source.makers['keras']}({sizes})",
        torch_input=_input(least),
        channels_last=_channels_last(least),
        torch_call=torch_arguments.format(inputs="first"),
        keras_call=keras_arguments.format(inputs="second"),
    )
    return head + tail


def _input(least: Smallest) -> str:
    """What PyTorch's model is given of an array `a` of a name."""
    text = "torch.from_numpy(a)"
    axes = {
        taken.name: least.layout.axis_of_input(number)
        for number, taken in enumerate(least.twins.inputs)
        if least.layout.axis_of_input(number)
    }
    if not axes:
        return text
    return f"{text}.movedim(-1, {axes}.get(name, -1))"


def _channels_last(least: Smallest) -> str:
    """The line that puts the channels of PyTorch's results last, or ""."""
    if not any(least.layout.results):
        return ""
    axes = [axis or -1 for axis in least.layout.results]
    return (
        f"axes = {axes}  # of the channels\n"
        "first = [numpy.moveaxis(a, axis, -1) for a, axis in zip(first, axes)]\n"
    )


def _arrays(torch: Any, keras: Any, least: Smallest) -> dict[str, np.ndarray]:
    """The weights of both models, and the inputs, by names that the script reads."""
    arrays = {
        f"t/{name}": tensor.numpy() for name, tensor in torch.state_dict().items()
    }
    for number, variable in enumerate(keras.weights):
        arrays[f"k/{number:04}"] = variable.numpy()
    for model_input, array in zip(least.twins.inputs, least.arrays, strict=True):
        if array.dtype.kind == "f":
            array = array.astype("float64")
        arrays[f"x/{model_input.name}"] = array
    return arrays


def _packed(arrays: Mapping[str, Any]) -> str:
    """Arrays as text."""
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    text = base64.b64encode(file.getvalue()).decode()
    starts = range(0, len(text), WIDTH)
    return "\n".join(text[start : start + WIDTH] for start in starts)


def check_source(pair: Pair | OwnPair) -> None:
    """Raise BadInput for models that were made already: no source makes them."""
    if not isinstance(pair, OwnPair):
        return
    if any(is_live(side, model) for side, model in pair.models.items()):
        raise BadInput(
            f"--reproduce: expected {pair.name} to have functions or classes that make "
            "the models, which a script can call, got models; write functions"
        )


def _own_source(pair: OwnPair, least: Smallest) -> _Source:
    """A pair file's text, without what it does when it is run as a script."""
    assert pair.file is not None  # `explain` takes pair files and built-in pairs
    text = pair.file.read_text(encoding="utf-8")
    lines = text.splitlines()
    for node in ast.parse(text).body:
        if isinstance(node, ast.If) and "__name__" in ast.unparse(node.test):
            for number in range(node.lineno - 1, node.end_lineno or node.lineno):
                lines[number] = ""
    return _Source(
        name=pair.name,
        text="\n".join(lines),
        makers={"torch": "torch_model", "keras": "keras_model"},
        sizes=least.sizes,
        inputs=pair.names,
    )


def _built_in_source(pair: Pair, least: Smallest) -> _Source:
    """Each twin's file as a function that returns the model's class."""
    functions = []
    for side, (_, text) in zip(SIDES, of_twins(pair), strict=True):
        body = indent(text.rstrip(), "    ")
        functions.append(f"def {side}_model():\n{body}\n    return {pair.cls}\n")
    sizes = {**pair.sizes, **least.sizes}
    if "timesteps" in sizes:
        sizes["timesteps"] = least.arrays[0].shape[1]
    return _Source(
        name=pair.file,
        text="\n\n".join(functions),
        makers={"torch": "torch_model()", "keras": "keras_model()"},
        sizes=sizes,
        inputs=tuple(model_input.name for model_input in least.twins.inputs),
    )
