"""What PyTorch and Keras call one thing, as far as the text of a model tells.

Plain data: `show` needs it, and loads neither NumPy nor a framework. A test compares it
with the kinds of layers, where their names and settings are known in full.
"""

from __future__ import annotations

# Modules whose names are the frameworks' own.
PYTORCH_ROOTS = frozenset({"torch", "torchvision", "torchaudio"})
KERAS_ROOTS = frozenset({"keras", "tensorflow", "tf_keras"})
ROOTS = PYTORCH_ROOTS | KERAS_ROOTS

# Names in PyTorch, in small letters, and what Keras calls the same. Names that are the
# same in small letters (LSTM, Conv2d and Conv2D, relu) need no line.
NAMES = {
    "module": "model",
    "tensor": "kerastensor",
    "parameter": "variable",
    # layers
    "linear": "dense",
    "convtranspose1d": "conv1dtranspose",
    "convtranspose2d": "conv2dtranspose",
    "convtranspose3d": "conv3dtranspose",
    "layernorm": "layernormalization",
    "batchnorm1d": "batchnormalization",
    "batchnorm2d": "batchnormalization",
    "batchnorm3d": "batchnormalization",
    "groupnorm": "groupnormalization",
    "rmsnorm": "rmsnormalization",
    "rnn": "simplernn",
    "rnncell": "simplernncell",
    "maxpool1d": "maxpooling1d",
    "maxpool2d": "maxpooling2d",
    "maxpool3d": "maxpooling3d",
    "avgpool1d": "averagepooling1d",
    "avgpool2d": "averagepooling2d",
    "avgpool3d": "averagepooling3d",
    "adaptivemaxpool1d": "adaptivemaxpooling1d",
    "adaptivemaxpool2d": "adaptivemaxpooling2d",
    "adaptivemaxpool3d": "adaptivemaxpooling3d",
    "adaptiveavgpool1d": "adaptiveaveragepooling1d",
    "adaptiveavgpool2d": "adaptiveaveragepooling2d",
    "adaptiveavgpool3d": "adaptiveaveragepooling3d",
    "dropout1d": "spatialdropout1d",
    "dropout2d": "spatialdropout2d",
    "dropout3d": "spatialdropout3d",
    "zeropad1d": "zeropadding1d",
    "zeropad2d": "zeropadding2d",
    "zeropad3d": "zeropadding3d",
    "unflatten": "reshape",
    "hardswish": "hard_silu",
    "hardsigmoid": "hard_sigmoid",
    "logsigmoid": "log_sigmoid",
    "logsoftmax": "log_softmax",
    "tanhshrink": "tanh_shrink",
    # functions
    "cat": "concatenate",
    "permute": "transpose",
    "transpose": "swapaxes",
    "unsqueeze": "expand_dims",
    "clamp": "clip",
    "mul": "multiply",
    "sub": "subtract",
    "div": "divide",
}

# Keras's names for what another line of NAMES stands for already.
ALSO_IN_KERAS = {"layer": "model", "functional": "model"}

# Names of methods and arguments of either framework, as Keras has them, and those of a
# pair file. Settings count where a call gives them a value, as in `eps=1e-5`.
METHODS = {"forward": "call", "torch_model": "keras_model"}
SETTINGS = {
    "dim": "axis",
    "eps": "epsilon",
    "bias": "use_bias",
    "p": "rate",
    "stride": "strides",
    "dilation": "dilation_rate",
    "hidden_size": "units",
    "out_features": "units",
    "out_channels": "filters",
    "num_embeddings": "input_dim",
    "embedding_dim": "output_dim",
    "num_groups": "groups",
    "scale_factor": "size",
    "nonlinearity": "activation",
    "mode": "interpolation",
    "unflattened_size": "target_shape",
    "keepdim": "keepdims",
}

# Layers of PyTorch whose first argument is the size of what they read. Keras finds that
# out by itself.
READ_SIZE_FIRST = frozenset(
    {
        "linear",
        "conv1d",
        "conv2d",
        "conv3d",
        "convtranspose1d",
        "convtranspose2d",
        "convtranspose3d",
        "batchnorm1d",
        "batchnorm2d",
        "batchnorm3d",
        "layernorm",
        "rmsnorm",
        "lstm",
        "gru",
        "rnn",
        "lstmcell",
        "grucell",
        "rnncell",
    }
)

# Layers of PyTorch that read (time, batch, ...), unless they are told `batch_first`.
TIME_FIRST = frozenset({"lstm", "gru", "rnn", "multiheadattention"})

# What one framework has to be told and the other does by itself.
SAID_BY_ONE = frozenset(
    {("batch_first", "True"), ("return_sequences", "True"), ("inplace", "True")}
)

# Decorators that name a class for saved files, and change nothing else.
REGISTERED = "register_keras_serializable"
