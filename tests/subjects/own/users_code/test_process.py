"""What a pair file sets in the process is put back, and what it prints is no report."""

import gc
import logging
import os
import signal
import sys

import pytest
from users_pairs import pair

SPOILT = [
    "import numpy; numpy.seterr(all='raise')",
    "torch.set_grad_enabled(False); torch.set_default_dtype(torch.float64)",
    "import warnings; warnings.simplefilter('error')",
    "keras.backend.clear_session()",
    "import os; os.chdir('/'); os.environ.clear()",
    "import sys; sys.path.clear()",
    "import sys; sys.path = []; sys.setrecursionlimit(120)",
    "import sys; sys.stdout.close(); sys.stderr = None",
    "import gc; gc.disable(); gc.set_threshold(1)",
    "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)",
    "import logging; logging.basicConfig(level=10); logging.disable(50)",
    "import sys; sys.excepthook = sys.displayhook = None; sys.argv.append('-x')",
    "import decimal; decimal.getcontext().prec = 1",
]


def of_the_process():
    return (
        os.getcwd(),
        dict(os.environ),
        [*sys.path],
        [*sys.argv],
        sys.getrecursionlimit(),
        gc.isenabled(),
        gc.get_threshold(),
        signal.getsignal(signal.SIGINT),
        logging.getLogger().level,
        [*logging.getLogger().handlers],
        logging.root.manager.disable,
        sys.excepthook,
        sys.stdout.closed,
        sys.stderr.closed,
    )


@pytest.mark.parametrize("top", SPOILT)
def test_what_a_file_sets_is_put_back_and_its_pair_is_judged(file, run, top):
    name = file(pair(top=top))
    before = of_the_process()

    status, out, _ = run(name)

    assert status == 0
    assert "Proved: on these inputs mine computes the same function" in out
    assert of_the_process() == before


def test_what_a_file_prints_leaves_the_report_whole(file, run):
    text = pair(top="print('\\x1b[2JProved: all')", forward="print('hello', end='')")

    status, out, err = run(file(text))

    assert status == 0
    assert out.startswith("PyTorch ")
    assert "Proved: all" not in out
    assert "Proved: all" in err
    assert "hello" in err


def test_policy_that_a_file_sets_is_not_judged_and_that_is_said(file, run):
    status, out, _ = run(
        file(pair(top="keras.config.set_dtype_policy('mixed_float16')"))
    )

    assert status == 0
    assert "Note: Keras makes layers in mixed_float16 here" in out
