"""The claims ledger: every claim of the note, found true or not by running it."""

import io
import json
import random
from functools import partial

import numpy as np
import pytest
import torch
from rich.console import Console

from compare.reports import claims as ledger
from compare.subjects import claims


@pytest.fixture(scope="module")
def results():
    """Every result, in order."""
    return list(claims.check_claims())


@pytest.fixture(scope="module")
def verdicts(results):
    """Verdicts by the function that decides them, and its argument if it has one."""
    names = []
    for claim in claims.CLAIMS:
        check = claim.check
        plain = not isinstance(check, partial)
        names.append(check.__name__ if plain else (check.func.__name__, *check.args))
    return dict(zip(names, (result.verdict for result in results), strict=True))


def test_every_claim_of_the_note_is_there(results):
    assert len(results) == len(claims.CLAIMS) >= 34
    assert [result.number for result in results] == [*range(1, len(results) + 1)]


def test_no_question_is_asked_twice():
    assert len({claim.question for claim in claims.CLAIMS}) == len(claims.CLAIMS)


def test_every_result_has_a_verdict_and_figures(results):
    for result in results:
        assert result.question.endswith("?")
        assert result.ran
        assert result.figures, result.question
        assert result.verdict in ("holds", "false") or result.verdict.startswith(
            "holds only if "
        )


def test_every_result_is_plain_json(results):
    for result in results:
        found = result.as_dict()
        assert set(found) == {"number", "question", "ran", "verdict", "figures"}
        assert json.loads(json.dumps(found, allow_nan=False)) == found


KNOWN = {
    "last_hidden": "holds only if single layer or stacked",
    "last_hidden_gradients": "holds",
    "last_index": "holds only if batch_first=False",
    "last_sample": "holds",
    "last_step_edition": "false",
    "last_step_slice": "holds",
    "both_final_states": "holds only if along the first axis",
    "batch_first_states": "holds",
    "zero_states": "holds",
    ("layout", "output"): "holds",
    ("layout", "h"): "holds",
    ("layout", "c"): "holds",
    "projection": "holds",
    "dummy_data": "holds",
    "window_count": "holds",
    "drop_last": "holds",
    "drop_last_length": "false",
    "prediction_shape": "holds",
    "all_steps_in_h_n": "false",
    "step_by_step": "holds",
    "keras_any_length": "holds",
    "torch_any_length": "holds",
    "time_axis": "holds only if batch_first=False",
    "flatten_edition": "holds only if batch 1",
    "view_alternative": "holds only if batch 1",
    "flatten_time_major": "holds",
    "flatten_needed": "false",
    "sharpe_reshape": "holds",
    "size_index": "false",
    "independent_steps": "false",
    "mixed_steps": "holds",
    "keras_flatten": "holds only if return_sequences=True",
    "last_valid": "holds",
    "sorted_lengths": "holds",
    "padding_added": "holds",
    "neutral_zeros": "false",
    "ignored_padding": "holds only if packed in PyTorch or masked in Keras",
    "ignored_backward": "holds",
    "computed_rows": "holds only if packed in PyTorch",
    "beyond_the_end": "holds",
}


@pytest.mark.parametrize("name", KNOWN, ids=str)
def test_known_verdict(verdicts, name):
    """What was measured before is found again."""
    assert verdicts[name] == KNOWN[name]


def figures(results, words):
    """Figures of the one result whose question has these words."""
    (found,) = [result for result in results if words in result.question]
    return found.figures


def test_flatten_without_sequences_has_the_last_step_models_parameters(results):
    found = figures(results, "use all time steps")

    assert found["parameters, return_sequences=False"] == 18_948
    assert found["parameters, return_sequences=True"] == 31_492


def test_packing_computes_two_rows_in_three(results):
    found = figures(results, "save computation")

    assert (found["packed in PyTorch"], found["padded rows"]) == (16, 24)


def test_the_view_mixes_samples(results):
    assert figures(results, "its own row")["samples in row 1, batch 4"] > 1


@pytest.mark.parametrize(
    ("cases", "verdict"),
    [
        ({"": True}, "holds"),
        ({"": False}, "false"),
        ({"a": True, "b": True}, "holds"),
        ({"a": False, "b": False}, "false"),
        ({"a": False, "b": True}, "holds only if b"),
        ({"a": True, "b": False, "c": True}, "holds only if a or c"),
    ],
    ids=str,
)
def test_verdict_follows_from_the_cases(cases, verdict):
    claim = claims.Claim("Is it so?", "nothing", lambda: claims.Findings(cases, {}))

    assert claim.result(1).verdict == verdict


def test_findings_without_a_case_are_an_error():
    with pytest.raises(ValueError, match="at least one case"):
        claims.Findings({}, {"figure": 1})


def test_figures_that_json_lacks_become_strings():
    result = claims.ClaimResult(
        1, "?", "", "false", {"gap": float("inf"), "at": (1, 2)}
    )

    assert result.as_dict()["figures"] == {"gap": "inf", "at": [1, 2]}


def test_a_wrong_shape_is_found_false():
    """The same check that holds for the first example's own shapes."""
    assert claims.examples.example_1(out=(30, 10, 50)).verdict == "false"


def test_packing_that_knows_no_lengths_ignores_nothing(monkeypatch):
    """The verdict comes from what ran: without the lengths the padding is read."""
    lengths = claims.lengths
    whole = partial(lengths.pack_padded_sequence, lengths=[8, 8, 8], batch_first=True)
    monkeypatch.setattr(lengths, "_pack", whole)
    with claims.common.seeded():
        found = lengths.ignored_padding()

    assert found.verdict == "holds only if masked in Keras"


def test_a_stack_of_other_layers_is_found_false(monkeypatch):
    make_lstm = claims.common.make_lstm
    monkeypatch.setattr(claims.layer, "layer_of", lambda lstm, n: make_lstm(3 + n, 4))

    assert claims.layer.stacking().verdict == "false"


def test_an_unforeseen_error_is_not_a_verdict():
    def check():
        raise KeyError("a mistake of ours")

    with pytest.raises(KeyError, match="a mistake of ours"):
        claims.Claim("Is it so?", "nothing", check).result(1)


def test_random_numbers_go_on_as_before():
    """Checking claims moves no generator that others draw from."""

    def states():
        numpy = np.random.get_state()
        return (
            *(torch.get_rng_state().tolist(), torch.get_num_threads()),
            *(numpy[1].tolist(), numpy[2], random.getstate()),
        )

    before = states()
    list(claims.check_claims())

    assert states() == before


def test_checking_twice_finds_the_same(results):
    again = [claim.as_dict() for claim in claims.check_claims()]

    assert again == [result.as_dict() for result in results]


@pytest.mark.parametrize("width", [80, 160])
def test_ledger_shows_every_claim_and_fits(results, width):
    out = io.StringIO()
    ledger.print_claims(Console(file=out, width=width), iter(results))
    *lines, _ = out.getvalue().splitlines()
    numbers = [line[:2].strip() for line in lines if line[:2].strip().isdigit()]

    assert max(map(len, lines)) <= width
    assert numbers == [str(result.number) for result in results]
    assert "out[:, -1, :]" in out.getvalue()


def test_last_line_counts_the_verdicts():
    out = io.StringIO()
    words = ["holds", "false", "holds only if b", "holds"]
    made = [
        claims.ClaimResult(n, "?", "", verdict, {"n": n})
        for n, verdict in enumerate(words)
    ]
    ledger.print_claims(Console(file=out, width=80), made)

    last = out.getvalue().splitlines()[-1]
    assert last.startswith("4 claims: 2 hold, 1 false, 1 hold only under a condition (")
