"""What a verdict is worth, as data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


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
        left_out: number of mistakes that can be made and were not, since the model is
            large.
    """

    pair: str
    noticed: int
    faults: int
    survivors: tuple[Survivor, ...] = ()
    loss: str = ""
    left_out: int = 0

    @property
    def place(self) -> str:
        """What was run, in words."""
        if self.loss:
            return f"{self.pair}, gradients of {self.loss}"
        return self.pair

    @property
    def omission(self) -> str:
        """How many mistakes were left out, and why; nothing where none was."""
        if not self.left_out:
            return ""
        return (
            f"{self.left_out} more that can be made: the model is large, so those that "
            "were made are taken evenly from all"
        )

    def as_dict(self) -> dict[str, Any]:
        """For JSON, where what is left out stands only if there is something."""
        document = asdict(self)
        if not self.left_out:
            del document["left_out"]
        return document
