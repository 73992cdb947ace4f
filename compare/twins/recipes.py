"""How a pair learns, where a user says it in several places, or in none."""

from __future__ import annotations

from dataclasses import replace

from compare.judging.compiled import Compiled
from compare.judging.optimizers import Recipe
from compare.twins.task import Task

USUAL = "adam"


def used_compiled(task: Task, recipe: Recipe) -> Compiled | None:
    """What Keras's model was compiled with, if the run steps with its optimizer.

    It does where nobody says another, and where the suite has one like it.
    """
    compiled = task.compiled
    if compiled is None or not compiled.known_optimizer:
        return None
    optimizer = recipe.optimizer or task.optimizer
    if optimizer not in (None, compiled.known_optimizer):
        return None
    return compiled


def resolved(recipe: Recipe, task: Task, compiled: Compiled | None) -> Recipe:
    """The recipe with an optimizer, and the settings that Keras's model says of it.

    What a person asks of the run goes before what the pair says, and that before what
    Keras's model was compiled with. The learning rate and the momentum are for both
    sides: nothing else says what PyTorch's are.
    """
    optimizer = recipe.optimizer or task.optimizer
    learning_rate, momentum = recipe.learning_rate, recipe.momentum
    if compiled is not None:
        optimizer = compiled.known_optimizer
        if learning_rate is None:
            learning_rate = compiled.values["learning_rate"]
        if momentum is None:
            momentum = compiled.values.get("momentum")
    return replace(
        recipe,
        optimizer=optimizer or USUAL,
        learning_rate=learning_rate,
        momentum=momentum,
    )
