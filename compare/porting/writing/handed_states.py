"""States that go from one recurrent layer into another, handed on as they are."""

from __future__ import annotations

import re
from collections.abc import Sequence

from compare.porting.writing.names import numbered
from compare.porting.writing.unread import names_in

# "state_h, state_c = state_h[0], state_c[0]  # (batch, 16) each"
TAKEN_OUT = re.compile(r"((\w+)(?:, (\w+))?) = \2\[0\](?:, \3\[0\])?  # \(.*")


def with_handed_states(lines: Sequence[str], result: str) -> list[str]:
    """The lines of a forward method, where states are taken out only if they are read.

    PyTorch's states have an axis for layers, which Keras's have not. States that go
    from one layer into another keep it.

    Args:
        lines: of the method.
        result: what the method returns.
    """
    handed = [*lines]
    for number in reversed(range(1, len(lines))):
        match = TAKEN_OUT.fullmatch(handed[number])
        if match is None:
            continue
        names = [name for name in match.groups()[1:] if name is not None]
        changed = _handed(handed, number, names, result)
        if changed is not None:
            handed = changed
    return handed


def _handed(
    lines: list[str], number: int, names: Sequence[str], result: str
) -> list[str] | None:
    """The lines without one that takes states out; None if something reads these.

    Args:
        lines: of the method.
        number: of the line that takes states out.
        names: of the states.
        result: what the method returns.
    """
    given = ", ".join(f"{name}[None]" for name in names)
    made = names[0]
    if len(names) > 1:
        given, made = f"({given})", f"({', '.join(names)})"
    if not re.search(rf"{re.escape(made)} = ", lines[number - 1]):
        return None
    taken = {name for line in lines for name in names_in(line)}
    states = made if len(names) == 1 else numbered("states", taken)
    after = []
    for line in lines[number + 1 :]:
        code = line.split("  # ")[0]
        if names_in(code.replace(given, "")) & {*names}:
            return None  # also where a name gets another value
        after.append(line.replace(given, states))
    if names_in(result) & {*names}:
        return None
    before = lines[number - 1].replace(f"{made} = ", f"{states} = ")
    return [*lines[: number - 1], before, *after]
