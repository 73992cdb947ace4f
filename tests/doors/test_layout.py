"""The house: which package stands on which floor, and that it imports lower ones only.

    python tests/doors/test_layout.py

writes the picture of the packages into `compare/README.md`.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAP = ROOT / "compare" / "README.md"

# Lowest first. A package imports from lower floors only; two of one floor never import
# each other.
FLOORS = (
    ("ground",),
    ("judging",),
    ("kinds",),
    ("matching", "mistakes"),
    ("in_pytorch", "in_keras"),
    ("twins",),
    ("diagnosing",),
    ("subjects",),
    ("porting",),
    ("reports",),
    ("doors",),
)
FLOOR = {
    package: number for number, packages in enumerate(FLOORS) for package in packages
}
GROUND = (
    "compare.errors",
    "compare.listing",
    "compare.one_line",
    "compare.files",
    "compare.progress",
    "compare.settings",
    "compare.shell",
    "compare.apart",
    "compare.foreign",
)

# Where a framework may be imported, by the beginning of a module's name.
FRAMEWORKS = {
    "compare.in_pytorch": {"torch"},
    "compare.in_keras": {"keras", "tensorflow"},
    "compare.subjects.claims": {"torch", "keras", "tensorflow"},  # experiments on them
}
# Imports beside these, each with its reason.
EXCEPTIONS = {
    ("compare.in_keras", "torch"): "PyTorch is slower if it is loaded after TensorFlow",
    ("compare.api", "torch"): "a type of the public signatures, not loaded",
    ("compare.api", "keras"): "a type of the public signatures, not loaded",
}


@dataclass(frozen=True)
class Import:
    """One import of a module: at its top, in a function, for types, or as a string."""

    module: str
    imported: str
    line: int

    def __str__(self):
        """Say where it stands."""
        return f"{self.module}:{self.line} imports {self.imported}"


def modules() -> dict[str, ast.Module]:
    """Every module of the suite, by its full name."""
    trees = {}
    for path in sorted((ROOT / "compare").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts[-1] == "__init__":
            parts = parts[:-1]
        trees[".".join(parts)] = ast.parse(path.read_text(encoding="utf-8"))
    return trees


def imports(trees: Mapping[str, ast.Module]) -> Iterator[Import]:
    """Every import in these modules, whether of the suite or of a framework."""
    for module, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield Import(module, alias.name, node.lineno)
            elif isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    full = f"{node.module}.{alias.name}"
                    imported = full if full in trees else node.module
                    yield Import(module, imported, node.lineno)
            elif isinstance(node, ast.Call):
                for argument in node.args[:1]:
                    if is_import_module(node) and isinstance(argument, ast.Constant):
                        yield Import(module, argument.value, node.lineno)


def is_import_module(call: ast.Call) -> bool:
    """Whether a call is `import_module(...)` or `importlib.import_module(...)`."""
    return ast.unparse(call.func).split(".")[-1] == "import_module"


def package_of(module: str) -> str:
    """The package on whose floor a module of the suite stands."""
    if module in GROUND:
        return "ground"
    parts = module.split(".")
    if len(parts) > 1 and parts[1] in FLOOR:
        return parts[1]
    return "doors"


def uphill(trees: Mapping[str, ast.Module]) -> list[Import]:
    """The imports that point to the same floor, of another package, or to a higher."""
    wrong = []
    for found in imports(trees):
        if found.imported.split(".")[0] != "compare":
            continue
        package, imported = package_of(found.module), package_of(found.imported)
        if package != imported and FLOOR[imported] >= FLOOR[package]:
            wrong.append(found)
    return wrong


def circles(trees: Mapping[str, ast.Module]) -> list[str]:
    """The modules that import each other, types included.

    A module that imports nothing that is left, or that nothing left imports, is in no
    circle and is taken away, until there is none such.
    """
    needs: dict[str, set[str]] = {module: set() for module in trees}
    for found in imports(trees):
        if found.imported in trees and found.imported != found.module:
            needs[found.module].add(found.imported)
    while True:
        needed = set().union(*needs.values())
        free = {
            module
            for module, imported in needs.items()
            if module not in needed or not imported & needs.keys()
        }
        if not free:
            return sorted(needs)
        needs = {module: needs[module] for module in needs if module not in free}


def picture() -> str:
    """The packages, highest floor first, and below which others each imports."""
    trees = modules()
    below: dict[str, set[str]] = {package: set() for package in FLOOR}
    for found in imports(trees):
        if found.imported.split(".")[0] == "compare":
            below[package_of(found.module)].add(package_of(found.imported))
    lines = []
    for number, packages in reversed(list(enumerate(FLOORS))):
        for package in packages:
            line = f"{number}  {package:11}"
            names = [name for name in FLOOR if name in below[package] - {package}]
            if names:
                line += f" -> {' '.join(reversed(names))}"
            lines.append(line.rstrip())
    return "\n".join(lines)


def test_a_package_imports_lower_floors_only():
    assert not list(map(str, uphill(modules())))


@pytest.mark.parametrize(
    ("package", "line"),
    [
        ("judging", "from compare.twins import twins"),
        ("judging", "def run():\n    from compare.session import run"),
        ("kinds", "import_module('compare.matching.rewriting')"),
        ("matching", "if TYPE_CHECKING:\n    from compare.mistakes import anatomy"),
        ("in_keras", "import compare.in_pytorch.layers"),
    ],
)
def test_an_import_that_points_up_is_seen(package, line):
    """The test above would pass on anything if imports were not seen."""
    trees = modules()
    trees[f"compare.{package}.wrong"] = ast.parse(line)

    (seen,) = uphill(trees)

    assert seen.module == f"compare.{package}.wrong"


def test_no_modules_import_each_other():
    assert circles(modules()) == []


def test_a_circle_is_seen():
    """The test above would pass on anything if circles were not seen."""
    trees = modules()
    trees["compare.judging.one"] = ast.parse("import compare.judging.two")
    trees["compare.judging.two"] = ast.parse("import compare.judging.one")

    assert circles(trees) == ["compare.judging.one", "compare.judging.two"]


def test_a_framework_is_imported_in_its_adapter_alone():
    wrong = []
    for found in imports(modules()):
        framework = found.imported.split(".")[0]
        if framework not in {"torch", "keras", "tensorflow"}:
            continue
        allowed = set()
        for home, frameworks in FRAMEWORKS.items():
            if found.module == home or found.module.startswith(f"{home}."):
                allowed |= frameworks
        if framework not in allowed and (found.module, framework) not in EXCEPTIONS:
            wrong.append(str(found))

    assert not wrong


def test_every_folder_is_on_a_floor():
    """A new package has to be given its floor."""
    folders = {path.name for path in (ROOT / "compare").iterdir() if path.is_dir()}

    assert folders - {"plugin", "__pycache__"} == FLOOR.keys() - {"ground", "doors"}


def test_the_map_shows_the_packages_as_they_are():
    text = MAP.read_text(encoding="utf-8")

    assert picture() in text, "run python tests/doors/test_layout.py"


def write_picture():
    """Put the picture in the place of the old one, between its fences in the map."""
    text = MAP.read_text(encoding="utf-8")
    start = text.index("```\n", text.index("## The floors")) + len("```\n")
    end = text.index("```\n", start)
    MAP.write_text(f"{text[:start]}{picture()}\n{text[end:]}", encoding="utf-8")


if __name__ == "__main__":
    write_picture()
