"""The one error that people see as a line of text."""


class BadInput(Exception):
    """Something given to the suite cannot be used.

    The message is one line: who, what was expected, what came, what to do. The command
    line prints it on stderr and ends with exit status 2. It is no ValueError, which is
    what a model raises when it refuses its input.
    """


def first_line(error: BaseException) -> str:
    """The first line of what an error says; nothing where it says nothing."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else ""
