"""What modules change in place, sort, turn and measure is the same in Keras."""

import pytest
import torch
from torch import nn
from torch.nn import functional
from traced_twins import assert_same_twin, drawn

from compare.in_pytorch.runs import Input
from compare.porting.reading.modules import module_plan


class Between(nn.Module):
    """A function between two layers."""

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.fc = nn.Linear(5, 6)
        self.out = nn.Linear(6, 3)

    def forward(self, x):
        return self.out(self.function(self.fc(x)))


def first_step(x):
    x = x.clone()
    x[:, 0] = 0
    return x


def last_step(x):
    x = x.clone()
    x[:, -1] = x[:, 0]
    return x


def some_features(x):
    x = x.clone()
    x[..., 2:4] *= 2
    x[..., 0] = x[..., 1]
    return x


def all_but_ends(x):
    x = x.clone()
    x[:, 1:-1] = torch.tanh(x[:, 1:-1])
    return x


def negative_ones(x):
    x = x.clone()
    x[x < 0] = -1
    return x


FUNCTIONS = {
    function.__name__: function
    for function in (
        first_step,
        last_step,
        some_features,
        all_but_ends,
        negative_ones,
    )
}
FUNCTIONS |= {
    "roll": lambda x: torch.roll(x, 1, dims=1) + torch.roll(x, (1, -2), (1, 2)),
    "largest": lambda x: x * (x >= x.topk(2, dim=-1).values[..., -1:]).float(),
    "smallest": lambda x: torch.cat(x.topk(3, dim=2, largest=False)[:1] * 2, -1),
    "sort": lambda x: x.sort(dim=-1).values + x.sort(dim=2, descending=True)[0],
    "argsort": lambda x: x * torch.argsort(x, dim=1, descending=True),
    "counted": lambda x: x.cumsum(1) / torch.arange(1, x.shape[1] + 1).view(1, -1, 1),
    "distances": lambda x: x + functional.pairwise_distance(x, x.tanh(), keepdim=True),
    "all distances": lambda x: x * torch.cdist(x, x.sin()).mean(-1, keepdim=True),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_is_the_same_at_any_size(name):
    assert_same_twin(Between(FUNCTIONS[name]), Input(("batch", "time", 5)))


@pytest.mark.parametrize("mode", ["mean", "sum", "max"])
def test_a_bag_of_words(mode):
    class Bag(nn.Module):
        def __init__(self):
            super().__init__()
            self.words = nn.EmbeddingBag(7, 4, mode=mode)

        def forward(self, x):
            return self.words(x)

    assert_same_twin(Bag(), Input(("batch", "time"), dtype="int64"))


def test_distances_of_steps_have_a_bias_of_their_own():
    class Relative(nn.Module):
        def __init__(self):
            super().__init__()
            self.bias = nn.Embedding(9, 1)

        def forward(self, x):
            steps = torch.arange(x.shape[1])
            apart = (steps[None] - steps[:, None]).clamp(-4, 4) + 4
            scores = x @ x.transpose(1, 2) + self.bias(apart).squeeze(-1)
            return scores.softmax(-1) @ x

    assert_same_twin(Relative(), Input(("batch", "time", 5)))


def test_two_weights_without_a_name_of_their_own_stay_two():
    class Norm(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(3))
            self.bias = nn.Parameter(torch.zeros(3))

        def forward(self, x):
            return x * self.weight[:, None] + self.bias[:, None]

    result = assert_same_twin(Norm(), Input(("batch", 3, "time")))

    assert {"weight", "bias"} <= set(result.layers)


def test_products_with_weights_are_dense_layers():
    class Products(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(5, 4))
            self.bias = nn.Parameter(torch.zeros(4))
            self.scores = nn.Parameter(torch.zeros(4))

        def forward(self, x):
            batch, time, size = x.shape
            y = torch.addmm(self.bias, x.view(-1, size), self.weight)
            y = y.view(batch, time, 4)
            return y * torch.softmax(y @ self.scores, dim=1).unsqueeze(-1)

    result = assert_same_twin(Products(), Input(("batch", "time", 5)))

    kinds = [type(layer).__name__ for layer in result.layers.values()]
    assert kinds.count("Dense") == 2


def test_one_input_of_words_beside_a_sequence_of_them():
    class Target(nn.Module):
        def __init__(self):
            super().__init__()
            self.words = nn.Embedding(7, 4)

        def forward(self, history, target):
            return self.words(history).mean(1) * self.words(target)

    traced = module_plan(drawn(Target()), [Input(("batch", "time")), Input(("batch",))])

    assert [given.dtype for given in traced.inputs] == ["int64", "int64"]


def test_pixels_of_an_image_of_any_size_are_shuffled():
    class Shuffled(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(2, 12, 3)

        def forward(self, x):
            return functional.pixel_shuffle(self.conv(x), 2)

    assert_same_twin(Shuffled(), Input(("batch", 2, "height", "width")))


def test_a_dtype_asks_for_no_number():
    module = Between(lambda x: x * (x > 0).float() + (x < 0).int())
    traced = module_plan(drawn(module), [Input(("batch", 5))])

    assert not traced.notes
