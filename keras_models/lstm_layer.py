import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("keras_models")
class ProjectedLSTMCell(layers.Layer):
    """One step of an LSTM whose hidden state is projected to a smaller size.

        h_t = P (o tanh(c_t)), of size proj_size; c_t keeps its size

    PyTorch's LSTM has this built in (`proj_size`); `layers.RNN` runs this cell.

    Source: Sak et al. 2014, arXiv:1402.1128.
    """

    def __init__(self, hidden_size: int, proj_size: int, bias: bool = True, **options):
        super().__init__(**options)
        self.hidden_size = hidden_size
        self.proj_size = proj_size
        self.use_bias = bias
        self.state_size = [proj_size, hidden_size]
        self.output_size = proj_size

    def build(self, input_shape):
        gates = 4 * self.hidden_size
        self.kernel = self.add_weight((input_shape[-1], gates), name="kernel")
        self.recurrent_kernel = self.add_weight(
            (self.proj_size, gates), name="recurrent_kernel"
        )
        if self.use_bias:
            self.bias = self.add_weight((gates,), name="bias")
        self.projection = self.add_weight(
            (self.hidden_size, self.proj_size), name="projection"
        )

    def call(self, x, states):
        h, c = states
        gates = ops.matmul(x, self.kernel) + ops.matmul(h, self.recurrent_kernel)
        if self.use_bias:
            gates = gates + self.bias
        i, f, g, o = ops.split(gates, 4, axis=1)
        c = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(g)
        h = ops.matmul(ops.sigmoid(o) * ops.tanh(c), self.projection)
        return h, [h, c]

    def get_config(self):
        own = dict(hidden_size=self.hidden_size, proj_size=self.proj_size)
        return {**super().get_config(), **own, "bias": self.use_bias}


class LSTMLayer(keras.Model):
    """An LSTM layer with all it can be asked for, and the shapes it answers with.

        i, f, o = sigmoid(W x_t + U h_(t-1) + b),    g = tanh(W x_t + U h_(t-1) + b)
        c_t = f c_(t-1) + i g,    h_t = o tanh(c_t), or P (o tanh(c_t)) if projected

    `num_layers` are stacked, each reading the output of the one before; two directions
    are laid side by side in the output and stacked in the states. D is 2 if
    bidirectional, else 1; H_out is proj_size if there is one, else hidden_size.

    Args:
        num_features: size of one time step's input vector.
        hidden_size: size of the state (Keras calls it `units`).
        num_layers: number of layers.
        bias: whether there are biases; PyTorch has two, of which Keras keeps the sum.
        batch_first: whether x and output are (batch, time, ...) or (time, batch, ...);
            the states are not changed by it.
        dropout: share of each layer's output but the last's that training drops.
        bidirectional: whether a second direction reads the sequence from its end.
        proj_size: size that h is projected to, below hidden_size; 0 does not project.

    Call:
        x: float, (batch, time, num_features), or (time, num_features) unbatched.
        h_0: float, (D * num_layers, batch, H_out), or zeros if it is not given.
        c_0: float, (D * num_layers, batch, hidden_size), given with h_0 or not at all.
        lengths: int64, (batch,), valid steps of each sequence, or all if not given.
        returns: output (batch, time, D * H_out), h_n and c_n shaped as h_0 and c_0.

    Raises:
        ValueError: if proj_size is not below hidden_size.
        ValueError: if lengths are not one of 1 to time for each sequence.

    Source: Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735; forget gate,
        Gers et al. 2000, doi:10.1162/089976600300015015; projection, Sak et al. 2014,
        arXiv:1402.1128.
    """

    def __init__(
        self,
        num_features: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = True,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
    ):
        super().__init__()
        if not 0 <= proj_size < hidden_size:
            raise ValueError(
                f"LSTMLayer expects 0 <= proj_size < hidden_size = {hidden_size}, got "
                f"{proj_size}: PyTorch's LSTM projects to less only; use a dense layer"
            )
        self.batch_first = batch_first
        self.bidirectional = bidirectional
        self.lstm = []
        for _ in range(num_layers):
            layer = self._layer(hidden_size, bias, proj_size)
            if bidirectional:
                back = self._layer(hidden_size, bias, proj_size, backwards=True)
                layer = layers.Bidirectional(layer, backward_layer=back)
            self.lstm.append(layer)
        self.dropout = layers.Dropout(dropout)

    def _layer(self, hidden_size, bias, proj_size, backwards=False):
        options = dict(return_sequences=True, return_state=True, go_backwards=backwards)
        if proj_size:  # no Keras layer projects
            cell = ProjectedLSTMCell(hidden_size, proj_size, bias)
            return layers.RNN(cell, **options)
        return layers.LSTM(hidden_size, use_bias=bias, **options)

    def call(self, x: keras.KerasTensor, h_0=None, c_0=None, lengths=None) -> tuple:
        batch, time = x.shape[:2] if self.batch_first else x.shape[1::-1]
        # A tensor that Keras only traces has no values to look at.
        if hasattr(lengths, "numpy") and not (
            len(lengths) == batch and all(1 <= n <= time for n in lengths.numpy())
        ):
            raise ValueError(
                f"LSTMLayer expects {batch} lengths of 1 to {time}, got "
                f"{lengths.numpy().tolist()}; leave empty sequences out of the batch"
            )
        given = [] if h_0 is None else [h_0, c_0]
        unbatched = len(x.shape) == 2
        if unbatched:
            x, given = x[None], [state[:, None] for state in given]
        elif not self.batch_first:
            x = ops.swapaxes(x, 0, 1)
        mask = None
        if lengths is not None:
            steps = ops.arange(ops.shape(x)[1], dtype=lengths.dtype)  # (time,)
            mask = steps < ops.expand_dims(lengths, 1)  # (batch, time)
            # Keras computes padding and drops it; a NaN there would reach gradients.
            x = ops.where(ops.expand_dims(mask, 2), x, 0)
        directions = 2 if self.bidirectional else 1
        final = []
        for number, layer in enumerate(self.lstm):
            if number > 0:
                x = self.dropout(x)
            rows = range(number * directions, (number + 1) * directions)
            initial = [state[row] for row in rows for state in given] or None
            x, *states = layer(x, initial_state=initial, mask=mask)
            # x: (batch, time, D * H_out)
            final += states
        h_n, c_n = ops.stack(final[0::2]), ops.stack(final[1::2])
        if unbatched:
            return x[0], h_n[:, 0], c_n[:, 0]
        return x if self.batch_first else ops.swapaxes(x, 0, 1), h_n, c_n
