"""One layer of a configuration as a plan, with the layers that it wraps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from compare.kinds.graph import INPUT, MODEL, STUB, LayerPlan, Missing, ModelPlan
from compare.one_line import printable
from compare.porting.reading import operations
from compare.porting.reading.findings import Config, Findings
from compare.porting.reading.keras_layers import (
    AUGMENTING,
    CELLS,
    LAYERS,
    OTHER_LAYERS,
)
from compare.porting.reading.merging import merged
from compare.porting.reading.settings import OTHER_FLOATS, dtype_of, in_words_of_keras_3
from compare.porting.reading.words import (
    ALWAYS_SAID,
    CLASSES,
    IN_TENSORFLOW_ALONE,
    SINCE_TENSORFLOW,
)

WRAPPERS = ("TimeDistributed", "Bidirectional", "RNN", "SpectralNormalization")
MODELS = ("Model", "Functional", "Sequential")
LONGEST_NAME = 60  # letters of a class in a message

ReadModel = Callable[[Config, Findings, str], ModelPlan]


def is_model(config: Config) -> bool:
    """Whether a configuration is of a model; Keras 2 gave Sequential's as a list."""
    if config["class_name"] in MODELS:
        return True
    inside = config["config"]
    if not isinstance(inside, dict) or not isinstance(inside.get("layers"), list):
        return False
    return "output_layers" in inside


def name_of(config: Config) -> str:
    """What the user called a layer; "" where that is not said."""
    name = config.get("name")
    settings = config.get("config")
    if not name and isinstance(settings, dict):
        name = settings.get("name")
    return name if isinstance(name, str) else ""


class LayerReader:
    """Layers of configurations.

    Args:
        found: takes notes and problems.
        read_model: reads a model in a model; it is called with its configuration,
            `found` and its full name.
    """

    def __init__(self, found: Findings, read_model: ReadModel):
        self.found = found
        self._read_model = read_model

    def plan(self, config: Config, name: str, full_name: str) -> LayerPlan:
        """A layer as a plan.

        Args:
            config: its class, and what it is made with.
            name: in its model.
            full_name: with those of the models that it is in.
        """
        cls = config["class_name"]
        self.found.classes[full_name] = cls
        self._note_built(config, full_name)
        if is_model(config):
            model = self._read_model(config, self.found, full_name)
            return LayerPlan(name, MODEL, model=model)
        settings = config["config"]
        if operations.is_operation(config):
            return operations.plan(config, name, full_name, self.found)
        if not isinstance(settings, dict):
            self.found.problem(f"{full_name}: a {_shown(cls)} without settings")
            return LayerPlan(name, cls)
        if cls == "InputLayer" or CLASSES.get(cls, CLASSES["CuDNNGRU"]).new == INPUT:
            return input_plan(settings, name, full_name, self.found)
        if cls == "Merge":
            return merged(settings, name, full_name, self.found)
        if cls == "TimeDistributedDense":
            return self._time_distributed_dense(settings, name, full_name)
        if cls == "ActivityRegularization" or cls in AUGMENTING:
            self.found.note(f"{full_name}: a {cls} acts in training only")
            return LayerPlan(name, "Identity")
        problem = self._problem(config)
        if problem:
            return self._stub(name, full_name, problem, settings)
        if cls in WRAPPERS:
            return self._wrapper(cls, settings, name, full_name)
        new_cls, words = in_words_of_keras_3(cls, settings, full_name, self.found)
        return self._unless_foreign(
            LayerPlan(name, new_cls, words), full_name, cls, settings
        )

    def _unless_foreign(
        self, plan: LayerPlan, full_name: str, cls: str, settings: Config
    ) -> LayerPlan:
        """A layer that was read, or a stub if it has what no layer of Keras 3 has.

        Args:
            plan: of the layer.
            full_name: with those of the models that it is in.
            cls: its class, as the file names it.
            settings: as the file has them.
        """
        foreign = list(self.found.foreign)
        self.found.foreign.clear()
        if not foreign:
            return plan
        sentence = f"a {_shown(cls)} with {' and '.join(foreign)}, which Keras 3 does "
        return self._stub(plan.name, full_name, f"{sentence}not have", settings)

    def _note_built(self, config: Config, full_name: str) -> None:
        """Keep the shape that a layer was built for, if its configuration has it."""
        build_config = config.get("build_config")
        shape = build_config.get("input_shape") if isinstance(build_config, dict) else 0
        if not isinstance(shape, list) or not shape:
            return
        if all(size is None or (type(size) is int and size > 0) for size in shape):
            self.found.built[full_name] = (None, *shape[1:])

    def _problem(self, config: Config) -> str:
        """Why no layer of Keras 3 does what a layer does; "" if one does."""
        cls = config["class_name"]
        module = str(config.get("module") or "keras").split(".")[0]
        registered = str(config.get("registered_name") or "")
        if cls == "Lambda":
            return "a Lambda, whose code is in the file and is not run"
        is_own = ">" in cls or ">" in registered
        if is_own or module not in ("keras", "tf_keras", "tensorflow", "builtins"):
            return f"a layer of the user's own, {_shown(cls)}"
        new = CLASSES[cls].new if cls in CLASSES else cls
        if self._is_namesake(cls, config["config"]):
            return f"a layer of the user's own, which is called {cls} too"
        if new in LAYERS or cls in WRAPPERS:
            return ""
        if cls in OTHER_LAYERS:
            return f"a {cls}, which is not ported"
        return f"a {_shown(cls)}, which Keras 3 does not have"

    def _is_namesake(self, cls: str, settings: Config) -> bool:
        """Whether a class is the user's own that has the name of one of Keras."""
        is_before = () < self.found.release < IN_TENSORFLOW_ALONE
        is_of_tensorflow = "tf" in self.found.version
        if is_before and not is_of_tensorflow and cls in SINCE_TENSORFLOW:
            return True
        return cls in ALWAYS_SAID and ALWAYS_SAID[cls] not in settings

    def _stub(
        self, name: str, full_name: str, sentence: str, settings: Config
    ) -> LayerPlan:
        """A layer that no port can have, or a wrapper of one."""
        self.found.stubs.append(f"{full_name}: {sentence}")
        return LayerPlan(name, STUB, missing=Missing(sentence, settings))

    def _wrapper(self, cls: str, settings: Config, name: str, full: str) -> LayerPlan:
        """A wrapper, and what it wraps."""
        if cls == "RNN":
            own_cells = [*_own_cells(settings.get("cell"))]
            if own_cells:
                sentence = f"a cell of the user's own, {_shown(own_cells[0])}"
                return self._stub(name, full, sentence, settings)
            cells = self._cells(settings.get("cell"), full)
            if any(map(_holds_stub, cells)):
                sentence = "an RNN of a cell that is not ported"
                return LayerPlan(name, STUB, missing=Missing(sentence, settings))
            own_settings = _without(settings, "cell")
            _, own = in_words_of_keras_3(cls, own_settings, full, self.found)
            plan = LayerPlan(name, cls, own, cells)
            return self._unless_foreign(plan, full, cls, settings)
        inner = settings["layer"]
        inner_name = name_of(inner) or "layer"
        if is_model(inner):  # whose layers are known by the wrapper's name
            inside = self.plan(inner, inner_name, full)
            self.found.classes[full] = cls
        else:
            inside = self.plan(inner, inner_name, f"{full}.{inner_name}")
        if _holds_stub(inside):
            self.found.classes[full] = cls
            inner_cls = _shown(inner["class_name"])
            sentence = f"a {cls} of what is not ported, {inner_cls}"
            return LayerPlan(name, STUB, missing=Missing(sentence, settings))
        if cls == "SpectralNormalization":
            self.found.note(
                f"{full}: SpectralNormalization changes a kernel in training only; "
                "what it wraps is read in its place"
            )
            self.found.classes[full] = cls
            return LayerPlan(name, inside.keras, inside.config, inside.inside)
        own_settings = _without(settings, "layer", "backward_layer")
        _, own = in_words_of_keras_3(cls, own_settings, full, self.found)
        parts: tuple[LayerPlan, ...] = (inside,)
        if cls == "Bidirectional":
            parts = self._directions(settings, inside, full)
        plan = LayerPlan(name, cls, own, parts)
        return self._unless_foreign(plan, full, cls, settings)

    def _directions(
        self, settings: Config, inside: LayerPlan, full: str
    ) -> tuple[LayerPlan, LayerPlan]:
        """The layers of a Bidirectional, forward and backward."""
        backward = LayerPlan(inside.name, inside.keras, _turned(inside), inside.inside)
        described = settings.get("backward_layer")
        if described:
            inner_name = name_of(described)
            backward = self.plan(described, inner_name, f"{full}.{inner_name}")
        return _prefixed("forward_", inside), _prefixed("backward_", backward)

    def _cells(self, cell: Any, full_name: str) -> tuple[LayerPlan, ...]:
        """The cells of an RNN, those of a stack one by one."""
        if isinstance(cell, list):
            cells: list[LayerPlan] = []
            for described in cell:
                cells += self._cells(described, full_name)
            return tuple(cells)
        if not isinstance(cell, dict) or "class_name" not in cell:
            self.found.problem(f"{full_name}: an RNN without a cell")
            return ()
        if cell["class_name"] == "StackedRNNCells":
            return self._cells(cell["config"]["cells"], full_name)
        name = name_of(cell)
        return (self.plan(cell, name, f"{full_name}.{name}"),)

    def _time_distributed_dense(
        self, settings: Config, name: str, full_name: str
    ) -> LayerPlan:
        """Keras 1 had a dense layer for each time step."""
        _, inside = in_words_of_keras_3("Dense", settings, full_name, self.found)
        dense = LayerPlan("dense", "Dense", inside)
        plan = LayerPlan(name, "TimeDistributed", {}, (dense,))
        return self._unless_foreign(plan, full_name, "TimeDistributedDense", settings)


def input_plan(
    settings: Config, name: str, full_name: str, found: Findings
) -> LayerPlan:
    """An input: its shape without the batch, which is told where it is fixed."""
    for option in ("sparse", "ragged"):
        if settings.get(option):
            found.problem(f"{full_name}: an input that is {option}")
    shape = settings.get("batch_shape", settings.get("batch_input_shape"))
    if shape is not None and not (isinstance(shape, list) and shape):
        found.problem(f"{full_name}: an input whose shape is no list of sizes")
        shape = None
    if not isinstance(shape, list):
        shape = [None, *(settings.get("shape") or settings.get("input_shape") or [])]
    dtype = dtype_of(settings.get("dtype")) or "float32"
    if dtype in OTHER_FLOATS:
        found.note(f"{full_name}: an input of {dtype}, which the port takes in float32")
        dtype = "float32"
    return input_of(shape, dtype, name)


def input_of(batch_shape: list[Any], dtype: str, name: str) -> LayerPlan:
    """An input of a shape that begins with the batch."""
    batch, *shape = batch_shape
    config: Config = {"shape": shape, "dtype": dtype}
    if batch is not None:
        config["batch_size"] = batch
    return LayerPlan(name, INPUT, config)


def _own_cells(cell: Any) -> Iterator[str]:
    """The classes of cells that are not Keras's own, those of a stack one by one."""
    if isinstance(cell, list):
        for described in cell:
            yield from _own_cells(described)
    elif isinstance(cell, dict) and "class_name" in cell:
        if cell["class_name"] == "StackedRNNCells":
            yield from _own_cells(cell["config"]["cells"])
        elif cell["class_name"] not in CELLS:
            yield str(cell["class_name"])


def _holds_stub(plan: LayerPlan) -> bool:
    """Whether a layer is a stub, or has one inside."""
    inside = list(plan.inside)
    if plan.model is not None:
        inside += plan.model.layers.values()
    return plan.keras == STUB or any(map(_holds_stub, inside))


def _turned(inside: LayerPlan) -> Config:
    """The settings of a layer that goes in the other direction."""
    return {
        **inside.config,
        "go_backwards": not inside.config.get("go_backwards", False),
    }


def _prefixed(prefix: str, inside: LayerPlan) -> LayerPlan:
    """A layer in a Bidirectional by the name that Keras gives it there."""
    name = inside.name
    if not name.startswith(prefix):
        name = f"{prefix}{name}"
    return LayerPlan(name, inside.keras, inside.config, inside.inside)


def _without(settings: Config, *names: str) -> Config:
    return {name: value for name, value in settings.items() if name not in names}


def _shown(cls: str) -> str:
    return printable(str(cls), LONGEST_NAME)
