"""Models in training mode."""

import pytest
import torch
from odd_models import X, in_pytorch, sequential
from torch import nn

import compare
from compare.subjects.own import models as live


class Dropping:
    """What makes a model whose training mode matters, by a layer or by itself."""

    @staticmethod
    def layer():
        return in_pytorch(nn.Identity()), nn.Dropout(0.5)

    @staticmethod
    def stack():
        return in_pytorch(), nn.LSTM(2, 2, num_layers=2, dropout=0.5)


TRAINING = "PyTorch's model is in training mode"


@pytest.mark.parametrize("kind", ["layer", "stack"])
def test_training_mode_is_said_where_it_matters(kind):
    model = nn.Sequential(*getattr(Dropping, kind)())

    (note,) = live.notes(dict(torch=model, keras=sequential()))

    assert note.startswith(TRAINING)
    assert live.notes(dict(torch=model.eval(), keras=sequential())) == []


def test_training_mode_of_a_model_that_drops_nothing_is_not_said():
    model = nn.Sequential(nn.LSTM(2, 2), nn.Linear(2, 2), nn.ReLU())

    assert model.training
    assert live.notes(dict(torch=model)) == []


def test_training_mode_is_in_the_report():
    model = nn.Sequential(nn.Linear(4, 3), nn.Dropout(0.5))

    evidence = compare.check(model, sequential(), X, "to_keras")

    assert TRAINING in evidence.explain()
    assert model.training


def test_a_compiled_model_is_judged_uncompiled():
    """Compiled, each copy and each precision would cost seconds."""
    compiled = []

    def backend(graph, example_inputs):
        compiled.append(graph)
        return graph.forward

    model = torch.compile(in_pytorch(), backend=backend)
    evidence = compare.check(model, sequential(), X, "to_keras")

    assert evidence.verdict == "same"
    assert compiled == []
    assert any("compiled by torch.compile" in note for note in evidence.notes)
    model(torch.from_numpy(X))  # compiled for its user
    assert len(compiled) == 1
