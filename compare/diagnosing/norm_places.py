"""Where norms stand beside residuals, in words, for the three files that find it out.

- `norms_of_transformers`: by the setting `norm_first` of PyTorch's transformer layers.
- `norms_between_layers`: by what layers are given and return, in a block by hand.
- `operations/norms_at_residuals`: by the operations, where the layers do not show it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Order = Literal["before", "last", "after"]

# As to attention and feed-forward, which are known as layers.
OF_SUBLAYERS: Mapping[Literal["before", "after"], str] = {
    "before": "before attention and feed-forward, within the residual",
    "after": "after each residual is added",
}
# As to branches, of which only the operations are known.
OF_BRANCHES: Mapping[Order, str] = {
    "before": "before each branch, within the residual (pre-norm)",
    "last": "last in each branch, before its residual is added",
    "after": "after each residual is added (post-norm)",
}


def written(order: Order, inner: Literal["sublayer", "branch"]) -> str:
    """The expression that has norms in an order.

    Args:
        order: of a norm and what goes around it.
        inner: what the residual goes around is called.
    """
    if order == "before":
        return f"x + {inner}(norm(x))"
    if order == "last":
        return f"x + norm({inner}(x))"
    return f"norm(x + {inner}(x))"
