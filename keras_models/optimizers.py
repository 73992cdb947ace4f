"""Optimizers of one framework, as the other defines those of the same name.

With them both sides of a training run do the same arithmetic. In the formulas p is a
parameter, g its gradient, and what is kept from step to step begins at zero. There are
no defaults, which differ as well: the caller names every value. Keras stands for Keras
on TensorFlow, whose `tf.cast` rounds Python's floats to float32 even in a float64 run.
"""

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_models")
class SGD(keras.optimizers.Optimizer):
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

    def __init__(self, learning_rate: float, momentum: float, **options):
        super().__init__(learning_rate, **options)
        self.momentum = momentum

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self.buffers = [
            self.add_variable_from_reference(variable, "buffer")
            for variable in variables
        ]

    def update_step(self, gradient, variable, learning_rate):
        b = self.buffers[self._get_variable_index(variable)]
        learning_rate = ops.cast(learning_rate, variable.dtype)
        self.assign(b, self.momentum * b + gradient)
        self.assign_sub(variable, learning_rate * b)

    def get_config(self):
        return {**super().get_config(), "momentum": self.momentum}


@keras.saving.register_keras_serializable("keras_models")
class RMSprop(keras.optimizers.Optimizer):
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

    def __init__(self, learning_rate: float, rho: float, epsilon: float, **options):
        super().__init__(learning_rate, **options)
        self.rho = rho
        self.epsilon = epsilon

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self.velocities = [
            self.add_variable_from_reference(variable, "velocity")
            for variable in variables
        ]

    def update_step(self, gradient, variable, learning_rate):
        v = self.velocities[self._get_variable_index(variable)]
        learning_rate = ops.cast(learning_rate, variable.dtype)
        self.assign(v, self.rho * v + (1 - self.rho) * ops.square(gradient))
        step = gradient / (ops.sqrt(v) + self.epsilon)
        self.assign_sub(variable, learning_rate * step)

    def get_config(self):
        own = dict(rho=self.rho, epsilon=self.epsilon)
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("keras_models")
class Adam(keras.optimizers.Optimizer):
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
        learning_rate: float,
        beta_1: float,
        beta_2: float,
        epsilon: float,
        **options,
    ):
        super().__init__(learning_rate, **options)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self.momentums, self.velocities, self.steps = [], [], []
        for variable in variables:
            m, v = (
                self.add_variable_from_reference(variable, name)
                for name in ("momentum", "velocity")
            )
            self.momentums.append(m)
            self.velocities.append(v)
            self.steps.append(self.add_variable((), dtype="float64", name="step"))

    def update_step(self, gradient, variable, learning_rate):
        index = self._get_variable_index(variable)
        m, v, t = self.momentums[index], self.velocities[index], self.steps[index]
        self.assign_add(t, 1)
        self.assign(m, self.beta_1 * m + (1 - self.beta_1) * gradient)
        self.assign(v, self.beta_2 * v + (1 - self.beta_2) * ops.square(gradient))
        c_1, c_2 = (1 - ops.power(beta, t) for beta in (self.beta_1, self.beta_2))
        # float64, as t is; what acts on p gets p's precision.
        rate = ops.cast(ops.cast(learning_rate, t.dtype) / c_1, variable.dtype)
        root = ops.sqrt(v) / ops.cast(ops.sqrt(c_2), variable.dtype)
        self.assign_sub(variable, rate * m / (root + self.epsilon))

    def get_config(self):
        own = dict(beta_1=self.beta_1, beta_2=self.beta_2, epsilon=self.epsilon)
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("keras_models")
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
        learning_rate: float,
        beta_1: float,
        beta_2: float,
        epsilon: float,
        weight_decay: float,
        **options,
    ):
        super().__init__(learning_rate, beta_1, beta_2, epsilon, **options)
        # Keras takes the decay away before the step; it would round a Python float.
        self.weight_decay = ops.convert_to_tensor(weight_decay, dtype="float64")

    def get_config(self):
        return {**super().get_config(), "weight_decay": float(self.weight_decay)}


class TwoBiases:
    """Mixin for a Keras optimizer: one bias moves as the sum of PyTorch's two does.

        b = b_1 + b_2,    dloss/db_1 = dloss/db_2 = dloss/db

    PyTorch's LSTM and simple RNN add two biases. Both get the same gradient and take
    the same step, so their sum moves twice as fast as Keras's one bias would; it is
    given twice the learning rate. The sum decays once, not twice, and so does Keras's
    bias: Keras takes the weight decay away outside `update_step`.

    It stands before the optimizer, Keras's own or one of this file:

        optimizer = type("Adam", (TwoBiases, keras.optimizers.Adam), {})(0.001)
        optimizer.doubled = frozenset({id(bias)})

    Attributes:
        doubled: ids of the variables that stand for such a sum, set before training.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html, where
        b_ii + b_hi, say, are those two.
    """

    doubled: frozenset = frozenset()

    def update_step(self, gradient, variable, learning_rate):
        # On TensorFlow `variable` is what the variable named in `doubled` wraps.
        known = self._trainable_variables[self._get_variable_index(variable)]
        if id(known) in self.doubled:
            learning_rate = 2 * learning_rate
        super().update_step(gradient, variable, learning_rate)
