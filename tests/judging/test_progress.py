"""What is being done is written in a log now and then, and in short runs not at all."""

from compare import progress
from compare.loading import in_a_log, progress_bar


def lines_of(times):
    """The lines that are written if steps begin at these times, in seconds."""
    clock, lines = iter([0.0, *times]), []
    log = progress.Now(lines.append, every=10, clock=lambda: next(clock))
    for number, _ in enumerate(times, start=1):
        log(f"step {number}")
    return lines


def test_steps_that_follow_each_other_quickly_write_no_line():
    assert lines_of([1, 3, 6, 9]) == []


def test_a_line_is_written_when_the_last_one_is_ten_seconds_ago():
    assert lines_of([4, 11, 15, 20, 21, 40]) == ["step 2\n", "step 5\n", "step 6\n"]


def test_in_a_terminal_the_bar_says_it_alone(capsys):
    with progress_bar() as bar:
        bar.disable = False
        log = in_a_log(bar)
        log("a step")
        bar.disable = True

    assert not isinstance(log, progress.Now)


def test_a_library_says_nothing_without_a_listener(capsys):
    progress.say("a step")

    assert capsys.readouterr() == ("", "")


def test_who_listens_hears_each_step():
    heard = []
    with progress.shown_by(heard.append):
        progress.say("a step")
    progress.say("another")

    assert heard == ["a step"]
