"""The table of names by which a user says which layer is the twin of which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from compare.errors import BadInput
from compare.one_line import class_name, repr_of

Names = Mapping[str, str | Sequence[str]]  # {PyTorch layer: Keras layer or layers}


def checked_names(who: str, names: object) -> dict[str, str | list[str]]:
    """Return the table of layers, an empty one for None.

    Args:
        who: gave it, for the message.
        names: {PyTorch layer: Keras layer}, several in a list for a stack.

    Raises:
        BadInput: if it is not such a table. Whether there are such layers, `matching`
            sees.
    """
    if names is None:
        return {}
    if not isinstance(names, Mapping):
        raise BadInput(
            f"{who}: expected a dictionary of layers of PyTorch and of Keras, such as "
            f"{{'encoder.rnn': 'lstm'}}, got a {class_name(names)}"
        )
    table: dict[str, str | list[str]] = {}
    for name, twins in names.items():
        several = isinstance(twins, list | tuple)
        twin_names = list(twins) if several else [twins]
        not_names = [item for item in [name, *twin_names] if not isinstance(item, str)]
        if not_names or not twin_names:
            wrong = not_names[0] if not_names else twins
            raise BadInput(
                f"{who}: expected names of layers, of several for a stack, got "
                f"{repr_of(wrong)} of type {class_name(wrong)}; give the names"
            )
        table[name] = twin_names if several else twins
    return table
