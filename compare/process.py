"""The command line as a process: its streams and signals are set up before all else."""

from compare import interrupts, streams


def main() -> int:
    """Run the command line; returns the exit status."""
    streams.prepare()
    interrupts.install()
    from compare.cli import main as run_command_line  # later: it takes 0.1 s

    return run_command_line()
