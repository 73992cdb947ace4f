"""What `port` takes on the command line."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from compare import report_files
from compare.arguments import Arguments, add_force, add_seed
from compare.errors import BadInput

if TYPE_CHECKING:
    from compare.porting.contents import Port

# In the text below "{command}" stands for how the command line was called.
EXAMPLES = """\
examples:
  {command} port trained.h5 --out ported         source, weights, and the proof
  {command} port trained.keras --out ported --twin
  {command} port my.weights.h5 --config model.json --out ported
  {command} port my.weights.h5 --from my_model.py:make --out ported
  {command} port net.pt --model my_net.py:Net --out ported    the other way
  {command} port trained.h5 --out ported --stub       what cannot be ported is yours
  {command} port trained.h5 --out ported --onnx       model.onnx as well

exit status: 0 written, and the same as the original; 1 written, and not shown to be the
same, as with a stub; 2 bad usage or input, and nothing is written"""


def _add(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "model",
        metavar="MODEL",
        help="a saved model of Keras: .keras, .h5 or .hdf5, of Keras 1, 2 or 3; or "
        "weights of PyTorch, .pt, .pth or .safetensors, with --model",
    )
    verb.add_argument(
        "--out",
        metavar="DIR",
        required=True,
        help="the folder that gets model.py, the weights, check.py, an example, "
        "README.md and evidence.json",
    )
    verb.add_argument(
        "--config",
        metavar="FILE",
        help="the model's configuration as JSON, as model.to_json() gives it, where "
        "MODEL holds weights alone",
    )
    verb.add_argument(
        "--from",
        dest="made_by",
        metavar="FILE[:NAME]",
        help="a Python file with a function that makes the Keras model, which is run, "
        "where MODEL holds weights alone",
    )
    verb.add_argument(
        "--model",
        dest="module",
        metavar="FILE[:NAME]",
        help="a Python file with the class of a PyTorch module, or a function that "
        "makes it, which is run: MODEL has its weights, and it becomes source of Keras",
    )
    verb.add_argument(
        "--input",
        dest="shapes",
        action="append",
        metavar="SHAPE",
        help="what the module takes, such as batch,time,40, where neither its first "
        "layer nor input_shape in its file tells; once for each of several inputs",
    )
    verb.add_argument(
        "--twin",
        action="store_true",
        help="write the model as source of Keras 3 as well, keras_model.py",
    )
    verb.add_argument(
        "--stub",
        action="store_true",
        help="leave what cannot be ported for you to write, each a class that says "
        "what it stands for; the rest is written and compared",
    )
    verb.add_argument(
        "--onnx",
        action="store_true",
        help="write the port of a Keras model as model.onnx as well, for any batch and "
        "length; needs the extra onnx",
    )
    report_files.add_html(verb)
    report_files.add_markdown(verb)
    add_force(verb, "files of the same names in DIR, those of an earlier port too")
    add_seed(verb)
    report_files.add_quiet(verb)


def ported(args: argparse.Namespace) -> Port:
    """Port what the arguments name; loads both frameworks.

    Raises:
        BadInput: as `port_session.port` and `port_back`.
    """
    from compare.port_session import port, port_back
    from compare.porting.back_wishes import is_of_pytorch

    if is_of_pytorch(args.model) or args.module is not None:
        if args.onnx:
            raise BadInput(
                "expected --onnx with a model of Keras, got weights of PyTorch, whose "
                "port is of Keras; leave it out"
            )
        return port_back(
            args.model,
            args.out,
            args.module,
            args.shapes or (),
            args.force,
            args.seed,
            args.stub,
            args.html is not None,
        )
    if args.shapes:
        raise BadInput(
            "expected --input with a module of PyTorch and its --model, got a model of "
            "Keras, whose file says what it takes; leave it out"
        )
    return port(
        args.model,
        args.out,
        args.config,
        args.made_by,
        args.twin,
        args.force,
        args.seed,
        args.stub,
        args.onnx,
        args.html is not None,
    )


def python_files(args: argparse.Namespace) -> list[str]:
    """The user's Python files that a port runs, which no output may replace."""
    from compare.porting.user_file import split

    paths = []
    for option, text in (("--from", args.made_by), ("--model", args.module)):
        if text is not None:
            paths.append(split(option, text)[0])
    return paths


PORT = Arguments(
    "write a saved model as source of the other framework, with weights and proof",
    _add,
    examples=EXAMPLES,
)
