"""The written list of pairs: names, sizes and what is expected, no framework."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from compare.judging.losses import MEAN_SQUARED_ERROR, NEGATIVE_SHARPE_RATIO
from compare.judging.result import BOTH_REFUSE, SAME
from compare.judging.words import Verdict


@dataclass(frozen=True)
class Pair:
    """One model written twice: `pytorch_models/<file>.py` and `keras_models/<file>.py`.

    Args:
        file: name of both files, without `.py`; also the name of the pair.
        cls: name of the class in both files.
        sizes: constructor arguments. A `timesteps` or `height` among them is the number
            of steps, or of an image's rows, that the model is fixed to.
        expected: the verdict that the twins must earn, by length regime: "fixed" (as
            many steps as the twins were built for), "other" (any other number given to
            them), "none" (built for any number), and of these last "one" (only batches
            of one) and "many" (only larger ones). A regime left out is not run.
        outputs: what the model returns, the names of its last stages.
        default: whether `run` without a name includes it.
        prices: whether it reads prices, whose number of assets sets the sizes.
        time_major: whether it takes (time, batch, features).
        lengths: whether it takes the number of valid steps of each sequence as well.
        of_the_note: whether it is a system of the study note, and learns from its data.
        spatial: the axes of x between its steps and its features: (width,) of images,
            whose rows are the steps, or (height, width) of films.
        batch: the one size of batch that it is built for, if there is one.
        loss: what it learns by: "mean_squared_error", "cross_entropy" or
            "negative_sharpe_ratio".
    """

    file: str
    cls: str
    sizes: Mapping[str, int]
    expected: Mapping[str, Verdict]
    outputs: tuple[str, ...]
    default: bool = False
    prices: bool = False
    time_major: bool = False
    lengths: bool = False
    of_the_note: bool = True
    spatial: tuple[int, ...] = ()
    batch: int | None = None
    loss: str = MEAN_SQUARED_ERROR

    def for_assets(self, num_assets: int) -> "Pair":
        """The pair for so many assets: two features and one output for each."""
        if not self.prices:
            return self
        sizes = dict(num_features=2 * num_assets, num_outputs=num_assets)
        return replace(self, sizes={**self.sizes, **sizes})


PORTFOLIO = dict(num_features=8, hidden_size=64, num_outputs=4)
STOCK = dict(num_features=5, hidden_size=50)

PAIRS = (
    Pair(
        "portfolio_flatten",
        "PortfolioFlatten",
        {**PORTFOLIO, "timesteps": 50},
        expected=dict(fixed=SAME, other=BOTH_REFUSE, none=BOTH_REFUSE),
        outputs=("weights",),
        default=True,
        prices=True,
        loss=NEGATIVE_SHARPE_RATIO,
    ),
    Pair(
        "portfolio_last_step",
        "PortfolioLastStep",
        PORTFOLIO,
        expected=dict(fixed=SAME, none=SAME),
        outputs=("weights",),
        default=True,
        prices=True,
        loss=NEGATIVE_SHARPE_RATIO,
    ),
    Pair(
        "portfolio_original",
        "PortfolioOriginal",
        PORTFOLIO,
        expected=dict(fixed=SAME, none=SAME),
        outputs=("weights",),
        default=True,
        prices=True,
        loss=NEGATIVE_SHARPE_RATIO,
    ),
    Pair(
        "lstm_sharpe_ratio",
        "LSTMSharpeRatio",
        {**PORTFOLIO, "timesteps": 50},
        expected=dict(fixed=SAME, other=BOTH_REFUSE, none=BOTH_REFUSE),
        outputs=("weights",),
        prices=True,
        loss=NEGATIVE_SHARPE_RATIO,
    ),
    Pair(
        "portfolio_flatten_as_written",
        "PortfolioFlattenAsWritten",
        PORTFOLIO,
        expected=dict(one=SAME, many=BOTH_REFUSE),
        outputs=("weights",),
        prices=True,
        loss=NEGATIVE_SHARPE_RATIO,
        time_major=True,
        batch=1,
    ),
    Pair(
        "portfolio_view_as_written",
        "PortfolioViewAsWritten",
        {**PORTFOLIO, "timesteps": 50},
        expected=dict(fixed=SAME, other=BOTH_REFUSE, none=BOTH_REFUSE),
        outputs=("weights",),
        prices=True,
        loss=NEGATIVE_SHARPE_RATIO,
        time_major=True,
    ),
    Pair(
        "portfolio_last_step_as_written",
        "PortfolioLastStepAsWritten",
        PORTFOLIO,
        expected=dict(none=SAME),
        outputs=("weights",),
        prices=True,
        loss=NEGATIVE_SHARPE_RATIO,
        time_major=True,
    ),
    Pair(
        "stock_price",
        "StockPricePredictor",
        {**STOCK, "num_layers": 1},
        expected=dict(fixed=SAME, none=SAME),
        outputs=("price",),
    ),
    Pair(
        "stock_price_output",
        "StockPriceFromOutput",
        {**STOCK, "num_layers": 1},
        expected=dict(fixed=SAME, none=SAME),
        outputs=("price",),
    ),
    Pair(
        "lstm_model",
        "LSTMModel",
        {**STOCK, "num_outputs": 1},
        expected=dict(none=SAME),
        outputs=("prediction",),
    ),
    Pair(
        "lstm_model_variable_seq",
        "LSTMModelVariableSeq",
        {**STOCK, "num_outputs": 1},
        expected=dict(fixed=SAME, none=SAME),
        outputs=("prediction",),
        lengths=True,
    ),
    Pair(
        "lstm_layer",
        "LSTMLayer",
        STOCK,
        expected=dict(fixed=SAME, none=SAME),
        outputs=("output", "h_n", "c_n"),
    ),
    Pair(
        "gru_layer",
        "GRULayer",
        STOCK,
        expected=dict(fixed=SAME, none=SAME),
        outputs=("output", "h_n"),
    ),
    Pair(
        "rnn_layer",
        "RNNLayer",
        STOCK,
        expected=dict(fixed=SAME, none=SAME),
        outputs=("output", "h_n"),
    ),
    Pair(
        "gru_reset_before",
        "GRUResetBefore",
        dict(num_features=5, hidden_size=8, num_outputs=1),
        expected=dict(fixed=SAME, none=SAME),
        outputs=("prediction",),
        of_the_note=False,
    ),
    Pair(
        "causal_convolutions",
        "CausalConvolutions",
        dict(num_features=5, num_channels=12, num_outputs=1),
        expected=dict(fixed=SAME, none=SAME),
        outputs=("prediction",),
        of_the_note=False,
    ),
    Pair(
        "transformer_encoder",
        "TransformerEncoder",
        dict(num_features=5, hidden_size=8, num_heads=2, num_outputs=4),
        expected=dict(fixed=SAME, none=SAME),
        outputs=("prediction",),
        of_the_note=False,
    ),
    Pair(
        "sequence_to_sequence",
        "SequenceToSequence",
        dict(num_features=5, hidden_size=8),
        expected=dict(fixed=SAME, none=SAME),
        outputs=("reading",),
        of_the_note=False,
    ),
    Pair(
        "image_classifier",
        "ImageClassifier",
        dict(num_features=3, height=50, width=12, num_outputs=4),
        expected=dict(fixed=SAME, other=BOTH_REFUSE, none=BOTH_REFUSE),
        outputs=("scores",),
        of_the_note=False,
        spatial=(12,),
    ),
    Pair(
        "residual_block",
        "ResidualBlock",
        dict(num_features=3, num_channels=6, num_outputs=4),
        expected=dict(fixed=SAME, none=SAME),
        outputs=("scores",),
        of_the_note=False,
        spatial=(7,),
    ),
    Pair(
        "separable_block",
        "SeparableBlock",
        dict(num_features=3, num_channels=6, num_outputs=4),
        expected=dict(fixed=SAME, none=SAME),
        outputs=("scores",),
        of_the_note=False,
        spatial=(12,),
    ),
    Pair(
        "image_autoencoder",
        "ImageAutoencoder",
        dict(num_features=3, num_channels=4),
        expected=dict(fixed=SAME, none=SAME),
        outputs=("image",),
        of_the_note=False,
        spatial=(6,),
    ),
    Pair(
        "film_classifier",
        "FilmClassifier",
        dict(num_features=3, num_channels=4, num_outputs=4),
        expected=dict(fixed=SAME, none=SAME),
        outputs=("scores",),
        of_the_note=False,
        spatial=(5, 6),
    ),
)

# The arguments of a model that say how many steps, or rows of an image, it is for.
STEPS_ARGUMENTS = ("timesteps", "height")

OTHER_TWINS = ("stock_data", "losses", "optimizers")  # twin files that hold no model
