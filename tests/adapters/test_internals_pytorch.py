"""What PyTorch does not promise and the suite uses is there in this version."""

import io
import warnings

import pytest
import torch
from internals_of import refusal
from torch import nn

from compare.in_pytorch import internals as in_pytorch

PYTORCH = "compare/in_pytorch/internals.py"


def test_pytorch_own_classes_are_told_by_their_module():
    for name in ("LSTM", "Linear", "BatchNorm1d", "Sequential", "Module"):
        cls = getattr(nn, name)
        home = f"{PYTORCH}: LAYERS_HOME, {cls.__module__}"
        assert cls.__module__.startswith(in_pytorch.LAYERS_HOME), home

    class Own(nn.LSTM):
        pass

    assert in_pytorch.framework_class(Own(2, 2)) is nn.LSTM


@pytest.mark.parametrize(
    ("layer", "reads"),
    [
        (("Dropout",), True),
        (("BatchNorm1d", 2), True),
        (("LSTM", 2, 2), True),
        (("Linear", 2, 2), False),
        (("ReLU",), False),
    ],
)
def test_the_code_of_a_layer_shows_whether_it_reads_its_mode(layer, reads):
    name, *sizes = layer

    assert in_pytorch.reads_its_mode(getattr(nn, name)(*sizes)) == reads, (
        f"{PYTORCH}: reads_its_mode, by forward.__code__.co_names"
    )


def test_the_reason_why_a_file_is_not_opened_is_in_the_text():
    file = io.BytesIO()
    torch.save(nn.Linear(2, 2), file)
    file.seek(0)
    error = refusal(lambda: torch.load(file, weights_only=True))

    assert in_pytorch.MORE_THAN_TENSORS in str(error), f"{PYTORCH}: MORE_THAN_TENSORS"


def test_a_file_of_torchscript_says_so():
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated
        torch.jit.save(torch.jit.script(nn.Linear(2, 2)), file)
        file.seek(0)
        error = refusal(lambda: torch.load(file, weights_only=True))

    assert in_pytorch.TORCHSCRIPT in str(error), f"{PYTORCH}: TORCHSCRIPT"


def test_a_mode_sees_the_operations_inside_a_layer_without_the_compiler():
    """PyTorch would import its compiler for it, which takes seconds."""
    names = []

    class Names(in_pytorch.WatchedOperations):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            names.append(func.overloadpacket.__name__)
            return func(*args, **(kwargs or {}))

    layer = nn.LSTM(2, 2, num_layers=2, dropout=0.5)
    with torch.no_grad(), Names():
        layer(torch.ones(3, 2))

    assert "bernoulli_" in names, f"{PYTORCH}: WatchedOperations"
    skips = getattr(in_pytorch.WatchedOperations, "_should_skip_dynamo")  # noqa: B009
    assert not skips()


def test_a_compiled_module_is_told():
    inside, in_place = nn.Linear(2, 2), nn.Linear(2, 2)
    in_place.compile()

    assert in_pytorch.is_compiled(torch.compile(inside))
    assert in_pytorch.is_compiled(in_place)
    assert not in_pytorch.is_compiled(inside)
