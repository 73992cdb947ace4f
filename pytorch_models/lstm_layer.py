import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

# Keras's twin needs a ProjectedLSTMCell here; PyTorch's LSTM projects itself.


class LSTMLayer(nn.Module):
    """An LSTM layer with all it can be asked for, and the shapes it answers with.

        i, f, o = sigmoid(W x_t + U h_(t-1) + b),    g = tanh(W x_t + U h_(t-1) + b)
        c_t = f c_(t-1) + i g,    h_t = o tanh(c_t), or P (o tanh(c_t)) if projected

    `num_layers` are stacked, each reading the output of the one before; two directions
    are laid side by side in the output and stacked in the states. D is 2 if
    bidirectional, else 1; H_out is proj_size if there is one, else hidden_size.

    Args:
        num_features: size of one time step's input vector.
        hidden_size: size of the state (Keras calls it `units`).
        num_layers: number of layers.
        bias: whether there are biases; PyTorch has two, of which Keras keeps the sum.
        batch_first: whether x and output are (batch, time, ...) or (time, batch, ...);
            the states are not changed by it.
        dropout: share of each layer's output but the last's that training drops.
        bidirectional: whether a second direction reads the sequence from its end.
        proj_size: size that h is projected to, below hidden_size; 0 does not project.

    Call:
        x: float, (batch, time, num_features), or (time, num_features) unbatched.
        h_0: float, (D * num_layers, batch, H_out), or zeros if it is not given.
        c_0: float, (D * num_layers, batch, hidden_size), given with h_0 or not at all.
        lengths: int64, (batch,), valid steps of each sequence, or all if not given.
        returns: output (batch, time, D * H_out), h_n and c_n shaped as h_0 and c_0.

    Raises:
        ValueError: if proj_size is not below hidden_size.
        ValueError: if lengths are not one of 1 to time for each sequence.

    Source: Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735; forget gate,
        Gers et al. 2000, doi:10.1162/089976600300015015; projection, Sak et al. 2014,
        arXiv:1402.1128.
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
        proj_size: int = 0,
    ):
        super().__init__()
        if not 0 <= proj_size < hidden_size:
            raise ValueError(
                f"LSTMLayer expects 0 <= proj_size < hidden_size = {hidden_size}, got "
                f"{proj_size}: PyTorch's LSTM projects to less only; use a dense layer"
            )
        self.batch_first = batch_first
        self.bidirectional = bidirectional
        self.lstm = nn.LSTM(  # it stacks its layers and drops out between them itself
            num_features,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            proj_size,
        )

    def forward(self, x: torch.Tensor, h_0=None, c_0=None, lengths=None) -> tuple:
        batch, time = x.shape[:2] if self.batch_first else x.shape[1::-1]
        # A tensor that Keras only traces has no values to look at.
        if hasattr(lengths, "numpy") and not (
            len(lengths) == batch and all(1 <= n <= time for n in lengths.numpy())
        ):
            raise ValueError(
                f"LSTMLayer expects {batch} lengths of 1 to {time}, got "
                f"{lengths.numpy().tolist()}; leave empty sequences out of the batch"
            )
        states = None if h_0 is None else (h_0, c_0)
        if lengths is not None:
            x = pack_padded_sequence(x, lengths, self.batch_first, enforce_sorted=False)
        output, (h_n, c_n) = self.lstm(x, states)
        if lengths is not None:
            output, _ = pad_packed_sequence(output, self.batch_first, total_length=time)
        return output, h_n, c_n
