"""How the masks of attention go wrong: what a query sees, and how that is said."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from compare.kinds.attention import causal, given, is_causal
from compare.kinds.mistake import Call, Computation, Mistake

Change = Callable[[np.ndarray], np.ndarray | None]
Compute = Callable[[Call], np.ndarray | None]


def _times(call: Call) -> tuple[int, int]:
    """How many queries and how many keys there are."""
    return call.x.shape[1], given(call.options, "key", call.x).shape[1]


def _with_mask(change: Change) -> Compute:
    """Compute with another mask; None where there is none, or it is no other one."""

    def compute(call: Call) -> np.ndarray | None:
        mask = call.options.get("mask")
        if mask is None:
            return None
        changed = change(mask)
        if changed is None:
            return None
        wrong, right = np.broadcast_arrays(changed, mask)
        if np.array_equal(wrong, right):
            return None
        result: np.ndarray | None = call.run(mask=changed)
        return result

    return compute


def _shown(mask: np.ndarray) -> np.ndarray:
    """The keys that some query sees, (..., 1, source): those that are no padding."""
    return np.asarray(mask.any(axis=-2, keepdims=True))


def hides_keys_alone(mask: np.ndarray) -> bool:
    """Whether a mask hides the same keys from all queries; later steps do not count.

    A mask that also hides steps by how far they are from the query, such as a window,
    does not. Of queries that see no key nothing is asked.
    """
    expected = _shown(mask)
    if is_causal(mask):
        expected = expected & causal(*mask.shape[-2:])
    is_blind = ~mask.any(axis=-1, keepdims=True)
    return bool(((mask == expected) | is_blind).all())


def _without_padding(mask: np.ndarray) -> np.ndarray | None:
    """Show what is hidden from all queries; None where more than that is hidden."""
    if not hides_keys_alone(mask):
        return None
    if is_causal(mask):
        return causal(*mask.shape[-2:])
    return np.ones_like(mask)


def _without_later(mask: np.ndarray) -> np.ndarray | None:
    """Show later steps; None where the mask does not hide them, or hides others too."""
    if not is_causal(mask) or not hides_keys_alone(mask):
        return None
    return _shown(mask)


def _shifted(later: int) -> Change:
    """Show so many steps after a query's own; None of a mask that is not causal."""

    def change(mask: np.ndarray) -> np.ndarray | None:
        if not is_causal(mask) or not hides_keys_alone(mask):
            return None
        time, source = mask.shape[-2:]
        shifted: np.ndarray = _shown(mask) & causal(time, source, later)
        return shifted

    return change


def _transposed(mask: np.ndarray) -> np.ndarray | None:
    """Exchange queries and keys; None where they are not equally many."""
    if mask.shape[-1] != mask.shape[-2]:
        return None
    return mask.swapaxes(-1, -2)


def _hiding_queries(call: Call) -> np.ndarray | None:
    """Let queries see nothing at the steps that no query sees, those of padding."""
    mask = call.options.get("mask")
    if mask is None or call.options.get("key") is not None:
        return None
    is_padding = ~_shown(mask).swapaxes(-1, -2)  # (batch, heads, queries, 1)
    if not is_padding.any():
        return None
    result: np.ndarray | None = call.run(mask=mask & ~is_padding)
    return result


def _without_past(call: Call) -> np.ndarray | None:
    """Hide later steps, where keys are hidden from all queries alike, or none are.

    Of another mask, such as one that is causal but off by one, the cure would be that
    mask, not that later steps are shown.
    """
    time, source = _times(call)
    mask = call.options.get("mask")
    if is_causal(mask) or time != source or time < 2:
        return None
    if mask is not None and not hides_keys_alone(mask):
        return None
    changed = causal(time, source)
    if mask is not None:
        changed = changed & mask
    result: np.ndarray | None = call.run(mask=changed)
    return result


def _added(inverted: bool) -> Compute:
    """Add 1 to the scores of what a mask shows, or hides if `inverted`, 0 to others."""

    def compute(call: Call) -> np.ndarray | None:
        mask = call.options.get("mask")
        if mask is None or mask.all():
            return None
        ones = ~mask if inverted else mask
        result: np.ndarray | None = call.run(mask=None, added=ones.astype("float64"))
        return result

    return compute


def _multiplied(call: Call) -> np.ndarray | None:
    """Multiply the scores by the mask; None where it hides nothing."""
    mask = call.options.get("mask")
    if mask is None or mask.all():
        return None
    result: np.ndarray | None = call.run(mask=None, factor=mask.astype("float64"))
    return result


_HIDE_BY_FLOATS = "give attn_mask as bool, or as floats of 0 and -inf"
_HIDE_IN_KERAS = "give attention_mask to the layer, or add -1e9 where it is False"

OF_MASKS = (
    Mistake(
        "attention mask inverted",
        "the mask hides what it should show, and shows what it should hide: it is "
        "inverted",
        "True hides a key in attn_mask and key_padding_mask of MultiheadAttention, and "
        "shows it in attn_mask of scaled_dot_product_attention: give ~mask",
        "True in attention_mask shows a key: give ~mask",
        Computation(_with_mask(np.logical_not)),
    ),
    Mistake(
        "causal mask forgotten",
        "queries see later steps: the causal mask is forgotten",
        "give attn_mask, True above the diagonal",
        "use_causal_mask=True in the call",
        Computation(_with_mask(_without_later)),
    ),
    Mistake(
        "padding mask forgotten",
        "queries see the padding: its mask is forgotten",
        "give key_padding_mask, True where a step is padding",
        "give attention_mask, True where a key counts, as (batch, 1, source)",
        Computation(_with_mask(_without_padding)),
    ),
    Mistake(
        "attention mask transposed",
        "the mask is transposed: its rows are keys and its columns queries",
        "give attn_mask as (queries, keys): mask.T",
        "give attention_mask as (batch, queries, keys): transpose its last two axes",
        Computation(_with_mask(_transposed)),
    ),
    Mistake(
        "causal mask one step late",
        "a query sees one step after its own: the causal mask is off by one",
        "torch.triu(ones, diagonal=1) is what attn_mask hides",
        "numpy.tri(time) is what attention_mask shows",
        Computation(_with_mask(_shifted(1))),
    ),
    Mistake(
        "causal mask one step early",
        "a query does not see its own step: the causal mask is off by one",
        "torch.triu(ones, diagonal=1) is what attn_mask hides",
        "numpy.tri(time) is what attention_mask shows",
        Computation(_with_mask(_shifted(-1))),
    ),
    Mistake(
        "attention mask added",
        "the mask is added to the scores as 0 and 1",
        _HIDE_BY_FLOATS,
        _HIDE_IN_KERAS,
        Computation(_added(inverted=False)),
    ),
    Mistake(
        "inverted attention mask added",
        "the mask is added to the scores as 1 where it should hide, and 0",
        _HIDE_BY_FLOATS,
        _HIDE_IN_KERAS,
        Computation(_added(inverted=True)),
    ),
    Mistake(
        "attention mask multiplied",
        "the scores are multiplied by the mask, so what it hides has the score 0",
        _HIDE_BY_FLOATS,
        _HIDE_IN_KERAS,
        Computation(_multiplied),
    ),
    Mistake(
        "causal mask where none should be",
        "queries do not see later steps, which they should",
        "give no causal attn_mask",
        "leave out use_causal_mask",
        Computation(_without_past),
    ),
    Mistake(
        "padded queries see nothing",
        "queries that are padding see no step; they should see the others",
        "give key_padding_mask alone, which hides keys from all queries",
        "give attention_mask as (batch, 1, keys), and no mask of mask_zero or Masking",
        Computation(_hiding_queries),
    ),
)
