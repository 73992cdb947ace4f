"""Rows of two sources: which lines correspond, and which words differ, how loudly."""

import subprocess
import sys

import pytest

from compare.kinds import KINDS, plain
from compare.reports import framework_words
from compare.reports.alignment import LOUD, QUIET, aligned
from compare.subjects import sources
from compare.subjects.pairs import PAIRS

TORCH = "import torch\nfrom torch import nn\n"
KERAS = "import keras\nfrom keras import layers, ops\n"


def texts(rows):
    """The text of each row on either side; None where there is no line."""
    return [(row.left and row.left.text, row.right and row.right.text) for row in rows]


def marked(line, loudness):
    """The letters of a line that are marked so."""
    if line is None:
        return []
    return [
        line.text[span.start : span.end]
        for span in line.spans
        if span.loudness == loudness
    ]


def row_of(torch_line, keras_line):
    """The row of two lines that stand below the imports of their frameworks."""
    body = "\n    pass" if torch_line.endswith(":") else ""
    return aligned(f"{TORCH}{torch_line}{body}", f"{KERAS}{keras_line}{body}")[2]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.file)
def test_each_line_is_in_one_row_in_order(pair):
    (_, left), (_, right) = sources.of_twins(pair)
    rows = aligned(left, right)

    assert [row.left.text for row in rows if row.left] == left.split("\n")
    assert [row.right.text for row in rows if row.right] == right.split("\n")
    numbers = [row.left.number for row in rows if row.left]
    assert numbers == [*range(1, len(numbers) + 1)]


def test_lines_that_are_alike_stand_in_one_row():
    left = "self.first = nn.Linear(3, 4)\nx = x.permute(0, 2, 1)\nh = self.first(x)"
    right = "self.first = layers.Dense(4)\nh = self.first(x)"

    rows = aligned(TORCH + left, KERAS + right)[2:]

    assert texts(rows) == [
        ("self.first = nn.Linear(3, 4)", "self.first = layers.Dense(4)"),
        ("x = x.permute(0, 2, 1)", None),
        ("h = self.first(x)", "h = self.first(x)"),
    ]


def test_one_name_in_common_makes_no_row():
    rows = aligned("    bidirectional,", "    if bidirectional:")

    assert len(rows) == 2


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("class Net(nn.Module):", "class Net(keras.Model):"),
        (
            "def forward(self, x: torch.Tensor):",
            "def call(self, x: keras.KerasTensor):",
        ),
        ("self.head = nn.Linear(8 * size, 3)", "self.head = layers.Dense(3)"),
        ("nn.LSTM(8, 4, batch_first=True)", "layers.LSTM(4, return_sequences=True)"),
        ("h, _ = self.lstm(x)", "h = self.lstm(x)"),
        ("torch.cat([a, b], dim=-1)", "ops.concatenate([a, b], axis=-1)"),
        ("nn.LayerNorm(8, eps=1e-3)", "layers.LayerNormalization(epsilon=1e-3)"),
        ("y = x  # as in Keras", "y = x"),
        ('"""A model."""', '"""Another one."""'),
        ("nn.Conv2d(3, 8, 3, bias=False)", "layers.Conv2D(8, 3, use_bias=False)"),
    ],
)
def test_what_both_frameworks_say_in_their_own_words_is_quiet(left, right):
    assert row_of(left, right).loudness == QUIET


@pytest.mark.parametrize(
    ("left", "right", "of_left", "of_right"),
    [
        ("nn.Linear(8, 3)", "layers.Dense(4)", ["3"], ["4"]),
        ("self.a = nn.LSTM(8, 3, batch_first=True)", "self.a = layers.GRU(3)",
         ["nn.LSTM"], ["layers.GRU"]),
        ("y = self.head(h[:, -1])", "y = self.head(h)", ["[:, -1]"], []),
        ("y = a + b * c", "y = a - b * c", ["+"], ["-"]),
        ("nn.LSTM(8, 3)", "layers.LSTM(3)", ["nn.LSTM"], ["layers.LSTM"]),
        ("nn.Dropout(p=0.1)", "layers.Dropout(rate=0.2)", ["0.1"], ["0.2"]),
    ],
)  # fmt: skip
def test_anything_else_that_differs_is_loud(left, right, of_left, of_right):
    row = row_of(left, right)

    assert marked(row.left, LOUD) == of_left
    assert marked(row.right, LOUD) == of_right


def test_a_name_of_ones_own_is_no_frameworks():
    """`Linear` here is the user's class, whatever PyTorch calls so."""
    row = aligned("y = Linear(3)", "y = Dense(3)")[0]

    assert row.loudness == LOUD


@pytest.mark.parametrize(
    ("imports", "name"),
    [
        ("import keras\nlayers = keras.layers\n", "layers.Dense"),
        ("from keras.layers import (\n    Dense,\n)\n", "Dense"),
        ("from tensorflow.keras import layers as L\n", "L.Dense"),
    ],
)
def test_names_are_known_by_the_imports(imports, name):
    rows = aligned(f"{TORCH}y = nn.Linear(3, 4)(x)", f"{imports}y = {name}(4)(x)")

    assert marked(rows[-1].right, QUIET) == [name]
    assert rows[-1].loudness == QUIET


def test_text_that_is_no_python_is_aligned_all_the_same():
    rows = aligned("def (\n'''", "def (\nb")

    assert [row.left.text for row in rows if row.left] == ["def (", "'''"]


def test_long_sources_with_nothing_in_common_take_little_time():
    """Where too many lines are to be compared, none correspond."""
    left = "\n".join(f"a{n} = b{n}" for n in range(1200))
    right = "\n".join(f"c{n} = d{n}" for n in range(1200))

    assert len(aligned(left, right)) == 2400


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_kinds_go_by_the_names_that_the_table_has(kind):
    """Each layer in PyTorch is known as its twin in Keras, if both have a class."""
    keras_names = {plain(name).lower() for name in kind.keras}
    classes = {name for name in keras_names if "(" not in name}
    if not classes:
        return
    torch_name = plain(kind.torch[0]).lower()
    meaning = framework_words.NAMES.get(torch_name, torch_name)
    exceptions = {"relu", "upsample"}

    assert meaning in classes or torch_name in exceptions


def test_settings_go_by_the_names_that_kinds_have():
    """No word of SETTINGS means in a kind of layer what another word of Keras does."""
    known = {
        (option.torch, option.keras)
        for kind in KINDS
        for option in kind.options
        if option.torch and option.keras
    }
    for torch_name, keras_name in framework_words.SETTINGS.items():
        if torch_name != "keepdim":  # of functions
            assert (torch_name, keras_name) in known


def test_alignment_loads_neither_numpy_nor_a_framework():
    code = (
        "import sys, compare.reports.alignment;"
        "print({'numpy', 'torch', 'keras', 'rich', 'pygments'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert ran.stdout.strip() == "set()", ran.stderr
