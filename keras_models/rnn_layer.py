import keras
from keras import layers, ops


class RNNLayer(keras.Model):
    """A simple RNN layer with all it can be asked for, and the shapes it answers with.

        h_t = tanh(W x_t + U h_(t-1) + b), or relu in its place

    `num_layers` are stacked, each reading the output of the one before; two directions
    are laid side by side in the output and stacked in the states. D is 2 if
    bidirectional, else 1; H_out is hidden_size.

    Args:
        num_features: size of one time step's input vector.
        hidden_size: size of the state (Keras calls it `units`).
        num_layers: number of layers.
        nonlinearity: "tanh" or "relu".
        bias: whether there are biases; PyTorch has two, of which Keras keeps the sum.
        batch_first: whether x and output are (batch, time, ...) or (time, batch, ...);
            the states are not changed by it.
        dropout: share of each layer's output but the last's that training drops.
        bidirectional: whether a second direction reads the sequence from its end.

    Call:
        x: float, (batch, time, num_features), or (time, num_features) unbatched.
        h_0: float, (D * num_layers, batch, H_out), or zeros if it is not given.
        lengths: int64, (batch,), valid steps of each sequence, or all if not given.
        returns: output (batch, time, D * H_out), h_n shaped as h_0.

    Raises:
        ValueError: if nonlinearity is neither "tanh" nor "relu".
        ValueError: if lengths are not one of 1 to time for each sequence.

    Source: Elman 1990, doi:10.1207/s15516709cog1402_1;
        https://docs.pytorch.org/docs/stable/generated/torch.nn.RNN.html.
    """

    def __init__(
        self,
        num_features: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = True,
        dropout: float = 0.0,
        bidirectional: bool = False,
    ):
        super().__init__()
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(
                f"RNNLayer expects nonlinearity tanh or relu, got {nonlinearity!r}: "
                "PyTorch's RNN has no other; use these, or write the cell by hand"
            )
        self.batch_first = batch_first
        self.bidirectional = bidirectional
        self.rnn = []
        for _ in range(num_layers):
            layer = self._layer(hidden_size, nonlinearity, bias)
            if bidirectional:
                back = self._layer(hidden_size, nonlinearity, bias, backwards=True)
                layer = layers.Bidirectional(layer, backward_layer=back)
            self.rnn.append(layer)
        self.dropout = layers.Dropout(dropout)

    def _layer(self, hidden_size, nonlinearity, bias, backwards=False):
        return layers.SimpleRNN(
            hidden_size,
            activation=nonlinearity,
            use_bias=bias,
            return_sequences=True,
            return_state=True,
            go_backwards=backwards,
        )

    def call(self, x: keras.KerasTensor, h_0=None, lengths=None) -> tuple:
        batch, time = x.shape[:2] if self.batch_first else x.shape[1::-1]
        # A tensor that Keras only traces has no values to look at.
        if hasattr(lengths, "numpy") and not (
            len(lengths) == batch and all(1 <= n <= time for n in lengths.numpy())
        ):
            raise ValueError(
                f"RNNLayer expects {batch} lengths of 1 to {time}, got "
                f"{lengths.numpy().tolist()}; leave empty sequences out of the batch"
            )
        given = [] if h_0 is None else [h_0]
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
        for number, layer in enumerate(self.rnn):
            if number > 0:
                x = self.dropout(x)
            rows = range(number * directions, (number + 1) * directions)
            initial = [state[row] for row in rows for state in given] or None
            x, *states = layer(x, initial_state=initial, mask=mask)
            # x: (batch, time, D * H_out)
            final += states
        h_n = ops.stack(final)
        if unbatched:
            return x[0], h_n[:, 0]
        return x if self.batch_first else ops.swapaxes(x, 0, 1), h_n
