"""What a pair file does, raises, prints and is called: it works, or is one line."""

import codecs
import os

import pytest
from users_pairs import one_line, pair

# The file itself


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (pair().encode("utf-16"), "expected Python in UTF-8, got UTF-16; save it"),
        (pair().encode("utf-32"), "expected Python in UTF-8, got UTF-32; save it"),
        (pair().encode("utf-16-le"), "line 2: expected Python, which is text, got a N"),
        (pair(end="\0").encode(), "line 26: expected Python, which is text, got a NUL"),
        (b"# coding: foo\n" + pair().encode(), "got SyntaxError: unknown encoding"),
        (b"", "got no torch_model"),
        (pair(end="y = (").encode(), "line 26: expected code that runs, got Syntax"),
        (b"#" * 10_000_001, "expected a pair file of at most 10 MB, got 10 MB"),
    ],
    ids=["UTF-16", "UTF-32", "no BOM", "NUL", "coding", "empty", "syntax", "large"],
)
def test_file_that_is_no_python_is_one_line(file, run, content, said):
    status, out, err = run(file(content))

    assert (status, out) == (2, "")
    assert said in one_line(err)


@pytest.mark.parametrize(
    "content",
    [
        codecs.BOM_UTF8 + pair().encode(),
        "# coding: latin-1\n# é\n".encode("latin-1") + pair().encode(),
    ],
    ids=["BOM", "Latin-1"],
)
def test_encoding_that_python_reads_works(file, run, content):
    assert run(file(content))[0] == 0


def test_folder_and_pipe_are_no_pair_files(file, run, tmp_path):
    (tmp_path / "folder.py").mkdir()
    os.mkfifo(tmp_path / "pipe.py")

    assert "got a folder; name a file" in one_line(run("folder.py")[2])
    assert "got a device or a pipe; name a file" in one_line(run("pipe.py")[2])


NAMES = {
    "[red]x.py": "[red]x",
    " .py": " ",
    "a\nb.py": r"a\nb",
    "\x1b[2Jx.py": r"\x1b[2Jx",
    "\u202etxt.py": r"\u202etxt",
    os.fsdecode(b"\xff.py"): r"\udcff",
}


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_name_of_a_file_is_shown_and_not_obeyed(file, run, name):
    status, out, _ = run(file(pair(), name), "--json", "evidence.json")

    assert status == 0
    assert f"inputs {NAMES[name]} computes the same function" in out
    assert all(line.isprintable() for line in out.splitlines())


def test_files_of_one_name_are_told_apart(file, run):
    names = file(pair(), "a/mine.py"), file(pair(), "b/mine.py")

    status, out, _ = run(*names)

    assert status == 0
    rows = [line.split()[0] for line in out.splitlines() if "mine.py  " in line]
    assert rows[:2] == [*names]


def test_file_by_a_link_imports_what_lies_beside_it(file, run, tmp_path):
    file("SCALE = 1.0", "real/helper.py")
    file(pair(forward="import helper; x = x * helper.SCALE"), "real/mine.py")
    (tmp_path / "link.py").symlink_to(tmp_path / "real" / "mine.py")

    assert run("link.py")[0] == 0


# What its code raises

OWN_KIND = "class Own(BaseException): pass"
ODD_CLASS = (
    "class Own(Exception):\n"
    "    @property\n"
    "    def __class__(self): raise ZeroDivisionError"
)
UNSAID = "class Own(Exception):\n    def __str__(self): raise SystemExit(0)"


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"top": "def f(): f()\nf()"}, "line 5: expected code that runs, got Recurs"),
        ({"top": "raise GeneratorExit"}, "line 5: expected code that runs, got Gener"),
        ({"top": f"{OWN_KIND}\nraise Own('hi')"}, "line 6: expected code that runs, "),
        ({"top": OWN_KIND, "forward": "raise Own('hi')"}, "line 14: expected code "),
        ({"top": OWN_KIND, "in_keras": "raise Own('hi')"}, "got Own: hi; correct it"),
        ({"top": f"{ODD_CLASS}\nraise Own('x')"}, "line 8: expected code that runs, "),
        ({"top": UNSAID, "in_keras": "raise Own()"}, "got Own; correct it there"),
        ({"top": "import sys; sys.exit(0)"}, "got SystemExit: 0; correct it there"),
        ({"forward": "import os; os._exit(0)"}, "line 14: expected code that runs"),
        ({"top": "import os; os._exit(0)"}, "got SystemExit: 0; correct it there"),
        ({"end": "loss = ['a']"}, "negative_sharpe_ratio, got ['a']"),
        ({"end": "optimizer = {'a': 1}"}, "adamw, got {'a': 1}; settings are"),
        ({"end": "transfer = torch.ones(2)"}, "'random', got tensor([1., 1.])"),
        ({"end": "names = {'a\\x1b[2J': 'b'}"}, r"got 'a\x1b[2J'"),
    ],
)
def test_what_a_file_raises_is_one_line_that_says_where(file, run, parts, said):
    status, out, err = run(file(pair(**parts)))

    assert (status, out) == (2, "")
    assert one_line(err).startswith("compare: ")
    assert said in err


def test_ctrl_c_in_a_file_interrupts(file, run):
    status, out, err = run(file(pair(forward="raise KeyboardInterrupt")))

    assert (status, out, err) == (130, "", "compare: interrupted\n")


@pytest.mark.parametrize(
    ("forward", "said"),
    [
        ("self.forward(x)", "maximum recursion depth exceeded (mine.py, line 14)"),
        ("x[9, 9, 9]", "too many indices for tensor of dimension 2 (mine.py, line 14)"),
        ("raise ValueError('ten steps')", "PyTorch   ten steps\n"),
        (
            "raise ExceptionGroup('many', [ValueError('a')])",
            "ExceptionGroup: many (1 s",
        ),
        ("raise ValueError('\\x1b[2JProved: \\r [red]')", r"\x1b[2JProved: \r [red]"),
    ],
)
def test_what_forward_raises_is_shown_with_its_line(file, run, forward, said):
    status, out, _ = run(file(pair(forward=forward)))

    assert status == 1
    assert said in out
    assert all(line.isprintable() for line in out.splitlines())


def test_code_outside_the_folder_is_a_users_own(file, run, tmp_path):
    """Not a mistake of the suite."""
    file("def make():\n    return {}['x']\n", "elsewhere/outside.py")
    path = f"import sys; sys.path.insert(0, {str(tmp_path / 'elsewhere')!r})"
    text = pair(top=f"{path}\nimport outside", end="torch_model = outside.make")

    status, _, err = run(file(text, "here/mine.py"))

    assert status == 2
    assert "outside.py, line 2: expected code that runs, got KeyError" in one_line(err)


def test_failure_in_a_helper_is_told_with_the_helpers_line(file, run):
    file("import math\nraise RuntimeError('mine')", "helper.py")

    status, _, err = run(file(pair(top="import helper")))

    assert status == 2
    assert err.count("mine.py, line 5: expected code that runs") == 1
    assert "RuntimeError: mine (" in one_line(err)
    assert "helper.py, line 2); correct it there" in err


def test_maker_of_one_object_is_refused(file, run):
    text = pair(end="made = InPyTorch()\ntorch_model = lambda: made")

    status, _, err = run(file(text))

    assert status == 2
    assert "expected a function that makes another model at each call" in one_line(err)


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ("self.head(x) + 0j", "got output complex; return its real"),
        ("self.head(x).to_sparse()", "got output sparse; return it with .to_dense()"),
        ("self.head(x).to('meta')", "got output on the meta device"),
        ("self.head(x).bfloat16()", "got output in bfloat16; return it with .float()"),
        ("'text'", "got output of type str; return tensors"),
        ("(y for y in [x])", "got output of type generator; return tensors"),
        ("1.5", "got output of type float; return tensors"),
        ("[]", "got none; return them at the end of forward"),
    ],
)
def test_result_that_cannot_be_compared_is_one_line(file, run, result, said):
    status, out, err = run(file(pair(result=result)))

    assert (status, out) == (2, "")
    assert said in one_line(err)


@pytest.mark.parametrize("result", ["x + float('inf')", "self.head(x) * float('nan')"])
def test_result_that_is_not_finite_is_different(file, run, result):
    status, out, err = run(file(pair(result=result)))

    assert (status, err) == (1, "")
    assert "one refuses" not in out
