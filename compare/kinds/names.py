"""The names of kinds, with and without their options."""

from __future__ import annotations

import re

# What PyTorch's recurrent layers compute. Those of Keras may be asked for something
# else; the activation of another layer is in PyTorch a layer of its own.
IN_PYTORCH: dict[str, dict[str, list[object]]] = {
    "LSTM": dict(activation=["tanh"], recurrent_activation=["sigmoid"]),
    "GRU": dict(
        activation=["tanh"], recurrent_activation=["sigmoid"], reset_after=[True]
    ),
    "SimpleRNN": dict(activation=["tanh", "relu"]),  # PyTorch's nonlinearity
}


def own(kinds: tuple[str, str]) -> bool:
    """Whether both layers are classes that their user wrote, made of none of ours."""
    return kinds[0].endswith("(Module)") and kinds[1].endswith(("(Layer)", "(Model)"))


def plain(kind: str) -> str:
    """A kind without the options that do not change what its arrays mean."""
    each = (re.sub(r"\((relu|.*=.*)\)$", "", part) for part in kind.split(" and "))
    return " and ".join(dict.fromkeys(each))


def snake(name: str) -> str:
    """As Keras turns the name of a class into that of a layer: PReLU, p_re_lu."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
