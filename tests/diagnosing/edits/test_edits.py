"""The table of source edits: what people change in a port, and whether it is named."""

import edit
import measure
import numpy as np
import pytest

MANY, TEN = 120, 10
MOST_WRONG = 1


@pytest.mark.parametrize("pair", measure.PAIRS)
def test_a_pair_as_it_is_written_is_the_same(pair):
    assert measure.reported(pair, edit.text_of(pair)).verdict == "same"


@pytest.mark.parametrize("pair", measure.PAIRS)
def test_every_edit_changes_one_place_of_its_text(pair):
    """And no two of a pair make the same text; what it makes is Python."""
    text = edit.text_of(pair)
    edited = {change.made_in(text) for change in measure.edits_of(pair)}
    for source in edited:
        compile(source, pair, "exec")

    assert len(edited) == len(measure.edits_of(pair)) >= TEN
    assert text not in edited
    assert all(change.line_numbers(text) for change in measure.edits_of(pair))


def test_there_are_many_edits():
    assert sum(len(measure.edits_of(pair)) for pair in measure.PAIRS) >= MANY


def outcome(change, report):
    return measure.judged("tcn", change, report, edit.text_of("tcn"), 0.0)


def test_a_cause_is_named_only_where_it_is_proved_and_its_words_are_said():
    change = measure.edits_of("tcn")[0]
    said = "in convs.2, dilation is 4 in PyTorch, 3 in Keras"

    def report(explained, sentence):
        return measure.Report("different", explained, sentence, "convs.2", sentence)

    assert outcome(change, report(True, said)).is_named
    assert not outcome(change, report(False, said)).is_named
    assert outcome(change, report(True, "in convs.2, a relu is missing")).is_wrong


def test_the_edited_line_is_a_right_place_and_the_next_is_not():
    change = measure.edits_of("tcn")[0]
    text = edit.text_of("tcn")
    number = 1 + text[: text.index(change.old)].count("\n")
    right, wrong = (
        measure.Report("different", False, "", f"tcn.py:{line}", "")
        for line in (number, number + 5)
    )

    assert outcome(change, right).is_placed
    assert not outcome(change, wrong).is_placed


def report_of(pair, new):
    """What is said of the edit that puts a text into a pair."""
    (change,) = (change for change in measure.edits_of(pair) if change.new == new)
    return measure.reported(pair, change.made_in(edit.text_of(pair)))


def test_what_a_layer_of_one_side_alone_makes_is_no_other_source():
    """PyTorch pads by a layer, and Keras within the convolution."""
    report = report_of("separable", "x = x.permute(0, 3, 2, 1)")

    assert report.verdict == "different"
    assert "is given first.0" not in report.text


def test_a_norm_that_is_left_out_is_told_beside_norms_that_are_not():
    report = report_of("vit", "x = x + self.mlp(x)")

    assert report.explained
    assert "`norm2_0` (LayerNormalization)" in report.sentences


def test_what_both_sides_join_alike_hides_no_other_part():
    """The last value beside the LSTM's state is scaled, and no layer makes it."""
    report = report_of("forecast", "y = torch.cat([c[-1], last], dim=-1)")

    assert report.explained
    assert "PyTorch takes the final cell state, not the last step" in report.sentences


def test_keys_of_another_array_than_the_queries_are_told_of_one_packed_layer():
    report = report_of(
        "vit", 'x = x + layers.MultiHeadAttention(2, 4, name=f"attn_{i}")(y, x)'
    )

    assert report.explained
    assert "attn_0 of Keras makes its keys and values of another" in report.sentences


@pytest.mark.slow
def test_most_edits_are_noticed_named_and_placed():
    by_pair = [list(measure.measured(pair)) for pair in measure.PAIRS]
    print(measure.table(by_pair))
    outcomes = [outcome for of_pair in by_pair for outcome in of_pair]

    assert all(outcome.noticed for outcome in outcomes)
    assert np.mean([outcome.is_named for outcome in outcomes]) >= 0.95
    assert np.mean([outcome.is_placed for outcome in outcomes]) >= 0.98
    assert sum(outcome.is_wrong for outcome in outcomes) <= MOST_WRONG
