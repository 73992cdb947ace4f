"""Pages of made-up evidence, and what is on them; no framework is loaded."""

import re
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np

from compare.judging.evidence import Evidence
from compare.judging.explanation import Explanation
from compare.judging.picture import (
    GateCurves,
    Graph,
    HeatMap,
    Node,
    Picture,
    SourceLine,
    StepCurves,
)
from compare.judging.result import (
    BOTH_REFUSE,
    DIFFERENT,
    SAME,
    Result,
    StageResult,
    Worst,
)
from compare.judging.sensitivity import Sensitivity, Survivor
from compare.judging.training import Cause, TrainingEvidence
from compare.reports.page.claims_page import claims_page
from compare.reports.page.port_page import port_page
from compare.reports.page.run_page import run_page
from compare.reports.page.training_page import training_page

VERSIONS = {"torch": "2.13.0", "keras": "3.15.1", "backend": "tensorflow 2.21.0"}
COMMAND = "twinproof run 'my pair.py'"
STEPS = 7

IN_PYTORCH = '''\
from torch import nn


class InPyTorch(nn.Module):
    """Read a sequence."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(8, 32, batch_first=True)
        self.head = nn.Linear(32, 3)

    def forward(self, x):
        h, _ = self.rnn(x)  # (batch, time, 32)
        return self.head(h[:, -1])
'''
IN_KERAS = '''\
import keras


class InKeras(keras.Model):
    """Read a sequence."""

    def __init__(self):
        super().__init__()
        self.rnn = keras.layers.LSTM(32, return_sequences=True)
        self.head = keras.layers.Dense(3)

    def call(self, x):
        h = self.rnn(x)  # (batch, time, 32)
        return self.head(h[:, 0])
'''
SOURCES = [("my_pair.py: InPyTorch", IN_PYTORCH), ("my_pair.py: InKeras", IN_KERAS)]


def picture(verdict, stage):
    """Twins at work: a recurrent layer and a dense one."""
    random = np.random.default_rng(0)
    heat = HeatMap(stage, "time", "unit", random.random((STEPS, 3)) * 1e-3)
    small = np.full(STEPS, 3e-16)
    curves = StepCurves(stage, small, np.full(STEPS, 2e-7), small * 100, STEPS)
    values = {"torch": random.random(STEPS), "keras": random.random(STEPS)}
    gates = GateCurves("rnn", "", 1, 5, dict.fromkeys("ifgo", values))
    torch_line = SourceLine("my_pair.py", 13, "h, _ = self.rnn(x)  # (batch, time, 32)")
    last_line = SourceLine("my_pair.py", 14, "return self.head(h[:, -1])")
    graph = Graph(
        (
            Node("x", "input", (4, STEPS, 8), ()),
            Node("rnn", "LSTM", (4, STEPS, 32), (0,), torch_line, ("rnn",)),
            Node("head", "Linear", (4, 3), (1,), last_line, ("output",)),
        )
    )
    return Picture(
        verdicts={"rnn": SAME, "output": verdict},
        shapes={"rnn": (4, STEPS, 32), "output": (4, 3)},
        stage=stage,
        heat=heat,
        steps=curves,
        gates=gates,
        graphs={"torch": graph, "keras": graph},
    )


def stages(verdict):
    """The stages of that picture: the one inside is the same."""
    rnn = StageResult(
        "rnn", SAME, 3.6e-16, 3e-14, 1.1e-7, 1.2e-7, 1.4e-7, STEPS, STEPS,
        is_result=False,
    )  # fmt: skip
    worst, reason = None, ""
    if verdict != SAME:
        worst = Worst((3, 2), -1.57188, -1.31326)
        reason = "apart by 1.4e-01, where rounding explains 6.4e-14"
    gap = 4.4e-16 if verdict == SAME else 0.14
    output = StageResult(
        "output", verdict, gap, 6.4e-14, 2.2e-7, 3.3e-8, 2.8e-8, 1, 1, worst,
        None, reason,
    )  # fmt: skip
    return rnn, output


def result(pair, verdict, direction="to_keras", timesteps=STEPS, **more):
    """A result of a pair that declares its twins the same."""
    return Result(
        pair, "none", timesteps, 4, direction, verdict, SAME, stages(verdict), **more
    )


def explanation(**more):
    """Why the twins differ."""
    facts = dict(
        explained=True,
        faults=("first_step",),
        sentence="between rnn and head, Keras takes the first step, not the last step",
        fix="Keras: take the last step, h[:, -1]",
        indistinguishable_from=(),
        gap_before=0.14,
        gap_after=3.7e-16,
        limit=6.4e-14,
        tried=90,
        layer="between rnn and head",
    )
    return Explanation(**(facts | more))


def evidence(*results, **more):
    """A run of some results; of a pair that differs and one that does not, if none."""
    if not results:
        results = [
            result("broken", DIFFERENT, explanation=explanation(), timesteps=200),
            result("broken", DIFFERENT, picture=picture(DIFFERENT, "output")),
            result("broken", DIFFERENT, "to_torch"),
            result("broken", SAME, timesteps=1),
            result(
                "right",
                SAME,
                picture=picture(SAME, "rnn"),
                sensitivity=Sensitivity(
                    "right",
                    70,
                    71,
                    (Survivor("relu6", "head", "a relu6 for a relu", "none above 6"),),
                ),
                unexercised=("the mask masked no step",),
            ),
            Result(
                "right", 50, STEPS, 4, "to_keras", BOTH_REFUSE, BOTH_REFUSE,
                refusals={"torch": "expects 50 steps", "keras": "expected shape 50"},
            ),
        ]  # fmt: skip
    claims = [
        {
            "number": 1,
            "question": "Is the last step the last?",
            "ran": "nn.LSTM(5, 50)",
            "verdict": "holds only if batch_first=True",
            "figures": {"gap": 1.5e-8, "shape": [10, 30, 5], "says": "(10, 30, 50)"},
        }
    ]
    facts = dict(
        versions=VERSIONS,
        inputs={"x": "x (4, 7, 8)", "seed": 0},
        results=results,
        claims=claims,
        notes=["matched (PyTorch = Keras): rnn = rnn; head = head"],
        seconds=12.5,
    )
    return Evidence(**(facts | more))


def page_of_run(run=None, sources=SOURCES):
    """The page of a run, with the same sources for each pair."""
    run = evidence() if run is None else run
    pairs = {each.pair: sources for each in run.results}
    return run_page(run, pairs, COMMAND)


def training():
    """A training run of twins that part."""
    torch = np.linspace(0.5, 0.1, 60)
    losses = {"torch64": torch, "keras64": torch + 0.1}
    losses |= {"torch32": torch, "keras32": torch + 0.1}
    optimizer = {"cls": "Adam", "own": True, "values": {"learning_rate": 1e-3}}
    optimizer |= {"align_biases": False}
    tensor = StageResult(
        "loss", DIFFERENT, 0.24, 1.4e-14, 0.2, 4e-8, 4e-8, 60, 60, timestep=1,
        reason="apart by 2.4e-01, where rounding explains 1.4e-14",
    )  # fmt: skip
    sentence = "Keras alone adds regularisers to its loss: L2(0.01) of 0.kernel"
    return TrainingEvidence(
        versions=VERSIONS,
        settings={
            "pair": "broken", "source": "x (64, 8)", "loss": "mean_squared_error",
            "optimizer": "adam", "torch": optimizer, "keras": optimizer, "epochs": 20,
            "batch_size": 20, "steps_per_epoch": 3, "seed": 0, "follow": "torch",
            "removed": ["biases", "epsilon"],
        },
        steps=60,
        gradients=result("broken", DIFFERENT, loss="mean_squared_error"),
        losses=losses,
        tensors=[tensor],
        stopped="",
        interrupted=False,
        drift={"regularisers": sentence},
        causes=[Cause("regularisers", sentence, 1.0, 1.0)],
        left=0.0,
        sharpe={"in sample": {"days": 50, "torch": 1.0, "keras": None, "equal": 0.5}},
        seconds=3.0,
    )  # fmt: skip


def page_of_training(run=None, sources=SOURCES):
    """The page of a training run."""
    return training_page(run or training(), sources, "twinproof train x.py")


def page_of_claims():
    """The page of some claims."""
    return claims_page(evidence().claims, VERSIONS, "twinproof claims")


def page_of_port(folder, twin=False):
    """The page of a port that is in a folder."""
    (folder / "model.py").write_text(IN_PYTORCH)
    (folder / "keras_model.py").write_text(IN_KERAS)
    files = ["model.py", "keras_model.py"] if twin else ["model.py"]
    port = SimpleNamespace(
        folder=folder,
        files=files,
        name="Net",
        framework="PyTorch",
        evidence=evidence(result("net.keras", SAME, picture=picture(SAME, "rnn"))),
        judge=SimpleNamespace(name="Keras 3", reason="It was compared with the file."),
        notes=("a dropout of 0 is left out",),
        stubs=(),
        verdict="same",
        is_same=True,
        is_proved=True,
    )
    return port_page(port, None, "ported", "twinproof port net.keras")


class Parsed(HTMLParser):
    """What is on a page.

    Args:
        page: its text.
    """

    def __init__(self, page):
        super().__init__()
        self.tags = []  # name and attributes of each
        self.texts = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self):
        """All text but that of styles, each run of spaces as one."""
        return re.sub(r"\s+", " ", " ".join(self.texts))

    def all(self, name):
        """The values of an attribute, of all tags."""
        return [attrs[name] for _, attrs in self.tags if name in attrs]
