import torch
from torch import nn


class ResidualBlock(nn.Module):
    """A residual block with batch norms, for images of any size.

        h = relu(norm(conv(x))),    h = relu(norm(conv(h)) + conv(x), 1 pixel wide)
        y = W mean over the image of h + b

    The norms compute with their running statistics, as they do after training. Keras
    keeps 0.99 of them in a step and has an epsilon of 1e-3, PyTorch replaces 0.1 of
    them and has 1e-5: momentum = 0.9 and epsilon=1e-5 say the same in Keras. A
    convolution before a norm needs no bias.

    Args:
        num_features: channels of the image.
        num_channels: channels inside.
        num_outputs: number of classes.

    Call:
        x: float, (batch, height, width, num_features).
        returns: float, (batch, num_outputs), scores before a softmax.

    Raises:
        ValueError: if x is not of that shape.

    Source: He et al. 2016, arXiv:1512.03385, figure 2; norms, Ioffe & Szegedy 2015,
        arXiv:1502.03167.
    """

    def __init__(self, num_features: int, num_channels: int, num_outputs: int):
        super().__init__()
        self.num_features = num_features
        self.first = nn.Conv2d(num_features, num_channels, 3, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(num_channels)
        self.second = nn.Conv2d(num_channels, num_channels, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(num_channels)
        self.shortcut = nn.Conv2d(num_features, num_channels, 1)
        self.head = nn.Linear(num_channels, num_outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if len(x.shape) != 4 or 0 in x.shape[1:] or x.shape[3] != self.num_features:
            raise ValueError(
                f"ResidualBlock expects x of shape (batch, height, width, "
                f"features = {self.num_features}), got {tuple(x.shape)}"
            )
        x = x.permute(0, 3, 1, 2)  # (batch, num_features, height, width)
        h = torch.relu(self.first_norm(self.first(x)))
        h = self.second_norm(self.second(h))
        h = torch.relu(h + self.shortcut(x))
        return self.head(h.mean((2, 3)))  # (batch, num_outputs)
