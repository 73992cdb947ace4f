import keras
from keras import layers, ops


class TransformerEncoder(keras.Model):
    """An encoder of a transformer: attention and a feed-forward part, added to h.

        h = norm(x W + b + attention(x W + b)),    h = norm(h + U gelu(V h))
        y = W mean over time of h + b

    PyTorch keeps the projections of queries, keys and values as one matrix; Keras has a
    kernel (features, heads, size of a head) for each, and its `key_dim` is the size of
    one head, not of all. Keras calls an attention on (query, value), PyTorch on (query,
    key, value). Keras's norms have an epsilon of 1e-3, and its `ops.gelu` takes a tanh
    for the error function, unless they are told.

    Args:
        num_features: size of one time step's input vector.
        hidden_size: size of the vectors inside, a multiple of num_heads.
        num_heads: number of heads.
        num_outputs: number of predicted values.

    Call:
        x: float, (batch, time, num_features).
        returns: float, (batch, num_outputs).

    Raises:
        ValueError: if x is not of that shape, or has no time step.

    Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.1.
    """

    def __init__(
        self, num_features: int, hidden_size: int, num_heads: int, num_outputs: int
    ):
        super().__init__()
        self.num_features = num_features
        self.embedding = layers.Dense(hidden_size)
        self.attention = layers.MultiHeadAttention(num_heads, hidden_size // num_heads)
        self.attention_norm = layers.LayerNormalization(epsilon=1e-5)
        self.expand = layers.Dense(2 * hidden_size)
        self.shrink = layers.Dense(hidden_size)
        self.norm = layers.LayerNormalization(epsilon=1e-5)
        self.head = layers.Dense(num_outputs)

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        if len(x.shape) != 3 or x.shape[1] == 0 or x.shape[2] != self.num_features:
            raise ValueError(
                f"TransformerEncoder expects x of shape (batch, time >= 1, "
                f"features = {self.num_features}), got {tuple(x.shape)}"
            )
        h = self.embedding(x)  # (batch, time, hidden_size)
        attended = self.attention(h, h)
        h = self.attention_norm(h + attended)
        h = self.norm(h + self.shrink(ops.gelu(self.expand(h), approximate=False)))
        return self.head(ops.mean(h, 1))  # (batch, num_outputs)
