import keras
from keras import layers


class PortfolioFlatten(keras.Model):
    """Read a fixed number of time steps, decide from all hidden states at once.

        h_1 ... h_timesteps = LSTM(x),    y = softmax(W [h_1 ... h_timesteps] + b)

    W has a column for every unit at every step, so the number of steps is part of
    the model: any other number, and a number left open (None), is refused.

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

    Source: LSTM, Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735;
        portfolio weights, Zhang, Zohren & Roberts 2020, arXiv:2005.13665.
    """

    def __init__(
        self, num_features: int, hidden_size: int, num_outputs: int, timesteps: int
    ):
        super().__init__()
        if timesteps is None:
            raise ValueError(
                "PortfolioFlatten needs a fixed number of time steps, because its "
                "dense layer reads all of them; got timesteps = None"
            )
        self.num_features = num_features
        self.timesteps = timesteps
        self.lstm = layers.LSTM(hidden_size, return_sequences=True)
        self.flatten = layers.Flatten()
        self.logits = layers.Dense(num_outputs)
        self.softmax = layers.Softmax(axis=1)

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        if tuple(x.shape[1:]) != (self.timesteps, self.num_features):
            raise ValueError(
                f"PortfolioFlatten expects x of shape (batch, time = {self.timesteps}, "
                f"features = {self.num_features}), got {tuple(x.shape)}"
            )
        h = self.lstm(x)  # (batch, timesteps, hidden_size)
        flat = self.flatten(h)  # (batch, timesteps * hidden_size), step by step
        return self.softmax(self.logits(flat))  # (batch, num_outputs)
