import torch
from torch import nn


class PortfolioLastStep(nn.Module):
    """Read a sequence of any length, decide from the last hidden state.

        h_1 ... h_time = LSTM(x),    y = softmax(W h_time + b)

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

    Source: LSTM, Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735;
        portfolio weights, Zhang, Zohren & Roberts 2020, arXiv:2005.13665.
    """

    def __init__(self, num_features: int, hidden_size: int, num_outputs: int):
        super().__init__()
        self.num_features = num_features
        self.lstm = nn.LSTM(num_features, hidden_size, batch_first=True)
        self.logits = nn.Linear(hidden_size, num_outputs)
        self.softmax = nn.Softmax(dim=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if len(x.shape) != 3 or x.shape[1] == 0 or x.shape[2] != self.num_features:
            raise ValueError(
                f"PortfolioLastStep expects x of shape (batch, time >= 1, "
                f"features = {self.num_features}), got {tuple(x.shape)}"
            )
        h, _ = self.lstm(x)  # (batch, time, hidden_size)
        last = h[:, -1]  # (batch, hidden_size)
        return self.softmax(self.logits(last))  # (batch, num_outputs)
