"""Lines of a forward method that a person would write as one."""

import pytest

from compare.porting.writing.chains import joined

CONV = "x = self.conv(x)  # (batch, 4, 8, 8)"
MOVE = "x = x.permute(0, 2, 3, 1)  # (batch, 8, 8, 4)"
HEAD = "self.head(h[:, -1])"


@pytest.mark.parametrize(
    ("last", "text", "shape", "live", "result"),
    [
        (CONV, "torch.relu(x)", "(batch, 4, 8, 8)", set(), "torch.relu(self.conv(x))"),
        (
            CONV,
            "F.leaky_relu(x, 0.2)",
            "(batch, 4, 8, 8)",
            {"y"},
            "F.leaky_relu(self.conv(x), 0.2)",
        ),
        (
            MOVE,
            "x.flatten(1)",
            "(batch, 256)",
            set(),
            "x.permute(0, 2, 3, 1).flatten(1)",
        ),
        (
            "x = x.unflatten(0, (-1, 5))  # (batch, 5, 4)",
            "x.transpose(1, 2)",
            "(batch, 4, 5)",
            set(),
            "x.unflatten(0, (-1, 5)).transpose(1, 2)",
        ),
        (
            "x = x + y  # (batch, 4)",
            "torch.relu(x)",
            "(batch, 4)",
            set(),
            "torch.relu(x + y)",
        ),
        (CONV, "y + x", "(batch, 4, 8, 8)", set(), "y + self.conv(x)"),
        (CONV, "x / y", "(batch, 4, 8, 8)", set(), "self.conv(x) / y"),
        ("x = x - y  # (batch, 4)", "x / z", "(batch, 4)", set(), "(x - y) / z"),
        ("x = x * y  # (batch, 4)", "x + z", "(batch, 4)", set(), "x * y + z"),
        ("y = x - y  # (batch, 4)", "z - y", "(batch, 4)", set(), "z - (x - y)"),
        ("x = h[:, -1]  # (batch, 4)", "self.head(x)", "(batch, 2)", set(), HEAD),
        (
            "x = x.mean((2, 3))  # (batch, 4)",
            "F.softmax(self.head(x), dim=-1)",
            "(batch, 2)",
            set(),
            "F.softmax(self.head(x.mean((2, 3))), dim=-1)",
        ),
        (
            MOVE,
            "x.transpose(1, 2)",
            "(batch, 8, 8, 4)",
            set(),
            "x.transpose(1, 3)",
        ),
    ],
)
def test_lines_are_joined(last, text, shape, live, result):
    assert joined(last, text, shape, live) == result


@pytest.mark.parametrize(
    ("last", "text", "shape", "live"),
    [
        (CONV, "torch.relu(x)", "(batch, 4, 8, 8)", {"x"}),  # read again
        (CONV, "self.pool(x)", "(batch, 4, 8, 8)", set()),  # a layer of its own
        (CONV, "x.mean((2, 3))", "(batch, 4)", set()),  # of another shape
        (CONV, "torch.where(x > 1, x, 0.0)", "(batch, 4, 8, 8)", set()),  # read twice
        (CONV, "torch.relu(y)", "(batch, 4, 8, 8)", set()),
        ("h, _ = self.lstm(x)", "torch.relu(h)", "(batch, 4)", set()),
        ("x = x + y  # (batch, 4)", "x.flatten(1)", "(batch, 4)", set()),
        ("x = h[:, -1]  # (batch, 4)", "self.head(x)", "(batch, 2)", {"x"}),
        ("x = -y  # (batch, 4)", "z**x", "(batch, 4)", set()),
        (f"x = self.{'long' * 12}(x)  # (batch, 4)", "x + y", "(batch, 4)", set()),
        (
            f"x = self.{'long' * 16}(x)  # (batch, 4)",
            "torch.relu(x)",
            "(batch, 4)",
            set(),
        ),
    ],
)
def test_other_lines_stay_apart(last, text, shape, live):
    assert joined(last, text, shape, live) == ""
