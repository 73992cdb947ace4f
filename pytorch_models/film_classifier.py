import torch
from torch import nn
from torch.nn.functional import conv2d


class ConvLSTM(nn.Module):
    """The layer; it returns the last h.

    Args:
        num_features: channels of a frame.
        num_channels: channels of the states.

    Call:
        x: float, (batch, time, num_features, height, width).
        returns: float, (batch, num_channels, height, width).
    """

    def __init__(self, num_features: int, num_channels: int):
        super().__init__()
        self.num_channels = num_channels
        inputs = num_features + num_channels
        self.weight = nn.Parameter(torch.empty(4 * num_channels, inputs, 3, 3))
        self.bias = nn.Parameter(torch.zeros(4 * num_channels))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, _, _, height, width = x.shape
        h = c = x.new_zeros(batch, self.num_channels, height, width)
        for frame in x.unbind(1):
            both = torch.cat([frame, h], 1)
            gates = conv2d(both, self.weight, self.bias, padding="same")
            i, f, o, g = gates.chunk(4, 1)  # (batch, num_channels, height, width)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
        return h


class FilmClassifier(nn.Module):
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
        self.conv_lstm = ConvLSTM(num_features, num_channels)
        self.head = nn.Linear(num_channels, num_outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if len(x.shape) != 5 or 0 in x.shape[1:] or x.shape[4] != self.num_features:
            raise ValueError(
                f"FilmClassifier expects x of shape (batch, time >= 1, height, width, "
                f"features = {self.num_features}), got {tuple(x.shape)}"
            )
        x = x.permute(0, 1, 4, 2, 3)  # (batch, time, num_features, height, width)
        h = self.conv_lstm(x)  # (batch, num_channels, height, width), of the last
        return self.head(h.mean((2, 3)))  # (batch, num_outputs)
