"""Layers of both frameworks as they are matched: kinds, names and sizes of arrays."""

import numpy as np
import pytest

from compare import BadInput
from compare.kinds.layer import Layer
from compare.matching.matching import match


def lstm(layers=1, features=3, units=3, bias=True, kind="LSTM", gates=4):
    found = {}
    for n in range(layers):
        width = features if n == 0 else units
        found[f"weight_ih_l{n}"] = np.zeros((gates * units, width))
        found[f"weight_hh_l{n}"] = np.zeros((gates * units, units))
        if bias:
            found[f"bias_ih_l{n}"] = found[f"bias_hh_l{n}"] = np.zeros(gates * units)
    return Layer(kind, found)


def keras_lstm(prefixes=("",), features=3, units=3, kind="LSTM", gates=4):
    found = {}
    for n, prefix in enumerate(prefixes):
        width = features if n == 0 else units
        found[f"{prefix}kernel"] = np.zeros((width, gates * units))
        found[f"{prefix}recurrent_kernel"] = np.zeros((units, gates * units))
        found[f"{prefix}bias"] = np.zeros(gates * units)
    return Layer(kind, found)


def linear(sizes=(3, 3), bias=True):
    arrays = {"weight": np.zeros(sizes), "bias": np.zeros(sizes[0])}
    return Layer("Linear", arrays if bias else {"weight": arrays["weight"]})


def dense(sizes=(3, 3), bias=True):
    arrays = {"kernel": np.zeros(sizes), "bias": np.zeros(sizes[1])}
    return Layer("Dense", arrays if bias else {"kernel": arrays["kernel"]})


def of_one_kind(torch, keras, one=linear, other=dense):
    return {name: one() for name in torch}, {name: other() for name in keras}


def said(torch, keras):
    with pytest.raises(BadInput) as error:
        match(torch, keras)
    return str(error.value)
