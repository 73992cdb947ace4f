"""`show`: the code as it is written, once, from the files that it is in."""

import ast
import io
import os
import re
import subprocess
import sys
from itertools import pairwise

import pytest
from rich.cells import cell_len
from rich.console import Console

from compare import cli
from compare.reports.columns import folds
from compare.reports.sources import print_sources
from compare.subjects import sources
from compare.subjects.docstrings import without_docstrings
from compare.subjects.pairs import PAIRS

MODELS = """\
import keras
from torch import nn

FEATURES, HIDDEN = 6, 20
UNUSED = 7


def registered(function):
    return function


class Net(nn.Module):
    def __init__(self, hidden=HIDDEN):
        super().__init__()
        self.lstm = nn.LSTM(FEATURES, hidden)  # a comment


@registered
def build():
    return keras.Sequential([keras.layers.LSTM(HIDDEN)])


raise RuntimeError("this file is not to be run")
"""
INPUTS = "input_shape = ('batch', 'time', 6)\n"


@pytest.fixture
def show(tmp_path, monkeypatch, capsys):
    """What writes files into an empty folder and shows the pair file `mine.py`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)

    def shown(pair, models=MODELS, others=()):
        files = {"mine.py": pair, "my_models.py": models, **dict(others)}
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
        assert cli.main(["show", "mine.py"]) == 0
        return capsys.readouterr().out

    return shown


def on_a_terminal(parts, width):
    """What `show` prints on a terminal of so many columns, without its colours."""
    file = io.StringIO()
    console = Console(file=file, width=width, force_terminal=True, color_system=None)
    print_sources(console, parts)
    return file.getvalue()


def assert_each_model_is_shown_once(out):
    """The statements of MODELS that are used, and on which side."""
    torch, keras = out.split("# mine.py: keras_model\n")
    assert torch.startswith("# mine.py: torch_model\n")
    for used in ("from torch import nn", "class Net(nn.Module):", "  # a comment\n"):
        assert used in torch
        assert used not in keras
    for used in ("import keras\n", "@registered\ndef build():", "def registered("):
        assert used in keras
        assert used not in torch
    assert out.count("FEATURES, HIDDEN = 6, 20") == 2
    assert "UNUSED" not in out
    assert "RuntimeError" not in out
    assert "input_shape" not in out


# What is shown of a pair file


@pytest.mark.parametrize(
    "binding",
    [
        "torch_model, keras_model = Net, build",
        "(torch_model, [keras_model]) = Net, [build]",
        "torch_model: type = Net\nkeras_model = build",
    ],
)
def test_models_bound_in_one_line_are_shown_once(show, binding):
    models = MODELS.replace("raise", "# raise")

    assert_each_model_is_shown_once(show(f"{models}\n{binding}\n{INPUTS}"))


def test_code_that_makes_both_models_is_shown_once(show):
    pair = "def both():\n    return 1, 2\n\ntorch_model, keras_model = both()\n"
    out = show(pair)

    assert out.startswith("# mine.py: torch_model and keras_model\n")
    assert out.count("def both") == 1


def test_what_a_local_name_happens_to_be_called_is_not_shown(show):
    """`x` of a forward method is not the array `x` that the pair file gives."""
    pair = (
        "x = 12345\nH = 3\n\ndef torch_model(H=H):\n    return lambda x: x\n\n"
        "keras_model = 2\n"
    )
    out = show(pair)

    assert "12345" not in out
    assert "H = 3" in out


# Imported models


@pytest.mark.parametrize(
    "pair",
    [
        "from my_models import Net, build\ntorch_model = Net\nkeras_model = build\n",
        "from my_models import Net as torch_model, build as keras_model\n",
        "import my_models\ntorch_model, keras_model = my_models.Net, my_models.build\n",
        "import my_models as m\n\ndef torch_model():\n    return m.Net()\n\n"
        "keras_model = m.build\n",
        "from my_models import *\ntorch_model = Net\nkeras_model = build\n",
        "def torch_model():\n    from my_models import Net\n    return Net()\n\n"
        "def keras_model():\n    from my_models import build\n    return build()\n",
        "try:\n    from my_models import Net, build\nexcept ImportError:\n    pass\n"
        "torch_model = Net\nkeras_model = build\n",
    ],
    ids=["from", "as", "module", "module as", "star", "in functions", "in try"],
)
def test_imported_models_are_shown_and_not_the_import(show, pair):
    """Nor is the imported file run: it would raise."""
    out = show(pair + INPUTS)

    assert_each_model_is_shown_once(out)
    assert out.count("# my_models.py\n") == 2
    assert "\nfrom my_models" not in out
    assert "\nimport my_models" not in out


@pytest.mark.parametrize(
    "pair",
    [
        "from package import Net, build\ntorch_model, keras_model = Net, build\n",
        "from package import models as m\ntorch_model, keras_model = m.Net, m.build\n",
        "import package.models\ntorch_model = package.models.Net\n"
        "keras_model = package.models.build\n",
        "from package.models import Net\nimport package.models\n"
        "torch_model, keras_model = Net, package.models.build\n",
    ],
    ids=["init", "module", "dotted", "from"],
)
def test_models_in_a_package_are_shown(show, pair):
    package = {
        "package/__init__.py": "from .models import *\n",
        "package/models.py": MODELS,
    }
    out = show(pair + INPUTS, others=package)

    assert_each_model_is_shown_once(out)
    assert out.count(f"# {os.path.join('package', 'models.py')}\n") == 2


def test_two_functions_may_import_different_models_of_one_name(show):
    """The usual `from pytorch_models... import Net`, and from `keras_models`."""
    pair = (
        "def torch_model():\n    from in_torch.net import Net\n    return Net()\n\n"
        "def keras_model():\n    from in_keras.net import Net\n    return Net()\n"
    )
    files = {
        "in_torch/__init__.py": "from . import net\n",
        "in_torch/net.py": "class Net:\n    side = 'torch'\n",
        "in_keras/net.py": "class Net:\n    side = 'keras'\n",  # without __init__
    }
    torch, keras = show(pair, others=files).split("# mine.py: keras_model\n")

    assert "side = 'torch'" in torch
    assert "side = 'keras'" not in torch
    assert "side = 'keras'" in keras
    assert "side = 'torch'" not in keras


def test_a_package_may_import_its_own_parts(show):
    files = {"parts/__init__.py": "from . import net\n", "parts/net.py": MODELS}
    pair = "import parts\ntorch_model, keras_model = parts.net.Net, parts.net.build\n"

    assert_each_model_is_shown_once(show(pair + INPUTS, others=files))


def test_what_imported_models_import_is_shown_as_well(show):
    models = "from blocks import Block\n\nclass Net(Block):\n    pass\n\nbuild = 1\n"
    blocks = "from my_models import build\n\nclass Block:\n    made = build\n"
    pair = "from my_models import Net, build\ntorch_model, keras_model = Net, build\n"
    out = show(pair, models, {"blocks.py": blocks})

    torch, keras = out.split("# mine.py: keras_model\n")
    assert torch.index("class Block:") < torch.index("class Net(Block):")
    assert "class Block" not in keras


def test_an_import_from_elsewhere_is_shown_as_it_is(show):
    pair = "from far_away import Net, build\ntorch_model = Net\nkeras_model = build\n"

    assert show(pair).count("from far_away import Net, build\n") == 2


def test_a_module_used_as_a_whole_is_shown_as_a_whole(show):
    out = show("import my_models\ntorch_model = vars(my_models)\nkeras_model = 1\n")

    assert MODELS in out


def test_an_imported_file_that_is_no_python_is_one_line(show, capsys):
    with pytest.raises(AssertionError):
        show("from my_models import Net as torch_model\nkeras_model = 1\n", "class (")

    said = capsys.readouterr().err
    assert said.startswith("compare: my_models.py: expected Python that can be read")
    assert said.count("\n") == 1


# How it is printed


LONG = "torch_model = [" + ", ".join(f"'step {n}'" for n in range(40)) + "]"
TABBED = "def keras_model():\n\treturn '''a\n\tb   \n\n c'''"


def test_a_pipe_gets_the_code_as_it_is(show):
    """Long lines, tabs and spaces at the ends of lines included."""
    out = show(f"{LONG}\n\n{TABBED}\n")

    assert (
        out == f"# mine.py: torch_model\n{LONG}\n\n# mine.py: keras_model\n{TABBED}\n\n"
    )


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.file)
def test_a_pipe_gets_the_files_of_a_pair_as_they_are(pair, capsys, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    assert cli.main(["show", pair.file]) == 0
    out = capsys.readouterr().out

    assert out == "".join(
        f"# {title}\n{text}\n" for title, text in sources.of_twins(pair)
    )


def test_a_pipe_is_not_as_wide_as_the_terminal_that_types_the_command(tmp_path):
    """Rich measures stdin; a file got both sources side by side."""
    termios = pytest.importorskip("termios")
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (50, 200))
    environment = {k: v for k, v in os.environ.items() if k != "COLUMNS"}
    ran = subprocess.run(
        [sys.executable, "-m", "compare", "show", "portfolio_flatten"],
        cwd=tmp_path,
        stdin=theirs,
        capture_output=True,
        text=True,
        env=environment,
    )
    os.close(ours)
    os.close(theirs)

    assert ran.returncode == 0, ran.stderr
    assert max(map(len, ran.stdout.splitlines())) <= 88


@pytest.mark.parametrize("width", [80, 120, 200])
@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.file)
def test_columns_fit_the_terminal(pair, width):
    lines = on_a_terminal(sources.of_twins(pair), width).splitlines()

    assert max(map(cell_len, lines)) < width


@pytest.mark.parametrize("width", [80, 120, 200])
@pytest.mark.parametrize("pair", PAIRS[:6], ids=lambda pair: pair.file)
def test_folded_lines_are_whole_once_put_together(pair, width):
    """Of each side, but for spaces at the places where lines are folded."""
    texts = [text for _, text in sources.of_twins(pair)]
    column = (width - 4) // 2
    shown = ["", ""]
    parts = [("left", texts[0]), ("right", texts[1])]
    for line in on_a_terminal(parts, width).splitlines()[1:-4]:
        for side, part in enumerate([line[:column], line[column + 3 :]]):
            shown[side] += part.replace("↪", "")

    assert ["".join(text.split()) for text in shown] == [
        "".join(text.split()) for text in texts
    ]


@pytest.mark.parametrize(
    "text",
    [
        " ".join(f"'step {n}'," for n in range(8000)),
        "\n".join(["x = 1", ""] * 1000),
        "(" * 20_000,
        "_ = " * 8000,
    ],
    ids=["one line", "many lines", "brackets", "names that are dropped"],
)
def test_long_sources_are_shown(text):
    """In seconds; they took minutes where every pair of words was compared."""
    shown = on_a_terminal([("left", text), ("right", text.replace("1", "2"))], 80)

    assert "left" in shown
    assert "right" in shown


@pytest.mark.parametrize("width", [60, 80])
def test_lines_that_correspond_share_a_row(width):
    parts = [("left", "one = 1\n" + "a" * 30), ("right", "one = 1\n" + "b" * 30)]
    lines = on_a_terminal(parts, width).splitlines()

    assert sum(line.count("one = 1") == 2 for line in lines) == 1


def test_a_terminal_that_is_too_narrow_for_columns_gets_every_line_whole():
    """The terminal itself goes on in its next row; a line break would be code."""
    parts = [("left", f"{LONG}\nshort = 1"), ("right", f"{LONG}\nshort = 2")]

    assert on_a_terminal(parts, 40).splitlines().count(LONG) == 2


@pytest.mark.parametrize(
    ("line", "width", "parts"),
    [
        ("y = first(a, b) + second(c, d)", 22, ["y = first(a, b) + ", "second(c, d)"]),
        ("h, _ = self.lstm(x)  # (batch, 8)", 28,
         ["h, _ = self.lstm(x)  ", "# (batch, 8)"]),
        ("attended, states = call(h, h, h)", 22,
         ["attended, states = ", "call(h, h, h)"]),
        ("call(first, second, third)", 16, ["call(first, ", "second, third)"]),
        ("a" * 25, 10, ["a" * 10, "a" * 10, "a" * 5]),
        ("\u4e2d" * 5, 5, ["\u4e2d" * 2, "\u4e2d" * 2, "\u4e2d"]),  # two cells
    ],
)  # fmt: skip
def test_lines_are_folded_where_least_is_torn_apart(line, width, parts):
    comment = line.find("#")
    ends = [*folds(line, comment if comment > 0 else len(line), width, width)]
    places = pairwise([0, *ends, len(line)])

    folded = [line[start:end] for start, end in places]
    assert folded == parts


def test_how_lines_differ_stands_between_them():
    torch = "import torch\nfrom torch import nn\na = 1\nb = nn.Linear(2, 3)\nalone = 7"
    keras = "import keras\nfrom keras import layers\na = 2\nb = layers.Dense(3)"
    lines = on_a_terminal([("left", torch), ("right", keras)], 80).splitlines()
    marks = {line[:38].strip(): line[39:40] for line in lines}

    assert marks["import torch"] == ":"
    assert marks["a = 1"] == "|"
    assert marks["b = nn.Linear(2, 3)"] == ":"
    assert marks["alone = 7"] == "<"


def test_changed_words_are_marked_inside_the_line():
    parts = [
        ("left", "import torch\ny = torch.cat(a, dim=1)"),
        ("right", "import keras\ny = keras.ops.concatenate(a, axis=2)"),
    ]
    file = io.StringIO()
    console = Console(
        file=file, width=80, force_terminal=True, color_system="standard", no_color=True
    )
    print_sources(console, parts)
    (line,) = (line for line in file.getvalue().split("\n") if "concat" in line)

    assert "\x1b[2mtorch.cat\x1b[0m(a, \x1b[2mdim\x1b[0m=\x1b[1;4m1\x1b[0m)" in line


@pytest.mark.parametrize("no_color", ["", "1"])
def test_no_color_is_respected(monkeypatch, no_color):
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("TERM", "xterm-256color")
    file = io.StringIO()
    console = Console(file=file, width=80, force_terminal=True)
    print_sources(console, [("left", "def f(): pass"), ("right", "def f(): return")])

    colours = re.findall(r"\x1b\[(?:\d+;)*3\d[;m]", file.getvalue())
    assert bool(colours) == (not no_color)


# Without docstrings


DOCUMENTED = '''"""What the file holds."""


# A comment.
class Net:
    """What it is.

    Args:
        size: of it.
    """

    size = 1

    def call(self):
        """Return nothing."""  # a remark
        return None

    def empty(self):
        """Only this."""
'''
CODE = '''"""What the file holds."""


# A comment.
class Net:
    size = 1

    def call(self):
        return None

    def empty(self):
        """Only this."""
'''


def test_code_has_no_docstrings_but_those_of_files_and_of_empty_bodies():
    assert without_docstrings(DOCUMENTED) == CODE


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.file)
def test_code_of_a_pair_is_the_same_program(pair):
    for _, text in sources.of_twins(pair):
        tree = ast.parse(text)
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and len(node.body) > 1:
                del node.body[: ast.get_docstring(node) is not None]

        assert ast.dump(ast.parse(without_docstrings(text))) == ast.dump(tree)


def test_show_code_leaves_docstrings_out(capsys, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    assert cli.main(["show", "portfolio_flatten", "--code"]) == 0
    out = capsys.readouterr().out

    assert "nn.Flatten()" in out
    assert "Args:" not in out


def test_show_of_imported_models_loads_no_framework(show):
    show("from my_models import Net as torch_model, build as keras_model\n")
    code = (
        "import sys\n"
        "from compare.cli import main\n"
        "main(['show', 'mine.py'])\n"
        "names = {'torch', 'keras', 'tensorflow', 'numpy', 'my_models'}\n"
        "print(sorted(names & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert ran.stdout.splitlines()[-1] == "[]", ran.stderr
