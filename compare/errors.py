"""The one error that people see as a line of text."""


class BadInput(ValueError):
    """Something given to the suite cannot be used.

    The message is one line: who, what was expected, what came, what to do. The command
    line prints it on stderr and ends with exit status 2.
    """
