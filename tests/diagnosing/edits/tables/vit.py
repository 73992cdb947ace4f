"""Edits of `models/vit.py`."""

from edit import Edit

EDITS = (
    Edit(
        "torch",
        "self.act = nn.GELU()",
        "self.act = nn.GELU(approximate='tanh')",
        cause=("gelu",),
        place=("fc1", "act"),
    ),
    Edit(
        "torch",
        "self.act = nn.GELU()",
        "self.act = nn.ReLU()",
        cause=("relu",),
        place=("fc1", "act"),
    ),
    Edit(
        "torch",
        "self.norm2 = nn.LayerNorm(dim, eps=1e-6)",
        "self.norm2 = nn.LayerNorm(dim)",
        cause=("eps",),
        place=("norm2",),
    ),
    Edit(
        "torch",
        "qkv = self.qkv(x).reshape(batch, tokens, 3, self.heads, dim // self.heads)",
        (
            "qkv = self.qkv(x).reshape(batch, tokens, self.heads, 3, dim // "
            "self.heads).transpose(2, 3)"
        ),
        cause=("heads", "order"),
        place=("qkv", "attn"),
    ),
    Edit(
        "torch",
        "scores = q @ k.transpose(-2, -1) * (dim // self.heads) ** -0.5",
        "scores = q @ k.transpose(-2, -1) * dim ** -0.5",
        cause=("scale", "scores divided"),
        place=("attn", "blocks.0"),
    ),
    Edit(
        "torch",
        "out = scores.softmax(dim=-1) @ v",
        "out = scores.softmax(dim=-2) @ v",
        cause=("softmax",),
        place=("attn", "blocks.0"),
    ),
    Edit(
        "torch",
        "return self.proj(out.transpose(1, 2).reshape(batch, tokens, dim))",
        "return self.proj(out.reshape(batch, tokens, dim))",
        cause=("heads", "transpose"),
        place=("attn", "blocks.0", "proj"),
    ),
    Edit(
        "torch",
        "x = x + self.attend(self.norm1(x))",
        "x = self.norm1(x)\n        x = x + self.attend(x)",
        cause=("norm", "residual", "add"),
        place=("blocks.0", "norm1", "attn"),
        lines=("        x = x + self.attend(x)",),
    ),
    Edit(
        "torch",
        "x = x + self.mlp(self.norm2(x))",
        "x = x + self.mlp(x)",
        cause=("norm2", "norm"),
        place=("norm2", "blocks.0", "fc1"),
    ),
    Edit(
        "torch",
        "x = self.norm(self.blocks(x))",
        "x = self.blocks(x)",
        cause=("norm",),
        place=("norm",),
    ),
    Edit(
        "torch",
        "return self.head(x[:, 0])",
        "return self.head(x.mean(1))",
        cause=("mean", "first", "token"),
        place=("norm", "head"),
    ),
    Edit(
        "torch",
        "return self.head(x[:, 0])",
        "return self.head(x[:, -1])",
        cause=("last",),
        place=("norm", "head"),
    ),
    Edit(
        "torch",
        "torch.cat([self.cls.expand(len(x), -1, -1), x], dim=1)",
        "torch.cat([x, self.cls.expand(len(x), -1, -1)], dim=1)",
        cause=("order", "concat", "cat"),
        place=("embed", "patch", "model itself"),
    ),
    Edit(
        "torch",
        "x = x + self.pos\n",
        "x = x\n",
        cause=("sum",),
        place=("embed", "patch", "model itself"),
        lines=("return ops.concatenate([cls, x], axis=1) + self.pos",),
    ),
    Edit(
        "torch",
        "        x = x + self.pos\n",
        "        x[:, 1:] = x[:, 1:] + self.pos[:, 1:]\n",
        cause=("setitem",),
        place=("embed", "patch", "model itself"),
    ),
    Edit(
        "torch",
        "self.patch(x.permute(0, 3, 1, 2)).flatten(2).transpose(1, 2)",
        "self.patch(x.permute(0, 3, 1, 2)).flatten(2).reshape(len(x), -1, 8)",
        cause=("channel by channel",),
        place=("embed", "patch", "model itself"),
        lines=("x = torch.cat([self.cls.expand(len(x), -1, -1), x], dim=1)",),
    ),
    Edit(
        "keras",
        'x = x + layers.MultiHeadAttention(2, 4, name=f"attn_{i}")(y, y)',
        'x = x + layers.MultiHeadAttention(2, 4, name=f"attn_{i}")(y, x)',
        cause=("value", "key", "takes", "norm"),
        place=("attn", "blocks.0"),
    ),
    Edit(
        "keras",
        'x = x + layers.MultiHeadAttention(2, 4, name=f"attn_{i}")(y, y)',
        (
            'x = x + layers.MultiHeadAttention(2, 4, name=f"attn_{i}")(y, y, '
            "use_causal_mask=True)"
        ),
        cause=("causal",),
        place=("attn", "blocks.0"),
    ),
    Edit(
        "transfer",
        "weights += [weight.T.reshape(8, 2, 4), bias.reshape(2, 4)]",
        "weights += [weight.reshape(8, 2, 4), bias.reshape(2, 4)]",
        cause=("reshape", "transpose"),
        place=("attn", "blocks.0"),
    ),
    Edit(
        "transfer",
        "array(block.proj.weight).T.reshape(2, 4, 8)",
        "array(block.proj.weight).T.reshape(4, 2, 8).transpose(1, 0, 2)",
        cause=("heads", "order"),
        place=("attn", "blocks.0"),
    ),
    Edit(
        "transfer",
        "    embed.pos.assign(array(torch_model.pos))\n",
        "",
        cause=("initial", "pos"),
        place=("embed", "pos", "model itself"),
    ),
)
