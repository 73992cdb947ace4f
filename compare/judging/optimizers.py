"""What each side of a training run steps with, and what would make them alike.

Optimisers of one name are different algorithms in PyTorch and in Keras, and each has
defaults of its own. The ways in which they differ have names here; a run removes any of
them, all or none, by making one side follow the other.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from compare.judging.result import SIDES
from compare.judging.words import Side

# By the name that people use: the class in both frameworks, and what is set on both.
OPTIMIZERS: dict[str, tuple[str, dict[str, float]]] = {
    "sgd": ("SGD", {}),
    "momentum": ("SGD", {"momentum": 0.9}),  # neither framework has it by default
    "rmsprop": ("RMSprop", {}),
    "adam": ("Adam", {}),
    "adamw": ("AdamW", {}),
}
SETTINGS = {
    "SGD": ("learning_rate", "momentum"),
    "RMSprop": ("learning_rate", "rho", "epsilon"),
    "Adam": ("learning_rate", "beta_1", "beta_2", "epsilon"),
    "AdamW": ("learning_rate", "beta_1", "beta_2", "epsilon", "weight_decay"),
}

# What makes twins drift apart, in the order in which people are told.
BIASES = "biases"
FORMULA = "formula"
VARIANCE = "running_variance"
SENTENCES = {
    BIASES: "PyTorch adds two biases and each takes the step, so their sum moves twice "
    "as fast as Keras's one bias",
    "learning_rate": "the default learning rate is {torch:g} in PyTorch, {keras:g} in "
    "Keras",
    "rho": "squared gradients are forgotten at the rate {torch:g} in PyTorch, "
    "{keras:g} in Keras",
    "epsilon": "epsilon is {torch:g} in PyTorch, {keras:g} in Keras",
    "weight_decay": "the default weight decay is {torch:g} in PyTorch, {keras:g} in "
    "Keras",
}
FORMULAS = {
    "SGD": "the learning rate multiplies what the momentum has kept in PyTorch, what "
    "it will keep in Keras, which rounds the momentum to float32",
    "RMSprop": "epsilon is added outside the square root in PyTorch, inside it in "
    "Keras",
    "Adam": "epsilon is added after the bias correction in PyTorch, before it in "
    "Keras, which rounds the betas of the correction to float32",
}
VARIANCES = (
    "the running variance is that of all values less one in PyTorch, of all values in "
    "Keras; no loss depends on it while the models learn"
)
FORMULAS["AdamW"] = FORMULAS["Adam"].replace("the betas", "weight_decay and the betas")
CAUSES = (*SENTENCES, FORMULA, VARIANCE)


@dataclass(frozen=True)
class Recipe:
    """How to train both twins of a pair.

    Args:
        optimizer: one of OPTIMIZERS; None for the pair's own, or else adam.
        learning_rate: for both sides, or None for each one's default.
        momentum: of "momentum", for both sides; None for 0.9.
        epochs: None for those of the pair's source.
        batch_size: None for that of the pair's source.
        seed: of the data, the weights and the order of the batches.
        follow: the side that the other follows, "torch" or "keras".
        removed: the causes of drift that are removed.
    """

    optimizer: str | None = None
    learning_rate: float | None = None
    momentum: float | None = None
    epochs: int | None = None
    batch_size: int | None = None
    seed: int = 0
    follow: Side = "torch"
    removed: frozenset[str] = frozenset(CAUSES)


@dataclass(frozen=True)
class Optimizer:
    """What one side of a run steps with.

    Args:
        cls: name of the class, the same in both frameworks.
        own: whether the formula is the framework's own, or the other's.
        values: settings, by Keras's names.
        align_biases: whether PyTorch's pairs of biases move as Keras's one does, or
            Keras's one as the pairs do.
        clips: what gradients are clipped to first, by Keras's names of it.
    """

    cls: str
    own: bool
    values: Mapping[str, float]
    align_biases: bool
    clips: Mapping[str, float] = field(default_factory=dict)


def optimizers(
    name: str,
    defaults: Mapping[Side, Mapping[str, float]],
    learning_rate: float | None,
    follow: Side,
    removed: Collection[str],
    momentum: float | None = None,
) -> dict[Side, Optimizer]:
    """What "torch" and "keras" step with.

    Args:
        name: one of OPTIMIZERS.
        defaults: settings of the class in "torch" and in "keras".
        learning_rate: for both; None leaves the defaults.
        follow: the side that the other follows, "torch" or "keras".
        removed: causes of drift to remove, of CAUSES.
        momentum: for both, of an optimizer that has one; None leaves what its name
            stands for.
    """
    cls, fixed = OPTIMIZERS[name]
    if momentum is not None and "momentum" in fixed:
        fixed = {"momentum": momentum}
    by_side: dict[Side, Optimizer] = {}
    for side in SIDES:
        follows = side != follow
        values = {}
        for setting in SETTINGS[cls]:
            values[setting] = defaults[side][setting]
            if follows and setting in removed:
                values[setting] = defaults[follow][setting]
        if learning_rate is not None:
            values["learning_rate"] = learning_rate
        by_side[side] = Optimizer(
            cls,
            own=not (follows and FORMULA in removed),
            values=values | fixed,
            align_biases=follows and BIASES in removed,
        )
    return by_side


def causes(native: Mapping[Side, Optimizer], sums: bool) -> dict[str, str]:
    """What makes two sides drift apart, by name, with the sentence that says it.

    Args:
        native: what each side steps with when nothing is removed.
        sums: whether PyTorch adds two biases somewhere in the model.
    """
    torch, keras = native["torch"], native["keras"]
    sentences: dict[str, str] = {}
    if sums:
        sentences[BIASES] = SENTENCES[BIASES]
    for setting, value in torch.values.items():
        if value != keras.values[setting]:
            sentences[setting] = SENTENCES[setting].format(
                torch=value, keras=keras.values[setting]
            )
    if torch.cls in FORMULAS and torch.values.get("momentum") != 0:
        sentences[FORMULA] = FORMULAS[torch.cls]
    return sentences
