"""Steps of optimizers, by their rules and by both frameworks."""

from functools import partial

import keras
import numpy as np
import tensorflow
import torch

from compare.in_keras.precision import settled
from keras_models import optimizers as keras_optimizers
from pytorch_models import optimizers as pytorch_optimizers

STEPS = 200


FEW = 40  # of eager Keras, which is slow


NEW_RATE = 25  # from this step on the learning rate is 0.3 times as large


LIMIT64 = 1e-13


# The class, and what it takes beside the learning rate, in that order.
OPTIMIZERS = {
    "SGD": ("SGD", ["momentum"]),
    "SGD with momentum": ("SGD", ["momentum"]),
    "RMSprop": ("RMSprop", ["rho", "epsilon"]),
    "Adam": ("Adam", ["beta_1", "beta_2", "epsilon"]),
    "AdamW": ("AdamW", ["beta_1", "beta_2", "epsilon", "weight_decay"]),
}


DEFINED_BY = ("PyTorch", "Keras")


def settings(name, kind="usual"):
    """What people use, or numbers like it that float32 holds exactly, by argument.

    Keras rounds some to float32, whatever the precision.
    """
    if kind == "exact":
        values = dict(momentum=7 / 8, rho=7 / 8, beta_1=7 / 8, beta_2=1023 / 1024)
        values |= dict(weight_decay=1 / 64)
    else:
        values = dict(momentum=0.9, rho=0.9, beta_1=0.9, beta_2=0.999)
        values |= dict(weight_decay=0.01)
    values["epsilon"] = 1e-8
    if name == "SGD":
        values["momentum"] = 0.0
    return {"learning_rate": 0.001} | {key: values[key] for key in OPTIMIZERS[name][1]}


def start(dtype="float64"):
    """Numbers around 1, further from zero than any run goes."""
    return np.random.default_rng(3).uniform(0.5, 1.5, (5, 4)).astype(dtype)


def gradients(dtype="float64"):
    """Of each step: rows of size 1, 1e-4 and 1e-9, one of 1 and 1e-9, one of zeros.

    In every row a tenth is zero; in one column the first three steps are.
    """
    rng = np.random.default_rng(4)
    size = np.array([1, 1e-4, 1e-9, 1, 0])[:, None]
    found = rng.normal(size=(STEPS, 5, 4)) * size
    found[:, 3] *= rng.choice([1, 1e-9], (STEPS, 4))
    found[rng.random(found.shape) < 0.1] = 0
    found[:3, :, 0] = 0
    return found.astype(dtype)


def torch_optimizer(name, defined_by, values, parameters):
    cls = OPTIMIZERS[name][0]
    if defined_by == "Keras":
        return getattr(pytorch_optimizers, cls)(parameters, *values.values())
    named = dict(learning_rate="lr", rho="alpha", epsilon="eps")
    values = {named.get(key, key): value for key, value in values.items()}
    if "beta_1" in values:
        values["betas"] = values.pop("beta_1"), values.pop("beta_2")
    return getattr(torch.optim, cls)(parameters, **values)


def keras_class(name, defined_by):
    home = keras.optimizers if defined_by == "Keras" else keras_optimizers
    return getattr(home, OPTIMIZERS[name][0])


def by_torch(name, defined_by, values, starts, gs):
    """Each parameter after each step; all get the same gradients."""
    parameters = [torch.nn.Parameter(torch.tensor(p)) for p in starts]
    optimizer = torch_optimizer(name, defined_by, values, parameters)
    found = []
    for t, g in enumerate(gs):
        if t == NEW_RATE:
            optimizer.param_groups[0]["lr"] *= 0.3
        for parameter in parameters:
            parameter.grad = torch.tensor(g)
        optimizer.step()
        found.append([parameter.detach().numpy().copy() for parameter in parameters])
    return [np.array(each) for each in zip(*found, strict=True)]


def by_keras(name, defined_by, values, starts, gs, traced, two_biases=False):
    """Each variable after each step; the first one doubled, if there are two biases."""
    cls = keras_class(name, defined_by)
    if two_biases:
        cls = type(f"TwoBiases{cls.__name__}", (keras_optimizers.TwoBiases, cls), {})
    with settled(str(gs.dtype)):
        variables = [keras.Variable(p) for p in starts]
        optimizer = cls(**values)
        optimizer.build(variables)
    if two_biases:
        optimizer.doubled = frozenset({id(variables[0])})

    def step(g):
        optimizer.apply([g] * len(variables), variables)

    if traced:
        step = tensorflow.function(step, autograph=False)
    found = []
    for t, g in enumerate(gs if traced else gs[:FEW]):
        if t == NEW_RATE:
            optimizer.learning_rate = 0.3 * values["learning_rate"]
        step(tensorflow.constant(g))
        found.append([variable.numpy() for variable in variables])
    return [np.array(each) for each in zip(*found, strict=True)]


RUNS = {
    "torch": by_torch,
    "keras eager": partial(by_keras, traced=False),
    "keras traced": partial(by_keras, traced=True),
}


def gap(ours, theirs):
    """The largest relative difference of an element in any step that both took."""
    theirs = theirs[: len(ours)]
    assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
    return np.max(np.abs(ours - theirs) / np.abs(theirs))
