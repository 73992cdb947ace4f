"""How attention of several heads is written in PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from compare.kinds.attention_arrays import rows_of_linears
from compare.kinds.operation_arguments import Arguments
from compare.kinds.source import (
    Site,
    Source,
    TensorText,
    Unwritable,
    call_text,
    changed,
    sizes_text,
)

ARGUMENTS = (
    "query",
    "value",
    "key",
    "query_mask",
    "value_mask",
    "key_mask",
    "attention_mask",
    "return_attention_scores",
    "training",
    "use_causal_mask",
)


@dataclass(frozen=True)
class Called:
    """A call of attention.

    Args:
        query: what queries are made of.
        key: what keys are made of.
        value: what values are made of.
        mask: which keys each query sees, as an expression; "" for all.
        is_causal: whether a query sees all steps up to its own, and nothing else is
            asked for.
        returns_weights: whether it returns the weights too.
    """

    query: TensorText
    key: TensorText
    value: TensorText
    mask: str
    is_causal: bool
    returns_weights: bool


def called(site: Site, window: int | None) -> Called:
    """Read the call of a layer.

    Args:
        site: of the call.
        window: how far from its own step a query sees; None for any distance.
    """
    arguments = Arguments(site, ARGUMENTS)
    query, value = arguments["query"], arguments["value"]
    key = arguments.get("key")
    query_mask = query.mask
    if site.plan.keras != "MultiHeadAttention":
        query_mask = _mask_text(arguments, "query_mask", query)
    masks = []
    if query_mask:
        masks.append(f"{query_mask}[:, :, None]")
    if value_mask := _mask_text(arguments, "value_mask", value):
        masks.append(f"{value_mask}[:, None]")
    if key is not None and (key_mask := _mask_text(arguments, "key_mask", key)):
        masks.append(f"{key_mask}[:, None]")
    given = arguments.get("attention_mask")
    if isinstance(given, TensorText):
        masks.append(given.text if given.dtype == "bool" else f"({given.text} != 0)")
    elif given is not None:
        raise Unwritable("expected an attention_mask that is a tensor, got a constant")
    is_causal = bool(arguments.get("use_causal_mask", False))
    alone = is_causal and not masks and window is None
    if is_causal or window is not None:
        masks.append(_near(site, query, value, is_causal, window))
    return Called(
        query,
        value if key is None else key,
        value,
        " & ".join(dict.fromkeys(masks)),
        alone,
        bool(arguments.get("return_attention_scores", False)),
    )


def _near(
    site: Site,
    query: TensorText,
    value: TensorText,
    is_causal: bool,
    window: int | None,
) -> str:
    """The variable of a mask that hides later steps, or those far away."""
    sizes = f"{query.text}.shape[1], {value.text}.shape[1]"
    text = f"{query.text}.new_ones({sizes}, dtype=torch.bool)"
    if is_causal:
        text += ".tril()"
    elif window is not None:
        text += f".tril({window - 1})"
    if window is not None:
        text += f".triu({1 - window})"
    near = site.variable("near" if window else "earlier")
    site.line(f"{near} = {text}", sizes_text([query.size_text(1), value.size_text(1)]))
    return near


def _mask_text(arguments: Arguments, name: str, value: TensorText) -> str:
    """The mask of a tensor: the one that is given, or the one that comes with it."""
    given = arguments.get(name)
    return given.text if isinstance(given, TensorText) else value.mask


def write(site: Site) -> str | Sequence[str]:
    """Attention: PyTorch's own layer where it does the same, else one of the port's."""
    call = called(site, site.plan.config.get("sliding_window"))
    if any(value.axes != 3 for value in (call.query, call.key, call.value)):
        raise Unwritable(
            "expected sequences, (batch, time, features), got tensors of other axes; "
            "reshape them before, so that time is one axis"
        )
    if site.arrays["output.kernel"].ndim != 3:
        raise Unwritable("expected an output_shape of one number, got several")
    if _is_pytorch_s(site, call):
        return _write_pytorch_s(site, call)
    return _write_own(site, call)


def _is_pytorch_s(site: Site, call: Called) -> bool:
    """Whether nn.MultiheadAttention does the same: it makes NaN if no key is seen."""
    features, heads, size = site.arrays["query.kernel"].shape
    shapes = [site.arrays[f"{name}.kernel"].shape for name in ("key", "value")]
    return (
        site.plan.keras == "MultiHeadAttention"
        and heads * size == features
        and all(shape[1:] == (heads, size) for shape in shapes)
        and site.arrays["output.kernel"].shape[-1] == features
        and "gate.kernel" not in site.arrays
        and (not call.mask or call.is_causal)
    )


def _write_pytorch_s(site: Site, call: Called) -> str | Sequence[str]:
    features, heads, _ = site.arrays["query.kernel"].shape
    settings = {
        "dropout": site.setting("dropout", 0.0),
        "bias": "query.bias" in site.arrays,
        "kdim": site.arrays["key.kernel"].shape[0],
        "vdim": site.arrays["value.kernel"].shape[0],
    }
    usual = {"dropout": 0.0, "bias": True, "kdim": features, "vdim": features}
    made = call_text(
        "nn.MultiheadAttention",
        features,
        heads,
        **changed(settings, usual),
        batch_first=True,
    )
    layer = site.module(made, ("MultiheadAttention", "MultiHeadAttention"))
    parts = [call.query.text, call.key.text, call.value.text]
    if call.mask:
        parts.append(f"attn_mask=~{call.mask}")
    if call.returns_weights:
        parts.append("average_attn_weights=False")
    else:
        parts.append("need_weights=False")
    return _returned(site, call, f"{layer}({', '.join(parts)})")


def _write_own(site: Site, call: Called) -> str | Sequence[str]:
    site.helper("multi_head_attention")
    _, heads, key_size = site.arrays["query.kernel"].shape
    _, groups, value_size = site.arrays["value.kernel"].shape
    names = ("query", "key", "value")
    sizes = [site.arrays[f"{name}.kernel"].shape[0] for name in names]
    settings = {
        "groups": groups,
        "bias": "query.bias" in site.arrays,
        "gate": "gate.kernel" in site.arrays,
        "dropout": site.setting("dropout", 0.0),
        # Keras takes another way where it needs the weights.
        "blind": "mean",
    }
    if call.returns_weights or settings["dropout"]:
        settings["blind"] = "zero"
    usual = {
        "groups": heads,
        "bias": True,
        "gate": False,
        "dropout": 0.0,
        "blind": "mean",
    }
    outputs = site.arrays["output.kernel"].shape[-1]
    made = call_text(
        "", heads, key_size, value_size, outputs, **changed(settings, usual)
    )
    made = (
        f"MultiHeadAttention(({', '.join(map(str, sizes))}), {made.removeprefix('(')}"
    )
    layer = site.module(made, rows=rows_of_linears(site.arrays))
    parts = [call.query.text, call.key.text, call.value.text]
    if call.mask.isidentifier():
        parts.append(call.mask)
    elif call.mask:
        seen = site.variable("seen")
        site.line(f"{seen} = {call.mask}", "True where a query sees a key")
        parts.append(seen)
    return _returned(site, call, f"{layer}({', '.join(parts)})")


def _returned(site: Site, call: Called, text: str) -> str | Sequence[str]:
    """The result of attention, and its weights where they are asked for."""
    if not call.returns_weights:
        return f"{text}[0]"
    result, weights = site.variable("attended"), site.variable("weights")
    site.line(f"{result}, {weights} = {text}")
    return [result, weights]


ATTENTION = Source(write, "features last")
