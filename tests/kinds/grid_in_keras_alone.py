"""Configurations of layers that Keras alone has, beside what is written in PyTorch."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

from grid import Configuration, Impossible, Unsayable

from compare.kinds.kind import Example

BATCH, TIME, SOURCE, FEATURES = 3, 5, 7, 6
OTHER, SAME = (BATCH, SOURCE, FEATURES), (BATCH, TIME, FEATURES)
CALLS: dict[str, dict[str, Any]] = {
    "of itself": {},
    "of itself, causal": {"mask": "causal"},
    "of itself, padded": {"mask": "padding"},
    "of itself, causal and padded": {"mask": "both"},
    "of another sequence": {"key": OTHER, "value": OTHER},
    "of another sequence, padded": {"key": OTHER, "value": OTHER, "mask": "padding"},
}
# Size of a head, heads of queries, heads of keys and values.
GROUPS = ((4, 4, 2), (4, 4, 1), (3, 6, 2), (2, 6, 3), (4, 2, 2))


def grouped() -> Iterator[Configuration]:
    for (size, heads, groups), bias in product(GROUPS, (True, False)):
        settings = {
            "head_dim": size,
            "num_query_heads": heads,
            "num_key_value_heads": groups,
            "use_bias": bias,
        }
        for words, call in CALLS.items():
            example = Example(
                "GroupQueryAttention",
                {"features": FEATURES, **settings},
                "GroupQueryAttention",
                settings,
                f"{heads} heads of {size} for {groups} keys, bias {bias}, {words}",
                SAME,
                call=call,
            )
            yield Configuration("GroupQueryAttention", example)


def scored() -> Iterator[Configuration]:
    for scaled, (words, call) in product((True, False), CALLS.items()):
        for mode in ("dot", "concat"):
            settings: dict[str, Any] = {"use_scale": scaled, "score_mode": mode}
            name = f"{mode}, scaled {scaled}, {words}"
            example = Example(
                "Attention", settings, "Attention", settings, name, SAME, call=call
            )
            yield Configuration("Attention", example)
        example = Example(
            "AdditiveAttention",
            {"features": FEATURES, "use_scale": scaled},
            "AdditiveAttention",
            {"use_scale": scaled},
            f"scaled {scaled}, {words}",
            SAME,
            call=call,
        )
        yield Configuration("AdditiveAttention", example)


def unit_norms() -> Iterator[Configuration]:
    shapes = ((BATCH, FEATURES), SAME, (BATCH, 4, 5, FEATURES))
    for shape in shapes:
        axes: list[Any] = [-1]
        if len(shape) > 2:
            axes += [1, -2, (1, 2)]
        if len(shape) > 3:
            axes += [(1, 2, 3), (-1, 1)]
        for axis in axes:
            settings = {"axis": axis}
            yield Configuration(
                "UnitNormalization",
                Example(
                    "UnitNormalization",
                    settings,
                    "UnitNormalization",
                    {"axis": list(axis) if isinstance(axis, tuple) else axis},
                    f"over {axis} of {len(shape)} axes",
                    shape,
                ),
            )


def of_short_vectors(layer: Any, x: Any) -> Any:
    """What a layer makes of vectors shorter than what it divides by at least."""
    return layer(x * 1e-13)


SHORT = Configuration(
    "UnitNormalization",
    Example("UnitNormalization", {}, "UnitNormalization", {}, "of short vectors", SAME),
    of_short_vectors,
    of_short_vectors,
)

CONFIGURATIONS = [*grouped(), *scored(), *unit_norms(), SHORT]

GROUPED = {"head_dim": 4, "num_query_heads": 4, "num_key_value_heads": 2}
UNSAYABLE = [
    Unsayable(
        "Attention",
        "keras",
        {"use_scale": True},
        "scale",
        "nn.Parameter",
        layer="Attention",
    ),
    Unsayable(
        "Attention",
        "keras",
        {"score_mode": "concat"},
        "score_mode",
        "torch.tanh",
        layer="Attention",
    ),
    Unsayable(
        "AdditiveAttention",
        "keras",
        {},
        "scale",
        "nn.Parameter",
        layer="AdditiveAttention",
    ),
    Unsayable(
        "UnitNormalization",
        "keras",
        {"axis": 1},
        "axes",
        "normalize",
        layer="UnitNormalization",
    ),
    Unsayable(
        "GroupQueryAttention",
        "keras",
        GROUPED,
        "groups",
        "enable_gqa",
        layer="GroupQueryAttention",
    ),
    Unsayable(
        "GroupQueryAttention",
        "keras",
        {**GROUPED, "use_gate": True},
        "use_gate",
        "sigmoid",
        layer="GroupQueryAttention",
    ),
]
IMPOSSIBLE = [
    Impossible(
        "keras", "Attention", {"score_mode": "additive"}, (2, 5, 6), "no such score"
    ),
    Impossible(
        "keras",
        "GroupQueryAttention",
        {"head_dim": 4, "num_query_heads": 4, "num_key_value_heads": 3},
        (2, 5, 6),
        "keys that do not go into the heads",
    ),
    Impossible("keras", "UnitNormalization", {"axis": 1.5}, (2, 5), "half an axis"),
]
