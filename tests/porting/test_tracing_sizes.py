"""A module that does something else at another size is never told the same."""

import pytest
import torch
from torch import nn
from traced_twins import drawn

from compare.errors import BadInput
from compare.in_pytorch.runs import Input, Runs, prepared
from compare.porting.reading.modules import module_plan

OF_TIME = Input(("batch", "time", 4))
OF_ROWS = Input(("batch", 4))


class Function(nn.Module):
    """A recurrent layer, and a function of what goes in and what comes out."""

    def __init__(self, then):
        super().__init__()
        self.rnn = nn.GRU(4, 4, batch_first=True)
        self._then = then

    def forward(self, x):
        h, _ = self.rnn(x)
        return self._then(x, h)


class Rows(nn.Module):
    """A linear layer, and a function of what goes in and what comes out."""

    def __init__(self, then):
        super().__init__()
        self.linear = nn.Linear(4, 2)
        self._then = then

    def forward(self, x):
        return self._then(x, self.linear(x))


def refusal(module, given=OF_TIME):
    with pytest.raises(BadInput) as caught:
        module_plan(drawn(module), [given]).check()
    return str(caught.value)


def twice_from(x, h, size, bound):
    return h.sum(1) * 2 if size > bound else h.sum(1)


BRANCHES = {
    "shape": lambda x, h: twice_from(x, h, x.shape[1], 60),
    "size": lambda x, h: twice_from(x, h, x.size(1), 60),
    "unpacked": lambda x, h: twice_from(x, h, [*h.shape][1], 60),
    "arithmetic": lambda x, h: twice_from(x, h, (x.size(1) * 2 + 1) % 1000, 121),
    "halved": lambda x, h: twice_from(x, h, x.size(1) // 2, 30),
    "a fraction": lambda x, h: twice_from(x, h, x.size(1) / 2, 30.2),
    "a list": lambda x, h: twice_from(x, h, len(h.unbind(1)), 60),
    "one size": lambda x, h: h.sum(1) * 2 if x.size(1) == 64 else h.sum(1),
    "bool": lambda x, h: h.sum(1) if x.size(1) // 64 else h.sum(1) * 2,
    "below": lambda x, h: h.sum(1) * 2 if x.size(1) < 20 else h.sum(1),
    "the smaller": lambda x, h: h[:, : min(60, x.size(1))].sum(1),
    "the larger": lambda x, h: h.sum(1) / max(60, x.size(1)),
    "rounded": lambda x, h: h.sum(1) * (1 + x.size(1) // 60),
    "an int": lambda x, h: h.sum(1) * (1 + int(x.size(1) / 60)),
}


@pytest.mark.parametrize("name", BRANCHES)
def test_what_depends_on_the_number_of_steps_is_refused(name):
    assert "test_tracing_sizes.py" in refusal(Function(BRANCHES[name]))


def test_a_refusal_names_the_sizes_on_both_sides_and_the_line():
    message = refusal(Function(BRANCHES["shape"]))

    line = twice_from.__code__.co_firstlineno + 1
    assert "at time 61 than at 60" in message
    assert f"line {line} of test_tracing_sizes.py" in message
    assert "--input batch,50,4" in message
    assert "\n" not in message


BATCHES = {
    "shape": lambda x, y: y * 2 if x.shape[0] > 16 else y,
    "len": lambda x, y: y * 2 if len(x) > 16 else y,
}


@pytest.mark.parametrize("name", BATCHES)
def test_what_depends_on_the_batch_is_refused(name):
    assert "test_tracing_sizes.py" in refusal(Rows(BATCHES[name]), OF_ROWS)


@pytest.mark.parametrize("counted", ["range", "enumerate"])
def test_what_a_loop_does_from_some_step_on_is_refused(counted):
    class Cell(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = nn.GRUCell(4, 3)

        def forward(self, x):
            h = torch.zeros(x.shape[0], 3)
            if counted == "range":
                steps = [(step, x[:, step]) for step in range(x.shape[1])]
            else:
                steps = enumerate(x.unbind(1))
            for step, x_t in steps:
                h = self.cell(x_t, h)
                if step > 70:
                    h = h * 2
            return h

    assert "test_tracing_sizes.py asks about sizes" in refusal(Cell())


def test_the_advice_about_the_batch_is_no_number():
    message = refusal(Rows(BATCHES["shape"]), OF_ROWS)

    assert "at batch 17 than at 16" in message
    assert "take what depends on the batch out of forward" in message


def test_a_fixed_number_of_steps_goes_its_one_way():
    module = Function(BRANCHES["shape"])
    traced = module_plan(drawn(module), [Input(("batch", 50, 4))])

    traced.check()
    assert traced.sizes == ()


def test_a_slice_is_proved_beyond_its_end():
    traced = module_plan(drawn(Function(lambda x, h: h[:, :60].sum(1))), [OF_TIME])

    traced.check()
    assert ("time", 61) in traced.sizes


def test_a_comparison_that_changes_nothing_is_proved_beyond_it():
    def forward(x, h):
        kind = "long" if x.size(1) > 300 else "short"
        return {"long": h.sum(1), "short": h.sum(1)}[kind]

    traced = module_plan(drawn(Function(forward)), [OF_TIME])

    assert traced.sizes == (("time", 301),)


def test_what_a_module_does_at_one_step_the_proof_tells():
    forward = lambda x, h: h.sum(1) if x.size(1) > 1 else h[:, 0]  # noqa: E731
    traced = module_plan(drawn(Function(forward)), [OF_TIME])

    assert "another way at time 1 than at 37" in traced.notes[0]
    assert ("time", 1) in traced.sizes


def test_a_size_that_a_module_refuses_is_noted():
    def forward(x, h):
        assert x.size(1) <= 512, "too long"
        return h.sum(1)

    traced = module_plan(drawn(Function(forward)), [OF_TIME])

    (note,) = traced.notes
    assert "refuses time 513" in note
    assert "too long" in note
    assert ("time", 512) in traced.sizes


def test_a_bound_that_is_too_far_to_run_is_noted():
    forward = lambda x, h: twice_from(x, h, x.size(1), 100_000)  # noqa: E731
    traced = module_plan(drawn(Function(forward)), [OF_TIME])

    (note,) = traced.notes
    assert "may go another way at a larger time" in note


def test_a_module_that_takes_plain_numbers_alone_is_noted():
    def forward(x, h):
        assert type(x.size(1)) is int
        return h.sum(1)

    traced = module_plan(drawn(Function(forward)), [OF_TIME])

    (note,) = traced.notes
    assert "could not be followed" in note


def test_a_size_that_becomes_a_number_is_noted():
    def forward(x, h):
        return h.sum(1) if int(x.size(1)) < 60 else h.sum(1) * 2

    traced = module_plan(drawn(Function(forward)), [OF_TIME])

    assert "could not be followed further" in traced.notes[0]


def test_names_of_the_users_files_are_as_they_were():
    Runs(prepared(Function(BRANCHES["a list"])), ["rnn"], "Function", [OF_TIME])

    assert not {"len", "range", "enumerate"} & set(globals())


def test_where_the_runs_are_unlike_the_advice_has_the_sizes_of_the_input():
    def forward(x, h):
        total = h[:, 0]
        for step in range(h.shape[1]):
            total = torch.sin(total + h[:, step])
        return total

    assert "--input batch,50,4, or put" in refusal(Function(forward))
