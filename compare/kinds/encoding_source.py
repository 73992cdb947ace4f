"""How layers that make numbers of categories are written in PyTorch."""

from __future__ import annotations

import numpy as np

from compare.kinds.graph import LayerPlan
from compare.kinds.layer import Arrays
from compare.kinds.operation_arguments import FLOAT
from compare.kinds.parameters import held
from compare.kinds.source import Site, Source, Unwritable


def write_discretization(site: Site) -> str:
    """The number of the bin that each number is in; a bound is in the bin above it."""
    bounds = np.asarray(site.setting("bin_boundaries", ()), "float32")
    made = f"nn.Buffer(torch.zeros({len(bounds)}))"
    buffer = held(site, made, "_bounds", bounds)
    text = f"torch.bucketize({site.x.text}, {buffer}, right=True)"
    return f"{text}.int()" if site.outputs[0].dtype == "int32" else text


def problem_of_discretization(plan: LayerPlan, arrays: Arrays) -> str:
    """Bins that are not told, or an output that is not their number."""
    if not plan.config.get("bin_boundaries"):
        return "Discretization without bin_boundaries; give it those that it learnt"
    if plan.config.get("output_mode", "int") != "int":
        return "Discretization that encodes; put a CategoryEncoding after it"
    return ""


def write_encoding(site: Site) -> str:
    """Ones at the places of categories, in one vector or in one for each."""
    if site.kwargs or len(site.args) > 1:
        raise Unwritable("expected categories alone, got weights of theirs too")
    x, mode = site.x, site.setting("output_mode", "multi_hot")
    if x.axes != 2:
        raise Unwritable(f"expected (batch, categories), got {x.axes} axes")
    numbers = f"torch.arange({site.setting('num_tokens')}, device={x.text}.device)"
    hits = f"({x.text}[..., None] == {numbers})"
    if mode == "one_hot":
        hits = f"{hits}.squeeze(1)" if x.shape[-1] == 1 else hits
    else:
        hits = f"{hits}.any(1)" if mode == "multi_hot" else f"{hits}.sum(1)"
    return f"{hits}.to({FLOAT})"


ENCODINGS = {
    "CategoryEncoding": Source(write_encoding),
    "Discretization": Source(write_discretization, problem=problem_of_discretization),
}
