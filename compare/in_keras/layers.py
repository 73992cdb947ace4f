"""The layers of a Keras model, and the numbers in them, read and written.

`pytorch_layers.py` is its twin.
"""

import math
import os
from collections.abc import Mapping

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras  # after the settings it reads
import tensorflow

from compare import kinds
from compare.errors import BadInput
from compare.in_keras.names import Renamed, children, unnamed
from compare.kinds.layer import Layer
from compare.matching.copying import LARGE, LINE, copy


def leaves(model: keras.Layer, path: str = "") -> dict[str, keras.Layer]:
    """The layers that hold weights and no layers with a name, in order of definition.

    They are named by their attributes, `encoder.lstm` or `stack.0`, and by their own
    names inside Sequential and functional models. A recurrent layer counts as one with
    its cell, and a wrapper with what it wraps, though that is an attribute as well.
    Those of `constants` are left out.
    """
    every = _holding(model, path)
    return {name: layer for name, layer in every.items() if not _is_constant(layer)}


def constants(model: keras.Layer | Renamed) -> dict[str, keras.Layer]:
    """Layers that hold what nobody learns: `Normalization`, and some of the user's own.

    They belong to what the model computes, as numbers in its code do; PyTorch's twin
    may have them as such.
    """
    every = _holding(unnamed(model))
    return {name: layer for name, layer in every.items() if _is_constant(layer)}


def _is_constant(layer):
    own = _is_own(layer) or kind_of(layer) == "Normalization"
    return own and layer.trainable and not layer.trainable_weights


def _is_own(layer):
    return kind_of(layer).endswith(("(Layer)", "(Model)"))


def _holding(model, path=""):
    """The layers that hold weights and no layers with a name."""
    found, seen = {}, set()
    for name, child in _children(model):
        if id(child) in seen:
            continue
        seen.add(id(child))
        plain = isinstance(child, COMPOSITES)
        inner = {} if plain else _holding(child, f"{path}{name}.")
        inner = inner or ({f"{path}{name}": child} if child.weights else {})
        found |= {n: leaf for n, leaf in inner.items() if leaf not in found.values()}
    wrapped = {
        id(part)
        for leaf in found.values()
        if isinstance(leaf, COMPOSITES)
        for part in leaf._flatten_layers(include_self=False)
    }
    return {name: leaf for name, leaf in found.items() if id(leaf) not in wrapped}


def chains(model: keras.Layer, path: str = "") -> list[str]:
    """What the names of `leaves` begin with in each model whose layers form a chain.

    There the order of definition is that of execution.
    """
    found, whole = [], _is_chain(model)
    for name, child in _children(model):
        if not isinstance(child, COMPOSITES):
            inner = chains(child, f"{path}{name}.")
            whole &= f"{path}{name}." in inner or not leaves(child)
            found += inner
    return [path, *found] if whole else found


def _is_chain(model):
    """Whether each layer takes one tensor, of a layer that feeds no other."""
    if isinstance(model, keras.Sequential) or not hasattr(model, "operations"):
        return isinstance(model, keras.Sequential)
    sources = [
        [tensor._keras_history.operation for tensor in node.input_tensors]
        for nodes in model._nodes_by_depth.values()
        for node in nodes
    ]
    feeding = [id(each) for fed in sources for each in fed]
    return (
        max(map(len, sources)) <= 1
        and len(set(feeding)) == len(feeding)
        and len(sources) == len(model.operations)
        and sum(not fed for fed in sources) == 1
    )


COMPOSITES = (keras.layers.RNN, keras.layers.Wrapper, keras.layers.Bidirectional)


def _children(layer):
    if isinstance(layer, keras.Sequential) or hasattr(layer, "operations"):
        return [(each.name, each) for each in layer.layers]
    found = []
    for name, held in vars(layer).items():
        if name in ("_layers", "_metrics", "_parent") or name.startswith("_self_"):
            continue  # Keras's and TensorFlow's own
        name = name.lstrip("_")
        if isinstance(held, keras.Layer):
            found.append((name, held))
        elif isinstance(held, list | tuple):
            found += [(f"{name}.{i}", each) for i, each in enumerate(held)]
        elif isinstance(held, dict):
            found += [(f"{name}.{key}", each) for key, each in held.items()]
    return [(name, each) for name, each in found if isinstance(each, keras.Layer)]


def layers(model: keras.Model | Renamed) -> dict[str, Layer]:
    """The layers of a model that hold arrays, by attribute name.

    A list of layers, such as the layers of a stack, counts as one, and the names of its
    arrays begin with the position in the list; so do those of a `Bidirectional` with
    the direction: `1.backward.kernel`.

    Raises:
        BadInput: if the model has no weights yet, or some outside its layers, or
            some in bfloat16.
    """
    return {
        name: Layer(each.kind, {k: v.numpy() for k, v in each.arrays.items()})
        for name, each in held(model).items()
    }


def held(model: keras.Model | Renamed) -> dict[str, Layer]:
    """As `layers`, with variables in the place of arrays.

    Raises:
        BadInput: as `layers`.
    """
    found = {
        name: Layer(kind_of(children(model)[name]), holds)
        for name, holds in holders(model).items()
    }
    return _checked(model, found)


def held_by_leaves(model: keras.Model) -> dict[str, Layer]:
    """As `held`, each layer of a model of any nesting on its own, as `leaves`.

    Raises:
        BadInput: as `layers`.
    """
    found = leaves(model).items()
    return _checked(model, {n: Layer(kind_of(e), variables(e)) for n, e in found})


def _checked(model, found):
    own = unnamed(model)
    who = f"{type(own).__name__}: expected a Keras model"
    if not found and not own.built:
        raise BadInput(
            f"{who} that has its weights, got one that was never built; call it once "
            "on an input first"
        )
    seen = [v for layer in found.values() for v in layer.arrays.values()]
    seen += [v for layer in constants(model).values() for v in layer.weights]
    outside = [v.path for v in model.weights if all(v is not each for each in seen)]
    if outside:
        raise BadInput(
            f"{who} whose layers without layers inside hold all weights, got "
            f"{', '.join(outside)} elsewhere; put what the model, or a layer with "
            "others inside, holds itself into a layer of its own"
        )
    for name, layer in found.items():
        for key, variable in layer.arrays.items():
            if variable.dtype == "bfloat16":
                raise BadInput(
                    f"{name}.{key}: expected numbers that NumPy has as well, got "
                    "bfloat16; give the layer another dtype first"
                )
    return found


def layer(layer: keras.Layer) -> Layer:
    """A layer of any model with its arrays."""
    arrays = {name: each.numpy() for name, each in variables(layer).items()}
    return Layer(kind_of(layer), arrays)


def load(model: keras.Model, arrays: Mapping[str, Mapping[str, np.ndarray]]):
    """Write arrays, by layer and name, into a model, each in the model's precision."""
    for name, values in arrays.items():
        for key, variable in variables(children(model)[name]).items():
            write(variable, values[key])


def read(variable: keras.Variable) -> np.ndarray:
    """The numbers of a variable, not to be written to; TensorFlow copies none."""
    if keras.backend.backend() != "tensorflow":
        return variable.numpy()
    return np.asarray(memoryview(variable.value.read_value()))


def write(variable: keras.Variable, array: np.ndarray):
    """Put numbers into a variable, in its precision."""
    large = array.size >= LARGE and not array.flags.c_contiguous
    if large and keras.backend.backend() == "tensorflow":
        # TensorFlow takes the memory over, instead of copying once more.
        made = _empty(array.shape, variable.dtype)
        copy(made, array)
        array = tensorflow.experimental.dlpack.from_dlpack(made.__dlpack__())
    variable.assign(array)


def _empty(shape, dtype):
    """An array that begins where memory of TensorFlow's own would."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    memory = np.empty(size + LINE, np.uint8)
    start = -memory.ctypes.data % LINE
    return memory[start : start + size].view(dtype).reshape(shape)


def holders(model) -> dict[str, dict[str, keras.Variable]]:
    """What each layer of a model holds, by attribute name and its own."""
    found = {
        name: variables(each)
        for name, each in children(model).items()
        if not (isinstance(each, keras.Layer) and _is_constant(each))
    }
    return {name: holds for name, holds in found.items() if holds}


def _parts(attribute):
    """The layers inside a list or a wrapper, by the prefix of their arrays."""
    if isinstance(attribute, list | tuple):
        layers = [part for part in attribute if isinstance(part, keras.Layer)]
        return {f"{number}.": part for number, part in enumerate(layers)}
    if isinstance(attribute, keras.layers.Bidirectional):
        both = attribute.forward_layer, attribute.backward_layer
        return dict(zip(("forward.", "backward."), both, strict=True))
    if isinstance(attribute, keras.layers.TimeDistributed):
        return {"": attribute.layer}
    cell = attribute.cell if isinstance(attribute, keras.layers.RNN) else attribute
    if isinstance(cell, keras.layers.StackedRNNCells):
        return _parts(cell.cells)
    return {}


def variables(attribute) -> dict[str, keras.Variable]:
    """What a layer, or a list of layers, holds, by name."""
    parts = _parts(attribute)
    if parts:
        return {
            prefix + name: variable
            for prefix, part in parts.items()
            for name, variable in variables(part).items()
        }
    weights = attribute.weights if isinstance(attribute, keras.Layer) else ()
    called = {}
    if weights and _is_own(attribute):  # as in PyTorch, by attribute
        called = {id(held): name for name, held in vars(attribute).items()}
    return {called.get(id(each), each.name): each for each in weights}


def kind_of(attribute: object, backwards: bool = False) -> str:
    """Name of the layer's class, with the options in it that PyTorch has no layer for.

    Of a recurrent layer, the name of its cell without "Cell"; of several parts, of all
    that differ. `backwards` says which way the layer is to read.
    """
    parts = _parts(attribute).items()
    if parts:
        names = [kind_of(part, prefix == "backward.") for prefix, part in parts]
        return " and ".join(dict.fromkeys(names))
    cell, asked = attribute, []
    if isinstance(attribute, keras.layers.RNN):
        cell = attribute.cell
        if attribute.go_backwards != backwards:  # beside no forward direction
            asked.append(f"go_backwards={attribute.go_backwards}")
    kind = _class(cell).removesuffix("Cell")
    asked += kinds.unlike_pytorch(kind, lambda option: option.of_layer("keras", cell))
    if asked:
        return f"{kind}({', '.join(asked)})"
    relu = kind == "SimpleRNN" and cell.activation.__name__ == "relu"
    return f"{kind}(relu)" if relu else kind


def _class(layer):
    """Name of Keras's class that the layer's is, or is made of.

    What is made of none but `Layer` or `Model` is no layer of Keras's, whatever its
    name; the suite's own cell has a rule.
    """
    own = type(layer)
    cls = next(cls for cls in own.__mro__ if cls.__module__.startswith("keras."))
    if own.__module__ == "keras_models.lstm_layer":
        return own.__name__
    if cls in (keras.Layer, keras.Model):
        return f"{own.__name__}({cls.__name__})"
    return cls.__name__
