import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class GRULayer(nn.Module):
    """A GRU layer with all it can be asked for, and the shapes it answers with.

        r, z = sigmoid(W x_t + b + U h_(t-1) + b')
        n = tanh(W x_t + b + r (U h_(t-1) + b')),    h_t = (1 - z) n + z h_(t-1)

    `num_layers` are stacked, each reading the output of the one before; two directions
    are laid side by side in the output and stacked in the states. D is 2 if
    bidirectional, else 1; H_out is hidden_size.

    Args:
        num_features: size of one time step's input vector.
        hidden_size: size of the state (Keras calls it `units`).
        num_layers: number of layers.
        bias: whether there are biases; PyTorch has two, of which Keras keeps both.
        batch_first: whether x and output are (batch, time, ...) or (time, batch, ...);
            the states are not changed by it.
        dropout: share of each layer's output but the last's that training drops.
        bidirectional: whether a second direction reads the sequence from its end.
        reset_after: apply the reset gate behind the recurrent matrix product, as both
            frameworks do; Keras alone can apply it before (False).

    Call:
        x: float, (batch, time, num_features), or (time, num_features) unbatched.
        h_0: float, (D * num_layers, batch, H_out), or zeros if it is not given.
        lengths: int64, (batch,), valid steps of each sequence, or all if not given.
        returns: output (batch, time, D * H_out), h_n shaped as h_0.

    Raises:
        ValueError: if reset_after is False, for which PyTorch has no layer.
        ValueError: if lengths are not one of 1 to time for each sequence.

    Source: Cho et al. 2014, arXiv:1406.1078; the reset gate behind the matrix product,
        https://docs.pytorch.org/docs/stable/generated/torch.nn.GRU.html.
    """

    def __init__(
        self,
        num_features: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = True,
        dropout: float = 0.0,
        bidirectional: bool = False,
        reset_after: bool = True,
    ):
        super().__init__()
        if not reset_after:
            raise ValueError(
                "GRULayer expects reset_after = True, got False: PyTorch's GRU has its "
                "reset gate behind the matrix product only; retrain with True, or "
                "write the cell by hand"
            )
        self.batch_first = batch_first
        self.bidirectional = bidirectional
        self.gru = nn.GRU(  # it stacks its layers and drops out between them itself
            num_features,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
        )

    def forward(self, x: torch.Tensor, h_0=None, lengths=None) -> tuple:
        batch, time = x.shape[:2] if self.batch_first else x.shape[1::-1]
        # A tensor that Keras only traces has no values to look at.
        if hasattr(lengths, "numpy") and not (
            len(lengths) == batch and all(1 <= n <= time for n in lengths.numpy())
        ):
            raise ValueError(
                f"GRULayer expects {batch} lengths of 1 to {time}, got "
                f"{lengths.numpy().tolist()}; leave empty sequences out of the batch"
            )
        if lengths is not None:
            x = pack_padded_sequence(x, lengths, self.batch_first, enforce_sorted=False)
        output, h_n = self.gru(x, h_0)
        if lengths is not None:
            output, _ = pad_packed_sequence(output, self.batch_first, total_length=time)
        return output, h_n
