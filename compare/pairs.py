"""The written list of pairs: names, sizes and what is expected, no framework."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from compare.evidence import BOTH_REFUSE, SAME


@dataclass(frozen=True)
class Pair:
    """One model written twice: `pytorch_models/<file>.py` and `keras_models/<file>.py`.

    Args:
        file: name of both files, without `.py`; also the name of the pair.
        cls: name of the class in both files.
        sizes: constructor arguments. A `timesteps` among them is the number of steps
            that the model is fixed to.
        expected: the verdict that the twins must earn, by length regime: "fixed" (as
            many steps as the twins were built for), "other" (any other number given to
            them) and "none" (built for any number). A regime left out is not run.
        output: what the model returns, the name of its last stage.
    """

    file: str
    cls: str
    sizes: Mapping[str, int]
    expected: Mapping[str, str]
    output: str = "output"

    def for_assets(self, num_assets: int) -> "Pair":
        """The same pair for another number of assets: two features, one output each."""
        sizes = dict(num_features=2 * num_assets, num_outputs=num_assets)
        return replace(self, sizes={**self.sizes, **sizes})


PORTFOLIO = dict(num_features=8, hidden_size=64, num_outputs=4)

PAIRS = (
    Pair(
        "portfolio_flatten",
        "PortfolioFlatten",
        {**PORTFOLIO, "timesteps": 50},
        expected=dict(fixed=SAME, other=BOTH_REFUSE, none=BOTH_REFUSE),
        output="weights",
    ),
    Pair(
        "portfolio_last_step",
        "PortfolioLastStep",
        PORTFOLIO,
        expected=dict(fixed=SAME, none=SAME),
        output="weights",
    ),
    Pair(
        "portfolio_original",
        "PortfolioOriginal",
        PORTFOLIO,
        expected=dict(fixed=SAME, none=SAME),
        output="weights",
    ),
)
