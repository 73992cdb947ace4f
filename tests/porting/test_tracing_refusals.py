"""What a traced twin cannot have is told all at once, with places and what to do."""

import pytest
import torch
from torch import nn
from traced_twins import drawn, twin

from compare.errors import BadInput
from compare.in_pytorch.runs import Input
from compare.in_pytorch.saved_weights import load
from compare.porting.reading.modules import module_plan


class Net(nn.Module):
    """A small network."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 2)
        self.norm = nn.BatchNorm1d(2)

    def forward(self, x):
        return self.norm(self.fc(x))


class Unlikely(nn.Module):
    """A module with two things that Keras lacks."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(5, 6, proj_size=4, batch_first=True)
        self.fc = nn.Linear(4, 5)

    def forward(self, x):
        y, _ = self.lstm(x)
        return torch.fft.rfft(self.fc(y)).abs() + x[..., :3]


def refusal(module, *inputs):
    with pytest.raises(BadInput) as caught:
        module_plan(module, inputs).check()
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_all_that_cannot_be_written_is_told_at_once():
    message = refusal(drawn(Unlikely()), Input(("batch", "time", 5)))

    assert "`lstm`" in message
    assert "proj_size" in message
    assert "fft" in message


def test_stubs_have_shapes():
    traced = module_plan(drawn(Unlikely()), [Input(("batch", "time", 5))])

    first, spectrum, absolute = traced.stubs
    assert (first.name, first.shapes_in) == ("lstm", ((None, None, 5),))
    assert first.shapes_out[0] == (None, None, 4)
    assert spectrum.shapes_out == ((None, None, 3),)
    assert "complex numbers" in absolute.sentence


def test_a_module_that_refuses_another_length_asks_for_a_number():
    class Fixed(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(37 * 5, 2)

        def forward(self, x):
            return self.fc(x.flatten(1))

    message = refusal(Fixed(), Input(("batch", "time", 5)))

    assert "give a number for time" in message


def test_a_shape_that_does_not_fit_is_told_with_what_the_module_says():
    message = refusal(Net(), Input(("batch", 4)))

    assert "(batch, 4)" in message
    assert "--input" in message


def test_a_module_without_a_layer_that_tells_asks_for_a_shape():
    class Nothing(nn.Module):
        def forward(self, x):
            return x + 1

    assert "give its shape" in refusal(Nothing())


def test_a_loop_that_is_no_layer_asks_for_a_number():
    class Odd(nn.Module):
        def forward(self, x):
            h = x[:, 0] * 0
            for step in range(x.size(1)):
                h = torch.sin(h + x[:, step])
            return h

    assert "give all sizes but the batch" in refusal(Odd(), Input(("batch", "time", 3)))


# ------------------------------------------------------------------------------ weights


@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod."])
@pytest.mark.parametrize("key", [None, "state_dict", "model_state_dict", "model"])
def test_weights_are_found_under_their_key_and_prefix(tmp_path, prefix, key):
    saved = drawn(Net(), seed=1).state_dict()
    tensors = {f"{prefix}{name}": tensor for name, tensor in saved.items()}
    torch.save(
        tensors if key is None else {key: tensors, "epoch": 3}, tmp_path / "n.pt"
    )
    module = Net()

    load(module, tmp_path / "n.pt")

    for name, tensor in module.state_dict().items():
        assert torch.equal(tensor, saved[name])


def test_safetensors_are_read(tmp_path):
    from safetensors.torch import save_file

    saved = drawn(Net(), seed=1).state_dict()
    save_file(saved, tmp_path / "n.safetensors")
    module = Net()

    load(module, tmp_path / "n.safetensors")

    assert torch.equal(module.fc.weight, saved["fc.weight"])


def test_other_names_and_shapes_are_told_together(tmp_path):
    state = Net().state_dict()
    state["head.weight"] = state.pop("fc.weight")
    state["norm.bias"] = torch.zeros(7)
    torch.save(state, tmp_path / "n.pt")

    with pytest.raises(BadInput) as caught:
        load(Net(), tmp_path / "n.pt")

    message = str(caught.value)
    assert "fc.weight" in message
    assert "head.weight" in message
    assert "norm.bias (7,), not (2,)" in message


def test_a_file_that_is_damaged_is_refused(tmp_path):
    for name in ("n.pt", "n.safetensors"):
        (tmp_path / name).write_bytes(b"\x80not a file")
        with pytest.raises(BadInput):
            load(Net(), tmp_path / name)


def test_a_shared_layer_stays_one():
    class Shared(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(3, 3)

        def forward(self, x):
            return self.fc(torch.relu(self.fc(x)))

    traced, _ = twin(drawn(Shared()), Input(("batch", 3)))

    assert sum(layer.keras == "Dense" for layer in traced.plan.layers.values()) == 1
    assert set(traced.weights) == {"fc"}


def test_one_operation_is_one():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.mix = nn.Bilinear(4, 4, 2)

        def forward(self, x):
            return self.mix(x, x)

    message = refusal(drawn(Two()), Input(("batch", 4)))

    assert "got an operation that is not written: `mix`" in message
    assert "write it in layers" in message


def test_weights_that_a_module_does_not_know_are_told(tmp_path):
    state = Net().state_dict()
    state["head.weight"] = torch.zeros(2, 3)
    torch.save(state, tmp_path / "n.pt")

    with pytest.raises(BadInput) as caught:
        load(Net(), tmp_path / "n.pt")

    assert "with head.weight, unknown to the module" in str(caught.value)
