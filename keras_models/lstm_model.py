import keras
from keras import layers


class LSTMModel(keras.Model):
    """Read a sequence of any length; no length is part of the model.

        h_1 ... h_time = LSTM(x),    y = W h_time + b

    Args:
        num_features: size of one time step's input vector.
        hidden_size: size of the hidden state h and of the cell state c (Keras calls
            it `units`).
        num_outputs: number of predicted values.

    Call:
        x: float, (batch, time, num_features). Any unit; bring it near [-5, 5],
            where gates do not saturate.
        returns: float, (batch, num_outputs).

    Raises:
        ValueError: if x is not of that shape, or has no time step.

    Source: LSTM, Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735.
    """

    def __init__(self, num_features: int, hidden_size: int, num_outputs: int):
        super().__init__()
        self.num_features = num_features
        self.lstm = layers.LSTM(hidden_size, return_sequences=True)
        self.head = layers.Dense(num_outputs)

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        if len(x.shape) != 3 or x.shape[1] == 0 or x.shape[2] != self.num_features:
            raise ValueError(
                f"LSTMModel expects x of shape (batch, time >= 1, "
                f"features = {self.num_features}), got {tuple(x.shape)}"
            )
        h = self.lstm(x)  # (batch, time, hidden_size)
        return self.head(h[:, -1])  # (batch, num_outputs)
