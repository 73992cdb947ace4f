import keras
from keras import layers, ops


class FilmClassifier(keras.Model):
    """An LSTM whose products are convolutions, for films: PyTorch's is by hand.

        i, f, o = sigmoid(W * x_t + U * h_(t-1) + b),    g = tanh(the same)
        c_t = f c_(t-1) + i g,    h_t = o tanh(c_t)
        y = V mean over the image of h_time + b

    In PyTorch one convolution reads x and h side by side, and its channels are the
    gates in the order i, f, o, g, as they are usually written. Keras's `ConvLSTM2D` has
    a kernel for x and one for h, (height, width, inputs, 4 outputs), with the gates in
    the order i, f, g, o. Both convolutions keep the size of the image.

    Args:
        num_features: channels of a frame.
        num_channels: channels of the hidden state h and of the cell state c.
        num_outputs: number of classes.

    Call:
        x: float, (batch, time, height, width, num_features).
        returns: float, (batch, num_outputs), scores before a softmax.

    Raises:
        ValueError: if x is not of that shape, or has no frame.

    Source: Shi et al. 2015, arXiv:1506.04214, equation 3, without its peepholes.
    """

    def __init__(self, num_features: int, num_channels: int, num_outputs: int):
        super().__init__()
        self.num_features = num_features
        self.conv_lstm = layers.ConvLSTM2D(num_channels, 3, padding="same")
        self.head = layers.Dense(num_outputs)

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        if len(x.shape) != 5 or 0 in x.shape[1:] or x.shape[4] != self.num_features:
            raise ValueError(
                f"FilmClassifier expects x of shape (batch, time >= 1, height, width, "
                f"features = {self.num_features}), got {tuple(x.shape)}"
            )
        h = self.conv_lstm(x)  # (batch, height, width, num_channels), of the last
        return self.head(ops.mean(h, (1, 2)))  # (batch, num_outputs)
