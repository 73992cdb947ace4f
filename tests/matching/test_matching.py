"""Which layer is which: by table, by name, by order, and what no order vouches for."""

import pytest
from layers_to_match import dense, keras_lstm, linear, lstm, of_one_kind

from compare import BadInput
from compare.matching.matching import match, matched
from compare.matching.ordering import Order, check

# ------------------------------------------------------------------------------- names


def test_names_that_keras_gave_do_not_count_where_one_is_missing():
    """`lstm_1` is Keras's second here, and PyTorch's first."""
    both = of_one_kind(["lstm_1", "lstm_2"], ["lstm", "lstm_1"], lstm, keras_lstm)

    assert match(*both) == {"lstm_1": ["lstm"], "lstm_2": ["lstm_1"]}


def test_names_that_keras_gave_count_where_none_is_missing():
    both = of_one_kind(["dense_1", "dense"], ["dense", "dense_1"])

    assert match(*both) == {"dense_1": ["dense_1"], "dense": ["dense"]}


def test_a_missing_name_of_other_sizes_does_not_count():
    torch = {"dense_1": linear(), "dense": linear(), "out": linear((2, 3))}
    keras = {"dense": dense(), "dense_1": dense(), "dense_2": dense((3, 2))}

    assert match(torch, keras)["dense_1"] == ["dense_1"]


def test_a_part_of_a_stack_is_a_rival_too():
    """Keras's `lstm_1` is the second part of PyTorch's `lstm`."""
    torch = {"lstm": lstm(2), "lstm_1": lstm()}
    keras = {name: keras_lstm() for name in ("lstm", "lstm_1", "lstm_2")}

    assert match(torch, keras) == {"lstm": ["lstm", "lstm_1"], "lstm_1": ["lstm_2"]}


def test_a_rival_of_a_rival_is_one():
    """`other` has no twin of its name, so `rnn` goes by order, and so does `lstm`."""
    torch = {"rnn": lstm(2, 2), "lstm": lstm(features=2), "other": lstm()}
    keras = {
        "rnn": keras_lstm(["0.", "1."], 2),
        "lstm": keras_lstm(features=2),
        "lstm_1": keras_lstm(),
    }

    assert [("rnn", "rnn"), ("lstm", "lstm")] in matched(torch, keras).by_order


@pytest.mark.parametrize("name", ["time_distributed_1", "bidirectional", "rnn_2"])
def test_names_of_wrappers_are_names_that_keras_gave(name):
    both = of_one_kind([name, "other"], ["first", name])

    assert match(*both) == {name: ["first"], "other": [name]}


def test_names_that_a_user_gave_always_count():
    both = of_one_kind(["first", "second"], ["dense", "first"])

    assert match(*both) == {"first": ["first"], "second": ["dense"]}


@pytest.mark.parametrize("wrapper", ["module.", "_orig_mod.", "module._orig_mod."])
def test_what_a_wrapper_puts_before_all_names_is_not_compared(wrapper):
    names = [f"{wrapper}{name}" for name in ("first", "second")]
    both = of_one_kind(names, ["second", "first"])

    assert match(*both) == {names[0]: ["first"], names[1]: ["second"]}


def test_what_stands_before_some_names_is_no_wrapper():
    both = of_one_kind(["module.b", "a"], ["a", "b"])

    assert match(*both) == {"module.b": ["b"], "a": ["a"]}


@pytest.mark.parametrize("before", ["", "module."])
def test_layers_in_a_part_of_one_name_are_twins_whatever_the_order(before):
    torch = [f"{before}{name}" for name in ("left.rnn", "right.rnn", "head.fc")]
    keras = ["right.lstm", "left.lstm_1", "dense"]
    both = of_one_kind(torch, keras)

    assert match(*both) == {
        f"{before}left.rnn": ["left.lstm_1"],
        f"{before}right.rnn": ["right.lstm"],
        f"{before}head.fc": ["dense"],
    }


def test_a_twin_that_a_table_gives_twice_is_refused():
    both = of_one_kind(["a", "b"], ["c", "d"])

    with pytest.raises(BadInput, match="'c' twice"):
        match(*both, {"a": "c", "b": "c"})


# ------------------------------------------------------------------------------- order

CERTAIN = {
    "modules of a Sequential": ["net.0", "net.2", "net.10"],
    "attributes with numbers": ["fc1", "fc2", "fc10"],
    "a list": ["cells.0.rnn", "cells.1.rnn", "cells.2.rnn"],
    "a wrapper before numbers": ["module.net.0", "module.net.2", "module.net.4"],
}
UNCERTAIN = {
    "one without a number": ["fc1", "fc2", "fc"],
    "other stems": ["q", "k", "v"],
    "numbers that descend": ["up3", "up2", "up1"],
    "a number that stays": ["a1.b", "a1.c", "a1.d"],
    "two numbers": ["a1.b2", "a2.b1", "a3.b0"],
}
LSTMS = ["lstm", "lstm_1", "lstm_2"]
KERAS = ["dense", "dense_1", "dense_2"]


def checked(torch, order, keras=KERAS):
    both = of_one_kind(torch, keras)
    found = matched(*both)
    check(found, order)
    return list(found.twins.values())


@pytest.mark.parametrize("case", CERTAIN)
def test_numbers_in_pytorchs_names_vouch_for_its_order(case):
    assert checked(CERTAIN[case], Order()) == [[name] for name in KERAS]


@pytest.mark.parametrize("case", UNCERTAIN)
def test_pytorchs_order_is_refused_without_numbers(case):
    with pytest.raises(BadInput, match=r'names=\{"'):
        checked(UNCERTAIN[case], Order([""]))


@pytest.mark.parametrize(
    ("torch", "fine"),
    [(CERTAIN["a list"], True), (CERTAIN["attributes with numbers"], False)],
    ids=["net.0", "fc1"],
)
def test_in_a_file_sorted_by_name_only_numbers_between_dots_vouch(torch, fine):
    order = Order([""], sorted_by_name=True)
    if fine:
        assert checked(torch, order)
    else:
        with pytest.raises(BadInput, match="fc1, fc2, fc10"):
            checked(torch, order)


@pytest.mark.parametrize(
    "keras",
    [
        ["dense", "dense_1", "dense_2"],
        ["a.fc1", "a.fc2", "a.fc3"],
        ["f.0", "f.1", "f.2"],
    ],
    ids=str,
)
def test_numbers_in_kerass_names_vouch_for_its_order(keras):
    assert checked(["net.0", "net.1", "net.2"], Order(), keras)


@pytest.mark.parametrize(
    "keras",
    [["q", "k", "v"], ["dense_2", "dense", "dense_1"], ["fc", "fc1", "fc2"]],
    ids=str,
)
def test_kerass_order_is_refused_without_numbers_or_a_chain(keras):
    with pytest.raises(BadInput, match=f"Keras's {', '.join(keras)}"):
        checked(["net.0", "net.1", "net.2"], Order(), keras)


def test_a_chain_vouches_for_the_layers_in_it_alone():
    torch, keras = ["net.0", "net.1"], ["body.a", "body.b"]

    assert checked(torch, Order(["body."]), keras)
    with pytest.raises(BadInput):
        checked(torch, Order(["head."]), keras)


def test_a_stack_that_skips_a_layer_is_in_no_order():
    """`net.1` would get what Keras runs before the twins of `net.0`."""
    torch = {"net.0": lstm(2, features=2), "net.1": lstm()}
    keras = {n: keras_lstm(features=2 if n == "lstm_1" else 3) for n in LSTMS}
    found = matched(torch, keras)

    assert found.twins == {"net.0": ["lstm_1", "lstm_2"], "net.1": ["lstm"]}
    with pytest.raises(BadInput, match=r"lstm_2, lstm;"):
        check(found, Order([""]))


def test_the_parts_of_one_stack_are_in_order():
    torch, keras = {"rnn": lstm(2)}, {n: keras_lstm() for n in ("lstm", "lstm_1")}
    check(matched(torch, keras), Order())


def test_layers_that_only_their_kind_and_sizes_tell_apart_need_no_order():
    torch = {"b": linear(), "a": linear((2, 3))}
    found = matched(torch, {"x": dense(), "y": dense((3, 2))})
    check(found, Order())

    assert found.by_order == []


def test_what_is_left_over_beside_equal_names_needs_no_order():
    found = matched(*of_one_kind(["a", "b"], ["x", "a"]))
    check(found, Order())

    assert found.twins == {"a": ["a"], "b": ["x"]}


def test_a_refusal_holds_a_table_for_the_command_line():
    both = of_one_kind(["fc1", "fc2", "fc", "out"], [*KERAS, "out"])
    with pytest.raises(BadInput) as error:
        check(matched(*both), Order([""], option=True))

    table = "--names fc1=dense,fc2=dense_1,fc=dense_2"
    assert str(error.value).endswith(table)
    assert len(str(error.value).splitlines()) == 1


def test_a_refusal_holds_a_table_for_python_with_what_was_in_it():
    torch = {"b": lstm(2), "a": lstm(), "c": linear()}
    keras = {**{f"lstm_{n}": keras_lstm() for n in (3, 1, 2)}, "d": dense()}
    with pytest.raises(BadInput) as error:
        check(matched(torch, keras, {"c": "d"}), Order(), {"c": "d"})

    assert 'names={"c": "d", "b": ["lstm_3", "lstm_1"], "a": "lstm_2"}' in str(
        error.value
    )
