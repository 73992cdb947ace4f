"""How attention without projections is written in PyTorch, line by line."""

from __future__ import annotations

from collections.abc import Sequence

from compare.kinds.parameters import parameter
from compare.kinds.source import Site, Source, TensorText, steps_text


def write(site: Site) -> str | Sequence[str]:
    """Scores of all keys for each query, their softmax, and a mean of values."""
    query, value, *others = site.args[0]
    key = others[0] if others else value
    scores = site.variable("scores")
    text = _scores(site, query, key, scores)
    shape = steps_text(query, key)
    site.line(f"{scores} = {text}", shape)
    if mask := _mask(site, query, value, scores):
        seen = site.variable("seen")
        site.line(f"{seen} = {mask}", "True where a query sees a key")
        site.line(f"{scores} = torch.where({seen}, {scores}, {scores} - 1e9)")
    weights = site.variable("weights")
    text = f"F.softmax({scores}, dim=-1)"
    site.line(f"{weights} = {text}", shape)
    used = weights
    if rate := site.setting("dropout", 0.0):
        used = f"F.dropout({weights}, {rate}, self.training)"
    result = f"{used} @ {value.text}"
    if query.mask:
        result = f"torch.where({query.mask}[..., None], {result}, 0.0)"
    return [result, weights] if _asks(site, "return_attention_scores", 3) else result


def _scores(site: Site, query: TensorText, key: TensorText, word: str) -> str:
    """The scores as an expression, maybe behind a line that gives `word` a value."""
    has_scale = "scale" in site.arrays
    scale = f"{parameter(site, 'scale')} * " if has_scale else ""
    if site.plan.keras == "Attention" and site.setting("score_mode", "dot") == "dot":
        return f"{scale}{query.text} @ {key.text}.transpose(1, 2)"
    added = f"{query.text}[:, :, None] + {key.text}[:, None]"
    comment = f"{steps_text(query, key)[:-1]}, {query.size_text(2)})"
    if site.plan.keras == "AdditiveAttention":
        site.line(f"{word} = torch.tanh({added})", comment)
        return f"({scale}{word}).sum(-1)" if scale else f"{word}.sum(-1)"
    inside = f"{scale}({added})" if scale else added
    site.line(f"{word} = torch.tanh({inside})", comment)
    return f"{parameter(site, 'concat_score_weight')} * {word}.sum(-1)"


def _mask(site: Site, query: TensorText, value: TensorText, scores: str) -> str:
    """Which keys each query sees, as an expression; "" for all."""
    masks = []
    if value.mask:
        masks.append(f"{value.mask}[:, None]")
    if _asks(site, "use_causal_mask", 4):
        masks.append(f"torch.ones_like({scores}, dtype=torch.bool).tril()")
    return " & ".join(masks)


def _asks(site: Site, name: str, place: int) -> bool:
    """Whether a call asks for something, by a name or at a place."""
    if len(site.args) > place:
        return bool(site.args[place])
    return bool(site.kwargs.get(name, False))


SCORED = Source(write, "features last")
