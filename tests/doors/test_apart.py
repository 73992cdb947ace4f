"""Work in a process of its own: whatever it does, it ends in a value or in one line."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from compare import apart
from compare.errors import BadInput

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits are Linux's")

LITTLE = apart.Allowance(seconds=0.2, memory=50 * apart.MB)


def doubled(number):
    return 2 * number


def refusing():
    raise BadInput("a.pt: expected another")


def mistaken():
    return [][0]


def endless():
    apart.begin("a.h5", LITTLE)
    sum(range(10**15))  # in C; no signal's handler is called


def hungry():
    apart.begin("a.h5", LITTLE)
    return len(bytearray(200 * apart.MB))


def crashing():
    apart.begin("a.h5", LITTLE)
    ctypes.string_at(0)


def talking():
    print("in Python")
    os.write(2, b"in C")


def writing(path):
    Path(path).write_text("something")


def large(size):
    return apart.uncopied(bytearray(b"x") * size)


def children():
    """Processes that this one has started and that have not been waited for."""
    path = Path(f"/proc/self/task/{os.getpid()}/children")
    return path.read_text().split()


def test_work_returns_its_value():
    assert apart.run(doubled, 21) == 42


def test_large_bytes_arrive_whole():
    content = apart.run(large, 5 * apart.MB)

    assert content == b"x" * 5 * apart.MB


def test_bad_input_is_raised_as_it_was():
    with pytest.raises(BadInput, match=r"^a\.pt: expected another$"):
        apart.run(refusing)


def test_a_mistake_keeps_its_class_and_brings_its_traceback():
    with pytest.raises(IndexError, match="list index") as error:
        apart.run(mistaken)

    assert "in mistaken" in error.value.__notes__[0]


@pytest.mark.parametrize(
    ("work", "message"),
    [
        (endless, "a.h5: expected a file that takes at most 0.2 s"),
        (hungry, "a.h5: expected a file that takes at most 50 MB"),
        (crashing, "the reader was ended by SIGSEGV"),
    ],
)
def test_work_without_end_or_measure_is_refused_in_one_line(work, message, capfd):
    with pytest.raises(BadInput, match=message) as refusal:
        apart.run(work)

    assert str(refusal.value).isprintable()
    assert capfd.readouterr() == ("", "")
    assert not children()


def test_the_allowance_grows_with_the_file(tmp_path):
    small, large_file = tmp_path / "small", tmp_path / "large"
    small.write_bytes(b"x")
    large_file.write_bytes(bytes(10 * apart.MB))

    of_small, of_large = apart.for_files(small), apart.for_files(large_file)
    assert of_large.seconds > 5 * of_small.seconds
    assert of_large.memory - of_small.memory > 50 * apart.MB
    assert apart.for_files(tmp_path / "none") == apart.for_files()


def test_work_says_nothing_and_writes_no_file(tmp_path, capfd):
    path = tmp_path / "written"

    apart.run(talking)
    with pytest.raises(OSError, match="File too large"):
        apart.run(writing, str(path))
    assert capfd.readouterr() == ("", "")
    assert path.read_bytes() == b""


INTERRUPTED = """
import signal
from compare import apart

# A process that was started in the background may ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)

def endless():
    apart.begin("a.h5", apart.Allowance(seconds=1000, memory=10**9))
    sum(range(10**15))

try:
    print("begins", flush=True)
    apart.run(endless)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.fixture
def started(tmp_path):
    """A process whose child is at work in C, ended after the test with its child."""
    process, child = _started(tmp_path)
    yield process, child
    for number in (process.pid, child):
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    process.communicate()


def _started(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(INTERRUPTED)
    process = subprocess.Popen(
        [sys.executable, str(script)],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout.readline() == "begins\n"
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while not listed.read_text():
        time.sleep(0.01)
    child = int(listed.read_text())
    time.sleep(0.2)  # it is at its work
    return process, child


def is_alive(pid):
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def test_ctrl_c_ends_work_in_c(started):
    """As a terminal does it: both processes get the signal."""
    process, child = started
    os.killpg(process.pid, signal.SIGINT)

    assert process.communicate(timeout=60) == ("interrupted\n", "")
    assert not is_alive(child)


def test_the_child_ends_with_its_parent(started):
    process, child = started
    process.kill()
    process.wait()

    for _ in range(500):
        if not is_alive(child):
            break
        time.sleep(0.01)
    assert not is_alive(child)
