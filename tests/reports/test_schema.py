"""The JSON Schema of evidence: complete, described, and what the documents are like."""

import json
import runpy
from dataclasses import replace

import jsonschema
import pytest
from evidence_schema import SCHEMA, assert_described
from made_evidence import (
    evidence,
    of_a_difference,
    of_a_pass,
    refused,
    result,
    training,
)

from compare.judging import document
from compare.judging.result import VERDICTS
from compare.judging.words import Side
from compare.subjects.sources import ROOT


def test_it_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def fields(part, path=""):
    """Every field that a part of the schema names, with its path."""
    if isinstance(part, dict):
        for name, field in part.get("properties", {}).items():
            yield f"{path}.{name}", field
        for name, inner in part.items():
            yield from fields(inner, f"{path}.{name}")
    elif isinstance(part, list):
        for inner in part:
            yield from fields(inner, path)


def test_each_field_and_each_part_is_described():
    parts = [*fields(SCHEMA), *SCHEMA["$defs"].items()]

    assert len(parts) > 150
    assert [
        path for path, field in parts if len(field.get("description", "")) < 5
    ] == []


def test_it_has_the_words_that_evidence_has():
    assert set(SCHEMA["$defs"]["verdict"]["enum"]) == set(VERDICTS)
    assert SCHEMA["$defs"]["side"]["enum"] == [*Side.__args__]
    assert SCHEMA["$defs"]["schema"]["const"] == document.SCHEMA


def test_evidence_of_every_sort_conforms():
    found = evidence(
        of_a_pass(),
        of_a_difference(),
        result(verdict="both refuse", stages=(), refusals={"torch": "no"}),
        result(in_float64=3, loss="mse", drawn="other inputs"),
        not_compared=[refused()],
        notes=["read this"],
    )

    assert_described(found.to_json(), "run")


@pytest.mark.parametrize("verdict", ["same", "different"])
def test_a_training_run_conforms(verdict):
    assert_described(training(verdict).to_json(), "training")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_in_json_is_a_string(value):
    (stage,) = result().stages
    text = evidence(result(stages=(replace(stage, gap64=value),))).to_json()

    assert json.loads(text)["results"][0]["gap64"] == str(value)
    assert_described(text, "run")


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": "equal"},
        {"gap64": "big"},
        {"stages": None},
        {"as_expected": "yes"},
        {"timesteps": 1.5},
    ],
)
def test_a_document_that_is_none_is_refused(change):
    found = json.loads(evidence(result()).to_json())
    found["results"][0].update(change)

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(found, SCHEMA)


def test_a_document_without_a_field_is_refused():
    found = json.loads(evidence(result()).to_json())
    del found["results"][0]["verdict"]

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(found, SCHEMA)


def test_the_page_says_what_the_schema_says():
    page = runpy.run_path(str(ROOT / "docs" / "json_page.py"))["page"]()

    assert (ROOT / "docs" / "json.md").read_text("utf-8") == page
