"""Wrong, missing, contradictory and huge arguments of every verb."""

from __future__ import annotations

from case import SAME, Case

VERBS = ("list", "show", "run", "explain", "train", "claims", "new", "transfer")

ODD_WORDS = {
    "empty": "",
    "a-space": " ",
    "escape": "\x1b[2J\x1b[31mred",
    "newline": "two\nlines",
    "return": "gru_layer\rgone",
    "right-to-left": "a\u202eb",
    "surrogate": "caf\udce9",
    "markup": "[red]x[/red]",
    "emoji": "\U0001f600",
    "huge": "x" * 100_000,
    "percent": "%s%n%(prog)s",
    "braces": "{0}{name}",
    "dash": "-",
    "dashes": "--",
    "dots": "../../../../etc/passwd",
    "folder": "/",
    "null-like": "None",
}

ODD_FILES = {
    "missing.py": "missing.py",
    "folder.py": "folder.py",
    "in-a-file.py": "gru.txt/x.py",
    "escape.py": "\x1b[2J.py",
    "newline.py": "two\nlines.py",
    "huge.py": "x" * 5_000 + ".py",
    "markup.py": "[bold]x.py",
    "only-ending": ".py",
}

ODD_NUMBERS = {
    "empty": "",
    "word": "many",
    "negative": "-1",
    "fraction": "1.5",
    "nan": "nan",
    "infinite": "inf",
    "exponent": "1e400",
    "hexadecimal": "0x10",
    "underscore": "1_000",
    "superscript": "²",
    "arabic-beyond": "٤٢٩٤٩٦٧٢٩٦",
    "2^32": str(2**32),
    "digits": "9" * 5_000,
    "escape": "\x1b[31m1",
}

ODD_RATES = {**ODD_NUMBERS, "zero": "0", "beyond-float32": "1e39", "minus-zero": "-0"}
ODD_RATES.pop("fraction")
ODD_RATES.pop("2^32")
ODD_RATES.pop("underscore")  # Python's own float takes it
ODD_RATES.pop("arabic-beyond")

CONTRADICTIONS = {
    "names-and-all": ("run", "gru_layer", "--all"),
    "mode-and-align": ("train", "x", "--mode", "native", "--align", "biases"),
    "unknown-cause": ("train", "stock_price", "--align", "everything"),
    "empty-cause": ("train", "stock_price", "--align", ""),
    "unknown-mode": ("train", "stock_price", "--mode", "odd"),
    "unknown-side": ("train", "stock_price", "--follow", "jax"),
    "unknown-optimizer": ("train", "stock_price", "--optimizer", "sgdd"),
    "specimen": ("train", "portfolio_view_as_written"),
    "two-names": ("explain", "gru_layer", "lstm_layer"),
    "shortened-option": ("run", "--grad"),
    "unknown-option": ("run", "--tolerance", "1e-3"),
    "option-of-another": ("run", "--epochs", "3"),
    "value-to-a-flag": ("run", "--all=yes"),
    "plot-no-picture": ("train", "stock_price", "--plot", "curve.svg"),
    "plot-into-nothing": ("train", "stock_price", "--plot", "no/curve.png"),
    "new-not-py": ("new", "pair.txt"),
    "new-into-nothing": ("new", "no/pair.py"),
    "new-is-a-folder": ("new", "folder.py"),
    "verb-in-capitals": ("RUN", "gru_layer"),
    "a-verb-misspelt": ("shwo", "gru_layer"),
    "a-pair-misspelt": ("run", "gru_layr"),
    "option-twice-misspelt": ("run", "--jsn", "a", "--jsn", "b"),
}

TABLES = {
    "empty": "",
    "no-twin": "encoder",
    "no-layer": "=lstm",
    "nothing": "=",
    "two-signs": "a=b=c",
    "a-comma": ",",
    "trailing-comma": "a=b,",
    "escape": "\x1b[2J",
    "huge": "a=b," * 20_000,
}

RIGHT = {
    "help": ("--help",),
    "version": ("--version",),
    **{f"help-of-{verb}": (verb, "--help") for verb in VERBS},
    "list": ("list",),
    "show": ("show", "gru_layer"),
}


def cases() -> list[Case]:
    """Arguments that are refused before anything is loaded, and some that are right."""
    return [
        *_words(),
        *_files(),
        *_numbers(),
        *_contradictions(),
        *_tables(),
        *_right(),
    ]


def _case(name: str, *argv: str, **options: object) -> Case:
    return Case(
        f"arguments/{name}",
        argv,
        files={"gru.txt": "text\n", "folder.py/inside.txt": "text\n"},
        imports="numpy",
        **options,  # type: ignore[arg-type]
    )


def _words() -> list[Case]:
    made = []
    for name, word in ODD_WORDS.items():
        for verb in ("show", "run", "explain"):
            if verb == "run" and name == "dashes":
                continue  # an end of options, and then the default run
            made.append(_case(f"{verb}-{name}", verb, word))
    made += [_case(f"verb-{name}", word) for name, word in ODD_WORDS.items() if word]
    made = [case for case in made if case.argv != ("--",)]
    for verb in ("show", "explain", "train", "new", "transfer"):
        made.append(_case(f"{verb}-without-arguments", verb))
    made.append(_case("transfer-with-one", "transfer", "a.pt"))
    return made


def _files() -> list[Case]:
    made = []
    for name, file in ODD_FILES.items():
        for verb in ("show", "run", "explain", "train"):
            made.append(_case(f"{verb}-{name}", verb, file))
    return made


def _numbers() -> list[Case]:
    made = []
    for name, number in ODD_NUMBERS.items():
        made.append(_case(f"seed-{name}", "run", "gru_layer", "--seed", number))
    for name in ("negative", "digits", "word"):
        number = ODD_NUMBERS[name]
        for option in ("--epochs", "--batch-size"):
            argv = ("train", "stock_price", option, number)
            made.append(_case(f"{option[2:]}-{name}", *argv))
    for name, number in ODD_RATES.items():
        made.append(_case(f"rate-{name}", "train", "stock_price", "--lr", number))
    return made


def _contradictions() -> list[Case]:
    return [_case(name, *argv) for name, argv in CONTRADICTIONS.items()]


def _tables() -> list[Case]:
    made = []
    for name, table in TABLES.items():
        argv = ("transfer", "a.pt", "b.keras", "--names", table)
        made.append(_case(f"names-{name}", *argv))
    return made


def _right() -> list[Case]:
    return [_case(name, *argv, statuses=(SAME,)) for name, argv in RIGHT.items()]
