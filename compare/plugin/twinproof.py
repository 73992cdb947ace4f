"""The command `twinproof`, and the check that `import compare` finds this suite.

The module is top-level and has a name of its own, since a project may have a
`compare.py` or `compare/` too. It runs none of that: where the name leads to another
file, it says so. It is loaded in every session of pytest, so it imports no more than
the standard library, and `compare` only when the command runs.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

# Files of our `compare` by which it is told from another package of that name.
OUR_FILES = ("api.py", "cli.py", "errors.py", "files.py", "session.py")


def main() -> int:
    """Run the command line; returns the exit status."""
    problem = hidden_by("twinproof")
    if problem is not None:
        print(problem, file=sys.stderr)
        return 2
    try:
        from compare.process import main as run_command_line
    except KeyboardInterrupt:  # from there on, signals are seen to
        print("twinproof: interrupted", file=sys.stderr)
        return 130

    return run_command_line()


def hidden_by(who: str) -> str | None:
    """What is wrong where `import compare` finds another package or module.

    Args:
        who: what needs our package, named first in the message.

    Returns:
        One line that names the file found instead, or None where it is ours. Nothing
        of either is run.
    """
    try:
        spec = find_spec("compare")
    except ValueError:  # a module that was made by hand is in sys.modules
        spec = None
    folders = None
    if spec is not None:
        folders = spec.submodule_search_locations
    for folder in folders or ():
        if all((Path(folder) / name).is_file() for name in OUR_FILES):
            return None
    file = None
    if spec is not None:
        file = spec.origin
    return (
        f"{who}: expected `import compare` to find twinproof, got "
        f"{file or 'none with a file'}; rename what hides it, or keep that off sys.path"
    )


if __name__ == "__main__":
    sys.exit(main())
