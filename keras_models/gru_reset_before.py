import keras
from keras import layers


class GRUResetBefore(keras.Model):
    """Keras's `GRU(reset_after=False)`, for which PyTorch has no layer: a cell by hand.

        z, r = sigmoid(W x_t + U h_(t-1) + b)
        n = tanh(W x_t + U (r h_(t-1)) + b),    h_t = z h_(t-1) + (1 - z) n

    The reset gate comes before the recurrent matrix product, as in the paper. PyTorch's
    `nn.GRU` applies it after the product and cannot be given these weights: it computes
    another function with them. Files of Keras 2.0 to 2.2 have this form.

    Args:
        num_features: size of one time step's input vector.
        hidden_size: size of the state h (Keras calls it `units`).
        num_outputs: number of predicted values.

    Call:
        x: float, (batch, time, num_features).
        returns: float, (batch, num_outputs).

    Raises:
        ValueError: if x is not of that shape, or has no time step.

    Source: Cho et al. 2014, arXiv:1406.1078v3, equations 5 to 8.
    """

    def __init__(self, num_features: int, hidden_size: int, num_outputs: int):
        super().__init__()
        self.num_features = num_features
        self.gru = layers.GRU(hidden_size, reset_after=False, return_sequences=True)
        self.head = layers.Dense(num_outputs)

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        if len(x.shape) != 3 or x.shape[1] == 0 or x.shape[2] != self.num_features:
            raise ValueError(
                f"GRUResetBefore expects x of shape (batch, time >= 1, "
                f"features = {self.num_features}), got {tuple(x.shape)}"
            )
        h = self.gru(x)  # (batch, time, hidden_size)
        return self.head(h[:, -1])  # (batch, num_outputs)
