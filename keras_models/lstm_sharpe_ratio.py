import keras
from keras import layers, ops


class LSTMSharpeRatio(keras.Model):
    """Portfolio weights for the Sharpe ratio, from all time steps laid side by side.

        h_1 ... h_timesteps = LSTM(x),    y = softmax(W [h_1 ... h_timesteps] + b)

    The note's code for it has the sizes 8 and 64 written into the LSTM, whatever its
    arguments say, and calls `out.size[0]`, which is a TypeError; this is what it meant.
    It computes what PortfolioFlatten computes, with a reshape in Flatten's place.

    Args:
        num_features: size of one time step's input vector.
        hidden_size: size of the hidden state h and of the cell state c (Keras calls
            it `units`).
        num_outputs: number of assets.
        timesteps: number of time steps of every input.

    Call:
        x: float, (batch, timesteps, num_features). Any unit; bring it near [-5, 5],
            where gates do not saturate.
        returns: float, (batch, num_outputs), portfolio weights, each row sums to 1.

    Raises:
        ValueError: if timesteps is None, or x is not of that shape.

    Source: portfolio weights, Zhang, Zohren & Roberts 2020, arXiv:2005.13665.
    """

    def __init__(
        self, num_features: int, hidden_size: int, num_outputs: int, timesteps: int
    ):
        super().__init__()
        if timesteps is None:
            raise ValueError(
                "LSTMSharpeRatio needs a fixed number of time steps, because its dense "
                "layer reads all of them; got timesteps = None"
            )
        self.num_features = num_features
        self.hidden_size = hidden_size
        self.timesteps = timesteps
        self.lstm = layers.LSTM(hidden_size, return_sequences=True)
        self.logits = layers.Dense(num_outputs)
        self.softmax = layers.Softmax(axis=1)

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        if tuple(x.shape[1:]) != (self.timesteps, self.num_features):
            raise ValueError(
                f"LSTMSharpeRatio expects x of shape (batch, time = {self.timesteps}, "
                f"features = {self.num_features}), got {tuple(x.shape)}"
            )
        h = self.lstm(x)  # (batch, timesteps, hidden_size)
        size = self.timesteps * self.hidden_size
        flat = ops.reshape(h, (-1, size))  # (batch, timesteps * hidden_size)
        return self.softmax(self.logits(flat))  # (batch, num_outputs)
