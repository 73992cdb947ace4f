"""The class of a stub: a layer of a port that is left for the user to write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from compare.kinds.graph import Missing
from compare.kinds.rows import copied
from compare.kinds.source import Site, TensorText, shape_text
from compare.porting.writing.lines import STEP, call, paragraph, quoted, statement
from compare.porting.writing.names import attributes, class_name

LONGEST_SETTING = 100  # letters; longer ones are code, or tables
MOST_SETTINGS = 30


def parameters(site: Site) -> dict[str, str]:
    """The names of a stub's parameters, with the arrays of Keras that they hold."""
    names = attributes(site.arrays)
    return {name: array for array, name in names.items()}


def write_stub(
    site: Site, stubs: dict[str, str], classes: list[list[str]], names: set[str]
) -> list[str]:
    """Write the call of a layer that is left for the user to write, and its class.

    Args:
        site: of the call.
        stubs: what the port calls each stub, by the layer's name; gets this one.
        classes: the lines of their classes; gets those of this one.
        names: of all classes; gets this one's.

    Returns:
        Expressions of what it returns.
    """
    if site.plan.name not in stubs:
        name = class_name(f"{site.plan.name} stub", names)
        names.add(name)
        classes.append(stub_lines(name, site))
        rows = [copied(key, array) for key, array in parameters(site).items()]
        attribute = site.module(f"{name}()", rows=tuple(rows))
        stubs[site.plan.name] = attribute.removeprefix("self.")
    values = ", ".join(value.text for value in site.inputs)
    text = f"self.{stubs[site.plan.name]}({values})"
    if len(site.outputs) == 1:
        return [text]
    results = [site.result("x") for _ in site.outputs]
    site.line(f"{', '.join(results)} = {text}")
    return results


def stub_lines(name: str, site: Site) -> list[str]:
    """The class of a stub of PyTorch.

    Args:
        name: of the class.
        site: where it is called first.
    """
    arguments = ["x"]
    if len(site.inputs) > 1:
        arguments = [f"x{number}" for number in range(1, len(site.inputs) + 1)]
    results = [
        TensorText("", fact.shape, fact.dtype, words=fact.words)
        for fact in site.outputs
    ]
    annotation = "torch.Tensor"
    if len(results) > 1:
        annotation = f"tuple[{', '.join(['torch.Tensor'] * len(results))}]"
    takes = [
        replace(value, features_second=False, mask="", folded=())
        for value in site.inputs
    ]
    missing = site.plan.missing
    assert missing is not None
    lines = [
        f"class {name}(nn.Module):",
        *docstring(
            site.plan.name,
            missing,
            dict(zip(arguments, map(words, takes), strict=True)),
            [*map(words, results)],
        ),
    ]
    held = parameters(site)
    if held:
        lines += ["", f"{STEP}def __init__(self):", f"{STEP * 2}super().__init__()"]
        for parameter, array in held.items():
            shape = ", ".join(map(str, site.arrays[array].shape))
            code = f"nn.Parameter(torch.empty({shape or '()'}))"
            lines += statement(code, f"self.{parameter} = ", indent=2)
    typed = [f"{argument}: torch.Tensor" for argument in arguments]
    head = f"{STEP}def forward({', '.join(['self', *typed])}) -> {annotation}:"
    if len(head) > 88:
        head = f"{STEP}def forward(self, *x: torch.Tensor) -> {annotation}:"
    return [*lines, "", head, *not_written(site.plan.name)]


def not_written(layer: str) -> list[str]:
    """The lines that raise."""
    sentence = _plain(f"{layer}: a stub, not written yet; see its docstring")
    code = call("raise NotImplementedError", [quoted(sentence)])
    return statement(code, indent=2)


def words(value: TensorText) -> str:
    """Type and shape of a tensor."""
    kind = "".join(letter for letter in value.dtype if not letter.isdigit())
    return f"{kind}, {shape_text(value)}"


def docstring(
    layer: str, missing: Missing, takes: Mapping[str, str], returns: list[str]
) -> Iterator[str]:
    """What a stub stands for, what it takes and gives, and its settings.

    Args:
        layer: its name.
        missing: what it stands for.
        takes: each argument, in words.
        returns: each result, in words.
    """
    yield from paragraph(f'"""STUB: {_plain(layer)} is left for you to write.')
    yield ""
    yield from paragraph(f"It stands for {_plain(missing.sentence)}.")
    yield ""
    yield f"{STEP}Call:"
    for argument, text in takes.items():
        yield from paragraph(f"{argument}: {text}.", 2, STEP)
    result = returns[0] if len(returns) == 1 else f"a tuple of {'; '.join(returns)}"
    yield from paragraph(f"returns: {result}.", 2, STEP)
    settings = [*_settings(missing.settings)]
    if settings:
        yield ""
        yield f"{STEP}Settings:"
        for text in settings:
            yield from paragraph(text, 2, STEP)
    yield f'{STEP}"""'


def _settings(settings: Mapping[str, Any]) -> Iterator[str]:
    """Settings in words, without those that everything has."""
    shown = {k: v for k, v in settings.items() if k not in ("name", "trainable")}
    if not isinstance(shown.get("dtype"), str):  # a description of an object
        shown.pop("dtype", None)
    for number, (key, value) in enumerate(shown.items()):
        if number == MOST_SETTINGS:
            yield f"and {len(shown) - MOST_SETTINGS} others"
            return
        text = repr(value)
        if len(text) > LONGEST_SETTING:
            text = f"{len(text)} letters, not shown"
        yield _plain(f"{key}: {text}")


def _plain(text: str) -> str:
    """Text that ends no docstring, in letters that are printed everywhere."""
    plain = text.encode("ascii", "replace").decode()
    plain = "".join(letter if letter.isprintable() else " " for letter in plain)
    return plain.replace("\\", "/").replace('"', "'")
