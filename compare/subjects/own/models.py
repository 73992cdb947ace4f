"""Live models of a user's: copied for the judgement, and left as they are."""

import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from compare.errors import BadInput
from compare.judging.result import SIDES
from compare.judging.words import PRECISIONS, Side
from compare.matching.legacy import check_not_legacy
from compare.one_line import class_name
from compare.twins.frameworks import MESSAGES, MODELS, SETTINGS

NO_COPY = "the copy of a live model of this kind would use the original's layers"


OTHER_PRECISIONS = ("float16", "bfloat16", "float64")  # beside float32


def no_model() -> None:
    """The model that was made last, before one was made."""


class NotCopied(ValueError):
    """A live model of which there is no copy in float64."""


def is_live(side: Side, model: object) -> bool:
    """Whether this is a model and not what makes one."""
    return MODELS[side].is_model(model)


def notes(models: Mapping[Side, object]) -> list[str]:
    """What a reader must know of live models, a sentence each.

    Args:
        models: "torch" and "keras", live or what makes them, which is no matter here.
    """
    sentences = []
    for side, model in models.items():
        if not is_live(side, model):
            continue
        dtypes = MODELS[side].dtypes(model)
        sentences += [
            f"{SIDES[side]}'s model is in {dtype}; its weights are judged in float32 "
            "and float64."
            for dtype in OTHER_PRECISIONS
            if dtype in dtypes
        ]
        note_of_training = MODELS[side].note_of_training(model)
        if note_of_training:
            sentences.append(note_of_training)
        if side == "torch" and MODELS[side].is_compiled(model):
            sentences.append(
                "PyTorch's model is compiled by torch.compile; it is judged as it is "
                "written, uncompiled."
            )
    return sentences


def unheeded_settings(models: Mapping[Side, object]) -> list[str]:
    """What of a user's settings the judgement does not heed, a sentence each.

    Args:
        models: "torch" and "keras", live or what makes them.
    """
    sentences = []
    for side, model in models.items():
        sentences += SETTINGS[side].notes(made=not is_live(side, model))
    return sentences


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
        self._last_model: Callable[[], Any] = no_model
        if not is_live(side, model):
            return
        MODELS[side].check_usable(model)
        if uncopied:
            return
        try:
            for precision in PRECISIONS:
                self.copies[precision] = MODELS[side].copied(model, precision)
        except BadInput:
            raise
        except Exception as error:  # whatever a user's own class says
            self._why_uncopied = MESSAGES[side](error)

    def __call__(self) -> Any:
        """The model in the precision that is the default just now.

        Raises:
            NotCopied: in float64, where there is no copy of a live model.
            BadInput: if what should make a model makes something else.
        """
        dtype = MODELS[self.side].default_dtype()
        if dtype in self.copies:
            return self.copies[dtype]
        if not is_live(self.side, self.model):
            return MODELS[self.side].in_precision(self._new_model(), dtype)
        if dtype == "float64":
            raise NotCopied(self._why_uncopied)
        return self.model

    def _new_model(self) -> Any:
        model = self.model()
        if not is_live(self.side, model):
            check_not_legacy(f"{self.side}_model", model)
            raise BadInput(
                f"{self.side}_model: expected a function or class that makes a model "
                f"of {SIDES[self.side]}, got one that makes a {class_name(model)}"
            )
        if model is self._last_model():
            raise BadInput(
                f"{self.side}_model: expected a function that makes another model at "
                "each call, got one that returns the same again; make it inside, or "
                "give the model itself"
            )
        MODELS[self.side].check_usable(model)
        self._last_model = weakref.ref(model)
        return model


@contextmanager
def noticing(original: Mapping[Side, Any]) -> Iterator[set[Side]]:
    """A set of the sides whose live model runs while it should not.

    Args:
        original: live models by side.
    """
    ran: set[Side] = set()
    with ExitStack() as stack:
        for side, model in original.items():
            stack.enter_context(MODELS[side].noticing(model, partial(ran.add, side)))
        yield ran


@contextmanager
def modes_kept(models: Mapping[Side, Any]) -> Iterator[None]:
    """Live models learn or do not learn after the block as before it."""
    with ExitStack() as stack:
        for side, model in models.items():
            if is_live(side, model):
                stack.enter_context(MODELS[side].modes_kept(model))
        yield
