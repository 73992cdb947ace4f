"""Evidence of runs that nobody ran: made by hand, without a framework."""

from compare.judging.evidence import Evidence
from compare.judging.explanation import Explanation
from compare.judging.not_compared import NotCompared
from compare.judging.result import Result, StageResult, Worst
from compare.judging.sensitivity import Sensitivity, Survivor
from compare.judging.training import Cause, TrainingEvidence

VERSIONS = {"compare": "0.1.0", "torch": "2.13.0", "keras": "3.15.1", "backend": "tf"}
HOSTILE = (
    "a|b `c` ``d`` </code></summary><script>alert(1)</script> <img src=x onerror=y>\n"
    "## a heading [link](http://example.com) **bold** @somebody www.example.com "
    "\x1b[31m\x00 -->"
)


def result(pair="mine", verdict="same", **others):
    """A result of 7 steps, with one stage; of a difference, with its explanation."""
    gap = 2e-16 if verdict == "same" else 0.5
    worst = Worst((0, 1), 0.25, 0.75)
    name = others.pop("stage", "lstm.h")
    stage = StageResult(
        name, verdict, gap, 1e-14, 1e-7, 1e-8, 1e-8, 7, 7, worst, 1, "apart by 0.5"
    )
    if verdict == "same":
        stage = StageResult(name, verdict, gap, 1e-14, 1e-7, 1e-8, 1e-8, 7, 7, worst)
    settings = dict(
        pair=pair,
        length="none",
        timesteps=7,
        batch=4,
        direction="to_keras",
        verdict=verdict,
        expected="same",
        stages=(stage,),
    )
    return Result(**{**settings, **others})


def explanation(text="the gates stand in another order"):
    """An explanation of one known mistake."""
    return Explanation(
        explained=True,
        faults=("gates",),
        sentence=f"in lstm of Keras, {text}",
        fix=f"lstm of Keras: {text}",
        indistinguishable_from=(),
        gap_before=0.5,
        gap_after=1e-16,
        limit=1e-14,
        tried=12,
        layer="lstm",
        timestep=1,
        unit=2,
    )


def evidence(*results, not_compared=(), notes=(), seconds=1.5):
    """The evidence of a run with these results."""
    return Evidence(
        VERSIONS, {"seed": 0}, results, [], notes, seconds, tuple(not_compared)
    )


def of_a_pass(pair="mine", text="the layer reads backwards"):
    """A result that is the same, with what that is worth."""
    survivor = Survivor("gates", "lstm", text, "no input shows it")
    worth = Sensitivity(pair, 3, 4, (survivor,))
    return result(pair, sensitivity=worth, unexercised=(f"mask: {text}",))


def of_a_difference(pair="mine", text="the gates stand in another order"):
    """A result that differs, with its explanation."""
    return result(pair, "different", explanation=explanation(text))


def refused(pair="theirs", text="expected a file that exists"):
    """A pair that was refused."""
    return NotCompared(pair, text)


def training(verdict="same", **others):
    """A training run of two steps: the loss, and a kernel that earns the verdict."""
    gap = 2e-16 if verdict == "same" else 0.5
    kernel = StageResult(
        "lstm.kernel", verdict, gap, 1e-14, 1e-7, 1e-8, 1e-8, 2, 2, None, 1, "apart"
    )
    loss = StageResult("loss", "same", 1e-16, 1e-14, 1e-7, 1e-8, 1e-8, 2, 2)
    sides = ("torch32", "torch64", "keras32", "keras64")
    optimizer = dict(cls="Adam", own=True, values={"epsilon": 1e-8}, align_biases=False)
    settings = dict(
        pair="mine",
        source="its own inputs",
        loss="mean_squared_error",
        optimizer="adam",
        torch=optimizer,
        keras=optimizer,
        epochs=1,
        batch_size=4,
        steps_per_epoch=2,
        seed=0,
        follow="torch",
        removed=[],
        variances_aligned=False,
    )
    drift, causes = {}, ()
    if verdict != "same":
        drift = {"epsilon": "epsilon is 1e-08 in PyTorch, 1e-07 in Keras"}
        causes = (Cause("epsilon", drift["epsilon"], 0.75, 0.8),)
    fields = dict(
        versions=VERSIONS,
        settings=settings,
        steps=2,
        gradients=result(loss="mean_squared_error"),
        losses=dict.fromkeys(sides, (0.5, 0.25)),
        tensors=(loss, kernel),
        stopped="",
        interrupted=False,
        drift=drift,
        causes=causes,
        left=None,
        sharpe={},
        seconds=1.5,
    )
    return TrainingEvidence(**{**fields, **others})
