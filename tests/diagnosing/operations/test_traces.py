"""What the traces of both frameworks hold, and which values of them are the same."""

import inspect
import sys
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import torch
from keras import ops

from compare.diagnosing.operations.compared import compared
from compare.diagnosing.operations.counterparts import counterparts, order_of_axes, same
from compare.diagnosing.operations.recognised import recognised
from compare.diagnosing.operations.regions import regions
from compare.in_keras import traces as keras_traces
from compare.in_pytorch import traces as pytorch_traces
from compare.judging.arrays import Input
from compare.mistakes.traces import RETURN, Replacement, line_of
from compare.twins.twins import Twins

X = np.random.default_rng(4).standard_normal((3, 4, 5)).astype("float32")


class InPyTorch(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.act = torch.nn.ReLU()

    def forward(self, x):
        y = torch.softmax(x, dim=1)
        y[:, 0] = 0.5
        return self.act(y.transpose(1, 2)) - 1


class InKeras(keras.Model):
    def call(self, x):
        y = ops.softmax(x, axis=-1)
        return ops.transpose(y, (0, 2, 1)) - 1


@pytest.fixture(scope="module")
def twins():
    inputs = [Input("x", (None, 4, 5), None)]
    return Twins(dict(torch=InPyTorch, keras=InKeras), inputs, None)


@pytest.fixture(scope="module")
def torch_trace(twins):
    return pytorch_traces.traced(twins.twin("torch", "float64"), [X])


@pytest.fixture(scope="module")
def keras_trace(twins):
    return keras_traces.traced(twins.twin("keras", "float64"), [X])


def named(trace, name):
    return next(step for step in trace.steps.values() if step.name == name)


def test_pytorchs_operations_have_the_users_names_and_lines(torch_trace):
    names = [step.name for step in torch_trace.steps.values()]

    assert names == ["softmax", "setitem", "transpose", "ReLU", "-", "return"]
    assert named(torch_trace, "softmax").line.text == "y = torch.softmax(x, dim=1)"
    assert named(torch_trace, "softmax").arguments["dim"] == 1
    assert named(torch_trace, "ReLU").layer == "act"


def test_kerass_operations_have_the_users_names_and_lines(keras_trace):
    names = [step.name for step in keras_trace.steps.values()]

    assert names == ["softmax", "transpose", "-", "return"]
    assert named(keras_trace, "softmax").line.text == "y = ops.softmax(x, axis=-1)"
    assert named(keras_trace, "softmax").arguments["axis"] == -1


def test_what_keras_takes_of_numpy_is_a_value_of_its_trace():
    """A graph of Keras holds a table of positions as NumPy's array, no tensor."""
    table = np.random.default_rng(5).standard_normal((4, 5)).astype("float32")
    inputs = [Input("x", (None, 4, 5), None)]

    def in_keras():
        x = keras.Input((4, 5))
        return keras.Model(x, x - table)

    twins = Twins(dict(torch=InPyTorch, keras=in_keras), inputs, None)
    trace = keras_traces.traced(twins.twin("keras", "float64"), [X])

    taken = [trace.array(number) for number in named(trace, "subtract").inputs]
    assert len(taken) == 2
    np.testing.assert_array_equal(taken[1], table)


def test_what_is_changed_in_place_is_another_value(torch_trace):
    before = named(torch_trace, "softmax").outputs[0]
    after = named(torch_trace, "setitem").outputs[0]

    assert named(torch_trace, "transpose").inputs == (after,)
    assert (torch_trace.array(after)[:, 0] == 0.5).all()
    assert (torch_trace.array(before)[:, 0] != 0.5).all()


def test_the_difference_begins_where_shared_values_become_unlike(
    torch_trace, keras_trace
):
    shared = counterparts(torch_trace, keras_trace)
    found = regions(torch_trace, keras_trace, shared)

    assert [step.name for step in found.torch.sources] == ["softmax"]
    assert [step.name for step in found.keras.sources] == ["softmax"]


def test_an_operation_makes_what_it_is_told_to(twins, torch_trace):
    array = np.full((3, 4, 5), 0.25)
    number = named(torch_trace, "setitem").number
    change = Replacement(number, 0, array)
    twin = twins.twin("torch", "float64")
    (result,) = pytorch_traces.results_of(twin, [X], [change])

    assert (result == -0.75).all()
    assert "results" not in vars(twin)


def test_a_model_returns_what_it_is_told_to(twins):
    change = Replacement(RETURN, 0, np.zeros((3, 5, 4)), is_input=True)
    (result,) = pytorch_traces.results_of(twins.twin("torch", "float64"), [X], [change])

    assert (result == 0).all()


def test_kerass_functions_are_as_they_were_after_a_trace(keras_trace):
    assert not hasattr(keras.ops.softmax, "__wrapped__")


def test_axes_in_another_order_are_the_same_numbers_and_a_reshape_is_not():
    assert order_of_axes(X, X.transpose(0, 2, 1)) == (0, 2, 1)
    assert order_of_axes(X, X.reshape(3, 20)) == (0, 1, 2)
    assert order_of_axes(X, X.transpose(0, 2, 1).reshape(3, 20)) == (0, 2, 1)
    assert order_of_axes(X, X.reshape(3, 5, 4)) is None


def test_large_numbers_of_a_mask_hide_no_difference():
    a, b = X.copy(), X.copy()
    a[:, 0], b[:, 0] = -1e9, -1e9
    b[0, 1, 0] += 0.1

    assert order_of_axes(a, b) is None


H = np.random.default_rng(6).standard_normal((4, 6))
Y = np.random.default_rng(7).standard_normal((4, 6))
RECOGNISED = {
    "a tanh": (np.tanh(H), [H]),
    "a leaky relu of slope 0.17": (np.where(H > 0, H, 0.17 * H), [H]),
    "the values times 1 / sqrt(6)": (H / np.sqrt(6), [H]),
    "the values times 3 plus 0.5": (3 * H + 0.5, [H]),
    "the values clipped to [-0.5, 0.5]": (H.clip(-0.5, 0.5), [H]),
    "a softmax over axis 0": (np.exp(H) / np.exp(H).sum(0), [H]),
    "the mean over axis 1": (H.mean(1), [H]),
    "the variance with n - 1 over axis 0": (H.var(0, ddof=1), [H]),
    "the last entry along axis 1": (H[:, -1], [H]),
    "the first entry along axis 1": (H[:, :1], [H]),
    "entry 2 along axis 1": (H[:, 2:3], [H]),
    "entries 1 to 4 along axis 1": (H[:, 1:5], [H]),
    "the values reversed along axis 0": (H[::-1], [H]),
    "the values rolled by 2 along axis 1": (np.roll(H, 2, 1), [H]),
    "the values rolled by -1 along axis 0, by 1 along axis 1": (
        np.roll(H, (-1, 1), (0, 1)),
        [H],
    ),
    "the axes exchanged to (1, 0), then reshaped": (H.T.reshape(4, 6), [H]),
    "each entry repeated 2 times along axis 0": (np.repeat(H, 2, 0), [H]),
    "the whole repeated 2 times along axis 0": (np.tile(H, (2, 1)), [H]),
    "the running sum over axis 1": (H.cumsum(1), [H]),
    "the first less the second": (H - Y, [H, Y]),
    "the second less the first": (Y - H, [H, Y]),
    "the matrix product of the first and the second, transposed": (H @ Y.T, [H, Y]),
    "the products of both added up along the last axis": ((H * Y).sum(1), [H, Y]),
    "the cosine of both, of unit length along the last axis": (
        (H * Y).sum(1) / np.linalg.norm(H, axis=1) / np.linalg.norm(Y, axis=1),
        [H, Y],
    ),
    "all joined along axis 1, in the order 2, 1": (np.hstack([Y, H]), [H, Y]),
}


@pytest.mark.parametrize("words", RECOGNISED)
def test_what_is_computed_is_recognised_by_its_numbers(words):
    output, inputs = RECOGNISED[words]

    assert words in [str(label) for label in recognised(output, inputs)]


COMPARED = {
    "PyTorch's values are those of Keras, the values times 2": (2 * H, H),
    "PyTorch's values are those of Keras, the values rolled by 1 along axis 1": (
        np.roll(H, 1, 1),
        H,
    ),
    "they differ in entry 3 of 6 along axis 1 alone": (H, H + np.eye(6)[3]),
    "PyTorch's shape is (4, 6) there, Keras's (3, 5)": (H, Y[:3, :5] ** 3),
}


@pytest.mark.parametrize("words", COMPARED)
def test_unlike_values_are_compared_where_no_cause_fits(words):
    assert compared(*COMPARED[words]) == words


def test_complex_numbers_are_the_same_in_both_of_their_parts():
    """As of a Fourier transform."""
    numbers = np.array([1 + 2j, 3 - 1j])

    assert same(numbers, numbers * (1 + 1e-12))
    assert not same(numbers, numbers.conj())
    assert not same(numbers, numbers.real)


def test_a_line_in_a_notebook_is_named_by_its_cell(monkeypatch):
    """Its file is a temporary one, with a number for a name."""

    class Cells:
        def format_code_name(self, file):
            return ("Cell", "In[3]") if file == __file__ else None

    shell = SimpleNamespace(compile=Cells())
    ipython = SimpleNamespace(get_ipython=lambda: shell)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    line = line_of(inspect.currentframe(), (), "nowhere")

    assert str(line).startswith(f"In[3]:{line.number}: line = line_of(")
    monkeypatch.setattr(shell, "compile", None)  # as where no cell is run
    assert line_of(inspect.currentframe(), (), "nowhere").file == "test_traces.py"


class CallingFunctional(torch.nn.Module):
    def forward(self, x):
        return torch.nn.functional.softmax(x, dim=1)


def test_functions_written_in_python_have_the_users_lines():
    inputs = [Input("x", (None, 4, 5), None)]
    models = dict(torch=CallingFunctional, keras=InKeras)
    twin = Twins(models, inputs, None).twin("torch", "float64")

    softmax = named(pytorch_traces.traced(twin, [X]), "softmax")

    assert softmax.line.text == "return torch.nn.functional.softmax(x, dim=1)"
