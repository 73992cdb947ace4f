"""Recurrent cells as users write them in Keras, run by `keras.layers.RNN`."""

import keras
from keras import ops

SIZE = 6


class Lstm(keras.layers.Layer):
    """A cell; `sums` gives what the gates i, f, g, o are functions of."""

    state_size = (SIZE, SIZE)
    output_size = SIZE

    def call(self, x, states):
        h, c = states
        i, f, g, o = ops.split(self.sums(x, h), 4, axis=-1)
        c = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(g)
        h = ops.sigmoid(o) * ops.tanh(c)
        return h, [h, c]


class OfParameters(Lstm):
    """Keras's own names of the arrays."""

    def build(self, shape):
        shapes = {
            "kernel": (shape[-1], 4 * SIZE),
            "recurrent_kernel": (SIZE, 4 * SIZE),
            "bias": (4 * SIZE,),
        }
        for name, size in shapes.items():
            setattr(self, name, self.add_weight(shape=size, name=name))

    def sums(self, x, h):
        return x @ self.kernel + h @ self.recurrent_kernel + self.bias


class OfDenseLayers(Lstm):
    """A dense layer of x and one of h."""

    def __init__(self, **options):
        super().__init__(**options)
        self.x2h = keras.layers.Dense(4 * SIZE)
        self.h2h = keras.layers.Dense(4 * SIZE, use_bias=False)

    def build(self, shape):
        self.x2h.build(shape)
        self.h2h.build((None, SIZE))

    def sums(self, x, h):
        return self.x2h(x) + self.h2h(h)


class OfGates(Lstm):
    """A dense layer of x and h side by side for each gate, right or with a mistake."""

    names = ("input_gate", "forget_gate", "cell_gate", "output_gate")

    def __init__(self, mistake="", **options):
        super().__init__(**options)
        self.mistake = mistake
        for name in self.names:
            setattr(self, name, keras.layers.Dense(SIZE))

    def build(self, shape):
        for name in self.names:
            getattr(self, name).build((None, shape[-1] + SIZE))

    def call(self, x, states):
        h, c = states
        both = [h, x] if self.mistake == "h before x" else [x, h]
        both = ops.concatenate(both, axis=-1)
        i, f, g, o = (getattr(self, name)(both) for name in self.names)
        if self.mistake == "gates exchanged":
            i, f = f, i
        if self.mistake == "one added":
            f = f + 1
        gate = ops.hard_sigmoid if self.mistake == "hard gate" else ops.sigmoid
        candidate = g if self.mistake == "no tanh on g" else ops.tanh(g)
        c = gate(f) * c + gate(i) * candidate
        h = gate(o) * ops.tanh(c)
        return h, [h, c]


class Projected(keras.layers.Layer):
    """An LSTM whose h is projected to fewer units, right or with a tanh after it."""

    def __init__(self, units=4, is_squashed=False, **options):
        super().__init__(**options)
        self.x2h = keras.layers.Dense(4 * SIZE)
        self.h2h = keras.layers.Dense(4 * SIZE, use_bias=False)
        self.proj = keras.layers.Dense(units, use_bias=False)
        self.is_squashed = is_squashed
        self.state_size, self.output_size = (units, SIZE), units

    def build(self, shape):
        self.x2h.build(shape)
        self.h2h.build((None, self.output_size))
        self.proj.build((None, SIZE))

    def call(self, x, states):
        h, c = states
        i, f, g, o = ops.split(self.x2h(x) + self.h2h(h), 4, axis=-1)
        c = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(g)
        h = self.proj(ops.sigmoid(o) * ops.tanh(c))
        if self.is_squashed:
            h = ops.tanh(h)
        return h, [h, c]


class GruOfGates(keras.layers.Layer):
    """A dense layer of x and one of h for each gate; the reset gate acts after it."""

    state_size = SIZE
    output_size = SIZE

    def __init__(self, **options):
        super().__init__(**options)
        for gate in "rzn":
            setattr(self, f"x_{gate}", keras.layers.Dense(SIZE))
            setattr(self, f"h_{gate}", keras.layers.Dense(SIZE))

    def build(self, shape):
        for gate in "rzn":
            getattr(self, f"x_{gate}").build(shape)
            getattr(self, f"h_{gate}").build((None, SIZE))

    def call(self, x, states):
        h = states[0]
        r = ops.sigmoid(self.x_r(x) + self.h_r(h))
        z = ops.sigmoid(self.x_z(x) + self.h_z(h))
        n = ops.tanh(self.x_n(x) + r * self.h_n(h))
        h = (1 - z) * n + z * h
        return h, [h]


class Peephole(OfDenseLayers):
    """The gates see the cell state, each unit its own."""

    def build(self, shape):
        super().build(shape)
        for name in ("w_ci", "w_cf", "w_co"):
            setattr(self, name, self.add_weight(shape=(SIZE,), name=name))

    def call(self, x, states):
        h, c = states
        i, f, g, o = ops.split(self.sums(x, h), 4, axis=-1)
        i, f = ops.sigmoid(i + self.w_ci * c), ops.sigmoid(f + self.w_cf * c)
        c = f * c + i * ops.tanh(g)
        h = ops.sigmoid(o + self.w_co * c) * ops.tanh(c)
        return h, [h, c]


class Normed(OfDenseLayers):
    """The cell state is normed before it is shown."""

    def __init__(self, **options):
        super().__init__(**options)
        self.norm = keras.layers.LayerNormalization(epsilon=1e-3)

    def build(self, shape):
        super().build(shape)
        self.norm.build((None, SIZE))

    def call(self, x, states):
        h, c = states
        i, f, g, o = ops.split(self.sums(x, h), 4, axis=-1)
        c = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(g)
        h = ops.sigmoid(o) * ops.tanh(self.norm(c))
        return h, [h, c]
