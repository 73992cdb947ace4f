"""Move the modules of `compare/` into packages: `git mv`, and the lines that import.

    python .ci/move_modules.py move     # whole files, by MOVES
    python .ci/move_modules.py split    # definitions that leave their file, by SPLIT

Run from the project's root on a clean checkout, then `ruff check --fix` and
`ruff format`. Nothing but imports is rewritten: a module keeps its old name inside the
files that use it (`from compare.in_keras import layers as keras_layers`).
"""

import ast
import pathlib
import re
import subprocess
import sys

MOVES = {
    "checking.py": "api.py",
    "running.py": "session.py",
    # judging
    "evidence.py": "judging/evidence.py",
    "explanation.py": "judging/explanation.py",
    "training_evidence.py": "judging/training.py",
    "verdict.py": "judging/verdict.py",
    "refusals.py": "judging/refusals.py",
    # kinds
    "layer_rules.py": "kinds/rules.py",
    "reference.py": "kinds/reference.py",
    "faults/fault.py": "kinds/mistake.py",
    "faults/gates.py": "kinds/gates.py",
    "faults/weights.py": "kinds/weights.py",
    "faults/fresh.py": "kinds/fresh.py",
    "faults/layers.py": "kinds/recurrent.py",
    "faults/norms.py": "kinds/norms.py",
    # mistakes
    "faults/__init__.py": "mistakes/__init__.py",
    "faults/anatomy.py": "mistakes/anatomy.py",
    "faults/ways.py": "mistakes/ways.py",
    "faults/activations.py": "mistakes/activations.py",
    "faults/training.py": "mistakes/training.py",
    "optimizers.py": "mistakes/optimizers.py",
    # matching
    "layer_sizes.py": "matching/sizes.py",
    "matching.py": "matching/matching.py",
    "ordering.py": "matching/ordering.py",
    "unmatched.py": "matching/unmatched.py",
    "tables.py": "matching/names.py",
    "precision.py": "matching/precision.py",
    "copying.py": "matching/copying.py",
    "transfer.py": "matching/rewriting.py",
    # in_pytorch
    "pytorch_layers.py": "in_pytorch/layers.py",
    "in_pytorch.py": "in_pytorch/twin.py",
    "pytorch_arrays.py": "in_pytorch/arrays.py",
    "pytorch_results.py": "in_pytorch/results.py",
    "pytorch_faults.py": "in_pytorch/mistakes.py",
    "pytorch_training.py": "in_pytorch/training.py",
    "pytorch_memory.py": "in_pytorch/memory.py",
    "saved/pytorch_pickles.py": "in_pytorch/pickles.py",
    # in_keras
    "keras_layers.py": "in_keras/layers.py",
    "in_keras.py": "in_keras/twin.py",
    "keras_precision.py": "in_keras/precision.py",
    "keras_refusals.py": "in_keras/refusals.py",
    "keras_activations.py": "in_keras/activations.py",
    "keras_faults.py": "in_keras/anatomy.py",
    "keras_copies.py": "in_keras/models.py",
    "keras_training.py": "in_keras/training.py",
    # twins
    "twins.py": "twins/twins.py",
    "packing.py": "twins/packing.py",
    "sensitivity.py": "twins/sensitivity.py",
    "diagnosing/steadiness.py": "twins/steadiness.py",
    "training.py": "twins/training.py",
    "drift.py": "twins/drift.py",
    "interrupting.py": "twins/interrupting.py",
    "saved/__init__.py": "twins/files/__init__.py",
    "saved/keras_config.py": "twins/files/keras_config.py",
    "saved/keras_files.py": "twins/files/keras_files.py",
    "saved/pytorch_files.py": "twins/files/pytorch_files.py",
    "saved/weight_files.py": "twins/files/transfer.py",
    # diagnosing
    "diagnosis.py": "diagnosing/diagnosis.py",
    "diagnosing/findings.py": "diagnosing/search.py",
    "diagnosing/suspects.py": "diagnosing/finding.py",
    "shrinking.py": "diagnosing/shrinking.py",
    "diagnosing/weight_findings.py": "diagnosing/in_layers/weights.py",
    "diagnosing/norm_findings.py": "diagnosing/in_layers/norms.py",
    "diagnosing/stacks.py": "diagnosing/in_layers/stacks.py",
    "diagnosing/directions.py": "diagnosing/in_layers/directions.py",
    "diagnosing/padding.py": "diagnosing/in_layers/padding.py",
    "diagnosing/between.py": "diagnosing/between/ways.py",
    "diagnosing/combined.py": "diagnosing/between/combined.py",
    "diagnosing/concatenated.py": "diagnosing/between/concatenated.py",
    "diagnosing/joins.py": "diagnosing/between/joins.py",
    "diagnosing/operations.py": "diagnosing/between/operation.py",
    "diagnosing/scales.py": "diagnosing/between/scales.py",
    "diagnosing/standards.py": "diagnosing/between/standards.py",
    # subjects
    "pairs.py": "subjects/pairs.py",
    "cases.py": "subjects/cases.py",
    "prices.py": "subjects/prices.py",
    "sources.py": "subjects/sources.py",
    "training_data.py": "subjects/examples.py",
    "harness.py": "subjects/subject.py",
    "explaining.py": "subjects/own/smallest.py",
    "given.py": "subjects/own/arrays.py",
    "pair_file.py": "subjects/own/pair_file.py",
    "live.py": "subjects/own/models.py",
    "own_inputs.py": "subjects/own/calls.py",
    "own_weights.py": "subjects/own/weights.py",
    "own.py": "subjects/own/run.py",
    "alternatives.py": "subjects/own/pairings.py",
    "own_training.py": "subjects/own/training.py",
    "constants.py": "subjects/own/constants.py",
    **{
        f"claims/{name}.py": f"subjects/claims/{name}.py"
        for name in [
            "__init__",
            "claim",
            "common",
            "examples",
            "heads",
            "layer",
            "lengths",
            "portfolio",
            "states",
            "ledger",
        ]
    },
    # reports
    "reports/terminal.py": "reports/comparison.py",
    "reports/ledger.py": "reports/claims.py",
    "reproducing.py": "reports/script.py",
}
DATA = {"data": "subjects/data"}

# What else names an old place: (file, old text, new text).
PATCHES = [
    ("compare/subjects/sources.py", "parent.parent", "parent.parent.parent"),
    (
        "compare/judging/refusals.py",
        "Path(__file__).parent)",
        "Path(__file__).parent.parent)",
    ),
    ("README.md", "compare/faults/", "compare/mistakes/"),
    ("README.md", "compare/reference.py", "compare/kinds/reference.py"),
    ("README.md", "compare/pairs.py", "compare/subjects/pairs.py"),
    ("README.md", "compare/data/", "compare/subjects/data/"),
    (
        "tests/test_imports.py",
        '    "compare/api.py": {"torch", "keras"},',
        '    "compare/in_keras/__init__.py": {"torch"},  # before TensorFlow\n    "compare/api.py": {"torch", "keras"},',
    ),
    ("tests/test_readme.py", "compare/faults/", "compare/mistakes/"),
    (
        "compare/plugin/recurrent_twins_pytest.py",
        '("checking", "errors", "evidence", "files")',
        '("api", "errors", "files", "session")',
    ),
    (
        "compare/diagnosing/__init__.py",
        '"""What twins do, place by place; `compare.diagnosing.diagnosis` makes an explanation of it."""',
        '"""Why twins differ; `diagnosis` makes an explanation of what twins do."""',
    ),
]

# Definitions that leave a file: {file: {new file: names}}.
SPLIT = {
    "subjects/cases.py": {
        "judging/arrays.py": "Input sequences check_outputs check_tensors as_judged "
        "flat sequence valid_steps",
        "twins/targets.py": "targets",
    },
    "twins/twins.py": {
        "twins/frameworks.py": "FRAMEWORKS LAYERS DIRECTIONS DTYPES",
        "twins/weights.py": "fresh_weights",
        "twins/models.py": "twin_makers losses",
    },
    "matching/rewriting.py": {
        "kinds/layer.py": "Layer Arrays",
        "matching/moves.py": "Move Sum",
        "twins/transfer.py": "transfer _framework _check_numbers _may_overflow _carry",
    },
    "kinds/rules.py": {
        "kinds/layer.py": "Arrays",
        "kinds/names.py": "IN_PYTORCH plain own",
    },
    "twins/files/keras_config.py": {"kinds/names.py": "snake"},
    "in_keras/layers.py": {"in_keras/names.py": "Renamed unnamed children"},
    "in_pytorch/twin.py": {
        "in_pytorch/refusals.py": "REFUSALS message _same",
        "in_pytorch/precision.py": "settled _default _Narrowing",
        "in_pytorch/channels.py": "CHANNELS_FIRST has_channels_first",
    },
    "in_pytorch/mistakes.py": {
        "in_pytorch/anatomy.py": "anatomy alone _hooks",
        "twins/injecting.py": "injected_everywhere",
    },
    "in_keras/anatomy.py": {
        "in_keras/arrays.py": "_merged _order _ordered _of_last_cell _sequence "
        "_lengths _numpy",
    },
    "subjects/subject.py": {
        "twins/versions.py": "versions",
        "twins/weights.py": "_load _load_anew",
        "subjects/built_in.py": "subject",
    },
    "twins/training.py": {
        "subjects/built_in.py": "task",
        "twins/task.py": "Task Progress",
    },
    "subjects/examples.py": {"twins/task.py": "TrainingData"},
    "subjects/own/smallest.py": {
        "subjects/built_in.py": "_built_in",
        "diagnosing/shrinking.py": "_features",
    },
    "subjects/own/pair_file.py": {
        "subjects/own/pair.py": "TRANSFERS LOSSES OwnPair check_transfer check_seed "
        "described is_pair_file",
    },
    "diagnosing/isolation.py": {"diagnosing/isolated.py": "Gap Isolated Place"},
    "diagnosing/between/ways.py": {"diagnosing/finding.py": "Link"},
    "diagnosing/in_layers/directions.py": {
        "diagnosing/from_the_end.py": "read_alike _are_turned _makes REVERSED "
        "NOT_TURNED LAST_FIRST"
    },
    "mistakes/anatomy.py": {"judging/arrays.py": "NEAR near distance"},
}
DOCSTRINGS = {
    "judging/arrays.py": "What models take and return, as arrays that can be judged.",
    "twins/targets.py": "Targets that a loss compares results with, drawn at random.",
    "twins/frameworks.py": "Both adapters by side, the directions of a transfer, and "
    "the precisions.",
    "twins/weights.py": "Random weights for twins.",
    "twins/models.py": "The built-in models and losses of both frameworks, by name.",
    "kinds/layer.py": "A layer as data: its kind, and its arrays by name.",
    "matching/moves.py": "What a transfer moves, by full names such as `lstm.bias`.",
    "twins/transfer.py": "The weights of a live model, copied into its twin.",
    "kinds/names.py": "The names of kinds, with and without their options.",
    "in_keras/names.py": "Keras models whose layers go by the names of their twins.",
    "in_pytorch/refusals.py": "What PyTorch raises when it refuses a model or an input.",
    "in_pytorch/precision.py": "PyTorch's settings while a twin runs, and lost digits.",
    "in_pytorch/channels.py": "The layers whose tensors have features before time.",
    "in_pytorch/anatomy.py": "How a PyTorch twin is looked into while it runs.",
    "twins/injecting.py": "A mistake made in the PyTorch twins of every precision.",
    "in_keras/arrays.py": "What Keras layers take and return, as arrays.",
    "twins/versions.py": "The versions of the suite and of what runs the models.",
    "subjects/built_in.py": "The built-in pairs as subjects of a run, of training and "
    "of an explanation.",
    "twins/task.py": "What a training run is given.",
    "subjects/own/pair.py": "A user's two models, and what they are given.",
    "diagnosing/isolated.py": "The gaps of layers and of the places between them.",
    "diagnosing/from_the_end.py": "Layers that read a sequence from its end.",
}

ROOT = pathlib.Path("compare")
NEW_INITS = {
    "judging": "Evidence as data, and the verdict on it. Imports the ground alone.",
    "kinds": "All that the suite knows about each kind of layer.",
    "matching": "Which layer is which on the other side, and rewriting their arrays.",
    "in_pytorch": "Everything that imports torch.",
    "in_keras": "Everything that imports keras or tensorflow.",
    "twins": "Both sides together: two models in two precisions.",
    "diagnosing/in_layers": "Causes inside a layer.",
    "diagnosing/between": "Causes between layers.",
    "subjects": "What is compared.",
    "subjects/own": "A user's two models.",
}


IN_KERAS = """
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow reads it
import torch  # noqa: E402, F401  PyTorch is slower if it is loaded after TensorFlow
"""


def dotted(file):
    parts = ["compare", *pathlib.PurePosixPath(file).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def python_files():
    files = [*ROOT.rglob("*.py"), *pathlib.Path("tests").rglob("*.py")]
    return sorted(f for f in files)


class Importing:
    """Rewrites import statements of one file; `where(module, name)` gives new homes.

    Args:
        where: (old module, name or "*") to the new module; None if unchanged.
    """

    def __init__(self, text, where, modules):
        self.text, self.where, self.modules = text, where, modules

    def rewritten(self):
        tree = ast.parse(self.text)
        lines = self.text.splitlines(keepends=True)
        edits = []  # (start line, end line, text)
        for node in ast.walk(tree):
            new = self.statement(node)
            if new is not None:
                indent = " " * node.col_offset
                tail = lines[node.end_lineno - 1][node.end_col_offset :].rstrip("\n")
                if "isort" in tail or not tail.strip():
                    comment = ""
                else:
                    comment = "  " + tail.strip()
                head = [f"{indent}{line}" for line in new]
                # a comment on the first line of a statement in brackets stays
                inner = re.search(r"\(\s*(#.*)", lines[node.lineno - 1])
                if inner and "isort" not in inner[1]:
                    comment = "  " + inner[1].rstrip()
                head[-1] += comment
                edits.append((node.lineno, node.end_lineno, "\n".join(head) + "\n"))
        for start, end, text in sorted(edits, reverse=True):
            lines[start - 1 : end] = [text]
        return "".join(lines)

    def statement(self, node):
        if isinstance(node, ast.Import):
            names = [a.name for a in node.names]
            if not any(self.where(name, "*") not in (None, name) for name in names):
                return None
            out = []
            for alias in node.names:
                target = self.where(alias.name, "*") or alias.name
                out.append(
                    f"import {target}" + (f" as {alias.asname}" if alias.asname else "")
                )
            return out
        if not isinstance(node, ast.ImportFrom) or not node.module or node.level:
            return None
        if node.module.split(".")[0] != "compare":
            return None
        groups, changed = {}, False
        for alias in node.names:
            full = f"{node.module}.{alias.name}"
            bound = alias.asname or alias.name
            if full in self.modules:
                target = self.where(full, "*") or full
                changed |= target != full
                home, _, last = target.rpartition(".")
                said = last if last == bound else f"{last} as {bound}"
            else:
                home = self.where(node.module, alias.name) or node.module
                changed |= home != node.module
                said = alias.name + (f" as {alias.asname}" if alias.asname else "")
            groups.setdefault(home, []).append(said)
        if not changed:
            return None
        return [
            f"from {home} import {', '.join(names)}" for home, names in groups.items()
        ]


def move():
    old_modules = {dotted(f.relative_to(ROOT).as_posix()) for f in ROOT.rglob("*.py")}
    table = {dotted(a): dotted(b) for a, b in MOVES.items()}
    for package, sentence in NEW_INITS.items():
        (ROOT / package).mkdir(parents=True, exist_ok=True)
    for old, new in {**MOVES, **DATA}.items():
        (ROOT / new).parent.mkdir(parents=True, exist_ok=True)
        source, target = ROOT / old, ROOT / new
        subprocess.run(["git", "mv", str(source), str(target)], check=True)
    for package, sentence in NEW_INITS.items():
        init = ROOT / package / "__init__.py"
        if not init.exists():
            more = IN_KERAS if package == "in_keras" else ""
            init.write_text(f'"""{sentence}"""\n{more}')

    def where(module, name):
        return table.get(module)

    strings = sorted(table, key=len, reverse=True)
    for file in python_files():
        text = file.read_text()
        new = Importing(text, where, old_modules).rewritten()
        new = in_strings(new, table, strings)
        if new != text:
            file.write_text(new)
    for file, old, new in PATCHES:
        text = pathlib.Path(file).read_text()
        assert old in text, (file, old)
        pathlib.Path(file).write_text(text.replace(old, new))
    subprocess.run(["git", "add", "-A"], check=True)


def in_strings(text, table, names):
    """Module names inside strings: import_module, monkeypatching, snippets."""
    names = [name for name in names if name != "compare.transfer"]  # the function
    pattern = re.compile(rf"(?<![\w.])({'|'.join(map(re.escape, names))})(?![\w(])")
    lines = text.splitlines(keepends=True)
    rows = {
        row
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for row in range(node.lineno - 1, node.end_lineno)
    }
    paths = re.compile(rf"compare/({'|'.join(map(re.escape, MOVES))})")
    for row in rows:
        lines[row] = pattern.sub(lambda match: table[match[1]], lines[row])
        lines[row] = paths.sub(lambda m: f"compare/{MOVES[m[1]]}", lines[row])
    return "".join(lines)


def split():
    homes = {}  # (module, name) -> module
    for file, targets in SPLIT.items():
        for target, names in targets.items():
            for name in names.split():
                homes[dotted(file), name] = dotted(target)
    modules = {dotted(f.relative_to(ROOT).as_posix()) for f in ROOT.rglob("*.py")}

    def where(module, name):
        return homes.get((module, name))

    bodies = {}  # new file -> list of (old file, statement text)
    for file, targets in SPLIT.items():
        text = (ROOT / file).read_text()
        tree = ast.parse(text)
        lines = text.splitlines(keepends=True)
        imports = [
            segment(lines, tree, i)
            for i, node in enumerate(tree.body)
            if isinstance(node, ast.Import | ast.ImportFrom)
        ]
        checking = [
            node
            for node in tree.body
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        ]
        names = {name: t for t, said in targets.items() for name in said.split()}
        tops = {}
        for node in tree.body:
            for name in defined(node):
                tops[name] = names.get(name, file)
        for node in checking:
            for inner in node.body:
                for name in defined(inner):
                    tops[name] = names.get(name, file)
        stay, gone = [], set()
        for i, node in enumerate(tree.body):
            owners = {names[n] for n in defined(node) if n in names}
            if owners:
                (owner,) = owners
                bodies.setdefault(owner, []).append((file, segment(lines, tree, i)))
                gone.add(i)
        for target in targets:
            head = "".join(imports) + "".join(
                "".join(lines[n.lineno - 1 : n.end_lineno]) for n in checking
            )
            wanted = cross(text, tree, tops, target)
            bodies.setdefault(target, []).insert(0, (file, head + wanted))
        rest = "".join(
            segment(lines, tree, i) for i in range(len(tree.body)) if i not in gone
        )
        wanted = cross(text, tree, tops, file)
        (ROOT / file).write_text(after_imports(rest, wanted))
    for target, parts in bodies.items():
        path = ROOT / target
        heads = [t for _, t in parts if t.lstrip().startswith(("from", "import", "#"))]
        text = "".join(dict.fromkeys(t for _, t in parts))
        if path.exists() and path.read_text().strip():
            path.write_text(path.read_text() + "\n\n" + text)
        else:
            future = "from __future__ import annotations\n\n"
            text = text.replace("from __future__ import annotations\n", "")
            path.write_text(f'"""{DOCSTRINGS[target]}"""\n\n{future}{text}')
    for file in python_files():
        text = file.read_text()
        new = Importing(text, where, modules).rewritten()
        new = attributes(new, homes, modules)
        if new != text:
            file.write_text(new)


def defined(node):
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return [m.id for t in targets for m in ast.walk(t) if isinstance(m, ast.Name)]
    return []


def segment(lines, tree, i):
    """A top-level statement with the comments and decorators above it."""
    node = tree.body[i]
    start = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
    floor = tree.body[i - 1].end_lineno if i else 0
    while start - 1 > floor and lines[start - 2].lstrip().startswith("#"):
        start -= 1
    blank = start
    while blank - 1 > floor and not lines[blank - 2].strip():
        blank -= 1
    return "".join(lines[blank - 1 : node.end_lineno])


def cross(text, tree, tops, target):
    """Imports of names that stay in, or go to, other files of the same old file."""
    wanted = {}
    for node in tree.body:
        names = defined(node)
        if isinstance(node, ast.If | ast.Import | ast.ImportFrom):
            continue
        if names and tops.get(names[0]) != target:
            continue
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and inner.id in tops:
                home = tops[inner.id]
                if home != target:
                    wanted.setdefault(home, set()).add(inner.id)
            if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                if inner.value in tops and tops[inner.value] != target:
                    wanted.setdefault(tops[inner.value], set()).add(inner.value)
    return "".join(
        f"from {dotted(home)} import {', '.join(sorted(names))}\n"
        for home, names in sorted(wanted.items())
    )


def after_imports(text, more):
    if not more:
        return text
    tree = ast.parse(text)
    last = max(
        n.end_lineno for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)
    )
    lines = text.splitlines(keepends=True)
    return "".join(lines[:last]) + more + "".join(lines[last:])


def attributes(text, homes, modules):
    """`module.name` where the name has left the module."""
    tree = ast.parse(text)
    bound = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                if full in modules:
                    bound[alias.asname or alias.name] = full
    edits, wanted = [], {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            home = homes.get((bound.get(node.value.id), node.attr))
            if home:
                package, _, last = home.rpartition(".")
                alias = f"{package.rpartition('.')[2]}_{last}"
                wanted[alias] = f"from {package} import {last} as {alias}\n"
                edits.append((node.value, alias))
    if not edits:
        return text
    lines = text.splitlines(keepends=True)
    for value, alias in sorted(
        edits, key=lambda e: (e[0].lineno, e[0].col_offset), reverse=True
    ):
        row = lines[value.lineno - 1].encode()
        row = row[: value.col_offset] + alias.encode() + row[value.end_col_offset :]
        lines[value.lineno - 1] = row.decode()
    return after_imports("".join(lines), "".join(sorted(wanted.values())))


if __name__ == "__main__":
    {"move": move, "split": split}[sys.argv[1]]()
