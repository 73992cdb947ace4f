"""The layers of Keras 3, and which of their arguments a port takes over.

Initializers, regularizers, constraints and seeds are not among them: they say nothing
of what a trained model computes.
"""

from __future__ import annotations

from compare.kinds import reshaping_source

Arguments = tuple[str, ...]

_CELL: Arguments = ("units", "activation", "use_bias", "dropout", "recurrent_dropout")
_GATES: Arguments = ("recurrent_activation",)
_LSTM: Arguments = (*_CELL, *_GATES)
_GRU: Arguments = (*_CELL, *_GATES, "reset_after")
_SEQUENCE: Arguments = (
    "return_sequences",
    "return_state",
    "go_backwards",
    "stateful",
    "zero_output_for_mask",
)
_CONVOLUTION: Arguments = (
    "filters",
    "kernel_size",
    "strides",
    "padding",
    "data_format",
    "dilation_rate",
    "activation",
    "use_bias",
)
_CONV: Arguments = (*_CONVOLUTION, "groups")
_TRANSPOSED: Arguments = (*_CONVOLUTION, "output_padding")
_SEPARABLE: Arguments = (*_CONVOLUTION, "depth_multiplier")
_DEPTHWISE: Arguments = (*_CONVOLUTION[1:], "depth_multiplier")
_CONV_LSTM: Arguments = (
    *_CONVOLUTION,
    *_GATES,
    "dropout",
    "recurrent_dropout",
    *_SEQUENCE,
)
_POOLING: Arguments = ("pool_size", "strides", "padding", "data_format")
_GLOBAL: Arguments = ("data_format", "keepdims")
_ADAPTIVE: Arguments = ("output_size", "data_format")
_SCALED: Arguments = ("epsilon", "center", "scale")
_SPACED: Arguments = ("rate", "data_format")

LAYERS: dict[str, Arguments] = {
    "InputLayer": ("shape", "batch_size", "dtype"),
    "Dense": ("units", "activation", "use_bias"),
    "EinsumDense": ("equation", "output_shape", "activation", "bias_axes"),
    "Embedding": ("input_dim", "output_dim", "mask_zero"),
    "LSTM": (*_LSTM, *_SEQUENCE),
    "GRU": (*_GRU, *_SEQUENCE),
    "SimpleRNN": (*_CELL, *_SEQUENCE),
    "LSTMCell": _LSTM,
    "GRUCell": _GRU,
    "SimpleRNNCell": _CELL,
    "StackedRNNCells": (),
    "RNN": _SEQUENCE,
    "Bidirectional": ("merge_mode",),
    "TimeDistributed": (),
    "Masking": ("mask_value",),
    "Activation": ("activation",),
    "ReLU": ("max_value", "negative_slope", "threshold"),
    "LeakyReLU": ("negative_slope",),
    "ELU": ("alpha",),
    "PReLU": ("shared_axes",),
    "Softmax": ("axis",),
    "Dropout": ("rate", "noise_shape"),
    "AlphaDropout": ("rate", "noise_shape"),
    "GaussianDropout": ("rate",),
    "GaussianNoise": ("stddev",),
    "SpatialDropout1D": ("rate",),
    "SpatialDropout2D": _SPACED,
    "SpatialDropout3D": _SPACED,
    "ActivityRegularization": ("l1", "l2"),
    "Flatten": ("data_format",),
    "Reshape": ("target_shape",),
    "Permute": ("dims",),
    "RepeatVector": ("n",),
    "Identity": (),
    "Rescaling": ("scale", "offset"),
    "Normalization": ("axis", "mean", "variance", "invert"),
    "CategoryEncoding": ("num_tokens", "output_mode"),
    "Discretization": ("bin_boundaries", "num_bins", "output_mode"),
    "CenterCrop": ("height", "width", "data_format"),
    "Resizing": ("height", "width", "interpolation", "data_format"),
    "UpSampling1D": ("size",),
    "UpSampling2D": ("size", "data_format", "interpolation"),
    "UpSampling3D": ("size", "data_format"),
    "Add": (),
    "Subtract": (),
    "Multiply": (),
    "Average": (),
    "Maximum": (),
    "Minimum": (),
    "Concatenate": ("axis",),
    "Dot": ("axes", "normalize"),
    "Attention": ("use_scale", "score_mode", "dropout"),
    "AdditiveAttention": ("use_scale", "dropout"),
    "MultiHeadAttention": (
        "num_heads",
        "key_dim",
        "value_dim",
        "dropout",
        "use_bias",
        "output_shape",
        "attention_axes",
        "use_gate",
    ),
    "GroupQueryAttention": (
        "head_dim",
        "num_query_heads",
        "num_key_value_heads",
        "dropout",
        "use_bias",
        "use_gate",
    ),
    "BatchNormalization": ("axis", "momentum", *_SCALED),
    "LayerNormalization": ("axis", *_SCALED),
    "GroupNormalization": ("groups", "axis", *_SCALED),
    "RMSNormalization": ("axis", "epsilon"),
    "UnitNormalization": ("axis",),
    "Conv1D": _CONV,
    "Conv2D": _CONV,
    "Conv3D": _CONV,
    "Conv1DTranspose": _TRANSPOSED,
    "Conv2DTranspose": _TRANSPOSED,
    "Conv3DTranspose": _TRANSPOSED,
    "SeparableConv1D": _SEPARABLE,
    "SeparableConv2D": _SEPARABLE,
    "DepthwiseConv1D": _DEPTHWISE,
    "DepthwiseConv2D": _DEPTHWISE,
    "ConvLSTM1D": _CONV_LSTM,
    "ConvLSTM2D": _CONV_LSTM,
    "ConvLSTM3D": _CONV_LSTM,
    "GlobalAveragePooling1D": _GLOBAL,
    "GlobalAveragePooling2D": _GLOBAL,
    "GlobalAveragePooling3D": _GLOBAL,
    "GlobalMaxPooling1D": _GLOBAL,
    "GlobalMaxPooling2D": _GLOBAL,
    "GlobalMaxPooling3D": _GLOBAL,
    "AveragePooling1D": _POOLING,
    "AveragePooling2D": _POOLING,
    "AveragePooling3D": _POOLING,
    "MaxPooling1D": _POOLING,
    "MaxPooling2D": _POOLING,
    "MaxPooling3D": _POOLING,
    "AdaptiveAveragePooling1D": _ADAPTIVE,
    "AdaptiveAveragePooling2D": _ADAPTIVE,
    "AdaptiveAveragePooling3D": _ADAPTIVE,
    "AdaptiveMaxPooling1D": _ADAPTIVE,
    "AdaptiveMaxPooling2D": _ADAPTIVE,
    "AdaptiveMaxPooling3D": _ADAPTIVE,
    "ZeroPadding1D": ("padding", "data_format"),
    "ZeroPadding2D": ("padding", "data_format"),
    "ZeroPadding3D": ("padding", "data_format"),
    "Cropping1D": ("cropping",),
    "Cropping2D": ("cropping", "data_format"),
    "Cropping3D": ("cropping", "data_format"),
}

# Layers whose class has another name in Keras's code, which the paths in files are of.
NAMES_IN_CODE = {"GroupQueryAttention": "GroupedQueryAttention"}

CONV_LSTMS = ("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
RECURRENT = ("LSTM", "GRU", "SimpleRNN", "RNN", *CONV_LSTMS)
CELLS = ("LSTMCell", "GRUCell", "SimpleRNNCell")

# Layers that do nothing but in training; what they make then is a port's no business.
AUGMENTING = (*reshaping_source.AUGMENTING, "RandomPosterization")

# What Keras 3 has and no port can say: strings, drawings of its own, code of a user's.
OTHER_LAYERS = (
    "AugMix",
    "AutoContrast",
    "ContrastLimitedAdaptiveHistogramEqualization",
    "CutMix",
    "Equalization",
    "FlaxLayer",
    "HashedCrossing",
    "Hashing",
    "IntegerLookup",
    "JaxLayer",
    "Lambda",
    "Layer",
    "MaxNumBoundingBoxes",
    "MelSpectrogram",
    "MixUp",
    "Pipeline",
    "RandAugment",
    "RandomCrop",
    "ReversibleEmbedding",
    "STFTSpectrogram",
    "Solarization",
    "SpectralNormalization",
    "StringLookup",
    "TFSMLayer",
    "TextVectorization",
    "TorchModuleWrapper",
    "Wrapper",
)

ACTIVATIONS = (
    "celu",
    "elu",
    "exponential",
    "gelu",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "tanh",
    "tanh_shrink",
    "threshold",
)
