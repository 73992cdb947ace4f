import keras
from keras import layers, ops


class LSTMModelVariableSeq(keras.Model):
    """Read sequences of different lengths in one padded batch, each to its own end.

        h_1 ... h_length = LSTM(x[:length]),    y = W h_length + b

    PyTorch packs the batch, so that padding is never computed; Keras masks it, which
    computes it and keeps the state from before. Beyond a sequence's length PyTorch's
    unpacked output is zero and Keras's repeats the last valid step.

    Args:
        num_features: size of one time step's input vector.
        hidden_size: size of the hidden state h and of the cell state c (Keras calls
            it `units`).
        num_outputs: number of predicted values.

    Call:
        x: float, (batch, time, num_features), padded behind each with anything, even
            NaN.
        lengths: int64, (batch,), valid time steps of each sequence, 1 to time.
        returns: float, (batch, num_outputs).

    Raises:
        ValueError: if x is not of that shape, or lengths are not one of 1 to
            time for each sequence.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.
        pack_padded_sequence.html; https://keras.io/guides/understanding_masking_and_padding/
    """

    def __init__(self, num_features: int, hidden_size: int, num_outputs: int):
        super().__init__()
        self.num_features = num_features
        self.lstm = layers.LSTM(hidden_size, return_sequences=True)
        self.head = layers.Dense(num_outputs)

    def call(
        self, x: keras.KerasTensor, lengths: keras.KerasTensor
    ) -> keras.KerasTensor:
        if len(x.shape) != 3 or x.shape[1] == 0 or x.shape[2] != self.num_features:
            raise ValueError(
                f"LSTMModelVariableSeq expects x of shape (batch, time >= 1, "
                f"features = {self.num_features}), got {tuple(x.shape)}"
            )
        batch, time = x.shape[:2]
        # A tensor that Keras only traces has no values to look at.
        if hasattr(lengths, "numpy") and not (
            len(lengths) == batch and all(1 <= n <= time for n in lengths.numpy())
        ):
            raise ValueError(
                f"LSTMModelVariableSeq expects {batch} lengths of 1 to {time}, got "
                f"{lengths.numpy().tolist()}; leave empty sequences out of the batch"
            )
        steps = ops.arange(ops.shape(x)[1], dtype=lengths.dtype)  # (time,)
        mask = steps < ops.expand_dims(lengths, 1)  # (batch, time), True where valid
        # Keras computes padding and drops it; a NaN there would reach gradients.
        x = ops.where(ops.expand_dims(mask, 2), x, 0)
        h = self.lstm(x, mask=mask)  # (batch, time, hidden_size)
        last = h[
            :, -1
        ]  # (batch, hidden_size): the last valid step, repeated to the end
        return self.head(last)  # (batch, num_outputs)
