import keras
from keras import layers, ops


class ImageClassifier(keras.Model):
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
        self.first = layers.Conv2D(8, 3, padding="same")
        self.second = layers.Conv2D(6, 3, padding="same")
        self.pool = layers.MaxPooling2D(2)
        self.flatten = layers.Flatten()
        self.head = layers.Dense(num_outputs)

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        if len(x.shape) != 4 or x.shape[1:] != self.size:
            raise ValueError(
                f"ImageClassifier expects x of shape (batch, height, width, features) "
                f"= (batch, *{self.size}), got {tuple(x.shape)}"
            )
        h = self.pool(ops.relu(self.first(x)))
        h = self.pool(ops.relu(self.second(h)))
        return self.head(self.flatten(h))  # (batch, num_outputs)
