"""Hidden states against the output, and output[-1] against output[:, -1, :]."""

from functools import partial
from typing import Any

import torch
from torch import nn

from compare.subjects.claims.claim import Claim, Figure, Findings
from compare.subjects.claims.common import (
    ROUNDING,
    apart,
    close,
    layer_of,
    make_linear,
    make_lstm,
    movers,
    rand,
    refusal,
    shape_of,
)

# The hidden state and the output


def all_steps_in_h_n() -> Findings:
    """Whether h_n grows with the number of steps, or holds but one layer."""
    lstm = make_lstm(layers=2)
    shapes = {time: shape_of(lstm(rand(time, 2, 3))[1][0]) for time in (1, 7, 30)}
    return Findings(
        {
            "every step": len(set(shapes.values())) == len(shapes),
            "the last layer alone": {shape[0] for shape in shapes.values()} == {1},
        },
        {f"h_n, {time} steps": shape for time, shape in shapes.items()},
    )


def final_states() -> Findings:
    """h_n of two layers against each layer's output at the last step."""
    lstm, x = make_lstm(layers=2), rand(7, 2, 3)
    below = layer_of(lstm, 0)(x)[0]
    out, (h, _) = lstm(x)
    gaps = apart(h[0], below[-1]), apart(h[1], out[-1])
    return Findings({"": max(gaps) <= ROUNDING}, {"gap, layers 1 and 2": gaps})


def last_hidden() -> Findings:
    """hn[-1] against output[:, -1, :]."""
    kinds: dict[str, dict[str, Any]] = {
        "single layer": {},
        "stacked": dict(layers=3),
        "bidirectional": dict(bidirectional=True),
    }
    cases: dict[str, bool] = {}
    figures: dict[str, Figure] = {}
    for name, options in kinds.items():
        output, (hn, _) = make_lstm(batch_first=True, **options)(rand(2, 7, 3))
        last = output[:, -1, :]
        cases[name] = last.shape == hn[-1].shape and close(last, hn[-1])
        figures[name] = f"{shape_of(hn[-1])} and {shape_of(last)}"
        # Of a bidirectional layer hn[-1] is the reverse half, at the first step.
        figures[f"gap, {name}"] = apart(last[:, -4:], hn[-1])
    return Findings(cases, figures)


def last_hidden_gradients() -> Findings:
    """Gradients of all weights through hn[-1] and through output[:, -1, :]."""
    lstm, head, x = make_lstm(batch_first=True), make_linear(4, 1), rand(20, 7, 3)
    grads = []
    for from_state in (True, False):
        out, (h, _) = lstm(x)
        last = h[-1] if from_state else out[:, -1, :]
        loss = head(last).square().mean()
        grads.append(torch.autograd.grad(loss, list(lstm.parameters())))
    gap = max(apart(a, b) for a, b in zip(*grads, strict=True))
    return Findings({"": gap <= ROUNDING}, {"gradients apart by": gap})


def step_by_step() -> Findings:
    """Every output against the hidden state of a run one step at a time."""
    lstm, x = make_lstm(), rand(7, 2, 3)
    state, gaps = None, []
    for t, h_t in enumerate(lstm(x)[0]):
        _, state = lstm(x[t : t + 1], state)
        gaps.append(apart(h_t, state[0][0]))
    return Findings(
        {"": max(gaps) <= ROUNDING}, {"steps": len(gaps), "largest gap": max(gaps)}
    )


def _fourth_output(lstm: nn.LSTM, x: torch.Tensor) -> torch.Tensor:
    return lstm(x)[0][3]


def no_look_ahead() -> Findings:
    """Which steps move the output of the fourth of seven."""
    cases: dict[str, bool] = {}
    figures: dict[str, Figure] = {}
    for name in ("one direction", "bidirectional"):
        lstm = make_lstm(bidirectional=name == "bidirectional")
        moves = movers(partial(_fourth_output, lstm), rand(7, 2, 3), 0)
        cases[name] = not any(moves[4:])
        figures[name] = "steps " + " ".join(str(t + 1) for t in range(7) if moves[t])
    return Findings(cases, figures)


# output[-1] and output[:, -1, :]


def last_step_slice() -> Findings:
    """output[:, -1, :] of a batch-first layer against each sample run alone."""
    lstm, x = make_lstm(5, 50, batch_first=True), rand(10, 30, 5)
    last = lstm(x)[0][:, -1, :]
    alone = torch.stack([lstm(sample)[0][-1] for sample in x])
    return Findings(
        {"": shape_of(last) == (10, 50) and close(last, alone)},
        {
            "output[:, -1, :]": shape_of(last),
            "from samples run alone": apart(last, alone),
        },
    )


def last_index() -> Findings:
    """output[-1] against the last step of either order of axes."""
    lstm, x = make_lstm(5, 50), rand(30, 10, 5)
    truth = lstm(x)[1][0][-1]  # h_n: (batch, hidden_size) whatever the order
    batch_first = make_lstm(5, 50, batch_first=True)
    batch_first.load_state_dict(lstm.state_dict())
    picked = {
        "batch_first=False": lstm(x)[0][-1],
        "batch_first=True": batch_first(x.transpose(0, 1))[0][-1],
    }
    return Findings(
        {name: close(tensor, truth) for name, tensor in picked.items()},
        {"last step": shape_of(truth)} | {n: shape_of(f) for n, f in picked.items()},
    )


def last_sample() -> Findings:
    """output[-1] of a batch-first layer against all steps of its last sample."""
    lstm, x = make_lstm(5, 50, batch_first=True), rand(10, 30, 5)
    picked, alone = lstm(x)[0][-1], lstm(x[-1])[0]
    return Findings(
        {"": close(picked, alone)},
        {"output[-1]": shape_of(picked), "from x[-1] alone": apart(picked, alone)},
    )


def wrong_index_fails() -> Findings:
    """Whether anything stops a loss on output[-1] of a batch-first layer."""
    lstm, head = make_lstm(batch_first=True), make_linear(4, 1)
    messages: dict[str, str] = {}
    for name, time in (("time and batch differ", 7), ("time and batch are equal", 5)):
        x, y = rand(5, time, 3), rand(5, 1)
        wrong = head(lstm(x)[0][-1])
        messages[name] = refusal(lambda wrong=wrong, y=y: (wrong - y).square().mean())
    return Findings(
        {name: bool(text) for name, text in messages.items()},
        {name: text or "runs" for name, text in messages.items()},
    )


CLAIMS = (
    Claim(
        "Does h_n hold the last layer's hidden states of all time steps?",
        "h_n of a two-layer LSTM after 1, 7 and 30 steps",
        all_steps_in_h_n,
    ),
    Claim(
        "Does h_n hold each layer's hidden state after the last step?",
        "h_n of two layers against both layers' outputs",
        final_states,
    ),
    Claim(
        "Is every element of the output the hidden state at its step?",
        "an LSTM on 7 steps at once and one at a time",
        step_by_step,
    ),
    Claim(
        "Does the output at a step know that step and the earlier ones, no later one?",
        "which of 7 input steps move the output of the fourth",
        no_look_ahead,
    ),
    Claim(
        "Is hn[-1] the same as output[:, -1, :]?",
        "a single, a stacked and a bidirectional batch-first LSTM",
        last_hidden,
    ),
    Claim(
        "Does a one-layer model learn the same from hn[-1] as from output[:, -1, :]?",
        "gradients of all weights through either",
        last_hidden_gradients,
    ),
    Claim(
        "Does output[:, -1, :] of a batch-first LSTM take the last step of every "
        "sample?",
        "nn.LSTM(5, 50, batch_first=True) on 10 samples, together and alone",
        last_step_slice,
    ),
    Claim(
        "Is output[-1] the last step of every sample?",
        "output[-1] of a time-major and of a batch-first LSTM against h_n[-1]",
        last_index,
    ),
    Claim(
        "Is output[-1] of a batch-first LSTM the last sample, with all its steps?",
        "output[-1] against the last sample run alone",
        last_sample,
    ),
    Claim(
        "Does output[-1] of a batch-first LSTM end in an error?",
        "a loss on it, for 7 steps and for 5 steps of 5 samples",
        wrong_index_fails,
    ),
)
