"""Is a model moved between Keras and PyTorch still the same model?

    import compare

    evidence = compare.check(torch_model, keras_model, x)
    print(evidence.verdict)  # same
    print(evidence.explain())

`check` judges two models, `assert_same` does in a test, `train` lets both learn,
`transfer` copies weights, and `port` writes a saved model as source of PyTorch.

What they give back:

- `compare.judging.evidence.Evidence`, of `check` and `assert_same`, with a
  `compare.judging.result.Result` for each run. That has a
  `compare.judging.result.StageResult` for each layer, and where twins differ a
  `compare.judging.explanation.Explanation`. What a pass is worth is a
  `compare.judging.sensitivity.Sensitivity`, and what got no verdict a
  `compare.judging.not_compared.NotCompared`.
- `compare.judging.training.TrainingEvidence`, of `train`, with a
  `compare.judging.training.Cause` for what makes twins drift apart.
- `compare.matching.moves.Move`, of `transfer`, and `compare.porting.contents.Port`.

Importing this package loads neither framework.
"""

from compare.api import assert_same, check, port, train, transfer
from compare.errors import BadInput
from compare.subjects.pairs import Pair

__all__ = ["BadInput", "Pair", "assert_same", "check", "port", "train", "transfer"]
__version__ = "0.1.0"
