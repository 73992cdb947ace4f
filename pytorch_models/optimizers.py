"""Optimizers of one framework, as the other defines those of the same name.

With them both sides of a training run do the same arithmetic. In the formulas p is a
parameter, g its gradient, and what is kept from step to step begins at zero. There are
no defaults, which differ as well: the caller names every value. Keras stands for Keras
on TensorFlow, whose `tf.cast` rounds Python's floats to float32 even in a float64 run.
"""

import torch


def _step(optimizer, closure):
    """One step of every parameter that has a gradient; Keras's base class does this."""
    loss = None
    if closure is not None:
        with torch.enable_grad():
            loss = closure()
    for group in optimizer.param_groups:
        group["iterations"] = group.get("iterations", 0) + 1
        for variable in group["params"]:
            if variable.grad is not None:
                optimizer.update_step(variable.grad, variable, group)
    return loss


def _slots(optimizer, variable, *names):
    """What is kept for a parameter from step to step; zeros at first."""
    state = optimizer.state[variable]
    for name in names:
        if name not in state:
            state[name] = torch.zeros_like(variable)
    return [state[name] for name in names]


def _cast(value, dtype):
    """A setting as Keras has it after `tf.cast`, which makes float32 of it first."""
    return torch.tensor(value, dtype=torch.float32).to(dtype)


class SGD(torch.optim.Optimizer):
    """Gradient descent with momentum, as the other framework defines it.

        PyTorch:  b = momentum b + g,                  p = p - learning_rate b
        Keras:    m = momentum m - learning_rate g,    p = p + m

    Both take the same steps until the learning rate changes: a new one scales all of
    PyTorch's past gradients, but in Keras only those to come. Keras rounds the momentum
    to float32.

    Args:
        params: what to train, for PyTorch alone; Keras is told in `build`.
        learning_rate: size of a step, beside that of the gradient.
        momentum: share of the last step that is taken again; 0 takes none.

    Source: Sutskever et al. 2013, "On the importance of initialization and momentum in
        deep learning", equations 1 and 2;
        https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html;
        https://keras.io/api/optimizers/sgd/.
    """

    def __init__(self, params, learning_rate: float, momentum: float):
        super().__init__(params, dict(lr=learning_rate, momentum=momentum))

    @torch.no_grad()
    def step(self, closure=None):
        return _step(self, closure)

    def update_step(self, gradient, variable, group):
        (m,) = _slots(self, variable, "momentum")
        m.mul_(_cast(group["momentum"], m.dtype)).sub_(group["lr"] * gradient)
        variable.add_(m)


class RMSprop(torch.optim.Optimizer):
    """RMSprop, as the other framework defines it.

        v = rho v + (1 - rho) g^2
        PyTorch:  p = p - learning_rate g / (sqrt(v) + epsilon)
        Keras:    p = p - learning_rate g / sqrt(v + epsilon)

    Gradients below epsilon are damped in PyTorch; in Keras, those below its square
    root.

    Args:
        params: what to train, for PyTorch alone; Keras is told in `build`.
        learning_rate: size of a step, when gradients are as large as they were.
        rho: share of v that is kept; PyTorch calls it `alpha`.
        epsilon: keeps the divisor from zero; PyTorch calls it `eps`.

    Source: Tieleman & Hinton 2012, "Neural networks for machine learning", lecture 6.5,
        which has no epsilon;
        https://docs.pytorch.org/docs/stable/generated/torch.optim.RMSprop.html;
        https://keras.io/api/optimizers/rmsprop/.
    """

    def __init__(self, params, learning_rate: float, rho: float, epsilon: float):
        super().__init__(params, dict(lr=learning_rate, rho=rho, epsilon=epsilon))

    @torch.no_grad()
    def step(self, closure=None):
        return _step(self, closure)

    def update_step(self, gradient, variable, group):
        (v,) = _slots(self, variable, "velocity")
        v.mul_(group["rho"]).add_((1 - group["rho"]) * gradient.square())
        step = gradient / torch.sqrt(v + group["epsilon"])
        variable.sub_(group["lr"] * step)


class Adam(torch.optim.Optimizer):
    """Adam, as the other framework defines it.

        m = beta_1 m + (1 - beta_1) g,    v = beta_2 v + (1 - beta_2) g^2
        c_1 = 1 - beta_1^t,               c_2 = 1 - beta_2^t
        PyTorch:  p = p - learning_rate (m / c_1) / (sqrt(v / c_2) + epsilon)
        Keras:    p = p - learning_rate (m / c_1) sqrt(c_2) / (sqrt(v) + epsilon)

    PyTorch adds epsilon after the bias correction c_2 and Keras before it, so that
    Keras's counts for more in the first steps, 32 times at t = 1 if beta_2 is 0.999.
    PyTorch's t counts the gradients that p got, Keras's all steps of the optimizer.
    PyTorch computes c_1 and c_2 in float64; Keras in the precision of p, from betas
    rounded to float32.

    Args:
        params: what to train, for PyTorch alone; Keras is told in `build`.
        learning_rate: size of a step, when gradients are as large as they were.
        beta_1: share of m that is kept.
        beta_2: share of v that is kept.
        epsilon: keeps the divisor from zero; PyTorch calls it `eps`.

    Source: Kingma & Ba 2015, arXiv:1412.6980: PyTorch's is algorithm 1, Keras's the
        "epsilon hat" form at the end of section 2;
        https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html;
        https://keras.io/api/optimizers/adam/.
    """

    def __init__(
        self,
        params,
        learning_rate: float,
        beta_1: float,
        beta_2: float,
        epsilon: float,
    ):
        settings = dict(beta_1=beta_1, beta_2=beta_2, epsilon=epsilon)
        super().__init__(params, dict(lr=learning_rate, **settings))

    @torch.no_grad()
    def step(self, closure=None):
        return _step(self, closure)

    def update_step(self, gradient, variable, group):
        m, v = _slots(self, variable, "momentum", "velocity")
        beta_1, beta_2 = group["beta_1"], group["beta_2"]
        m.add_((1 - beta_1) * (gradient - m))
        v.add_((1 - beta_2) * (gradient.square() - v))
        t = _cast(group["iterations"], m.dtype)  # an int would make a cube t * t * t
        c_1, c_2 = (1 - _cast(beta, m.dtype) ** t for beta in (beta_1, beta_2))
        rate = group["lr"] * torch.sqrt(c_2) / c_1
        variable.sub_(rate * m / (torch.sqrt(v) + group["epsilon"]))


class AdamW(Adam):
    """Adam whose weights decay by themselves, as the other framework defines it.

        p = p - learning_rate weight_decay p, then Adam's step

    The decay is the same in both, but Keras rounds weight_decay to float32. Adam is
    not: see there.

    Args:
        params: what to train, for PyTorch alone; Keras is told in `build`.
        learning_rate: size of a step, when gradients are as large as they were.
        beta_1: share of m that is kept.
        beta_2: share of v that is kept.
        epsilon: keeps the divisor from zero; PyTorch calls it `eps`.
        weight_decay: share of p that a step takes away, beside the learning rate.

    Source: Loshchilov & Hutter 2019, arXiv:1711.05101, algorithm 2, whose lambda is
        learning_rate weight_decay;
        https://docs.pytorch.org/docs/stable/generated/torch.optim.AdamW.html;
        https://keras.io/api/optimizers/adamw/.
    """

    def __init__(
        self,
        params,
        learning_rate: float,
        beta_1: float,
        beta_2: float,
        epsilon: float,
        weight_decay: float,
    ):
        super().__init__(params, learning_rate, beta_1, beta_2, epsilon)
        self.defaults["weight_decay"] = weight_decay  # of groups that are added later
        for group in self.param_groups:
            group.setdefault("weight_decay", weight_decay)

    def update_step(self, gradient, variable, group):
        decay = _cast(group["weight_decay"], variable.dtype)
        variable.sub_(variable * decay * group["lr"])
        super().update_step(gradient, variable, group)
