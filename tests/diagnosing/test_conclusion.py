"""What an explanation says of several causes and of their other readings."""

from compare.diagnosing.conclusion import Diagnosis
from compare.diagnosing.finding import Finding, Reading


def finding(layer: str) -> Finding:
    """A difference in a layer that either side may cause."""
    in_torch = Reading("torch", (), f"PyTorch's {layer} is wrong", f"mend {layer}")
    in_keras = Reading("keras", (), f"Keras's {layer} is wrong", f"mend {layer} there")
    return Finding(layer, (in_torch, in_keras))


def explained(*layers: str) -> list[str]:
    findings = [finding(layer) for layer in layers]
    return Diagnosis(findings, None, None, tried=9).explanation().explain()


def test_another_reading_of_the_only_cause_stands_alone():
    assert "or else   Keras's lstm is wrong; fix mend lstm there" in explained("lstm")


def test_another_reading_says_which_of_several_causes_it_replaces():
    """Only one reading of each cause, together, mend the model."""
    lines = explained("lstm", "head")

    assert (
        "or else   instead of cause 2: Keras's head is wrong; fix mend head there"
        in lines
    )
    assert (
        "or else   instead of cause 1: Keras's lstm is wrong; fix mend lstm there"
        in lines
    )
