import torch
from torch import nn


class ResetBefore(nn.Module):
    """The layer, with Keras's arrays in Keras's layout; gates stand as z, r, n.

    Args:
        num_features: size of one time step's input vector.
        hidden_size: size of the state h.
    """

    def __init__(self, num_features: int, hidden_size: int):
        super().__init__()
        self.kernel = nn.Parameter(torch.empty(num_features, 3 * hidden_size))
        self.recurrent_kernel = nn.Parameter(torch.empty(hidden_size, 3 * hidden_size))
        self.bias = nn.Parameter(torch.zeros(3 * hidden_size))
        nn.init.xavier_uniform_(self.kernel)
        nn.init.orthogonal_(self.recurrent_kernel)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        to_gates, to_n = self.recurrent_kernel.tensor_split(
            [2 * len(self.recurrent_kernel)], 1
        )
        h = x.new_zeros(len(x), len(self.recurrent_kernel))  # (batch, hidden_size)
        outputs = []
        for inputs in (x @ self.kernel + self.bias).unbind(1):  # (batch, 3 hidden_size)
            input_z, input_r, input_n = inputs.chunk(3, 1)
            hidden_z, hidden_r = (h @ to_gates).chunk(2, 1)
            z = torch.sigmoid(input_z + hidden_z)
            r = torch.sigmoid(input_r + hidden_r)
            n = torch.tanh(input_n + (r * h) @ to_n)  # nn.GRU has r * (h @ to_n)
            h = z * h + (1 - z) * n
            outputs.append(h)
        return torch.stack(outputs, 1)  # (batch, time, hidden_size)


class GRUResetBefore(nn.Module):
    """Keras's `GRU(reset_after=False)`, for which PyTorch has no layer: a cell by hand.

        z, r = sigmoid(W x_t + U h_(t-1) + b)
        n = tanh(W x_t + U (r h_(t-1)) + b),    h_t = z h_(t-1) + (1 - z) n

    The reset gate comes before the recurrent matrix product, as in the paper. PyTorch's
    `nn.GRU` applies it after the product and cannot be given these weights: it computes
    another function with them. Files of Keras 2.0 to 2.2 have this form.

    Args:
        num_features: size of one time step's input vector.
        hidden_size: size of the state h (Keras calls it `units`).
        num_outputs: number of predicted values.

    Call:
        x: float, (batch, time, num_features).
        returns: float, (batch, num_outputs).

    Raises:
        ValueError: if x is not of that shape, or has no time step.

    Source: Cho et al. 2014, arXiv:1406.1078v3, equations 5 to 8.
    """

    def __init__(self, num_features: int, hidden_size: int, num_outputs: int):
        super().__init__()
        self.num_features = num_features
        self.gru = ResetBefore(num_features, hidden_size)
        self.head = nn.Linear(hidden_size, num_outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if len(x.shape) != 3 or x.shape[1] == 0 or x.shape[2] != self.num_features:
            raise ValueError(
                f"GRUResetBefore expects x of shape (batch, time >= 1, "
                f"features = {self.num_features}), got {tuple(x.shape)}"
            )
        h = self.gru(x)  # (batch, time, hidden_size)
        return self.head(h[:, -1])  # (batch, num_outputs)
