"""Live models of a user's: copied for the judgement, and left as they are."""

import copy
from collections.abc import Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from compare.errors import BadInput
from compare.in_keras import models as keras_copies
from compare.in_keras import twin as in_keras
from compare.in_pytorch import layers as pytorch_layers
from compare.in_pytorch import twin as in_pytorch
from compare.judging.evidence import SIDES
from compare.judging.words import Side
from compare.twins.frameworks import DTYPES, FRAMEWORKS  # loads PyTorch first

NO_COPY = "the copy of a live model of this kind would use the original's layers"


PRECISIONS = ("float16", "bfloat16", "float64")  # beside float32


class NotCopied(ValueError):
    """A live model of which there is no copy in float64."""


def is_live(side: str, model: object) -> bool:
    """Whether this is a model and not what makes one."""
    cls = in_pytorch.torch.nn.Module if side == "torch" else in_keras.keras.Layer
    return isinstance(model, cls)


def notes(models: Mapping[str, object]) -> list[str]:
    """What a reader must know of live models, a sentence each.

    Args:
        models: "torch" and "keras", live or what makes them, which is no matter here.
    """
    found = []
    for side, model in models.items():
        if not is_live(side, model):
            continue
        weights = model.parameters() if side == "torch" else model.weights
        dtypes = {str(each.dtype).removeprefix("torch.") for each in weights}
        found += [
            f"{SIDES[side]}'s model is in {dtype}; its weights are judged in float32 "
            "and float64."
            for dtype in PRECISIONS
            if dtype in dtypes
        ]
        if side == "torch" and any(map(_learns, model.modules())):
            found.append(
                "PyTorch's model is in training mode; it is judged as in evaluation: "
                "call .eval() before you use it."
            )
    return found


def _learns(module):
    """Whether a module computes something else now than in evaluation.

    Recurrent layers and attention ask for the mode even where they drop nothing.
    """
    code = getattr(module.forward, "__code__", None)
    asks = code is not None and "training" in code.co_names
    return module.training and asks and getattr(module, "dropout", None) != 0


def _check_usable(side, model):
    if side == "torch":
        pytorch_layers.check_usable(model)


class Maker:
    """Makes a twin's model: calls what makes it, or gives a copy of one that lives.

    Args:
        side: "torch" or "keras".
        model: live, or a function or class.
        uncopied: whether to give the live model itself, in float32.
    """

    def __init__(self, side: Side, model: Any, uncopied: bool):
        self.side, self.model = side, model
        self.copies: dict[str, Any] = {}  # by precision
        self._why_uncopied = NO_COPY
        if not is_live(side, model):
            return
        _check_usable(side, model)
        if uncopied:
            return
        try:
            self.copies = {dtype: _copied(side, model, dtype) for dtype in DTYPES}
        except BadInput:
            raise
        except Exception as error:  # whatever a user's own class says
            self._why_uncopied = FRAMEWORKS[side].message(error)

    def __call__(self) -> Any:
        """The model in the precision that is the default just now.

        Raises:
            NotCopied: in float64, where there is no copy of a live model.
            BadInput: if what should make a model makes something else.
        """
        dtype = _default_dtype(self.side)
        if self.copies:
            return self.copies[dtype]
        if not is_live(self.side, self.model):
            return self._new_model()
        if dtype == "float64":
            raise NotCopied(self._why_uncopied)
        return self.model

    def _new_model(self) -> Any:
        model = self.model()
        if not is_live(self.side, model):
            raise BadInput(
                f"{self.side}_model: expected a function or class that makes a model "
                f"of {SIDES[self.side]}, got one that makes a {type(model).__name__}"
            )
        _check_usable(self.side, model)
        return model


def _copied(side, model, dtype):
    if side == "keras":
        return keras_copies.copy(model, dtype)
    return copy.deepcopy(model).cpu()


def _default_dtype(side):
    if side == "keras":
        return in_keras.keras.config.floatx()
    return str(in_pytorch.torch.get_default_dtype()).removeprefix("torch.")


@contextmanager
def noticing(original):
    """A set of the sides whose live model runs while it should not."""
    ran, undo = set(), []
    if "torch" in original:
        for module in original["torch"].modules():
            hook = module.register_forward_pre_hook(lambda *_: ran.add("torch"))
            undo.append(hook.remove)
    if "keras" in original:
        for layer in original["keras"]._flatten_layers():
            vars(layer)["call"] = _telling(layer.call, ran)
            undo.append(partial(vars(layer).pop, "call", None))
    try:
        yield ran
    finally:
        for each in undo:
            each()


def _telling(call, ran):
    def told(*args, **kwargs):
        ran.add("keras")
        return call(*args, **kwargs)

    return in_keras.wraps(call)(told)


@contextmanager
def modes_kept(models):
    """PyTorch's live model learns or does not learn behind the block as before it."""
    model = models["torch"]
    modes = {}
    if is_live("torch", model):
        modes = {module: module.training for module in model.modules()}
    try:
        with in_pytorch.torch.random.fork_rng(devices=[]):
            yield
    finally:
        for module, mode in modes.items():
            module.training = mode
