"""Modules as people write them, of the kinds that are published with weights."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn


class BeatTracker(nn.Module):
    """Convolutions over features, a batch and its time as one; two LSTM layers."""

    def __init__(self, dim_in=72, n=150, layers=2):
        super().__init__()
        self.conv_out = n
        self.kernelsize = 10
        self.conv1 = nn.Conv1d(1, 2, self.kernelsize)
        self.linear0 = nn.Linear(2 * ((dim_in - self.kernelsize + 1) // 2), n)
        self.lstm = nn.LSTM(
            n, n, num_layers=layers, batch_first=True, bidirectional=False
        )
        self.linear = nn.Linear(n, 3)
        self.softmax = nn.Softmax(dim=0)

    def forward(self, data):
        x = data
        x = torch.reshape(x, (-1, x.shape[2]))
        x = x.unsqueeze(0).transpose(0, 1)
        x = F.max_pool1d(F.relu(self.conv1(x)), 2)
        x = x.view(-1, self.num_flat(x))
        x = self.linear0(x)
        x = torch.reshape(x, (data.shape[0], data.shape[1], self.conv_out))
        x, _ = self.lstm(x)
        out = self.linear(x).transpose(1, 2)
        return torch.softmax(out, 1)

    def num_flat(self, x):
        n = 1
        for k in x.size()[1:]:
            n *= k
        return n


class SpeakerEncoder(nn.Module):
    """Three LSTM layers, of which the last state becomes a unit vector."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(40, 16, 3, batch_first=True)
        self.linear = nn.Linear(16, 16)
        self.relu = nn.ReLU()

    def forward(self, mels):
        _, (h, _) = self.lstm(mels)
        e = self.relu(self.linear(h[-1]))
        return e / torch.norm(e, dim=1, keepdim=True)


class TextClassifier(nn.Module):
    """Words, a bidirectional stack with states of zeros, its last states."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(20, 8, padding_idx=0)
        self.lstm = nn.LSTM(8, 6, 2, bidirectional=True, batch_first=True, dropout=0.3)
        self.dropout = nn.Dropout(0.5)
        self.fc = nn.Linear(12, 3)

    def forward(self, x):
        h0 = torch.zeros(4, x.size(0), 6).to(x.device)
        c0 = torch.zeros(4, x.size(0), 6, device=x.device)
        e = self.dropout(self.embedding(x))
        _, (h, _) = self.lstm(e, (h0, c0))
        h = torch.cat((h[-2, :, :], h[-1, :, :]), dim=1)
        return F.log_softmax(self.fc(self.dropout(h)), dim=-1)


class AttentionOverTime(nn.Module):
    """A bidirectional GRU with time first, and a weighted mean of its steps."""

    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(5, 6, bidirectional=True)
        self.attn = nn.Linear(12, 1)
        self.fc = nn.Sequential(
            nn.Linear(12, 8), nn.Tanh(), nn.Dropout(0.2), nn.Linear(8, 2)
        )

    def forward(self, x):
        out, _ = self.gru(x.permute(1, 0, 2))
        out = out.permute(1, 0, 2)
        w = F.softmax(self.attn(out).squeeze(-1), dim=1)
        ctx = torch.bmm(w.unsqueeze(1), out).squeeze(1)
        return self.fc(ctx), w


class PositionalEncoding(nn.Module):
    """Sines and cosines added to what stands at each step."""

    def __init__(self, d, n=100):
        super().__init__()
        pe = torch.zeros(n, d)
        p = torch.arange(n).unsqueeze(1)
        dv = torch.exp(torch.arange(0, d, 2) * (-math.log(1e4) / d))
        pe[:, 0::2] = torch.sin(p * dv)
        pe[:, 1::2] = torch.cos(p * dv)
        self.register_buffer("pe", pe.unsqueeze(0))
        self.dropout = nn.Dropout(0.1)

    def forward(self, x):
        return self.dropout(x + self.pe[:, : x.size(1)])


class TransformerClassifier(nn.Module):
    """Encoder layers of a transformer, with padding or without the future."""

    def __init__(self, causal=False):
        super().__init__()
        self.causal = causal
        self.embedding = nn.Embedding(20, 8)
        self.pos = PositionalEncoding(8)
        self.encoder = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, norm_first=causal),
            2,
            enable_nested_tensor=False,
        )
        self.fc = nn.Linear(8, 3)

    def forward(self, x):
        h = self.pos(self.embedding(x) * math.sqrt(8))
        mask = (
            nn.Transformer.generate_square_subsequent_mask(x.size(1))
            if self.causal
            else None
        )
        h = (
            self.encoder(h, mask=mask)
            if self.causal
            else self.encoder(h, src_key_padding_mask=(x == 0))
        )
        return self.fc(h.mean(dim=1))


class GPTBlock(nn.Module):
    """Attention by hand and as a function, positions, and a bare weight."""

    def __init__(self, d=8, h=2, n=64):
        super().__init__()
        self.h = h
        self.ln = nn.LayerNorm(d)
        self.qkv = nn.Linear(d, 3 * d)
        self.proj = nn.Linear(d, d)
        self.tok = nn.Embedding(20, d)
        self.pos = nn.Embedding(n, d)
        self.register_buffer("bias", torch.tril(torch.ones(n, n)).view(1, 1, n, n))
        self.head = nn.Linear(d, 20, bias=False)
        self.gamma = nn.Parameter(torch.ones(d))

    def forward(self, idx):
        B, T = idx.size()
        x = self.tok(idx) + self.pos(
            torch.arange(0, T, dtype=torch.long, device=idx.device)
        )
        y = self.ln(x)
        q, k, v = self.qkv(y).split(8, dim=2)
        q = q.view(B, T, self.h, 4).transpose(1, 2)
        k = k.view(B, T, self.h, 4).transpose(1, 2)
        v = v.view(B, T, self.h, 4).transpose(1, 2)
        att = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
        att = att.masked_fill(self.bias[:, :, :T, :T] == 0, float("-inf"))
        att = F.softmax(att, dim=-1)
        y = (att @ v).transpose(1, 2).contiguous().view(B, T, 8)
        y2 = (
            F.scaled_dot_product_attention(q, k, v, is_causal=True)
            .transpose(1, 2)
            .contiguous()
            .view(B, T, 8)
        )
        return self.head(x + self.proj(y + y2) * self.gamma)


class ConvolutionsAndLSTM(nn.Module):
    """Convolutions with the features first, and an LSTM with time first."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv1d(5, 8, 5, padding=2),
            nn.BatchNorm1d(8),
            nn.ReLU(inplace=True),
            nn.MaxPool1d(2),
            nn.Conv1d(8, 8, 3, stride=2, padding=1),
            nn.LeakyReLU(0.1),
        )
        self.lstm = nn.LSTM(8, 6)
        self.fc = nn.Linear(6, 2)

    def forward(self, x):
        x = self.features(x)
        x = x.permute(2, 0, 1)
        o, _ = self.lstm(x)
        return torch.sigmoid(self.fc(o[-1]))


class Residual(nn.Module):
    """A residual block that works in place."""

    def __init__(self, i, o, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(i, o, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(o)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(o, o, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(o)
        self.downsample = (
            None
            if stride == 1 and i == o
            else nn.Sequential(
                nn.Conv2d(i, o, 1, stride, bias=False), nn.BatchNorm2d(o)
            )
        )

    def forward(self, x):
        idt = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.downsample is not None:
            idt = self.downsample(x)
        out += idt
        return self.relu(out)


class ResidualNetwork(nn.Module):
    """A small residual network, with the channels first."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = nn.Sequential(Residual(4, 4), Residual(4, 8, 2))
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(8, 5)

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer1(x)
        x = self.avgpool(x)
        x = torch.flatten(x, 1)
        return self.fc(x)
