"""A script that shows a difference without this package: models, weights and input."""

import ast
import base64
import io
from textwrap import indent

import numpy as np

from compare.diagnosing.shrinking import Smallest
from compare.errors import BadInput
from compare.in_keras import names as in_keras_names
from compare.judging.evidence import SIDES, Result
from compare.subjects import sources
from compare.subjects.own import calls as own_inputs
from compare.subjects.own import models as live
from compare.subjects.own.pair import OwnPair
from compare.subjects.pairs import Pair

WIDTH = 88  # of a line of data
LINE = "-" * 60
FUTURE = "from __future__ import annotations\n"

HEAD = '''\
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

# {line} the models

'''

TAIL = '''\
{models}


# {line} the same weights, the same input

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
    first = {{name: torch.from_numpy(a) for name, a in inputs.items()}}
    first = [t.numpy() for t in flat(in_torch({torch_call}))]

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


# How a call hands its inputs over, by `own_inputs.call_style`.
STYLES = {
    "by name": "**{inputs}",
    "dictionary": "{inputs}",
    "list": "list({inputs}.values())",
    "in turn": "*{inputs}.values()",
}


def script(pair: Pair | OwnPair, result: Result, least: Smallest) -> str:
    """The text of the script.

    Args:
        pair: what differs; its models are made by functions or classes.
        result: how.
        least: weights and input that show it.
    """
    models = {side: least.twins.twins[side, "float64"].model for side in SIDES}
    models["keras"] = in_keras_names.unnamed(models["keras"])
    if isinstance(pair, OwnPair):
        name, source = pair.name, _own_source(pair)
        sizes, names, makers = dict(least.sizes), pair.names, "{side}_model"
    else:
        name, source = pair.file, _built_in_source(pair)
        sizes, makers = {**pair.sizes, **least.sizes}, "{side}_model()"
        names = tuple(each.name for each in least.twins.inputs)
        if "timesteps" in sizes:
            sizes["timesteps"] = least.arrays[0].shape[1]
    styles = {
        side: STYLES[own_inputs.call_style(side, names, model, len(least.arrays))]
        for side, model in models.items()
    }
    arguments = ", ".join(f"{name}={size}" for name, size in sizes.items())
    said = result.explanation.sentence if result.explanation else ""
    title = f"PyTorch and Keras differ: {name}{said and f': {said}'}."
    future = "from __future__ import annotations\n\n" if FUTURE in source else ""
    return HEAD.format(
        title=title.replace("\\", "/").replace('"', "'"), future=future, line=LINE
    ) + TAIL.format(
        models=source.replace(FUTURE, "").strip("\n"),
        line=LINE,
        data=_packed(_arrays(models, least)),
        torch_model=f"{makers.format(side='torch')}({arguments})",
        keras_model=f"{makers.format(side='keras')}({arguments})",
        torch_call=styles["torch"].format(inputs="first"),
        keras_call=styles["keras"].format(inputs="second"),
    )


def _arrays(models, least):
    """The weights of both models, and the inputs, by names that the script reads."""
    state = models["torch"].state_dict()
    found = {f"t/{name}": tensor.numpy() for name, tensor in state.items()}
    for number, variable in enumerate(models["keras"].weights):
        found[f"k/{number:04}"] = variable.numpy()
    for each, array in zip(least.twins.inputs, least.arrays, strict=True):
        wide = array.dtype.kind == "f"
        found[f"x/{each.name}"] = array.astype("float64") if wide else array
    return found


def _packed(arrays):
    """Arrays as text."""
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    text = base64.b64encode(file.getvalue()).decode()
    return "\n".join(text[i : i + WIDTH] for i in range(0, len(text), WIDTH))


def check_source(pair: Pair | OwnPair):
    """Raise BadInput for models that were made already: no source makes them."""
    if isinstance(pair, OwnPair) and any(
        live.is_live(side, model) for side, model in pair.models.items()
    ):
        raise BadInput(
            f"--reproduce: expected {pair.name} to have functions or classes that make "
            "the models, which a script can call, got models; write functions"
        )


def _own_source(pair):
    """A pair file's text, without what it does when it is run as a script."""
    text = pair.file.read_text(encoding="utf-8")
    lines = text.splitlines()
    for node in ast.parse(text).body:
        if isinstance(node, ast.If) and "__name__" in ast.unparse(node.test):
            for number in range(node.lineno - 1, node.end_lineno):
                lines[number] = ""
    return "\n".join(lines)


def _built_in_source(pair):
    """Each twin's file as a function that returns the model's class."""
    return "\n\n".join(
        f"def {side}_model():\n{indent(text.rstrip(), '    ')}\n    return {pair.cls}\n"
        for side, (_, text) in zip(SIDES, sources.of_twins(pair), strict=True)
    )
