"""What the models of a pair file are made of, read as text; nothing is run.

Names are followed from `torch_model` and from `keras_model` to the definitions that
they use, and through imports into other files: those that Python would find beside the
pair file, in the working directory, or in another folder of the user's own from which
Python imports. No framework is loaded.
"""

from __future__ import annotations

import ast
import builtins
import sys
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from compare.errors import BadInput
from compare.judging.refusals import is_users_own
from compare.one_line import message_of
from compare.subjects.own.on_disk import check_text, existing
from compare.subjects.own.pair_file import BOTH_MODELS, MODEL_NAMES

Use = tuple[str, ...]  # a name and the attributes that are read of it: models.Net


@dataclass(frozen=True)
class _Import:
    """What an import binds a name to.

    Args:
        module: its dotted name, without the dots in front.
        dots: how many are in front.
        name: what is taken from the module; None for the module itself.
    """

    module: str
    dots: int = 0
    name: str | None = None


@dataclass(frozen=True)
class _Binding:
    """What a name stands for.

    Args:
        value: an import, or the part of the file that says what the name stands for.
        statement: to show for it; None where another one contains it.
    """

    value: _Import | ast.AST
    statement: ast.stmt | None


class _File:
    """A Python file, and which of its statements are to be shown.

    Raises:
        BadInput: if it cannot be read, or is no Python.
    """

    def __init__(self, path: Path):
        self.path = path
        try:
            with tokenize.open(path) as file:
                self.text = file.read()
            self.statements = ast.parse(self.text).body
        except (OSError, SyntaxError, ValueError) as error:
            raise BadInput(
                f"{_name(path)}: expected Python that can be read, got: "
                f"{message_of(error)}"
            ) from None
        self.shown: set[ast.stmt] = set()
        self.whole = False  # whether to show all of it
        self.bindings: dict[str, list[_Binding]] = {}
        self.stars: list[_Binding] = []  # from module import *
        for statement in self.statements:
            for name, value in _bound(statement):
                binding = _Binding(value, statement)
                if name == "*":
                    self.stars.append(binding)
                else:
                    self.bindings.setdefault(name, []).append(binding)

    def source(self) -> str:
        """The statements to show, as the file writes them; imports come first."""
        if self.whole:
            return self.text.strip("\n")
        lines = self.text.split("\n")
        # By their lines: one line may hold two statements.
        imports: dict[int, str] = {}
        other_code: dict[int, str] = {}
        for statement in self.statements:
            if statement in self.shown:
                decorators = getattr(statement, "decorator_list", [])
                first_line = min(node.lineno for node in [statement, *decorators])
                text = "\n".join(lines[first_line - 1 : statement.end_lineno])
                if isinstance(statement, ast.Import | ast.ImportFrom):
                    imports[first_line] = text
                else:
                    other_code[first_line] = text
        texts = ["\n".join(imports.values()), *other_code.values()]
        return "\n\n".join(text for text in texts if text)


class _Reader:
    """Finds what one model of a pair file uses."""

    def __init__(self, path: Path):
        self._path = path.resolve()
        self._folders = [self._path.parent, Path.cwd(), *_added_folders()]
        self._files: dict[Path, _File] = {}
        self._followed: set[tuple[Path, Use]] = set()

    def source(self, name: str) -> str:
        """What a name in the pair file is made of; "" if it is not there.

        Imported files come first, each with its name above it.
        """
        self._follow(self._file(self._path), (name,))
        sources = {path: file.source() for path, file in self._files.items()}
        sources = {path: source for path, source in sources.items() if source}
        if set(sources) <= {self._path}:
            return "".join(sources.values())
        texts = [
            f"# {_name(path)}\n\n{source}" for path, source in reversed(sources.items())
        ]
        return "\n\n\n".join(texts)

    def _file(self, path: Path) -> _File:
        """The file at a path, read once."""
        if path not in self._files:
            self._files[path] = _File(path)
        return self._files[path]

    def _follow(self, file: _File, use: Use) -> None:
        """Mark what a use in a file needs, in that file and in those it imports."""
        if (file.path, use) in self._followed:
            return
        self._followed.add((file.path, use))
        name, *attributes = use
        for binding in file.bindings.get(name, []):
            if isinstance(binding.value, _Import):
                self._follow_import(file, binding, attributes)
                continue
            if binding.statement:
                file.shown.add(binding.statement)
            imports = _imports_inside(binding.value)
            for inner in _uses(binding.value):
                if inner[0] in imports:
                    self._follow_import(file, imports[inner[0]], inner[1:])
                else:
                    self._follow(file, inner)
        if name not in file.bindings and not hasattr(builtins, name):
            for star in file.stars:
                self._follow_import(file, star, use)

    def _follow_import(
        self, file: _File, binding: _Binding, attributes: Sequence[str]
    ) -> None:
        """Follow an import into its file; where there is none, the import is shown."""
        source = binding.value
        assert isinstance(source, _Import)
        names = [*attributes]
        if source.name is not None:
            names = [source.name, *attributes]
        path = source.module.split(".") if source.module else []
        folders = self._folders
        if source.dots:
            parents = file.path.parents
            folders = [parents[min(source.dots, len(parents)) - 1]]
        for folder in folders:
            module = _module(folder, path)
            if module and self._enter(module, names, file):
                return
        if binding.statement:
            file.shown.add(binding.statement)

    def _enter(self, module: Path, names: Sequence[str], importing: _File) -> bool:
        """Follow names into a module, a file or a folder; whether they are there.

        `from . import part` in a package is not about the name that it binds itself.
        """
        path = module / "__init__.py" if module.is_dir() else module
        if path.is_file():
            file = self._file(path)
            if not names:
                file.whole = True
                return True
            if names[0] in file.bindings and file is not importing:
                self._follow(file, tuple(names))
                return True
        if names and module.is_dir():
            inner_module = _module(module, names[:1])
            if inner_module and self._enter(inner_module, names[1:], importing):
                return True
        if path.is_file() and file.stars:
            self._follow(file, tuple(names))
            return True
        return False


def sources(path: str) -> list[tuple[str, str]]:
    """Title and text of what each twin's model is made of; nothing is run.

    These are the definitions that `torch_model` and `keras_model` use, in the pair file
    and in the files that it imports from. One title and text where both models are made
    by the same code.

    Raises:
        BadInput: if a file is no Python, or the pair file does not define both.
    """
    file = existing(path)
    check_text(file)
    texts: dict[str, str] = {}
    for name in MODEL_NAMES.values():
        texts[name] = _Reader(file).source(name)
        if not texts[name]:
            raise BadInput(f"{path}: expected {BOTH_MODELS}, got no {name}")
    if len(set(texts.values())) == 1:
        return [(f"{path}: {BOTH_MODELS}", texts[MODEL_NAMES["torch"]])]
    return [(f"{path}: {name}", text) for name, text in texts.items()]


def is_excerpt(title: str) -> bool:
    """Whether a title of `sources` is of parts of files, which number lines anew."""
    names = (*MODEL_NAMES.values(), BOTH_MODELS)
    return title.endswith(tuple(f": {name}" for name in names))


def _added_folders() -> list[Path]:
    """The folders of the user's own from which Python imports, as PYTHONPATH names."""
    return [Path(folder) for folder in sys.path if is_users_own(folder)]


def _name(path: Path) -> str:
    """A path as people know it: from the working directory on, where it lies there."""
    if path.is_relative_to(Path.cwd()):
        return str(path.relative_to(Path.cwd()))
    return str(path)


def _module(folder: Path, names: Sequence[str]) -> Path | None:
    """The file or folder of a module, as Python finds it in a folder; None if none."""
    path = folder.joinpath(*names)
    if names and not (path / "__init__.py").is_file():
        file = path.with_name(f"{path.name}.py")
        if file.is_file():
            return file
    return path if path.is_dir() else None


def _bound(statement: ast.AST) -> Iterator[tuple[str, _Import | ast.AST]]:
    """Names that a statement binds or changes, and what each then stands for."""
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield statement.name, statement
        case ast.Import():
            for alias in statement.names:
                if alias.asname:
                    yield alias.asname, _Import(alias.name)
                else:
                    top = alias.name.split(".")[0]
                    yield top, _Import(top)
        case ast.ImportFrom():
            for alias in statement.names:
                name = None if alias.name == "*" else alias.name
                source = _Import(statement.module or "", statement.level, name)
                yield alias.asname or alias.name, source
        case ast.Assign():
            for target in statement.targets:
                yield from _assigned(target, statement.value)
        case ast.AnnAssign() | ast.AugAssign():
            yield from _assigned(statement.target, statement)
        case ast.stmt():  # of several statements, such as `if`: shown as a whole
            for name, value in _bound_inside(statement):
                yield name, value if isinstance(value, _Import) else statement


def _imports_inside(node: ast.AST) -> dict[str, _Binding]:
    """Imports in a function or a class, by the names that they bind there."""
    bindings = {}
    for inner in ast.walk(node):
        if isinstance(inner, ast.Import | ast.ImportFrom):
            for name, value in _bound(inner):
                bindings[name] = _Binding(value, None)
    return bindings


def _bound_inside(node: ast.AST) -> Iterator[tuple[str, _Import | ast.AST]]:
    """Yield what is bound anywhere inside a statement, like `_bound`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield from _bound(child)
        elif isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
            yield child.id, child
        else:
            yield from _bound_inside(child)


def _assigned(target: ast.expr, value: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Names in the target of an assignment, and the value that each gets.

    In `a, b = f, g` the name a depends on f alone.
    """
    if isinstance(target, ast.Tuple | ast.List):
        values: Sequence[ast.AST] = [value] * len(target.elts)
        if isinstance(value, ast.Tuple | ast.List):
            items = [*target.elts, *value.elts]
            starred = any(isinstance(item, ast.Starred) for item in items)
            if len(value.elts) == len(target.elts) and not starred:
                values = value.elts
        for item, its_value in zip(target.elts, values, strict=True):
            yield from _assigned(item, its_value)
    elif isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Attribute | ast.Subscript | ast.Starred):
        yield from _assigned(target.value, value)


def _uses(node: ast.AST) -> list[Use]:
    """What an expression or a definition reads that is not its own local name."""
    if _use(node):
        return [_use(node)]
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return _uses_in(ast.iter_child_nodes(node))
    body: Sequence[ast.AST] = node.body if isinstance(node.body, list) else [node.body]
    local = _local_names(node)
    inside = [use for use in _uses_in(body) if use[0] not in local]
    # Defaults, decorators and annotations are read outside of the function.
    outside = [child for child in ast.iter_child_nodes(node) if child not in body]
    return [*inside, *_uses_in(outside)]


def _uses_in(nodes: Iterable[ast.AST]) -> list[Use]:
    """What several expressions or statements read, in order."""
    uses = []
    for node in nodes:
        uses += _uses(node)
    return uses


def _local_names(
    function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda,
) -> set[str]:
    """The arguments of a function, and the names that it binds."""
    names = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    for node in ast.walk(function.args):
        if isinstance(node, ast.arg):
            names.add(node.arg)
    return names


def _use(node: ast.AST) -> Use:
    """The use that a name, or a chain of attributes that begins with one, is."""
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Attribute):
        before = _use(node.value)
        return (*before, node.attr) if before else ()
    return ()
