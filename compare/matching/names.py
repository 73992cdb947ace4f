"""The table of names by which a user says which layer is the twin of which."""

from collections.abc import Mapping

from compare.errors import BadInput


def checked_names(who: str, names: object) -> dict[str, str | list[str]]:
    """The table of layers, none for None.

    Args:
        who: gave it, for the message.
        names: of PyTorch's layers, and of the twin, or twins, of each in Keras.

    Raises:
        BadInput: if it is no such table. Whether there are such layers, `matching`
            sees.
    """
    table = {} if names is None else names
    if not isinstance(table, Mapping):
        raise BadInput(
            f"{who}: expected a dictionary of PyTorch's layers and Keras's, such as "
            f"{{'encoder.rnn': 'lstm'}}, got a {type(names).__name__}"
        )
    found = {}
    for name, twins in table.items():
        several = isinstance(twins, list | tuple)
        each = list(twins) if several else [twins]
        wrong = [n for n in [name, *each] if not isinstance(n, str)]
        if wrong or not each:
            got = wrong[0] if wrong else twins
            raise BadInput(
                f"{who}: expected names of layers, of several for a stack, got "
                f"{got!r} of type {type(got).__name__}; give the names"
            )
        found[name] = each if several else twins
    return found
