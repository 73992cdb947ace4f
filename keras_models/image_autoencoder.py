import keras
from keras import layers, ops


class ImageAutoencoder(keras.Model):
    """An image made small by a convolution, and large again by a transposed one.

        h = relu(conv(x), every second pixel),    y = transposed(h, in strides of 2)

    A transposed convolution of 3 pixels in strides of 2 makes 2 n + 1 rows of n. `same`
    of Keras leaves out the last; PyTorch's padding=1 with output_padding=1 leaves out
    the first, so that it is cut off by hand. The kernel is (height, width, outputs,
    inputs) in Keras, the other way round than that of a convolution, and (inputs,
    outputs, height, width) in PyTorch.

    Args:
        num_features: channels of the image.
        num_channels: channels inside.

    Call:
        x: float, (batch, height, width, num_features).
        returns: float, the same with an odd height or width one larger.

    Raises:
        ValueError: if x is not of that shape.

    Source: Zeiler et al. 2010, doi:10.1109/CVPR.2010.5539957; Dumoulin & Visin 2016,
        arXiv:1603.07285, section 4.
    """

    def __init__(self, num_features: int, num_channels: int):
        super().__init__()
        self.num_features = num_features
        self.encoder = layers.Conv2D(num_channels, 2, strides=2, padding="same")
        self.decoder = layers.Conv2DTranspose(
            num_features, 3, strides=2, padding="same"
        )

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        if len(x.shape) != 4 or 0 in x.shape[1:] or x.shape[3] != self.num_features:
            raise ValueError(
                f"ImageAutoencoder expects x of shape (batch, height, width, "
                f"features = {self.num_features}), got {tuple(x.shape)}"
            )
        h = ops.relu(self.encoder(x))
        return self.decoder(h)  # (batch, height, width, num_features)
