import torch
from torch import nn


class PortfolioViewAsWritten(nn.Module):
    """Specimen: the note's `view` in Flatten's place, right for one sequence only.

        h_1 ... h_time = LSTM(x),    y = softmax(W view(h) + b)

    `view(-1, hidden_size * time)` cuts the (time, batch, hidden_size) output into rows
    as it lies in memory. With a batch of one a row is that sequence; with more, a row
    holds a few steps of all sequences, and every sequence's weights depend on the rest.

    Args:
        num_features: size of one time step's input vector.
        hidden_size: size of the hidden state h and of the cell state c (Keras calls
            it `units`).
        num_outputs: number of assets.
        timesteps: number of time steps of every input.

    Call:
        x: float, (timesteps, batch, num_features): time-major, as nn.LSTM reads it
            without `batch_first`.
        returns: float, (batch, num_outputs), each row sums to 1.

    Raises:
        ValueError: if timesteps is None, or x is not of that shape.

    Source: portfolio weights, Zhang, Zohren & Roberts 2020, arXiv:2005.13665.
    """

    def __init__(
        self, num_features: int, hidden_size: int, num_outputs: int, timesteps: int
    ):
        super().__init__()
        if timesteps is None:
            raise ValueError(
                "PortfolioViewAsWritten needs a fixed number of time steps: its "
                "dense layer reads all of them; got timesteps = None"
            )
        self.num_features = num_features
        self.hidden_size = hidden_size
        self.timesteps = timesteps
        self.lstm = nn.LSTM(num_features, hidden_size)
        self.logits = nn.Linear(timesteps * hidden_size, num_outputs)
        self.softmax = nn.Softmax(dim=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if len(x.shape) != 3 or (x.shape[0], x.shape[2]) != (
            self.timesteps,
            self.num_features,
        ):
            raise ValueError(
                f"PortfolioViewAsWritten expects x of shape (time = {self.timesteps}, "
                f"batch, features = {self.num_features}), got {tuple(x.shape)}"
            )
        h, _ = self.lstm(x)  # (timesteps, batch, hidden_size)
        size = self.hidden_size * self.timesteps
        rows = h.view(-1, size)  # (batch, hidden_size * timesteps), mixed
        return self.softmax(self.logits(rows))  # (batch, num_outputs)
