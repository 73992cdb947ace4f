"""Edits of `models/packed.py`."""

from edit import Edit

RUN = "_, (h, c) = self.lstm(packed)"
BIDIRECTIONAL = 'layers.Bidirectional(layers.LSTM(5), merge_mode="concat"'

EDITS = (
    Edit(
        "keras",
        "            layers.Masking(mask_value=0.0),\n",
        "",
        cause=("mask", "padded", "padding", "lengths"),
        place=("lstm", "input"),
        lines=(RUN, "packed = pack_padded_sequence("),
    ),
    Edit(
        "keras",
        "mask_value=0.0",
        "mask_value=-1.0",
        cause=("mask", "padded", "padding", "lengths"),
        place=("lstm", "input", "masking"),
        lines=(RUN, "packed = pack_padded_sequence("),
    ),
    Edit(
        "torch",
        "_, (h, c) = self.lstm(packed)",
        "_, (h, c) = self.lstm(x)",
        cause=("pack", "padded", "padding", "lengths"),
        place=("lstm",),
        lines=("layers.Masking(mask_value=0.0)", "packed = pack_padded_sequence("),
    ),
    Edit(
        "torch",
        "h = torch.cat([h[0], h[1]], dim=-1)",
        "h = torch.cat([c[0], c[1]], dim=-1)",
        cause=("cell state", "c_n", "c not h", "takes state c h"),
        place=("lstm",),
        lines=(RUN, BIDIRECTIONAL),
    ),
    Edit(
        "torch",
        "h = torch.cat([h[0], h[1]], dim=-1)",
        "h = torch.cat([h[1], h[0]], dim=-1)",
        cause=("backward first", "order directions", "exchanged", "swapped"),
        place=("lstm",),
        lines=(RUN, BIDIRECTIONAL),
    ),
    Edit(
        "torch",
        "h = torch.cat([h[0], h[1]], dim=-1)",
        "h = torch.cat([h[0], h[0]], dim=-1)",
        cause=("forward", "twice"),
        place=("lstm",),
        lines=(RUN, BIDIRECTIONAL),
    ),
    Edit(
        "torch",
        ".any(dim=-1).sum(dim=1).cpu()",
        ".any(dim=-1).sum(dim=1).cpu().clamp(max=5)",
        cause=("lengths", "valid steps", "padded steps", "clamp"),
        place=("lstm",),
        lines=(RUN, "layers.Masking(mask_value=0.0)"),
    ),
    Edit(
        "torch",
        "h = torch.relu(self.hidden(h))",
        "h = self.hidden(h)",
        cause=("relu",),
        place=("hidden",),
        lines=('layers.Dense(6, activation="relu", name="hidden")',),
    ),
    Edit(
        "keras",
        'layers.Dense(6, activation="relu", name="hidden")',
        'layers.Dense(6, activation="selu", name="hidden")',
        cause=("selu",),
        place=("hidden",),
        lines=("h = torch.relu(self.hidden(h))",),
    ),
    Edit(
        "keras",
        'layers.Dense(2, name="out")',
        'layers.Dense(2, activation="softmax", name="out")',
        cause=("softmax",),
        place=("out",),
        lines=("return self.out(h)",),
    ),
    Edit(
        "keras",
        "layers.LSTM(5)",
        'layers.LSTM(5, recurrent_activation="hard_sigmoid")',
        cause=("hard",),
        place=("lstm",),
        lines=(RUN, "self.lstm = nn.LSTM("),
    ),
    Edit(
        "keras",
        "layers.LSTM(5)",
        'layers.LSTM(5, activation="relu")',
        cause=("relu",),
        place=("lstm",),
        lines=(RUN, "self.lstm = nn.LSTM("),
    ),
    Edit(
        "torch",
        "h = torch.relu(self.hidden(h))\n        return self.out(h)",
        "h = self.out(torch.sigmoid(self.hidden(h)))\n        return h",
        cause=("relu sigmoid",),
        place=("hidden",),
        lines=('layers.Dense(6, activation="relu", name="hidden")',),
    ),
)
