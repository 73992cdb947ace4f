import torch
from torch import nn


class PortfolioOriginal(nn.Module):
    """What the Keras original computes: its Flatten gets one time step, not all.

        h_1 ... h_time = LSTM(x),    y = softmax(W h_time + b)

    The original puts Flatten behind `LSTM(64)` and is described as reading all time
    steps. Keras hands on all of them only with `return_sequences=True`; without it
    Flatten gets (batch, hidden_size), does nothing, and this is PortfolioLastStep.

    Args:
        num_features: size of one time step's input vector.
        hidden_size: size of the hidden state h and of the cell state c (Keras calls
            it `units`).
        num_outputs: number of assets.

    Call:
        x: float, (batch, time, num_features). Any unit; bring it near [-5, 5],
            where gates do not saturate.
        returns: float, (batch, num_outputs), portfolio weights, each row sums to 1.

    Raises:
        ValueError: if x is not of that shape, or has no time step.

    Source: portfolio weights, Zhang, Zohren & Roberts 2020, arXiv:2005.13665;
        `return_sequences`, https://keras.io/api/layers/recurrent_layers/lstm/.
    """

    def __init__(self, num_features: int, hidden_size: int, num_outputs: int):
        super().__init__()
        self.num_features = num_features
        self.lstm = nn.LSTM(num_features, hidden_size, batch_first=True)
        self.flatten = nn.Flatten()
        self.logits = nn.Linear(hidden_size, num_outputs)
        self.softmax = nn.Softmax(dim=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if len(x.shape) != 3 or x.shape[1] == 0 or x.shape[2] != self.num_features:
            raise ValueError(
                f"PortfolioOriginal expects x of shape (batch, time >= 1, "
                f"features = {self.num_features}), got {tuple(x.shape)}"
            )
        _, (h, _) = self.lstm(x)  # (1, batch, hidden_size), of the last step
        flat = self.flatten(h[-1])  # (batch, hidden_size) as before: nothing to flatten
        return self.softmax(self.logits(flat))  # (batch, num_outputs)
