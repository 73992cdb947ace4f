"""`show`: the code as it is written, once, from the files that it is in."""

import io
import os
import subprocess
import sys

import pytest
from rich.console import Console

from compare import cli
from compare.reports.sources import print_sources
from compare.subjects import sources
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


@pytest.mark.parametrize("width", [40, 80, 160, 200])
def test_a_terminal_gets_every_line_whole(width):
    """The terminal itself may go on in its next row; a line break would be code."""
    parts = [("left", f"{LONG}\nshort = 1"), ("right", f"{LONG}\nshort = 2")]
    lines = on_a_terminal(parts, width).splitlines()

    assert any(LONG in line for line in lines)
    assert all(line.count("[") == line.count("]") for line in lines)


@pytest.mark.parametrize(("width", "rows"), [(40, 2), (80, 1), (200, 1)])
def test_short_sources_are_side_by_side_where_they_fit(width, rows):
    parts = [("left", "one = 1\n" + "a" * 30), ("right", "one = 1\n" + "b" * 30)]
    lines = on_a_terminal(parts, width).splitlines()

    assert sum("one = 1" in line for line in lines) == rows
    assert any(f" | {'b' * 30}" in line for line in lines) == (rows == 1)


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
