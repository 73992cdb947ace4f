"""The reference of the Python interface holds what is public, without a warning."""

import runpy
from inspect import isclass, signature
from pathlib import Path

import pytest

import compare

pytest.importorskip("pdoc")
SCRIPT = runpy.run_path(str(Path(__file__).parents[2] / "docs" / "reference.py"))


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The text of each page, by its module."""
    folder = tmp_path_factory.mktemp("reference")
    SCRIPT["build"](folder)
    texts = {}
    for path in folder.rglob("*.html"):
        name = ".".join(path.relative_to(folder).with_suffix("").parts)
        texts[name] = path.read_text(encoding="utf-8")
    return texts


def test_there_is_a_page_for_each_public_module_and_no_other(pages):
    assert pages.keys() == {*SCRIPT["PUBLIC"], "index"}


def test_all_that_the_package_offers_is_in_it():
    assert sorted(SCRIPT["PUBLIC"]["compare"]) == sorted(compare.__all__)


def test_each_name_has_its_place_on_the_page_of_its_module(pages):
    for module, names in SCRIPT["PUBLIC"].items():
        for name in names:
            assert f'id="{name}"' in pages[module]


def test_what_is_not_public_is_not_in_it(pages):
    assert "as_table" not in pages["compare.judging.evidence"]
    assert 'id="worst_of"' not in pages["compare.judging.result"]


def test_what_functions_return_is_linked(pages):
    assert 'href="compare/judging/evidence.html#Evidence"' in pages["compare"]
    assert 'href="compare/judging/training.html#TrainingEvidence"' in pages["compare"]
    assert 'href="compare/porting/contents.html#Port"' in pages["compare"]


def test_the_first_page_leads_to_each_other(pages):
    for module, names in SCRIPT["PUBLIC"].items():
        if module != "compare":
            assert f"{module.replace('.', '/')}.html#{names[0]}" in pages["compare"]


@pytest.mark.parametrize("name", compare.__all__)
def test_each_argument_is_described(name):
    """A docstring that leaves one out would leave a hole in the reference."""
    function = getattr(compare, name)
    if isclass(function) or name == "assert_same":  # which refers to `check`
        return
    described = function.__doc__.partition("Args:")[2]

    for argument in signature(function).parameters:
        assert f"        {argument}: " in described
