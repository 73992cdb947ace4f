import keras
from keras import layers, ops


class CausalConvolutions(keras.Model):
    """A block of a temporal convolutional network: no step sees a later one.

        h = relu(conv(x)),    h = relu(conv(h), 2 steps apart)
        y = W relu(h + conv(x), 1 step wide)_time + b

    Keras pads `causal` by itself; PyTorch's `padding` pads both ends alike, so that
    zeros are put before the first step by hand: dilation * (window - 1) of them.
    PyTorch convolves (batch, features, time), Keras (batch, time, features).

    Args:
        num_features: size of one time step's input vector.
        num_channels: size of the vectors between the convolutions.
        num_outputs: number of predicted values.

    Call:
        x: float, (batch, time, num_features).
        returns: float, (batch, num_outputs).

    Raises:
        ValueError: if x is not of that shape, or has no time step.

    Source: Bai, Kolter & Koltun 2018, arXiv:1803.01271, section 3.
    """

    def __init__(self, num_features: int, num_channels: int, num_outputs: int):
        super().__init__()
        self.num_features = num_features
        self.first = layers.Conv1D(num_channels, 3, padding="causal")
        self.second = layers.Conv1D(num_channels, 3, padding="causal", dilation_rate=2)
        self.shortcut = layers.Conv1D(num_channels, 1)
        self.head = layers.Dense(num_outputs)

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        if len(x.shape) != 3 or x.shape[1] == 0 or x.shape[2] != self.num_features:
            raise ValueError(
                f"CausalConvolutions expects x of shape (batch, time >= 1, "
                f"features = {self.num_features}), got {tuple(x.shape)}"
            )
        h = ops.relu(self.first(x))
        h = ops.relu(self.second(h))  # (batch, time, num_channels)
        h = ops.relu(h + self.shortcut(x))
        return self.head(h[:, -1])  # (batch, num_outputs)
