"""Configurations that Keras saved with models, read as data; none is made into one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from compare.errors import BadInput
from compare.foreign import check_name
from compare.kinds import unlike_pytorch
from compare.kinds.names import snake
from compare.one_line import printable

# What stands in a message of all that a configuration says.
SHOWN = ("class_name", "name", "config", "activation", "recurrent_activation")

DEEPEST = 200  # lists and dictionaries in one another; a model in a model takes four
LONGEST_VALUE = 60  # letters of a setting in a message

Config = dict[str, Any]  # of a layer or a model: its class, and what it is made with


class Described(NamedTuple):
    """A layer of a model.

    Args:
        path: of the layer in `model.weights.h5`, without the groups that only hold
            others; there it goes by its class and is numbered.
        name: of the layer, after those of the models that it is in.
        config: of the layer.
    """

    path: str
    name: str
    config: Config


def described(model: Config, path: str = "", name: str = "") -> Iterator[Described]:
    """The layers of a model, and of the models inside it.

    Args:
        model: its configuration.
        path: what the paths of its layers begin with.
        name: what their names begin with.
    """
    for layer in _layers(model):
        inside_path, inside_name = f"{path}{layer.path}", f"{name}{layer.name}"
        if _is_model(layer.config):
            yield from described(layer.config, f"{inside_path}/", f"{inside_name}/")
        else:
            yield Described(inside_path, inside_name, layer.config)


def chains(model: Config, name: str = "") -> list[str]:
    """What the names of layers begin with in each model whose layers form a chain.

    There the order is that of execution. The names are those of `described`.

    Args:
        model: its configuration.
        name: what the names of its layers begin with.
    """
    prefixes = []
    is_chain = _is_chain(model)
    for layer in _layers(model):
        if _is_model(layer.config):
            prefix = f"{name}{layer.name}/"
            inside_chains = chains(layer.config, prefix)
            is_chain &= prefix in inside_chains
            prefixes += inside_chains
    if is_chain:
        return [name, *prefixes]
    return prefixes


def _layers(model: Config) -> Iterator[Described]:
    """The layers and models that a model holds itself."""
    config = model["config"]
    layers = config["layers"] if isinstance(config, dict) else config
    count: dict[str, int] = {}
    for layer in layers:
        path = snake(layer["class_name"])
        number = count.get(path, 0)
        count[path] = number + 1
        if number:
            path += f"_{number}"
        name = layer.get("name")
        if not name and isinstance(layer["config"], dict):
            name = layer["config"].get("name")
        yield Described(path, name or path, layer)


def _is_model(layer: Config) -> bool:
    """Whether a layer is a model; Keras 2 gave Sequential's layers as a list."""
    config = layer["config"]
    return isinstance(config, list) or "layers" in config


def _is_chain(model: Config) -> bool:
    """Whether each layer takes one tensor, of a layer that feeds no other."""
    if model["class_name"] == "Sequential":
        return True
    feeding: list[str] = []
    beginnings = 0
    for layer in _layers(model):
        sources = list(_sources(layer.config.get("inbound_nodes", [])))
        if len(sources) > 1:
            return False
        if not sources:
            beginnings += 1
        feeding += sources
    return beginnings == 1 and len(set(feeding)) == len(feeding)


def _sources(nodes: Any) -> Iterator[str]:
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
    if len(nodes) in (3, 4) and [type(node) for node in nodes[:3]] == [str, int, int]:
        yield nodes[0]
        nodes = nodes[3:]
    for node in nodes:
        yield from _sources(node)


def inside(layer: Config) -> tuple[str, Config]:
    """Class and configuration of what a wrapper wraps, or of a layer itself."""
    while layer["class_name"] in ("TimeDistributed", "Bidirectional"):
        layer = layer["config"]["layer"]
    return layer["class_name"], layer["config"]


def kind(layer: Config, backwards: bool = False) -> str:
    """The kind of a layer, named as that of a live one is.

    relu is left out, since PyTorch's files do not say it either.

    Args:
        layer: its configuration.
        backwards: whether it is to go backwards, as in a `Bidirectional`.
    """
    cls, config = layer["class_name"], layer["config"]
    if cls == "TimeDistributed":
        return kind(config["layer"])
    if cls == "Bidirectional":
        kinds = [kind(config["layer"])]
        if config.get("backward_layer"):
            kinds.append(kind(config["backward_layer"], True))
        return " and ".join(dict.fromkeys(kinds))
    # A layer is like its cell in a stack of one.
    cells = [layer]
    if cls == "RNN":
        cells = [config["cell"]]
        if config["cell"]["class_name"] == "StackedRNNCells":
            cells = config["cell"]["config"]["cells"]
    asked = []
    if bool(config.get("go_backwards", backwards)) != backwards:
        asked.append(f"go_backwards={config['go_backwards']}")
    kinds = [_cell_kind(cell["class_name"], cell["config"], asked) for cell in cells]
    return " and ".join(dict.fromkeys(kinds))


def _cell_kind(cls: str, config: Config, asked: list[str]) -> str:
    """The kind of a cell or a layer, with the options that PyTorch lacks."""
    kind = cls.removesuffix("Cell").removeprefix("CuDNN")
    unlike = unlike_pytorch(kind, lambda option: option.of_config(config))
    # A file may hold any text in the place of a setting, and at any length.
    differ = [printable(setting, LONGEST_VALUE) for setting in (*asked, *unlike)]
    return f"{kind}({', '.join(differ)})" if differ else kind


def check(path: Path, value: object) -> None:
    """Refuse what a configuration describes and Keras does not bring.

    Args:
        path: of the file, for the message.
        value: a configuration, or what stands in one.

    Raises:
        ValueError: if they are nested as no model is.
        BadInput: if there is a Lambda, or another class or function of somebody's own,
            or a name that no terminal should print.
    """
    for config in _checked(path, value):
        _check_class(path, config)


def check_names(path: Path, value: object) -> None:
    """Refuse a configuration that cannot be read, whatever classes it describes.

    Args:
        path: of the file, for the message.
        value: a configuration, or what stands in one.

    Raises:
        ValueError: if it is nested as no model is.
        BadInput: if there is a name that no terminal should print.
    """
    for _ in _checked(path, value):
        pass


def _checked(path: Path, value: object, depth: int = 0) -> Iterator[Config]:
    """Each dictionary in a configuration, once its names are checked.

    Args:
        path: of the file, for the message.
        value: a configuration, or what stands in one.
        depth: how many lists and dictionaries it stands in.
    """
    if depth > DEEPEST:
        raise ValueError(f"its configuration is nested more than {DEEPEST} times")
    if isinstance(value, list):
        for item in value:
            yield from _checked(path, item, depth + 1)
    elif isinstance(value, dict):
        for key in SHOWN:
            if isinstance(value.get(key), str):
                check_name(path, value[key])
        yield value
        for key, item in value.items():
            if key not in ("compile_config", "build_config"):
                yield from _checked(path, item, depth + 1)


def _check_class(path: Path, config: Config) -> None:
    """Raise BadInput where a configuration is of a class that is not Keras's own."""
    cls = config.get("class_name")
    if not isinstance(cls, str) or cls.startswith("__keras"):
        return
    package = str(config.get("module", "keras")).split(".")[0]
    of_keras = package in ("keras", "tf_keras")
    of_python = package == "builtins" and cls.startswith("__")
    # A registered name is written as package>name.
    registered = ">" in cls or ">" in str(config.get("registered_name"))
    is_code = cls in ("Lambda", "__lambda__", "function")
    if registered or is_code or not (of_keras or of_python):
        raise BadInput(
            f"{path}: expected layers that Keras has itself, got {cls}, whose code "
            "would have to be run; build the model in Python with your own code, and "
            "transfer the live model: compare.transfer(source, target)"
        )
