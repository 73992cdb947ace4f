"""What one converter makes of the saved models: run by `compare_converters.py`.

    python converter_work.py CONVERTER FOLDER MODEL ...

runs in the converter's own environment and writes FOLDER/MODEL/CONVERTER.json for each
model, as soon as it is measured.
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
import time
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from converter_ports import PREPARE, Array, Attempt, NotThere, Port, inputs_of_case

# Largest difference over the largest number of the Keras model's result in float64.
# Both are far above what rounding gave (5e-7 in float32, 6e-8 in float64 where some
# constant was rounded to float32), and far below the smallest mistake seen (5e-2).
RIGHT_BELOW = {"float64": 1e-6, "float32": 1e-5}

PACKAGES = (
    "keras",
    "tensorflow",
    "torch",
    "numpy",
    "protobuf",
    "onnx",
    "tf2onnx",
    "onnx2torch",
    "onnx2pytorch",
    "onnxruntime",
    "nobuco",
)


@dataclass(frozen=True)
class Measured:
    """What came of a model and a converter; what was not reached is None.

    Args:
        refused: why there is no port, or None.
        note: of the attempt that is reported.
        errors: of each case: largest difference over the largest result, or why none.
        float_type: in which the port ran.
        limit: on an error, for the port to be right.
        seconds: from the saved model to the port, beyond imports.
        trainable, lines, nodes: of the port.
        versions: {package: version} in the converter's environment.
    """

    refused: str | None
    note: str = ""
    errors: list[float | str] | None = None
    float_type: str | None = None
    limit: float | None = None
    seconds: float | None = None
    trainable: int | None = None
    lines: int | None = None
    nodes: int | None = None
    versions: dict[str, str] | None = None

    @property
    def num_right(self) -> int:
        """Cases in which the port is right."""
        if self.errors is None or self.limit is None:
            return -1
        return sum(not isinstance(e, str) and e <= self.limit for e in self.errors)


def _outputs(folder: Path) -> list[Array]:
    """Return what the Keras model gives in float64, by case."""
    with np.load(folder / "cases.npz") as arrays:
        names = sorted(name for name in arrays if name.startswith("output_"))
        return [arrays[name] for name in names]


def measure(folder: Path, attempts: list[Attempt]) -> Measured:
    """Try the ways to use a converter; return the best, the first among equals."""
    best: Measured | None = None
    for attempt in attempts:
        measured = _measure_attempt(folder, attempt)
        if best is None or measured.num_right > best.num_right:
            best = measured
        if measured.errors is not None and measured.num_right == len(measured.errors):
            break
    assert best is not None, "a converter has at least one attempt"
    return best


def _measure_attempt(folder: Path, attempt: Attempt) -> Measured:
    """Convert a model in one way and compare its results with Keras's in float64."""
    started = time.perf_counter()
    try:
        port = attempt.convert(folder)
    except Exception as error:
        # A folder's name differs from run to run.
        reason = _reason(error).replace(str(folder), folder.name)
        return Measured(reason, attempt.note)
    seconds = time.perf_counter() - started
    for float_type in port.float_types:
        errors = [
            _error(port, inputs_of_case(folder, case), output, float_type)
            for case, output in enumerate(_outputs(folder))
        ]
        if not isinstance(errors[0], str):
            break
    return Measured(
        None,
        attempt.note,
        errors,
        float_type,
        RIGHT_BELOW[float_type],
        seconds,
        port.trainable,
        port.lines,
        port.nodes,
    )


def _error(
    port: Port, inputs: list[Array], expected: Array, float_type: str
) -> float | str:
    """Return the largest difference over the largest result, or why there is none."""
    try:
        output = port.run(inputs, float_type)
    except Exception as error:
        return _reason(error)
    if output.shape != expected.shape:
        return f"shape {output.shape}, not {expected.shape}"
    if not np.isfinite(output).all():
        return "not finite"
    return float(np.abs(output - expected).max() / np.abs(expected).max())


def _reason(error: Exception) -> str:
    """Return an exception as one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def main(converter: str, folder: Path, names: list[str]) -> None:
    """Measure a converter on the models named, one file for each."""
    warnings.simplefilter("ignore")
    try:
        attempts = PREPARE[converter]()
        unprepared = None
    except NotThere as error:
        unprepared = str(error)
    except Exception as error:
        unprepared = f"does not import: {_reason(error)}"
    installed = {
        d.metadata["Name"]: d.version for d in importlib.metadata.distributions()
    }
    versions = {name: installed[name] for name in PACKAGES if name in installed}
    for name in names:
        if unprepared is None:
            measured = measure(folder / name, attempts)
        else:
            measured = Measured(unprepared)
        facts = asdict(measured) | {"versions": versions}
        (folder / name / f"{converter}.json").write_text(json.dumps(facts))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
