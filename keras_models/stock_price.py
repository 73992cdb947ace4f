import keras
from keras import layers


class StockPricePredictor(keras.Model):
    """Predict a price from the final hidden state of the last LSTM layer.

        h_time = LSTM(x),    y = W h_time + b

    PyTorch hands out h_n, the final hidden state of every layer; its last entry is the
    last layer's. A Keras LSTM without `return_sequences` returns that state alone.

    Args:
        num_features: size of one time step's input vector.
        hidden_size: size of the hidden state h and of the cell state c (Keras calls
            it `units`).
        num_layers: number of LSTMs, each reading the hidden states of the one before.

    Call:
        x: float, (batch, time, num_features), e.g. seven past days of high and low
            price, volume, GDP and CPI, each scaled to [0, 1].
        returns: float, (batch, 1), the next day's price in the unit of the targets.

    Raises:
        ValueError: if x is not of that shape, or has no time step.

    Source: LSTM, Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735.
    """

    def __init__(self, num_features: int, hidden_size: int, num_layers: int = 1):
        super().__init__()
        self.num_features = num_features
        self.lstm = [  # PyTorch stacks them in one layer
            layers.LSTM(hidden_size, return_sequences=number < num_layers - 1)
            for number in range(num_layers)
        ]
        self.head = layers.Dense(1)

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        if len(x.shape) != 3 or x.shape[1] == 0 or x.shape[2] != self.num_features:
            raise ValueError(
                f"StockPricePredictor expects x of shape (batch, time >= 1, "
                f"features = {self.num_features}), got {tuple(x.shape)}"
            )
        for lstm in self.lstm:
            x = lstm(
                x
            )  # (batch, time, hidden_size), from the last (batch, hidden_size)
        return self.head(x)  # (batch, 1)
