"""Recurrent layers that PyTorch has not: the classes of a port that have them."""

from __future__ import annotations

from compare.kinds.recurrent_cells import Cell, function_text
from compare.kinds.source import Site, call_text, changed, number_text

# Files of `in_pytorch/ported` with a class for each sort of cell, and its name.
FILES = {
    "LSTM": ("lstm_layer", "LSTMLayer"),
    "GRU": ("gru_layer", "GRULayer"),
    "SimpleRNN": ("rnn_layer", "RNNLayer"),
}
RESET_BEFORE = ("gru_reset_before", "GRUResetBefore")
CONVOLVING = ("conv_lstm_layer", "ConvLSTMLayer")


def written_out(site: Site, cell: Cell) -> str:
    """What makes a layer of a cell that PyTorch has no layer for.

    Args:
        site: where it is called, which gets the file with its class.
        cell: that it is made of.
    """
    file, name = _file_of(cell)
    site.helper(file)
    bias = changed({"bias": cell.has_bias}, {"bias": True})
    text = call_text(name, cell.features, cell.units)
    settings = [f"{key}={number_text(value)}" for key, value in bias.items()]
    axis = -1
    if cell.convolves:
        axis = 1
        settings = [*_window(site, cell), *settings]
    if cell.activation != "tanh":
        settings.append(f"activation={function_text(site, cell.activation, axis)}")
    if cell.gate != "sigmoid":
        settings.append(f"gate={function_text(site, cell.gate, axis)}")
    return f"{', '.join([text[:-1], *settings])})"


def _file_of(cell: Cell) -> tuple[str, str]:
    if cell.convolves:
        return CONVOLVING
    return RESET_BEFORE if cell.resets_before else FILES[cell.keras]


def _window(site: Site, cell: Cell) -> list[str]:
    """The settings of a layer that convolves."""
    kernel = tuple(cell.arrays["kernel"].shape[:-2])
    axes = len(kernel)
    strides = _for_each_axis(cell, "strides", axes)
    dilations = _for_each_axis(cell, "dilation_rate", axes)
    channels_last = cell.config.get("data_format") != "channels_first"
    settings = [repr(kernel)]
    if strides != (1,) * axes:
        settings.append(f"stride={number_text(strides)}")
    if dilations != (1,) * axes:
        settings.append(f"dilation={number_text(dilations)}")
    if cell.config.get("padding", "valid") == "same":
        sizes = site.x.shape[2:-1] if channels_last else site.x.shape[3:]
        padding: list[int] = []
        for size, reach, stride, dilation in zip(
            sizes, kernel, strides, dilations, strict=True
        ):
            assert size is not None, "Keras asks for the sizes of images"
            reach = (reach - 1) * dilation + 1
            steps = max((size - 1) // stride * stride + reach - size, 0)
            padding = [steps // 2, steps - steps // 2, *padding]
        settings.append(f"padding={tuple(padding)}")
    if not channels_last:
        settings.append("channels_last=False")
    return settings


def _for_each_axis(cell: Cell, name: str, axes: int) -> tuple[int, ...]:
    value = cell.config.get(name) or 1
    if isinstance(value, int):
        return (value,) * axes
    return tuple(value)
