"""Runs code that calls the suite, and ends as the command line would.

`python calls.py CODE`: status 0 where the models are the same or weights were moved, 1
where they differ, 2 for what is refused, 3 for any other error.
"""

from __future__ import annotations

import sys
import traceback
from typing import Any

import compare
from compare import BadInput
from compare.one_line import printable


def run(code: str) -> int:
    """Run code in which `models.py` is imported; return the exit status.

    Args:
        code: the last call's evidence is to be called `evidence`, where it has one.
    """
    import models

    names: dict[str, Any] = {"compare": compare, **vars(models)}
    try:
        exec(code, names)
    except BadInput as error:
        print(error, file=sys.stderr)
        return 2
    except AssertionError as error:
        print(printable(str(error)))
        return 1
    except Exception:
        traceback.print_exc()
        return 3
    evidence = names.get("evidence")
    if evidence is None:
        return 0
    print(evidence.verdict)
    return 0 if evidence.as_expected else 1


if __name__ == "__main__":
    sys.exit(run(sys.argv[1]))
