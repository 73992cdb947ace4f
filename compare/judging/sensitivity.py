"""What a verdict is worth, as data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Survivor:
    """A mistake that a run would not have noticed.

    Args:
        fault: the name of the mistake.
        layer: where it was made.
        sentence: what is wrong then.
        reason: why it was not noticed.
        inside: whether it changed what happens inside the model, all the same.
    """

    fault: str  # as the JSON has always called a mistake
    layer: str
    sentence: str
    reason: str = ""
    inside: bool = False


@dataclass(frozen=True)
class Sensitivity:
    """How many of the mistakes that can be made in a twin a run would have noticed.

    Args:
        pair: name of the pair that was run.
        noticed: number of mistakes that were noticed.
        faults: number of mistakes that were made; one counts once in each layer.
        survivors: those that were not noticed.
        loss: name of the loss whose gradients were compared, or nothing where the
            model's own stages were.
    """

    pair: str
    noticed: int
    faults: int
    survivors: tuple[Survivor, ...] = ()
    loss: str = ""

    @property
    def place(self) -> str:
        """What was run, in words."""
        if self.loss:
            return f"{self.pair}, gradients of {self.loss}"
        return self.pair
