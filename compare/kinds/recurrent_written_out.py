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
# Files with what their layers are, which can be given a mask and states as well.
GENERAL_LAYER = "recurrent_layer_general"
GENERAL_CONVOLVING = "conv_lstm_layer_general"


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
        settings = [*_window(cell), *settings]
    if cell.activation != "tanh":
        settings.append(f"activation={function_text(site, cell.activation, axis)}")
    if cell.gate != "sigmoid":
        settings.append(f"gate={function_text(site, cell.gate, axis)}")
    if cell.convolves:
        further = _further_settings(cell)
        settings += further
        if further:
            site.helper(GENERAL_CONVOLVING)
    return f"{', '.join([text[:-1], *settings])})"


def _file_of(cell: Cell) -> tuple[str, str]:
    if cell.convolves:
        return CONVOLVING
    return RESET_BEFORE if cell.resets_before else FILES[cell.keras]


def take_states(site: Site, cell: Cell) -> None:
    """Let the layer of a cell be given states to begin with, and a mask."""
    site.helper(GENERAL_CONVOLVING if cell.convolves else GENERAL_LAYER)


def _window(cell: Cell) -> list[str]:
    """The settings of the window of a layer that convolves."""
    settings = [repr(_kernel_size(cell))]
    if cell.config.get("padding", "valid") == "same":
        settings.append('padding="same"')
    return settings


def _further_settings(cell: Cell) -> list[str]:
    """The settings of a layer that convolves, which most have not."""
    settings = []
    axes = len(_kernel_size(cell))
    for name, keras_name in (("stride", "strides"), ("dilation", "dilation_rate")):
        steps = _for_each_axis(cell, keras_name, axes)
        if steps != (1,) * axes:
            settings.append(f"{name}={steps}")
    if cell.config.get("data_format") == "channels_first":
        settings.append("channels_last=False")
    return settings


def _kernel_size(cell: Cell) -> tuple[int, ...]:
    return tuple(cell.arrays["kernel"].shape[:-2])


def _for_each_axis(cell: Cell, name: str, axes: int) -> tuple[int, ...]:
    value = cell.config.get(name) or 1
    if isinstance(value, int):
        return (value,) * axes
    return tuple(value)
