"""Names that end up in source, in messages and in a README."""

from __future__ import annotations

from typing import Any

from case import SAME, Case
from keras_bytes import (
    Model,
    content,
    dense,
    drawn,
    input_layer,
    sequential,
    weights_of_dense,
)

from areas.ports.ported import both, port

CODE = "__import__('os').system('touch canary-of-a-name')"

REFUSED_NAMES: dict[str, Any] = {
    "escape-codes": "fc\x1b[2J\x1b[31m",
    "newline": f"fc\n{CODE}\n#",
    "carriage-return": "fc\rDone",
    "nul": "f\x00c",
    "direction": "fc\u202egnp.exe",
    "line-separator": f"fc\u2028{CODE}",
    "10000-letters": "f" * 10_000,
}

# Of layers of one model, which is ported.
LEGAL_NAMES = (
    'quotes"""; ' + CODE + '; """',
    "quote'; " + CODE,
    "{x} {self} {CODE!r}",
    "back\\slash\\",
    "end\\",
    "#: comment",
    "torch",
    "nn",
    "F",
    "self",
    "forward",
    "__init__",
    "__class__",
    "__setattr__",
    "super",
    "state_dict",
    "class",
    "None",
    "import",
    "lambda",
    "training",
    "_modules",
    "children",
    "print",
    "a.b/c:d",
    "a.b/c;d",
    "1st",
    "",
    " ",
    "ﬁ",
    "é",
    "名前",
    "x",
    "y",
    "load_file",
    "[red]markup[/red]",
    "<script>alert(1)</script>",
    "`; rm -rf /`",
    "$(touch canary)",
    "%s %n",
)


def cases() -> list[Case]:
    """Models and layers of names that nobody should give, and some give."""
    made = []
    for name, value in REFUSED_NAMES.items():
        layer = Model(sequential(input_layer(3), dense(value)), weights_of_dense())
        model = Model(sequential(input_layer(3), dense(), name=value), layer.arrays)
        made += both(f"layer-named-with-{name}", layer, "odd.")
        made += both(f"model-named-with-{name}", model, "odd.")
    for name, value in {"a-number": 7, "a-list": ["a"], "an-object": {}}.items():
        model = Model(sequential(input_layer(3), dense(), name=value), layer.arrays)
        made += both(f"model-named-by-{name}", model, "odd.", (0, 2))
    odd = many_names()
    made.append(
        port("names-of-40-sorts", content(odd, ".keras"), ".keras", "", (SAME,))
    )
    return made


def many_names(names: tuple[str, ...] = LEGAL_NAMES) -> Model:
    """A chain of layers of these names."""
    layers = [dense(name, 3) for name in names]
    arrays = {}
    for number in range(len(names)):
        path = f"layers/dense_{number}" if number else "layers/dense"
        arrays[path] = [drawn(3, 3), drawn(3)]
    return Model(sequential(input_layer(3), *layers, name=names[0]), arrays)
