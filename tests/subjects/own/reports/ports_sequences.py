"""Ports of recurrent layers and of attentions."""

from collections.abc import Callable

import keras
import numpy as np
import torch
from keras import layers, ops
from reported import Net, Port, Report, chain, drawn, filled, gates_rzn, moved, put
from torch import nn

RNN, HEAD = ("rnn", "rnn"), ("head", "head")
X = drawn(4, 7, 5)
SIZE, HEADS = 6, 2  # of an attention's features, and in how many heads


def last_step(net: Net, x: torch.Tensor) -> torch.Tensor:
    return net.head(net.rnn(x)[0][:, -1])


def recurrent(
    rnn: nn.Module,
    keras_rnn: keras.Layer,
    compute: Callable[[Net, torch.Tensor], torch.Tensor] = last_step,
) -> Port:
    net = Net(compute, rnn=rnn, head=nn.Linear(6, 2))
    model = chain((None, 5), keras_rnn, layers.Dense(2, name="head"))
    return moved(Port(net, model, X), RNN, HEAD)


def lstm() -> Port:
    return recurrent(nn.LSTM(5, 6, batch_first=True), layers.LSTM(6, name="rnn"))


def gru(**settings: object) -> Port:
    rnn = nn.GRU(5, 6, batch_first=True)
    return recurrent(rnn, layers.GRU(6, name="rnn", **settings))


def weights_of(port: Port) -> list[np.ndarray]:
    return port.keras_model.get_layer("rnn").get_weights()


def gates_zrn(right: bool) -> Port:
    port = gru()
    if not right:
        kernel, recurrent_kernel, bias = weights_of(port)
        rnn = port.torch_model.rnn
        put(rnn.weight_ih_l0, kernel.T)
        put(rnn.weight_hh_l0, recurrent_kernel.T)
        put(rnn.bias_ih_l0, bias[0])
        put(rnn.bias_hh_l0, bias[1])
    return port


def kernel_of_gates_reshaped(right: bool) -> Port:
    port = gru()
    if not right:
        kernel = gates_rzn(weights_of(port)[0])
        parts = [gate.reshape(gate.T.shape) for gate in np.split(kernel, 3, 1)]
        put(port.torch_model.rnn.weight_ih_l0, np.concatenate(parts))
    return port


class ResetBefore(nn.GRU):
    """Keras's GRU(reset_after=False): the reset gate times h, then the product."""

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        h = x.new_zeros(len(x), self.hidden_size)
        to_r, to_z, to_n = self.weight_hh_l0.chunk(3)
        outputs = []
        for step in x.unbind(1):
            r, z, n = (step @ self.weight_ih_l0.T + self.bias_ih_l0).chunk(3, 1)
            r, z = torch.sigmoid(r + h @ to_r.T), torch.sigmoid(z + h @ to_z.T)
            h = z * h + (1 - z) * torch.tanh(n + (r * h) @ to_n.T)
            outputs.append(h)
        return torch.stack(outputs, 1), h


def reset_before(right: bool) -> Port:
    settings = {"batch_first": True}
    rnn = ResetBefore(5, 6, **settings) if right else nn.GRU(5, 6, **settings)
    net = Net(last_step, rnn=rnn, head=nn.Linear(6, 2))
    keras_rnn = layers.GRU(6, reset_after=False, name="rnn")
    model = chain((None, 5), keras_rnn, layers.Dense(2, name="head"))
    port = moved(Port(net, model, X), HEAD)
    kernel, recurrent_kernel, bias = (gates_rzn(array) for array in weights_of(port))
    put(rnn.weight_ih_l0, kernel.T)
    put(rnn.weight_hh_l0, recurrent_kernel.T)
    put(rnn.bias_ih_l0, bias)
    put(rnn.bias_hh_l0, np.zeros_like(bias))
    return port


def second_bias_left(right: bool) -> Port:
    port = lstm()
    if not right:
        put(port.torch_model.rnn.bias_hh_l0, weights_of(port)[2])
    return port


def in_another_order(kernel: np.ndarray) -> np.ndarray:
    """Put the gates i, f, g, o as i, g, f, o."""
    i, f, g, o = np.split(kernel, 4, 1)
    return np.concatenate([i, g, f, o], 1)


def gates_ijfo(right: bool) -> Port:
    """TensorFlow 1 has i, j, f, o, and adds 1 to the forget gate."""
    port = lstm()
    if not right:
        rnn = port.torch_model.rnn
        kernel, recurrent_kernel, _ = weights_of(port)
        put(rnn.weight_ih_l0, in_another_order(kernel).T)
        put(rnn.weight_hh_l0, in_another_order(recurrent_kernel).T)
    return port


def forget_bias(right: bool) -> Port:
    port = lstm()
    if not right:
        bias = weights_of(port)[2].copy()
        bias[6:12] += 1
        put(port.torch_model.rnn.bias_ih_l0, bias)
    return port


def time_first(right: bool) -> Port:
    rnn = nn.LSTM(5, 6, batch_first=right)
    return recurrent(rnn, layers.LSTM(6, name="rnn"))


def ends_of_directions(right: bool) -> Port:
    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        output, (h, _) = net.rnn(x)
        end = torch.cat([h[0], h[1]], 1) if right else output[:, -1]
        return net.head(end)

    net = Net(
        compute,
        rnn=nn.LSTM(5, 6, batch_first=True, bidirectional=True),
        head=nn.Linear(12, 2),
    )
    both = layers.Bidirectional(layers.LSTM(6), name="rnn")
    model = chain((None, 5), both, layers.Dense(2, name="head"))
    port = moved(Port(net, model, X), HEAD)
    arrays = weights_of(port)
    for suffix, parts in (("l0", arrays[:3]), ("l0_reverse", arrays[3:])):
        put(getattr(net.rnn, f"weight_ih_{suffix}"), parts[0].T)
        put(getattr(net.rnn, f"weight_hh_{suffix}"), parts[1].T)
        put(getattr(net.rnn, f"bias_ih_{suffix}"), parts[2])
        put(getattr(net.rnn, f"bias_hh_{suffix}"), np.zeros_like(parts[2]))
    return port


def attention(
    compute: Callable[[Net, torch.Tensor], torch.Tensor] | None = None,
    change: Callable[[list[np.ndarray]], list[np.ndarray]] | None = None,
    causal: bool = False,
    batch_first: bool = True,
) -> Port:
    """A self-attention; `change` is done to Keras's arrays before they are moved."""
    net = Net(
        compute or attend,
        attention=nn.MultiheadAttention(SIZE, HEADS, batch_first=batch_first),
    )
    x = keras.Input((7, SIZE))
    layer = layers.MultiHeadAttention(HEADS, SIZE // HEADS, name="attention")
    model = filled(keras.Model(x, layer(x, x, use_causal_mask=causal)))
    port = Port(net, model, drawn(4, 7, SIZE))
    arrays = [np.asarray(array) for array in layer.get_weights()]
    move_attention(net.attention, change(arrays) if change else arrays)
    net.eval()
    return port


def attend(net: Net, x: torch.Tensor) -> torch.Tensor:
    return net.attention(x, x, x, need_weights=False)[0]


def move_attention(target: nn.MultiheadAttention, arrays: list[np.ndarray]) -> None:
    """Move kernels (features, heads, size) and (heads, size, features), and biases."""
    kernels = [kernel.reshape(SIZE, SIZE).T for kernel in arrays[0:6:2]]
    put(target.in_proj_weight, np.concatenate(kernels))
    put(target.in_proj_bias, np.concatenate([bias.ravel() for bias in arrays[1:6:2]]))
    put(target.out_proj.weight, arrays[6].reshape(SIZE, SIZE).T)
    put(target.out_proj.bias, arrays[7])


def heads_interleaved(right: bool) -> Port:
    def by_size_first(arrays: list[np.ndarray]) -> list[np.ndarray]:
        result = list(arrays)
        for number in (0, 2, 4):
            result[number] = arrays[number].transpose(0, 2, 1)
            result[number + 1] = arrays[number + 1].T
        return result

    return attention(change=None if right else by_size_first)


def key_value_exchanged(right: bool) -> Port:
    def exchanged(arrays: list[np.ndarray]) -> list[np.ndarray]:
        query, key, value, output = (arrays[i : i + 2] for i in (0, 2, 4, 6))
        return [*query, *value, *key, *output]

    return attention(change=None if right else exchanged)


def mask_inverted(right: bool) -> Port:
    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        steps = x.shape[1]
        earlier = torch.ones(steps, steps).tril().bool()
        mask = ~earlier if right else earlier  # True is left out in PyTorch
        return net.attention(x, x, x, attn_mask=mask, need_weights=False)[0]

    return attention(compute, causal=True)


def no_causal_mask(right: bool) -> Port:
    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        steps = x.shape[1]
        mask = ~torch.ones(steps, steps).tril().bool() if right else None
        return net.attention(x, x, x, attn_mask=mask, need_weights=False)[0]

    return attention(compute, causal=True)


def batch_as_steps(right: bool) -> Port:
    return attention(batch_first=right)


def scores_unscaled(right: bool) -> Port:
    """An attention of one head by hand."""

    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        q, k, v = net.query(x), net.key(x), net.value(x)
        scores = q @ k.transpose(1, 2)
        scores = scores / q.shape[-1] ** 0.5 if right else scores
        return torch.softmax(scores, -1) @ v

    parts = ("query", "key", "value")
    net = Net(compute, **{name: nn.Linear(5, 6) for name in parts})
    x = keras.Input((7, 5))
    q, k, v = (layers.Dense(6, name=name)(x) for name in parts)
    scores = ops.matmul(q, ops.transpose(k, (0, 2, 1))) / 6**0.5
    model = filled(keras.Model(x, ops.matmul(ops.softmax(scores, -1), v)))
    return moved(Port(net, model, X), *((name, name) for name in parts))


def norm_after(right: bool) -> Port:
    """A feed-forward part whose norm comes before, or after the sum."""

    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        if right:
            return x + net.second(torch.relu(net.first(net.norm(x))))
        return net.norm(x + net.second(torch.relu(net.first(x))))

    net = Net(
        compute, norm=nn.LayerNorm(5), first=nn.Linear(5, 8), second=nn.Linear(8, 5)
    )
    x = keras.Input((7, 5))
    h = layers.LayerNormalization(epsilon=1e-5, name="norm")(x)
    h = layers.Dense(8, activation="relu", name="first")(h)
    h = layers.Dense(5, name="second")(h)
    model = filled(keras.Model(x, layers.Add()([x, h])))
    names = ("norm", "norm"), ("first", "first"), ("second", "second")
    return moved(Port(net, model, X), *names)


GRU_ORDER = "https://github.com/keras-team/keras/issues/8720"
GRU_RESET = (
    "https://discuss.pytorch.org/t/grucell-is-different-in-pytorch-and-tensorflow/6630"
)
GRU_DEFAULT = "https://stackoverflow.com/questions/75163496"
LSTM = "https://stackoverflow.com/questions/48361376"
LSTM_BIAS = (
    "https://discuss.pytorch.org/t/pretrained-keras-lstm-weights-to-pytorch-lstm/110741"
)
FUSED = "https://discuss.pytorch.org/t/implementation-difference-between-tensorflow-v1-lstmblockfusedcell-and-pytorch-lstm/146907"
LOSS = "https://discuss.pytorch.org/t/the-loss-in-pytorch-decreases-slower-than-in-keras/61598"
HEADS_ORDER = "https://github.com/AlexanderLutsenko/nobuco/issues/46"
EINSUM = "https://github.com/keras-team/keras/pull/18488"

RECURRENT = (
    ("gates z, r, n", GRU_DEFAULT, "r, z, n in PyTorch", r"gate", gates_zrn),
    (
        "gates of a GRU reshaped",
        GRU_ORDER,
        "kernels of CuDNN alone",
        r"memory order|transpos|reshap",
        kernel_of_gates_reshaped,
    ),
    (
        "reset gate before the product",
        GRU_RESET,
        "reset_after=True",
        r"reset",
        reset_before,
    ),
    ("bias twice", LSTM_BIAS, "bias_hh is zero", r"bias", second_bias_left),
    ("gates i, j, f, o", FUSED, "i, f, g, o in PyTorch", r"gate", gates_ijfo),
    (
        "forget bias of 1",
        FUSED,
        "it is in the bias already",
        r"forget|bias",
        forget_bias,
    ),
    (
        "batch_first forgotten",
        LOSS,
        "batch_first=True",
        r"batch_first|batch.*(time|step)|time.*first",
        time_first,
    ),
    (
        "last step of two directions",
        LSTM,
        "h_n of each direction",
        r"direction|last step",
        ends_of_directions,
    ),
)
ATTENTION = (
    (
        "heads interleaved",
        HEADS_ORDER,
        "(features, heads, size)",
        r"head",
        heads_interleaved,
    ),
    (
        "key and value exchanged",
        "https://openillumi.com/en/en-fix-pytorch-tensorflow-mha-inconsistency",
        "Keras calls (query, value, key)",
        r"key|value",
        key_value_exchanged,
    ),
    (
        "mask inverted",
        EINSUM,
        "True is left out in PyTorch, looked at in Keras",
        r"mask",
        mask_inverted,
    ),
    ("no causal mask", EINSUM, "use_causal_mask", r"mask|causal", no_causal_mask),
    (
        "batch for steps",
        "https://taourl.com/read-3009755.html",
        "batch_first=True",
        r"batch",
        batch_as_steps,
    ),
    (
        "scores not scaled",
        EINSUM,
        "divide by sqrt(size)",
        r"scale|square root|sqrt|divid|times",
        scores_unscaled,
    ),
    (
        "norm after the sum",
        "https://github.com/mead-ml/mead-baseline/issues/529",
        "norm_first=True",
        r"norm",
        norm_after,
    ),
)

REPORTS = tuple(
    Report(name, group, thread, answer, cause, make)
    for group, rows in (("recurrent", RECURRENT), ("attention", ATTENTION))
    for name, thread, answer, cause, make in rows
)
