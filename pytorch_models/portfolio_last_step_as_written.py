import torch
from torch import nn


class PortfolioLastStepAsWritten(nn.Module):
    """Specimen: the note's last step on a time-major LSTM, which is the last sample.

        h_1 ... h_time = LSTM(x),    y_t = softmax(W h_t[last sequence] + b)

    `h[:, -1, :]` is the last step of (batch, time, hidden_size). This LSTM gives (time,
    batch, hidden_size): the same slice takes every step of the batch's last sequence
    and drops the others, without an error. PortfolioLastStep is what was meant.

    Args:
        num_features: size of one time step's input vector.
        hidden_size: size of the hidden state h and of the cell state c (Keras calls
            it `units`).
        num_outputs: number of assets.

    Call:
        x: float, (time, batch, num_features): time-major, as nn.LSTM reads it
            without `batch_first`.
        returns: float, (time, num_outputs), one row of weights per time step.

    Raises:
        ValueError: if x is not of that shape.

    Source: portfolio weights, Zhang, Zohren & Roberts 2020, arXiv:2005.13665.
    """

    def __init__(self, num_features: int, hidden_size: int, num_outputs: int):
        super().__init__()
        self.num_features = num_features
        self.lstm = nn.LSTM(num_features, hidden_size)
        self.logits = nn.Linear(hidden_size, num_outputs)
        self.softmax = nn.Softmax(dim=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if len(x.shape) != 3 or x.shape[0] == 0 or x.shape[2] != self.num_features:
            raise ValueError(
                f"PortfolioLastStepAsWritten expects x of shape (time >= 1, batch, "
                f"features = {self.num_features}), got {tuple(x.shape)}"
            )
        h, _ = self.lstm(x)  # (time, batch, hidden_size)
        last = h[:, -1, :]  # (time, hidden_size): the last sample, not the last step
        return self.softmax(self.logits(last))  # (time, num_outputs)
