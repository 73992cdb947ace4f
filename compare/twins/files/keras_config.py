"""Configurations that Keras saved with models, read as data; none is made into one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from compare import files, kinds
from compare.errors import BadInput
from compare.kinds.names import snake

# Of what a configuration says, that which stands in a message.
NAMES = ("class_name", "name", "config", "activation", "recurrent_activation")


def described(
    model: dict, path: str = "", names: str = ""
) -> Iterator[tuple[str, str, dict]]:
    """The layers of a model: path in `model.weights.h5`, name, and configuration.

    In a path a layer goes by its class and is numbered; containers are left out.
    """
    for step, own, layer in _layers(model):
        if _is_model(layer):
            yield from described(layer, f"{path}{step}/", f"{names}{own}/")
        else:
            yield f"{path}{step}", f"{names}{own}", layer


def chains(model: dict, names: str = "") -> list[str]:
    """What the names of layers begin with in each model whose layers form a chain.

    There the order is that of execution. The names are those of `described`.
    """
    found, whole = [], _is_chain(model)
    for _, own, layer in _layers(model):
        if _is_model(layer):
            inner = chains(layer, f"{names}{own}/")
            whole &= f"{names}{own}/" in inner
            found += inner
    return [names, *found] if whole else found


def _layers(model):
    """A model's layers by their class, numbered, and by their name."""
    config, count = model["config"], {}
    for layer in config["layers"] if isinstance(config, dict) else config:
        step = snake(layer["class_name"])
        count[step] = count.get(step, -1) + 1
        step += f"_{count[step]}" if count[step] else ""
        inner = layer["config"]
        own = layer.get("name") or (isinstance(inner, dict) and inner.get("name"))
        yield step, own or step, layer


def _is_model(layer):
    inner = layer["config"]
    return isinstance(inner, list) or "layers" in inner


def _is_chain(model):
    """Whether each layer takes one tensor, of a layer that feeds no other."""
    if model["class_name"] == "Sequential":
        return True
    layers = [layer for _, _, layer in _layers(model)]
    sources = [[*_sources(layer.get("inbound_nodes", []))] for layer in layers]
    feeding = [each for fed in sources for each in fed]
    return (
        max(map(len, sources), default=0) <= 1
        and len(set(feeding)) == len(feeding)
        and sum(not fed for fed in sources) == 1
    )


def _sources(nodes):
    """Names of the layers whose tensors a layer takes; one for each tensor.

    Keras 3 calls it a tensor's history; Keras 2 lists name and two numbers.
    """
    if isinstance(nodes, dict):
        history = nodes.get("keras_history")
        if history:
            yield history[0]
            return
        nodes = list(nodes.values())
    if not isinstance(nodes, list):
        return
    if len(nodes) in (3, 4) and [type(each) for each in nodes[:3]] == [str, int, int]:
        yield nodes[0]
        nodes = nodes[3:]
    for each in nodes:
        yield from _sources(each)


def inside(layer: dict) -> tuple[str, dict]:
    """Class and configuration of what a wrapper wraps, or of a layer itself."""
    while layer["class_name"] in ("TimeDistributed", "Bidirectional"):
        layer = layer["config"]["layer"]
    return layer["class_name"], layer["config"]


def kind(layer: dict, backwards: bool = False) -> str:
    """As `keras_layers.layers` names it; relu is left out, as in PyTorch's files."""
    cls, config = layer["class_name"], layer["config"]
    if cls == "TimeDistributed":
        return kind(config["layer"])
    if cls == "Bidirectional":
        names = [kind(config["layer"])]
        if config.get("backward_layer"):
            names.append(kind(config["backward_layer"], True))
        return " and ".join(dict.fromkeys(names))
    cells = [layer]
    if cls == "RNN":
        cells = [config["cell"]]
        if config["cell"]["class_name"] == "StackedRNNCells":
            cells = config["cell"]["config"]["cells"]
    asked = []
    if bool(config.get("go_backwards", backwards)) != backwards:
        asked.append(f"go_backwards={config['go_backwards']}")
    names = [_cell_kind(cell["class_name"], cell["config"], asked) for cell in cells]
    return " and ".join(dict.fromkeys(names))


def _cell_kind(cls, config, asked):
    name = cls.removesuffix("Cell")
    differ = [*asked, *kinds.unlike_pytorch(name, lambda each: each.of_config(config))]
    return f"{name}({', '.join(differ)})" if differ else name


def check(path: Path, value: object):
    """Refuse what a configuration describes and Keras does not bring.

    Raises:
        BadInput: if there is a Lambda, or another class or function of somebody's own,
            or a name that no terminal should print.
    """
    if isinstance(value, list):
        for each in value:
            check(path, each)
    if not isinstance(value, dict):
        return
    for key in NAMES:
        if isinstance(value.get(key), str):
            files.check_name(path, value[key])
    cls, module = value.get("class_name"), value.get("module", "keras")
    if isinstance(cls, str) and not cls.startswith("__keras"):
        home = str(module).split(".")[0]
        own = home in ("keras", "tf_keras") or (home == "builtins" and cls[:2] == "__")
        names = f"{cls} {value.get('registered_name')}"
        if not own or ">" in names or cls in ("Lambda", "__lambda__", "function"):
            raise BadInput(
                f"{path}: expected layers of Keras's own, got {cls}, whose code would "
                "have to be run; build the model in Python with your own code, and "
                "transfer the live model: compare.transfer(source, target)"
            )
    for key, each in value.items():
        if key not in ("compile_config", "build_config"):
            check(path, each)
