"""Edits of `models/ocr.py`."""

from edit import Edit

COLUMNS = ("cnn", "squash", "norm", "max_pool", "permute", "reshape")

EDITS = (
    Edit(
        "torch",
        "x = x.permute(0, 3, 2, 1).reshape(b, w, h * c)",
        "x = x.permute(0, 3, 1, 2).reshape(b, w, h * c)",
        cause=("order", "channels", "permute", "transpose", "axes"),
        place=COLUMNS,
    ),
    Edit(
        "torch",
        "x = x.permute(0, 3, 2, 1).reshape(b, w, h * c)",
        "x = x.reshape(b, w, h * c)",
        cause=("permute", "reshape", "transpos"),
        place=COLUMNS,
    ),
    Edit(
        "torch",
        "nn.MaxPool2d((2, 1)),",
        "nn.AvgPool2d((2, 1)),",
        cause=("avgpool2d maxpooling2d",),
        place=("cnn", "max_pool"),
    ),
    Edit(
        "torch",
        "            nn.BatchNorm2d(6),\n"
        "            nn.ReLU(),\n"
        "            nn.MaxPool2d((2, 1)),",
        "            nn.BatchNorm2d(6),\n"
        "            nn.MaxPool2d((2, 1)),\n"
        "            nn.Tanh(),",
        cause=("relu tanh",),
        place=("cnn", "norm", "re_lu", "max_pool"),
    ),
    Edit(
        "torch",
        "x = torch.relu(self.squash(x))",
        "x = self.squash(x)",
        cause=("relu",),
        place=("squash",),
        lines=('x = layers.Dense(8, activation="relu", name="squash")(x)',),
    ),
    Edit(
        "torch",
        "        x, _ = self.lstm2(x)\n",
        "        x = x + self.lstm2(x)[0]\n",
        cause=("adds", "residual", "`+`", "sum"),
        place=("lstm2", "lstm1"),
    ),
    Edit(
        "torch",
        "return torch.log_softmax(self.out(x), dim=-1)",
        "return torch.log_softmax(self.out(x), dim=1)",
        cause=("softmax",),
        place=("out",),
        lines=("return keras.Model(image, keras.ops.log_softmax(x, axis=-1))",),
    ),
    Edit(
        "torch",
        "return torch.log_softmax(self.out(x), dim=-1)",
        "return torch.log_softmax(self.out(x), dim=-1).transpose(0, 1)",
        cause=("batch steps",),
        place=("out",),
        lines=("return keras.Model(image, keras.ops.log_softmax(x, axis=-1))",),
    ),
    Edit(
        "keras",
        "x = layers.Permute((2, 1, 3))(x)\n",
        "x = layers.Permute((2, 3, 1))(x)\n",
        cause=("order", "channels", "permute", "transpose", "axes"),
        place=COLUMNS,
        lines=("x = x.permute(0, 3, 2, 1).reshape(b, w, h * c)",),
    ),
    Edit(
        "keras",
        "    x = layers.Permute((2, 1, 3))(x)\n",
        "",
        cause=("permute", "height width", "transpose"),
        place=COLUMNS,
        lines=("x = x.permute(0, 3, 2, 1).reshape(b, w, h * c)",),
    ),
    Edit(
        "keras",
        'merge_mode="concat"',
        'merge_mode="concat", backward_layer=layers.LSTM(5, return_sequences=True, '
        "go_backwards=True, recurrent_activation='hard_sigmoid')",
        cause=("hard",),
        place=("lstm1", "lstm2"),
    ),
    Edit(
        "keras",
        "lstm = layers.LSTM(5, return_sequences=True)",
        'lstm = layers.LSTM(5, return_sequences=True, activation="relu")',
        cause=("relu",),
        place=("lstm1", "lstm2"),
    ),
    Edit(
        "keras",
        "x = layers.MaxPooling2D(2)(x)",
        'x = layers.MaxPooling2D(3, strides=2, padding="same")(x)',
        cause=("size 2 3",),
        place=("cnn", "conv1", "max_pool"),
        lines=("nn.MaxPool2d(2),",),
    ),
    Edit(
        "keras",
        "    x = layers.ReLU()(x)\n",
        "    x = layers.LeakyReLU()(x)\n",
        cause=("relu leaky", "relu slope"),
        place=("norm", "cnn", "re_lu", "leaky"),
    ),
    Edit(
        "keras",
        '    x = layers.BatchNormalization(epsilon=1e-5, name="norm")(x)\n'
        "    x = layers.ReLU()(x)\n",
        "    x = layers.ReLU()(x)\n"
        '    x = layers.BatchNormalization(epsilon=1e-5, name="norm")(x)\n',
        cause=("relu before", "order", "relu norm"),
        place=("norm", "cnn", "conv2", "re_lu"),
        lines=("            nn.BatchNorm2d(6),",),
    ),
    Edit(
        "transfer",
        'for suffix in ("", "_reverse"):',
        'for suffix in ("", ""):',
        cause=("direction", "forward", "backward"),
        place=("lstm1", "lstm2"),
    ),
    Edit(
        "transfer",
        '            bias = bias + array(getattr(lstm, f"bias_hh_l0{suffix}"))\n',
        "",
        cause=("bias",),
        place=("lstm1", "lstm2"),
    ),
    Edit(
        "transfer",
        "            array(norm.running_mean),\n            array(norm.running_var),\n",
        "            array(norm.running_mean),\n"
        "            np.sqrt(array(norm.running_var)),\n",
        cause=("variance", "running_var", "root", "deviation"),
        place=("norm", "cnn.4"),
    ),
)
