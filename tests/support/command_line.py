"""A command line that is run in this process."""

from compare import cli


def outcome(capsys, *arguments):
    """The exit status of a command line, and what it printed on both streams."""
    status = cli.main([*arguments])
    printed = capsys.readouterr()
    return status, printed.out, printed.err
