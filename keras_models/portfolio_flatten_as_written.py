import keras
from keras import layers, ops


class PortfolioFlattenAsWritten(keras.Model):
    """Specimen: the note's Flatten model word for word, which reads one sequence only.

        h_1 ... h_time = LSTM(x),    y_t = softmax(W h_t + b)

    The LSTM is time-major and the dense layer has `hidden_size` inputs. Flatten keeps
    the first axis, here time, and so gives (time, batch * hidden_size): the dense layer
    fits a batch of one and no other, and decides at every step from that step alone.
    PortfolioFlatten is what was meant.

    Args:
        num_features: size of one time step's input vector.
        hidden_size: size of the hidden state h and of the cell state c (Keras calls
            it `units`).
        num_outputs: number of assets.

    Call:
        x: float, (time, batch = 1, num_features): time-major, as nn.LSTM reads it
            without `batch_first`.
        returns: float, (time, num_outputs), one row of weights per time step.

    Raises:
        ValueError: if x is not of that shape.

    Source: portfolio weights, Zhang, Zohren & Roberts 2020, arXiv:2005.13665.
    """

    def __init__(self, num_features: int, hidden_size: int, num_outputs: int):
        super().__init__()
        self.num_features = num_features
        self.lstm = layers.LSTM(hidden_size, return_sequences=True)
        self.flatten = layers.Flatten()
        self.logits = layers.Dense(num_outputs)
        self.softmax = layers.Softmax(axis=1)

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        if tuple(x.shape[1:]) != (1, self.num_features):
            raise ValueError(
                f"PortfolioFlattenAsWritten expects x of shape (time, batch = 1, "
                f"features = {self.num_features}), got {tuple(x.shape)}"
            )
        h = self.lstm(ops.swapaxes(x, 0, 1))  # Keras's LSTM is batch-first
        h = ops.swapaxes(h, 0, 1)  # (time, 1, hidden_size)
        flat = self.flatten(h)  # (time, 1 * hidden_size): a row per step
        return self.softmax(self.logits(flat))  # (time, num_outputs)
