"""The words of Python source, each with what it means whatever framework says it."""

from __future__ import annotations

import ast
import re
import tokenize
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO

from compare.reports import framework_words

Key = tuple[str, ...]

WORD = re.compile(
    r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"  # a name, dotted or not
    r"|\d+(?:\.\d*)?(?:[eE][-+]?\d+)?\w*"  # a number
    r"|\*\*|//|->|[-+*/%@&|^<>=!:]=|\S"
)
OPENING, CLOSING = "([{", ")]}"


@dataclass(frozen=True)
class Word:
    """A word of a line of source.

    Args:
        start: the first letter in its line, from 0.
        end: the letter after its last.
        text: as it is written.
        key: equal for words that mean the same in either framework.
        is_quiet: whether it says nothing of what is computed: prose, an import of a
            framework, or what the other framework does by itself.
    """

    start: int
    end: int
    text: str
    key: Key
    is_quiet: bool = False


@dataclass(frozen=True)
class _Place:
    """Where a word is, in lines of words.

    Args:
        line: from 0.
        index: in the line, from 0.
    """

    line: int
    index: int

    def word(self, lines: list[list[Word]]) -> Word:
        """The word that is there."""
        return lines[self.line][self.index]

    def put(self, lines: list[list[Word]], word: Word) -> None:
        """Put another word there."""
        lines[self.line][self.index] = word


class Source:
    """Python source in lines and words; of other text, as far as it goes.

    Args:
        text: the source.

    Attributes:
        lines: without their ends.
        words: of each line.
        prose: the letter from which on each line is a comment or a docstring, from 0;
            the length of the line where none is.
    """

    def __init__(self, text: str):
        self.lines = text.split("\n")
        columns = _prose(text)
        self.prose = [
            columns.get(number, len(line)) for number, line in enumerate(self.lines, 1)
        ]
        names = _FrameworkNames(text)
        lines: list[list[Word]] = []
        for number, line in enumerate(self.lines, start=1):
            is_import = number in names.import_lines
            lines.append([*_words(line, self.prose[number - 1], names, is_import)])
        _mark_settings(lines)
        _mark_calls(lines, names)
        _mark_said_by_one(lines)
        self.words = [tuple(words) for words in lines]


class _FrameworkNames:
    """Which names in a source are a framework's, by its imports.

    Args:
        text: the source.
    """

    def __init__(self, text: str):
        self.roots: dict[str, str] = {}  # framework's module, by the name in the source
        self.import_lines: set[int] = set()
        with suppress(SyntaxError, ValueError, RecursionError):
            for node in ast.walk(ast.parse(text)):
                self._note(node)

    def _note(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                self._add(alias.asname or alias.name.split(".")[0], alias.name, node)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                self._add(alias.asname or alias.name, node.module, node)
        elif isinstance(node, ast.Assign):  # layers = keras.layers
            value = _dotted(node.value)
            framework = self.roots.get(value.split(".")[0]) if value else None
            for target in node.targets:
                if framework and isinstance(target, ast.Name) and "." in value:
                    self.roots[target.id] = framework

    def _add(self, name: str, module: str, node: ast.stmt) -> None:
        framework = module.split(".")[0]
        if framework in framework_words.ROOTS:
            self.roots[name] = framework
            self.import_lines.update(range(node.lineno, (node.end_lineno or 0) + 1))

    def key(self, name: str) -> Key | None:
        """What a dotted name of a framework means; None for any other name."""
        framework = self.roots.get(name.split(".")[0])
        if framework is None:
            return None
        last = name.split(".")[-1].lower()
        if framework in framework_words.PYTORCH_ROOTS:
            last = framework_words.NAMES.get(last, last)
        return "framework", framework_words.ALSO_IN_KERAS.get(last, last)

    def of_pytorch(self, name: str) -> str:
        """The last part of a name of PyTorch, in small letters; "" for any other."""
        framework = self.roots.get(name.split(".")[0])
        if framework not in framework_words.PYTORCH_ROOTS:
            return ""
        return name.split(".")[-1].lower()


def _dotted(node: ast.expr) -> str:
    """A name, or attributes of one, as it is written; "" for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""


def _prose(text: str) -> dict[int, int]:
    """The column from which a line is comment or docstring, by line."""
    columns: dict[int, int] = {}
    with suppress(SyntaxError, ValueError, tokenize.TokenError):
        for token in tokenize.generate_tokens(StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                columns[token.start[0]] = token.start[1]
    with suppress(SyntaxError, ValueError, RecursionError):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Expr) and is_string(node.value):
                for number in range(node.lineno, (node.end_lineno or 0) + 1):
                    columns[number] = 0
    return columns


def is_string(node: ast.expr) -> bool:
    """Whether an expression is a string as it is written; a docstring, by itself."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _words(
    line: str, prose: int, names: _FrameworkNames, is_import: bool
) -> Iterator[Word]:
    """The words of a line.

    Args:
        line: without its end.
        prose: the letter from which on it is a comment or a docstring.
        names: those of the frameworks in the source.
        is_import: whether it imports something of a framework.
    """
    for match in WORD.finditer(line):
        text = match.group()
        if match.start() >= prose:
            yield Word(match.start(), match.end(), text, ("prose", text), True)
        elif is_import:
            meaning = "framework" if text in framework_words.ROOTS else text
            yield Word(match.start(), match.end(), text, ("import", meaning), True)
        else:
            yield from _code_words(match, names)


def _code_words(match: re.Match[str], names: _FrameworkNames) -> Iterator[Word]:
    """A name of a framework as one word, other dotted names in parts."""
    text, start = match.group(), match.start()
    key = names.key(text)
    if key is not None:
        is_registration = text.endswith(framework_words.REGISTERED)
        yield Word(start, match.end(), text, key, is_registration)
        return
    if not text[0].isidentifier():
        yield Word(start, match.end(), text, ("code", text))
        return
    for part in re.finditer(r"\w+|\.", text):
        span = start + part.start(), start + part.end()
        meaning = framework_words.METHODS.get(part.group(), part.group())
        yield Word(*span, part.group(), ("code", meaning))


def _mark_settings(lines: list[list[Word]]) -> None:
    """Give settings that a call names the same key in either framework."""
    depth = 0
    for words in lines:
        for index, word in enumerate(words):
            depth += _step(word.text)
            is_named = index + 1 < len(words) and words[index + 1].text == "="
            if depth > 0 and is_named and word.text in framework_words.SETTINGS:
                setting = framework_words.SETTINGS[word.text]
                words[index] = _changed(word, ("code", setting), word.is_quiet)


def _mark_calls(lines: list[list[Word]], names: _FrameworkNames) -> None:
    """Mark what PyTorch's layers are told otherwise than Keras's.

    The size of the input comes first, and Keras finds that out by itself. A layer that
    is not told that the batch comes first has the time there; no layer of Keras does.
    """
    places = [
        _Place(row, index)
        for row, words in enumerate(lines)
        for index in range(len(words))
    ]
    for number, place in enumerate(places):
        name = names.of_pytorch(place.word(lines).text)
        if not name:
            continue
        arguments = _arguments(lines, places, number + 1)
        if name in framework_words.READ_SIZE_FIRST:
            for argument in _first(lines, arguments):
                word = argument.word(lines)
                argument.put(lines, _changed(word, ("size", word.text), True))
        if name in framework_words.TIME_FIRST and arguments:
            texts = {argument.word(lines).text for argument in arguments}
            if not texts & {"batch_first", "**"}:
                word = place.word(lines)
                place.put(lines, _changed(word, ("time first", name), False))


def _arguments(
    lines: list[list[Word]], places: Sequence[_Place], start: int
) -> list[_Place]:
    """Where the words between the brackets of a call are, if one begins at `start`."""
    if start == len(places) or places[start].word(lines).text != "(":
        return []
    depth = 0
    for number in range(start, len(places)):
        depth += _step(places[number].word(lines).text)
        if depth == 0:
            return [*places[start + 1 : number]]
    return []


def _first(lines: list[list[Word]], arguments: Sequence[_Place]) -> Iterator[_Place]:
    """Where the words of the first argument are, and the comma after it."""
    depth = 0
    for place in arguments:
        text = place.word(lines).text
        yield place
        if depth == 0 and text == ",":
            return
        depth += _step(text)


def _step(text: str) -> int:
    """How much deeper in brackets the text after a word is."""
    return (text in OPENING) - (text in CLOSING)


def _mark_said_by_one(lines: list[list[Word]]) -> None:
    """Mark what only one framework is told, with the comma before it."""
    for words in lines:
        targets = _targets_of(words)
        for index in range(len(words)):
            name, places = words[index].text, range(0)
            if _is_said_by_one(words[index : index + 3]):
                places = range(index, index + 3)
            elif name == "_" and index < targets:  # PyTorch returns more
                places = range(index, index + 1)
            if places and index > 0 and words[index - 1].text == ",":
                places = range(index - 1, places.stop)
            for place in places:
                word = words[place]
                words[place] = _changed(word, ("said by one", name, word.text), True)


def _is_said_by_one(words: Sequence[Word]) -> bool:
    """Whether words are such as `batch_first=True`."""
    if len(words) < 3 or words[1].text != "=":
        return False
    return (words[0].text, words[2].text) in framework_words.SAID_BY_ONE


def _targets_of(words: Sequence[Word]) -> int:
    """How many words of a line are names that it binds: those of `h, _ = lstm(x)`."""
    for index, word in enumerate(words):
        if word.text == "=":
            return index
        if word.text == "(":
            break
    return 0


def _changed(word: Word, key: Key, is_quiet: bool) -> Word:
    return Word(word.start, word.end, word.text, key, is_quiet)
