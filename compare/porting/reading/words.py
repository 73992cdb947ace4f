"""Old words of Keras for what Keras 3 says otherwise: a table, a reason in each row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

ANY = ""  # in the place of a class: every class that has the option


@dataclass(frozen=True)
class Class:
    """A class that Keras 3 has by another name.

    Args:
        new: its name.
        reason: where the old one comes from.
        settings: what the old one always did, and the new one is to be told.
    """

    new: str
    reason: str
    settings: tuple[tuple[str, Any], ...] = ()


_BY_KERAS_1 = "Keras 1 called it so"
_CUDNN = (
    "Keras 2 had a class of its own for CuDNN, which knows no other gates than sigmoid "
    "and tanh"
)
_GATES = (("activation", "tanh"), ("recurrent_activation", "sigmoid"))

CLASSES: dict[str, Class] = {
    "Convolution1D": Class("Conv1D", _BY_KERAS_1),
    "Convolution2D": Class("Conv2D", _BY_KERAS_1),
    "Convolution3D": Class("Conv3D", _BY_KERAS_1),
    "AtrousConvolution1D": Class("Conv1D", _BY_KERAS_1),
    "AtrousConvolution2D": Class("Conv2D", _BY_KERAS_1),
    "AtrousConv1D": Class("Conv1D", _BY_KERAS_1),
    "AtrousConv2D": Class("Conv2D", _BY_KERAS_1),
    "Deconvolution2D": Class("Conv2DTranspose", _BY_KERAS_1),
    "Deconvolution3D": Class("Conv3DTranspose", "Keras 2.0 called it so"),
    "SeparableConvolution2D": Class("SeparableConv2D", _BY_KERAS_1),
    "CuDNNLSTM": Class("LSTM", _CUDNN, _GATES),
    "CuDNNGRU": Class("GRU", _CUDNN, (*_GATES, ("reset_after", True))),
    "UnifiedLSTM": Class("LSTM", "TensorFlow 1.13 called it so"),
    "UnifiedGRU": Class("GRU", "TensorFlow 1.13 called it so"),
    "BatchNormalizationV1": Class("BatchNormalization", "TensorFlow 1 called it so"),
    "BatchNormalizationV2": Class("BatchNormalization", "TensorFlow 1 called it so"),
    "SyncBatchNormalization": Class(
        "BatchNormalization", "over several devices, which matters in training only"
    ),
    "ThresholdedReLU": Class("ReLU", "Keras 3 has it as an option of ReLU"),
    "GroupedQueryAttention": Class("GroupQueryAttention", "Keras's code calls it so"),
    "InputLayerV1": Class("InputLayer", "TensorFlow 1 called it so"),
}


# Classes that tf.keras alone had until version 2.4, of which there is no other. Beside
# the Keras of before, users wrote their own by these names, which compute other things.
IN_TENSORFLOW_ALONE = (2, 4)
SINCE_TENSORFLOW = (
    "AdditiveAttention",
    "Attention",
    "CategoryEncoding",
    "CenterCrop",
    "Conv1DTranspose",
    "ConvLSTM1D",
    "ConvLSTM3D",
    "DepthwiseConv1D",
    "Discretization",
    "EinsumDense",
    "GroupNormalization",
    "GroupQueryAttention",
    "Identity",
    "LayerNormalization",
    "MultiHeadAttention",
    "Normalization",
    "RMSNormalization",
    "Rescaling",
    "Resizing",
    "UnitNormalization",
)
# A setting that Keras always writes for a class; without it the class is another one.
ALWAYS_SAID = {
    "AdditiveAttention": "use_scale",
    "Attention": "use_scale",
    "GroupNormalization": "groups",
    "LayerNormalization": "epsilon",
    "MultiHeadAttention": "num_heads",
    "RMSNormalization": "epsilon",
}


@dataclass(frozen=True)
class Word:
    """An option that Keras 3 calls otherwise.

    Args:
        old: its name.
        new: its name in Keras 3.
        reason: who called it so, and until when.
        classes: of Keras 3 that the row is for; none for all but `others`.
        others: classes that mean something else by the old name.
    """

    old: str
    new: str
    reason: str
    classes: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    def is_for(self, cls: str) -> bool:
        """Whether the row is for a class of Keras 3."""
        return cls not in self.others and (not self.classes or cls in self.classes)


_KERAS_1 = "Keras 1"
_DROPOUTS = (
    "Dropout",
    "AlphaDropout",
    "GaussianDropout",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
)
_POOLING_1D = ("MaxPooling1D", "AveragePooling1D")

WORDS: tuple[Word, ...] = (
    Word("output_dim", "units", _KERAS_1, others=("Embedding",)),
    Word("inner_activation", "recurrent_activation", _KERAS_1),
    Word("dropout_W", "dropout", _KERAS_1),
    Word("dropout_U", "recurrent_dropout", _KERAS_1),
    Word("bias", "use_bias", _KERAS_1),
    Word("nb_filter", "filters", _KERAS_1),
    Word("filter_length", "kernel_size", _KERAS_1),
    Word("border_mode", "padding", _KERAS_1),
    Word("subsample", "strides", _KERAS_1),
    Word("subsample_length", "strides", _KERAS_1),
    Word("atrous_rate", "dilation_rate", _KERAS_1),
    Word("dim_ordering", "data_format", _KERAS_1),
    Word("pool_length", "pool_size", _KERAS_1, _POOLING_1D),
    Word("stride", "strides", _KERAS_1, _POOLING_1D),
    Word("length", "size", _KERAS_1, ("UpSampling1D",)),
    Word("p", "rate", _KERAS_1, _DROPOUTS),
    Word("sigma", "stddev", _KERAS_1, ("GaussianNoise",)),
    Word("alpha", "negative_slope", "until Keras 2", ("LeakyReLU",)),
    Word("theta", "threshold", "ThresholdedReLU's, until Keras 2", ("ReLU",)),
    Word("cropping_dims", "cropping", _KERAS_1, ("Cropping1D",)),
)


@dataclass(frozen=True)
class Meant:
    """What an option meant that a configuration of Keras 1 or 2 leaves out.

    Args:
        cls: of Keras 3.
        option: its name.
        value: that was meant, where Keras 3 means another one.
        before: the first version that meant what Keras 3 means; () for none of 1 or 2.
        reason: for the note.
    """

    cls: str
    option: str
    value: Any
    before: tuple[int, ...]
    reason: str


_GATE = "Keras before 2.3 meant the hard sigmoid 0.2 x + 0.5 by it"
_GATED = ("LSTM", "GRU", "LSTMCell", "GRUCell")

MEANT: tuple[Meant, ...] = (
    *(Meant(c, "recurrent_activation", "hard_sigmoid", (2, 3), _GATE) for c in _GATED),
    *(
        Meant(c, "recurrent_activation", "hard_sigmoid", (), "Keras 2 meant this by it")
        for c in ("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
    ),
    *(
        Meant(c, "reset_after", False, (), "saved before reset_after existed")
        for c in ("GRU", "GRUCell")
    ),
    # Keras 3 left the axis of softmax at the last one, as ever; these it changed.
    Meant("LeakyReLU", "negative_slope", 0.3, (), "what Keras 2 meant by it"),
    Meant("ReLU", "threshold", 0.0, (), "what Keras 2 meant by it"),
)

# What an argument of Keras 1 and 2 says, and a port need not know.
NEEDLESS = frozenset(
    {
        "name",
        "trainable",
        "dtype",
        "build_config",
        "batch_input_shape",
        "batch_shape",
        "input_shape",
        "input_dtype",
        "input_dim",
        "input_length",
        "implementation",
        "consume_less",
        "unroll",
        "use_cudnn",
        "unit_forget_bias",
        "forget_bias_init",
        "init",
        "inner_init",
        "weights",
        "seed",
        "autocast",
        "synchronized",
        "fused",
        "virtual_batch_size",
        "adjustment",
        "renorm",
        "renorm_clipping",
        "renorm_momentum",
        "sparse",
        "ragged",
        "optional",
        "flash_attention",
        "lora_rank",
        "lora_alpha",
        "quantization_config",
        "gptq_unpacked_column_size",
        "num_constants",
        "mode",
        "time_major",
        "input_spec",
        "dynamic",
        "experimental_autocast",
        "antialias",
        "crop_to_aspect_ratio",
        "pad_to_aspect_ratio",
        "fill_mode",
        "fill_value",
        "return_attention_scores",
        "query_shape",
        "key_shape",
        "value_shape",
        "supports_masking",
        "shared_object_id",
    }
)

# What the name of an argument ends with that says how weights begin, or are trained.
OF_TRAINING = ("_regularizer", "_constraint")
OF_BEGINNING = ("_initializer", "_init")
# An argument that must have no other value than one of these.
HARMLESS: dict[str, tuple[Any, ...]] = {
    "groups": (1, None),
    "data_format": ("channels_last", None),
    "time_major": (False, None),
    "sparse": (False, None),
    "ragged": (False, None),
    "renorm": (False, None),
    "virtual_batch_size": (None,),
    "mode": (0, None),
    "lora_rank": (None,),
    "quantization_config": (None,),
    "antialias": (False, None),
    "crop_to_aspect_ratio": (False, None),
    "pad_to_aspect_ratio": (False, None),
}

DATA_FORMATS = {"tf": "channels_last", "th": "channels_first", "default": None}
FUNCTIONS = {  # activations that TensorFlow or Keras 3 itself calls otherwise
    "swish": "silu",
    "hard_swish": "hard_silu",
    "softmax_v2": "softmax",
    "log_softmax_v2": "log_softmax",
    "relu_v2": "relu",
    "silu_v2": "silu",
    "gelu_v2": "gelu",
}
