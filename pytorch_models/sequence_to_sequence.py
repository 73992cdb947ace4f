import torch
from torch import nn
from torch.nn.functional import pad


class SequenceToSequence(nn.Module):
    """Sequence to sequence: an encoder's states begin a decoder, which looks back.

        e, (h, c) = LSTM(x),    d = LSTM(x one step later, from h and c)
        a = softmax(d e^T) e,   y = W tanh(U [d, a] + b) + b

    The decoder is given the right answer of the step before, zero in the first; the
    answer here is x itself. PyTorch's states have an axis for layers, (1, batch, size);
    Keras takes a list of them, (batch, size).

    The attention has no weights: a score is the product of two hidden states. It looks
    at all steps of x, also later ones, as a translation does.

    Args:
        num_features: size of one time step's input and output vector.
        hidden_size: size of the hidden state h and of the cell state c (Keras calls
            it `units`).

    Call:
        x: float, (batch, time, num_features).
        returns: float, (batch, time, num_features).

    Raises:
        ValueError: if x is not of that shape, or has no time step.

    Source: Luong, Pham & Manning 2015, arXiv:1508.04025, equations 5, 7 and 8.
    """

    def __init__(self, num_features: int, hidden_size: int):
        super().__init__()
        self.num_features = num_features
        self.encoder = nn.LSTM(num_features, hidden_size, batch_first=True)
        self.decoder = nn.LSTM(num_features, hidden_size, batch_first=True)
        self.combine = nn.Linear(2 * hidden_size, hidden_size)
        self.head = nn.Linear(hidden_size, num_features)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if len(x.shape) != 3 or x.shape[1] == 0 or x.shape[2] != self.num_features:
            raise ValueError(
                f"SequenceToSequence expects x of shape (batch, time >= 1, "
                f"features = {self.num_features}), got {tuple(x.shape)}"
            )
        # The answer of the step before, and nothing before the first.
        before = pad(x[:, :-1], (0, 0, 1, 0))  # (batch, time, num_features)
        encoded, states = self.encoder(x)  # (batch, time, hidden_size)
        decoded, _ = self.decoder(before, states)
        scores = decoded @ encoded.transpose(1, 2)  # (batch, time, time)
        context = torch.softmax(scores, dim=-1) @ encoded
        both = torch.cat([decoded, context], dim=-1)  # (batch, time, 2 hidden_size)
        return self.head(torch.tanh(self.combine(both)))  # (batch, time, num_features)
