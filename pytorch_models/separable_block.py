import torch
from torch import nn
from torch.nn.functional import pad, relu6


class SeparableBlock(nn.Module):
    """A separable convolution with `same` and in strides of 2, as in a MobileNet.

        h = relu6(conv(x)),    h = relu6(pointwise(depthwise(h)))
        y = W mean over the image of h + b

    In strides Keras's `same` pads as many zeros as the last window lacks, half of them
    before the image and an odd one after it: none and one for 50 rows in strides of 2,
    one and one for 7. PyTorch's padding=1 puts one on both sides and reads other pixels
    where the size is even, so that zeros are put by hand. Keras has both parts in one
    layer as well, `SeparableConv2D`, whose depthwise part has no bias; its kernel is
    (height, width, inputs, 1) and becomes (inputs, 1, height, width) in PyTorch.

    Args:
        num_features: channels of the image.
        num_channels: channels inside.
        num_outputs: number of classes.

    Call:
        x: float, (batch, height, width, num_features).
        returns: float, (batch, num_outputs), scores before a softmax.

    Raises:
        ValueError: if x is not of that shape.

    Source: Howard et al. 2017, arXiv:1704.04861, section 3.1; the padding,
        https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2.
    """

    def __init__(self, num_features: int, num_channels: int, num_outputs: int):
        super().__init__()
        self.num_features = num_features
        self.conv = nn.Conv2d(num_features, num_channels, 3, stride=2)
        self.depthwise = nn.Conv2d(
            num_channels, num_channels, 3, 2, groups=num_channels, bias=False
        )
        self.pointwise = nn.Conv2d(num_channels, num_channels, 1)
        self.head = nn.Linear(num_channels, num_outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if len(x.shape) != 4 or 0 in x.shape[1:] or x.shape[3] != self.num_features:
            raise ValueError(
                f"SeparableBlock expects x of shape (batch, height, width, "
                f"features = {self.num_features}), got {tuple(x.shape)}"
            )
        x = x.permute(0, 3, 1, 2)  # (batch, num_features, height, width)
        h = relu6(self.conv(_same(x, 3, 2)))
        h = relu6(self.pointwise(self.depthwise(_same(h, 3, 2))))
        return self.head(h.mean((2, 3)))  # (batch, num_outputs)


def _same(x: torch.Tensor, window: int, stride: int) -> torch.Tensor:
    """Put the zeros around an image that Keras's `same` puts there.

    Args:
        x: (batch, channels, height, width).
        window: pixels of the kernel along each axis.
        stride: pixels from one window to the next.
    """
    around = []
    for size in (x.shape[3], x.shape[2]):  # `pad` takes the last axis first
        windows = -(-size // stride)
        zeros = max((windows - 1) * stride + window - size, 0)
        around += [zeros // 2, zeros - zeros // 2]
    return pad(x, around)
