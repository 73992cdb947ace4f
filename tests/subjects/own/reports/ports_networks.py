"""Ports of convolutional networks, written as the people who asked wrote them."""

import keras
import numpy as np
import tensorflow as tf
import torch
import torch.nn.functional as F
from keras import layers
from reported import Make, Port, Report, carried, drawn, put
from torch import Tensor, nn

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
CAFFE = (103.939, 116.779, 123.68)


def lenet(right: bool) -> Port:
    """The rows of the first dense kernel are put in PyTorch's order, or nearly."""

    class LeNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(1, 6, 3)
            self.fc1 = nn.Linear(6 * 5 * 4, 16)
            self.fc2 = nn.Linear(16, 4)

        def forward(self, x: Tensor) -> Tensor:
            x = F.max_pool2d(F.relu(self.conv1(x)), 2)
            x = x.view(-1, self.fc1.in_features)
            return F.softmax(self.fc2(F.relu(self.fc1(x))), dim=1)

    model = keras.Sequential(
        [
            keras.Input((12, 10, 1)),
            layers.Conv2D(6, (3, 3), activation="relu", name="conv1"),
            layers.MaxPooling2D((2, 2)),
            layers.Flatten(),
            layers.Dense(16, activation="relu", name="fc1"),
            layers.Dense(4, activation="softmax", name="fc2"),
        ]
    )
    port = carried(LeNet(), model, drawn(5, 12, 10, 1))
    kernel = model.get_layer("fc1").get_weights()[0].reshape(5, 4, 6, 16)
    axes = (3, 2, 0, 1) if right else (3, 2, 1, 0)
    put(port.torch_model.fc1.weight, kernel.transpose(axes).reshape(16, 120))
    return port


def vgg_preprocessing(right: bool) -> Port:
    """Caffe's means are subtracted, from an image whose channels are not reversed."""

    class VGG(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("mean", torch.tensor(CAFFE).view(1, 3, 1, 1))
            self.block1_conv1 = nn.Conv2d(3, 4, 3, padding=1)
            self.block1_conv2 = nn.Conv2d(4, 4, 3, padding=1)
            self.predictions = nn.Linear(4, 3)

        def forward(self, x: Tensor) -> Tensor:
            if right:
                x = x[:, [2, 1, 0]]
            x = x - self.mean
            x = F.relu(self.block1_conv1(x))
            x = F.max_pool2d(F.relu(self.block1_conv2(x)), 2)
            return self.predictions(x.mean(dim=(2, 3)))

    inputs = keras.Input((8, 10, 3))
    x = inputs[..., ::-1] - np.array(CAFFE, "float32")
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="block1_conv1")(x)
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="block1_conv2")(x)
    x = layers.MaxPooling2D()(x)
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, layers.Dense(3, name="predictions")(x))
    images = np.random.default_rng(0).uniform(0, 255, (3, 8, 10, 3)).astype("float32")
    return carried(VGG(), model, images)


def resnet_shortcut(right: bool) -> Port:
    """The projection of a shortcut has a batch norm in Keras."""

    class BasicBlock(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(3, 6, 3, padding=1, bias=False)
            self.bn1 = nn.BatchNorm2d(6, eps=1e-3)
            self.conv2 = nn.Conv2d(6, 6, 3, padding=1, bias=False)
            self.bn2 = nn.BatchNorm2d(6, eps=1e-3)
            self.shortcut_conv = nn.Conv2d(3, 6, 1, bias=False)
            self.shortcut_bn = nn.BatchNorm2d(6, eps=1e-3)
            self.fc = nn.Linear(6, 2)

        def forward(self, x: Tensor) -> Tensor:
            identity = self.shortcut_conv(x)
            if right:
                identity = self.shortcut_bn(identity)
            out = F.relu(self.bn1(self.conv1(x)))
            out = self.bn2(self.conv2(out))
            out = F.relu(out + identity)
            return self.fc(F.adaptive_avg_pool2d(out, 1).flatten(1))

    inputs = keras.Input((9, 8, 3))
    identity = layers.Conv2D(6, 1, use_bias=False, name="shortcut_conv")(inputs)
    identity = layers.BatchNormalization(name="shortcut_bn")(identity)
    x = layers.Conv2D(6, 3, padding="same", use_bias=False, name="conv1")(inputs)
    x = layers.ReLU()(layers.BatchNormalization(name="bn1")(x))
    x = layers.Conv2D(6, 3, padding="same", use_bias=False, name="conv2")(x)
    x = layers.BatchNormalization(name="bn2")(x)
    x = layers.ReLU()(layers.Add()([x, identity]))
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, layers.Dense(2, name="fc")(x))
    return carried(BasicBlock(), model, drawn(3, 9, 8, 3))


def mobilenet_v3(right: bool) -> Port:
    """Keras writes hard swish by a ReLU of 6, and the port has swish."""

    class Stem(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.features = nn.Sequential(
                nn.Conv2d(3, 8, 3, bias=False),
                nn.BatchNorm2d(8, eps=0.001),
                nn.Hardswish() if right else nn.SiLU(),
            )
            self.classifier = nn.Linear(8, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.classifier(self.features(x).mean((2, 3)))

    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(8, 3, use_bias=False, name="features_0")(inputs)
    x = layers.BatchNormalization(epsilon=0.001, name="features_1")(x)
    x = layers.Multiply()([x, layers.ReLU(6.0)(x + 3.0) * (1.0 / 6.0)])
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, layers.Dense(3, name="classifier")(x))
    return carried(Stem(), model, drawn(3, 8, 8, 3))


def efficientnet_input(right: bool) -> Port:
    """Normalization takes variances, and the port divides by them as well."""

    class EfficientNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem_conv = nn.Conv2d(3, 4, 3, stride=2)
            self.top = nn.Linear(4, 3)

        def forward(self, x: Tensor) -> Tensor:
            mean = torch.tensor(MEAN).to(x).view(1, 3, 1, 1)
            std = torch.tensor(STD).to(x).view(1, 3, 1, 1)
            x = (x / 255.0 - mean) / (std if right else std**2)
            return self.top(F.silu(self.stem_conv(x)).mean((2, 3)))

    variance = [value**2 for value in STD]
    model = keras.Sequential(
        [
            keras.Input((9, 9, 3)),
            layers.Rescaling(1.0 / 255.0),
            layers.Normalization(mean=list(MEAN), variance=variance),
            layers.Conv2D(4, 3, strides=2, activation="swish", name="stem_conv"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, name="top"),
        ]
    )
    images = np.random.default_rng(2).uniform(0, 255, (3, 9, 9, 3)).astype("float32")
    return carried(EfficientNet(), model, images)


def preactivation(right: bool) -> Port:
    """The identity of a block is what comes in, not what its first ReLU returns."""

    class PreActBlock(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem = nn.Conv2d(3, 4, 3, padding=1)
            self.bn1 = nn.BatchNorm2d(4, eps=1.001e-5)
            self.conv1 = nn.Conv2d(4, 4, 3, padding=1)
            self.bn2 = nn.BatchNorm2d(4, eps=1.001e-5)
            self.conv2 = nn.Conv2d(4, 4, 3, padding=1)
            self.fc = nn.Linear(4, 2)

        def forward(self, x: Tensor) -> Tensor:
            x = self.stem(x)
            out = F.relu(self.bn1(x))
            shortcut = x if right else out
            out = self.conv2(F.relu(self.bn2(self.conv1(out))))
            return self.fc((out + shortcut).mean((2, 3)))

    inputs = keras.Input((8, 8, 3))
    stem = layers.Conv2D(4, 3, padding="same", name="stem")(inputs)
    x = layers.BatchNormalization(epsilon=1.001e-5, name="bn1")(stem)
    x = layers.Conv2D(4, 3, padding="same", name="conv1")(layers.ReLU()(x))
    x = layers.BatchNormalization(epsilon=1.001e-5, name="bn2")(x)
    x = layers.Conv2D(4, 3, padding="same", name="conv2")(layers.ReLU()(x))
    x = layers.GlobalAveragePooling2D()(layers.Add()([stem, x]))
    model = keras.Model(inputs, layers.Dense(2, name="fc")(x))
    return carried(PreActBlock(), model, drawn(3, 8, 8, 3))


def unet_crop(right: bool) -> Port:
    """The skip connection is cut at all four sides in Keras."""

    class UNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.enc1 = nn.Conv2d(2, 4, 3)
            self.enc2 = nn.Conv2d(4, 6, 3)
            self.dec1 = nn.Conv2d(10, 3, 3)
            self.out = nn.Conv2d(3, 1, 1)

        def forward(self, x: Tensor) -> Tensor:
            e1 = F.relu(self.enc1(x))
            e2 = F.relu(self.enc2(F.max_pool2d(e1, 2)))
            up = F.interpolate(e2, scale_factor=2)
            h, w = up.shape[2:]
            crop = e1[:, :, 2 : 2 + h, 2 : 2 + w] if right else e1[:, :, :h, :w]
            d1 = F.relu(self.dec1(torch.cat([up, crop], dim=1)))
            return torch.sigmoid(self.out(d1))

    inputs = keras.Input((12, 12, 2))
    e1 = layers.Conv2D(4, 3, activation="relu", name="enc1")(inputs)
    e2 = layers.MaxPooling2D()(e1)
    e2 = layers.Conv2D(6, 3, activation="relu", name="enc2")(e2)
    up = layers.UpSampling2D()(e2)
    crop = layers.Cropping2D(((2, 2), (2, 2)))(e1)
    d1 = layers.Concatenate()([up, crop])
    d1 = layers.Conv2D(3, 3, activation="relu", name="dec1")(d1)
    out = layers.Conv2D(1, 1, activation="sigmoid", name="out")(d1)
    return carried(UNet(), keras.Model(inputs, out), drawn(2, 12, 12, 2))


def yolo_head(right: bool) -> Port:
    """Boxes stand in rows after a Reshape, anchors beside one another."""

    class YoloHead(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 8, 3, padding=1)
            self.pred = nn.Conv2d(8, 2 * 7, 1)

        def forward(self, x: Tensor) -> Tensor:
            out = self.pred(F.leaky_relu(self.conv(x), 0.1))
            if right:
                out = out.permute(0, 2, 3, 1)
            return out.reshape(x.shape[0], -1, 7)

    inputs = keras.Input((5, 4, 3))
    x = layers.Conv2D(8, 3, padding="same", name="conv")(inputs)
    x = layers.LeakyReLU(negative_slope=0.1)(x)
    x = layers.Conv2D(2 * 7, 1, name="pred")(x)
    model = keras.Model(inputs, layers.Reshape((-1, 7))(x))
    return carried(YoloHead(), model, drawn(3, 5, 4, 3))


def yolo_reorg(right: bool) -> Port:
    """TensorFlow's space to depth has the channels as the faster axis."""

    class Reorg(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(3, 5, 3, padding=1)
            self.conv2 = nn.Conv2d(20, 4, 1)

        def forward(self, x: Tensor) -> Tensor:
            x = F.pixel_unshuffle(F.relu(self.conv1(x)), 2)
            if right:
                b, c, h, w = x.shape
                x = x.view(b, c // 4, 4, h, w).transpose(1, 2).reshape(b, c, h, w)
            return self.conv2(x).amax(dim=(2, 3))

    inputs = keras.Input((6, 8, 3))
    x = layers.Conv2D(5, 3, padding="same", activation="relu", name="conv1")(inputs)
    x = layers.Lambda(lambda t: tf.nn.space_to_depth(t, 2))(x)
    x = layers.Conv2D(4, 1, name="conv2")(x)
    model = keras.Model(inputs, layers.GlobalMaxPooling2D()(x))
    return carried(Reorg(), model, drawn(3, 6, 8, 3))


def srcnn_clamped(right: bool) -> Port:
    """PyTorch's results are cut to the range of an image, Keras's are not."""

    class SRCNN(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
            self.conv2 = nn.Conv2d(6, 4, 1)
            self.conv3 = nn.Conv2d(4, 1, 3, padding=1)

        def forward(self, x: Tensor) -> Tensor:
            x = torch.relu(self.conv1(x))
            x = torch.relu(self.conv2(x))
            x = self.conv3(x)
            return x if right else torch.clamp(x, 0.0, 1.0)

    model = keras.Sequential(
        [
            keras.Input((8, 9, 1)),
            layers.Conv2D(6, 5, activation="relu", padding="same", name="conv1"),
            layers.Conv2D(4, 1, activation="relu", name="conv2"),
            layers.Conv2D(1, 3, padding="same", name="conv3"),
        ]
    )
    return carried(SRCNN(), model, drawn(2, 8, 9, 1))


def report(name: str, cause: str, answer: str, make: Make) -> Report:
    return Report(name, "networks", "", answer, cause, make)


REPORTS = (
    report("LeNet", "height|width|flatten", "transpose(3, 2, 0, 1)", lenet),
    report(
        "VGG preprocessing",
        "BGR|RGB|revers|flip|channels",
        "Caffe's means are of BGR",
        vgg_preprocessing,
    ),
    report(
        "shortcut without its norm",
        r"shortcut_bn|BatchNorm|batch norm",
        "self.shortcut_bn(identity)",
        resnet_shortcut,
    ),
    report("MobileNetV3", "swish|silu", "F.hardswish", mobilenet_v3),
    report(
        "EfficientNet input",
        "varianc|deviation|root|divid|multipl|factor|scale",
        "divide by the deviation",
        efficientnet_input,
    ),
    report("pre-activation", "before|sum|add|skip", "x, not out", preactivation),
    report("U-Net crop", "crop|slice|cut|rows|pixels", "center crop", unet_crop),
    report(
        "YOLO head", "permut|channels|axes|order|transpos", "permute first", yolo_head
    ),
    report(
        "YOLO reorg",
        "unshuffle|space|depth|order|permut|channels",
        "channels are the faster axis in TensorFlow",
        yolo_reorg,
    ),
    report("SRCNN", r"clamp|clip|cut|between 0", "no clamp", srcnn_clamped),
)
