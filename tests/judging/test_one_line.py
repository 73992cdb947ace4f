"""What users' code raises, names and holds becomes one clean line of bounded length."""

import pytest

from compare.errors import BadInput
from compare.judging.cleaning import cleaned
from compare.judging.explanation import Alternative
from compare.judging.not_compared import NotCompared, lines
from compare.one_line import (
    CUT,
    LONGEST,
    class_and_message,
    class_name,
    message_of,
    printable,
    repr_of,
    sentence,
)

ODD = "a\x1b[2J\rb\x08\n\x00\u202e\udcff[red]"
SHOWN = r"a\x1b[2J\rb\x08\n\x00\u202e\udcff[red]"


class Fails:
    """Written as text, it raises what a class of its own says."""

    def __init__(self, error):
        self.error = error

    def __str__(self):
        raise self.error

    __repr__ = __str__


def saying(answer):
    """An exception whose `__str__` returns this, or calls it."""

    class Odd(Exception):
        def __str__(self):
            return answer(self) if callable(answer) else answer

    return Odd("x")


def raising(error):
    def raise_it(_):
        raise error

    return raise_it


def test_control_characters_and_markup_are_shown_as_they_are():
    assert printable(ODD) == SHOWN
    assert printable("é 漢 [bold]") == "é 漢 [bold]"


@pytest.mark.parametrize("text", ["a" * 10_000, "\x1b" * 10_000])
def test_what_is_too_long_loses_its_middle(text):
    shown = printable("first " + text + " last")

    assert len(shown) == LONGEST
    assert shown.startswith("first ")
    assert shown.endswith(" last")
    assert CUT in shown


@pytest.mark.parametrize(
    "answer",
    [
        3,
        None,
        str,  # calls itself for ever
        raising(SystemExit(0)),
        raising(GeneratorExit()),
        raising(ValueError("again")),
    ],
)
def test_an_error_that_cannot_be_written_is_its_class(answer):
    error = saying(answer)

    assert message_of(error) == "Odd"
    assert class_and_message(error) == "Odd"


def test_ctrl_c_passes_where_an_error_is_written():
    with pytest.raises(KeyboardInterrupt):
        message_of(saying(raising(KeyboardInterrupt())))


def test_a_text_that_is_no_plain_string_is_read_as_one():
    class Text(str):
        def __getitem__(self, part):
            raise IndexError("mine")

        def __len__(self):
            return 1

    assert message_of(saying(Text("said"))) == "said"


def test_a_huge_message_is_its_first_line_cut():
    line = message_of(ValueError("\n\n  said\rtwice\n" + "a" * 10_000_000))

    assert line == r"said\rtwice"
    assert len(message_of(ValueError("a" * 10_000_000))) == LONGEST


def test_a_group_of_errors_says_how_many_they_are():
    group = ExceptionGroup("many", [ValueError("a"), TypeError("b")])

    assert class_and_message(group) == "ExceptionGroup: many (2 sub-exceptions)"


def test_the_name_of_a_class_is_its_own_whatever_it_says():
    class Named(type):
        __name__ = property(raising(ZeroDivisionError()))

    class Odd(metaclass=Named):
        __class__ = property(raising(ZeroDivisionError()))

    assert class_name(Odd) == "Odd"
    assert class_name(Odd()) == "Odd"
    assert class_name(type("A\nB", (), {})()) == r"A\nB"


@pytest.mark.parametrize("error", [ValueError(), SystemExit(), RecursionError()])
def test_what_has_no_text_is_shown_by_its_class(error):
    assert repr_of(Fails(error)) == "a Fails"


def test_what_is_long_is_shown_in_part():
    assert repr_of(("batch", 4)) == "('batch', 4)"
    assert repr_of(list(range(10**6))).endswith("18, 19, ...]")
    assert len(repr_of("a" * 10**6)) <= LONGEST
    assert repr_of("a\x1b") == r"'a\x1b'"


def test_bad_input_is_one_line_whatever_is_in_it():
    message = str(BadInput(f"{ODD}: expected a name, got {'a' * 10**6}; name it"))

    assert message.startswith(f"{SHOWN}: expected a name, got aaa")
    assert message.endswith("aaa; name it")
    assert message.isprintable()
    assert len(message) < 1_000


def test_a_table_below_bad_input_has_a_line_for_each_layer():
    message = str(BadInput("layers: expected twins", ["  PyTorch  Keras", "  a\nb  c"]))

    assert message.splitlines() == [
        "layers: expected twins",
        "  PyTorch  Keras",
        r"  a\nb  c",
    ]


def test_each_word_of_a_sentence_is_bounded():
    words = ("a" * 10_000, "and", "b" * 10_000)

    assert [len(word) for word in sentence(" ".join(words)).split()] == [500, 3, 500]


def test_evidence_is_cleaned_in_each_text():
    odd = Alternative("torch", ("a\n",), ODD, "fix")
    clean = Alternative("torch", ("a",), "a b", "fix")

    shown = cleaned([odd, {ODD: (ODD, 1.5)}])

    assert shown[0] == Alternative("torch", (r"a\n",), SHOWN, "fix")
    assert shown[1] == {SHOWN: (SHOWN, 1.5)}
    assert cleaned(clean) is clean


def test_a_pair_that_got_no_verdict_is_one_line():
    assert lines([NotCompared(ODD, "a\nb")]) == [rf"{SHOWN}: a\nb"]
