"""A loss that differs before the first step leads to `explain`, where no cause does."""

from dataclasses import replace

from made_evidence import training

ADVICE = "`explain` tells whether the twins predict alike"


def parted(drift, step):
    """A run whose loss parts at a step."""
    run = training("different")
    loss, kernel = run.tensors
    loss = replace(loss, verdict="different", gap64=0.5, timestep=step, reason="apart")
    return replace(run, tensors=(loss, kernel), drift=drift)


def test_a_first_loss_that_differs_for_no_known_cause_leads_to_explain():
    assert ADVICE in parted({}, step=1).conclusion


def test_a_known_cause_or_a_later_step_does_not():
    assert ADVICE not in parted({"regularisers": "Keras adds some"}, step=1).conclusion
    assert ADVICE not in parted({}, step=2).conclusion
