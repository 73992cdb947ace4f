import torch
from torch import nn


class ImageClassifier(nn.Module):
    """A classifier of images: two convolutions with pools, flattened.

        h = pool(relu(conv(pool(relu(conv(x)))))),    y = W h + b

    Keras has the channels of an image last, PyTorch first. What is flattened stands in
    that order too, so that PyTorch puts the channels last again before it flattens:
    otherwise W would read other pixels, with every shape as it should be.

    Args:
        num_features: channels of the image.
        height: rows of the image; the dense layer reads all of them.
        width: pixels of a row.
        num_outputs: number of classes.

    Call:
        x: float, (batch, height, width, num_features).
        returns: float, (batch, num_outputs), scores before a softmax.

    Raises:
        ValueError: if height is None, or x is not of that shape.

    Source: LeCun et al. 1998, doi:10.1109/5.726791, section II.
    """

    def __init__(
        self, num_features: int, height: int | None, width: int, num_outputs: int
    ):
        super().__init__()
        if height is None:
            raise ValueError(
                "ImageClassifier needs a fixed height, because its dense layer reads "
                f"all rows; got height = {height}"
            )
        self.size = (height, width, num_features)
        self.first = nn.Conv2d(num_features, 8, 3, padding="same")
        self.second = nn.Conv2d(8, 6, 3, padding="same")
        self.pool = nn.MaxPool2d(2)
        self.flatten = nn.Flatten()
        self.head = nn.Linear(6 * (height // 4) * (width // 4), num_outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if len(x.shape) != 4 or x.shape[1:] != self.size:
            raise ValueError(
                f"ImageClassifier expects x of shape (batch, height, width, features) "
                f"= (batch, *{self.size}), got {tuple(x.shape)}"
            )
        x = x.permute(0, 3, 1, 2)  # (batch, num_features, height, width)
        h = self.pool(torch.relu(self.first(x)))
        h = self.pool(torch.relu(self.second(h)))
        h = h.permute(0, 2, 3, 1)  # (batch, height / 4, width / 4, 6), as in Keras
        return self.head(self.flatten(h))  # (batch, num_outputs)
