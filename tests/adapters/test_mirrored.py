"""The adapters are twins: the same files, public functions and signatures in both.

Whoever works with one framework finds the other's counterpart by its name. What one
side alone has stands here, with the reason.
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SIDES = ("in_pytorch", "in_keras")

# Files that one adapter alone has.
FILES = {
    "mistakes": "mistakes are made in PyTorch alone",
    "written": "cells by hand in Keras are seen by the layer around them",
    "handing_on": "arrays are put into PyTorch's model alone",
    "pickles": "PyTorch alone saves pickles",
    "pickle_bounds": "PyTorch alone saves pickles",
    "names": "only layers of Keras go by the names of the others",
    "shapes": "only Keras calls a model on symbols, to find the shapes of its results",
    "file_kinds": "Keras alone takes the ending of a name for what a file holds",
    "symbolic": "only Keras calls a model on symbols",
    "leaves": "only Keras's layers need not be attributes of the model",
    "variables": "PyTorch's tensors are attributes of the layer",
    "ordered_leaves": "layers of PyTorch are held apart in the model itself",
    "separable": "a separable convolution is one layer in Keras alone",
    "terms": "PyTorch's models add nothing to a loss",
    "compiled": "PyTorch's models are not compiled with an optimizer",
    "functions": "TensorFlow's functions are seen in its trace, or replaced",
    "forked": "TensorFlow alone hangs in a process that was forked",
    "by_thread": "only functions of TensorFlow are replaced",
    "computed": "Keras's layers hold every weight that they use",
    "spectral": "PyTorch computes such a weight as any other",
    "double": "PyTorch has every function in float64",
    "callers": "who called is asked in TensorFlow's trace",
    "channels": "a layer of Keras says by data_format where it takes its channels",
    "operators": "TensorFlow names each operator as its function",
    "padding": "Keras's layers say by their masks which steps count",
    "evaluating": "layers of Keras may act as in training unless they are told",
    "recorded": "modules of PyTorch have no configuration: what they do is recorded",
    "recording": "modules of PyTorch have no configuration: what they do is recorded",
    "unifying": "modules of PyTorch have no configuration: what they do is recorded",
    "runs": "modules of PyTorch have no configuration: what they do is recorded",
    "watched_sizes": "a model of Keras has open sizes, and no numbers that tell them",
    "size_operations": "a model of Keras has open sizes, and no numbers that tell them",
    "size_bounds": "modules of PyTorch have no configuration: what they do is recorded",
    "beyond": "modules of PyTorch have no configuration: what they do is recorded",
    "saved_weights": "Keras's files tell the model, so that none is given with them",
    "legacy": "only Keras has an older self, which old files are for",
    "ports": "a port is a module of PyTorch",
    "functional": "only Keras has functional models",
    "saved": "Keras alone loads saved models, as originals of ports",
    "needed_arguments": "each kind says how it is written in PyTorch",
    "made_layers": "source of PyTorch is run, so that its layers need not be made",
    "placed_weights": "source of PyTorch loads its weights itself",
    "calling": "originals of ports are Keras's, and called as a whole",
    "opened_ports": "a port of PyTorch is opened at its stubs, which are modules",
    "opened_modules": "a user's module is opened where it calls what Keras lacks",
    "opened_twins": "a functional model of Keras is cut at its stubs, as a graph",
    "onnx_files": "ONNX is written from the port in PyTorch alone",
    "legal_names": "Keras admits no slashes and spaces in names",
    "old_joins": "Keras 3 joins masked tensors otherwise than Keras 2 did",
    "operation_names": "a functional model of Keras has no two of one name",
    "rebuilding": "shapes and masks are known of Keras's model, which is the twin",
    "noting": "what TensorFlow runs is noted in its trace, PyTorch's as it runs",
}

# Public names of a file that one adapter alone has.
NAMES = {
    # What layers take and return differs by framework; these bring it to one form.
    "kept_states.begin_anew": "layers of Keras do it by models.forget_states",
    "models.forget_states": "a port of PyTorch does it by kept_states.begin_anew",
    "arrays.features_in_place": "arrays are put into PyTorch's model alone",
    "arrays.batch_or_time_first": "layers of Keras have the batch first",
    "arrays.tensors_in": "Keras has one of its own, keras.tree",
    "arrays.is_batch": "layers of Keras take no single sequences",
    "arrays.is_cell": "a cell of Keras is seen by its class where it runs",
    "arrays.is_recurrent_result": "users derive layers of PyTorch, and cells of Keras",
    "arrays.copied": "layers of Keras do not work in place",
    "arrays.padded": "only PyTorch packs sequences",
    "arrays.states_as_arguments": "only layers of PyTorch are run alone",
    "arrays.states_given": "what layers of Keras are given is seen where they run",
    "arrays.as_tuple": "recurrent layers of Keras return each state by itself",
    "arrays.like": "arrays are put into PyTorch's model alone",
    "arrays.handing_on": "arrays are put into PyTorch's model alone",
    "arrays.returning": "arrays are put into PyTorch's model alone",
    "arrays.as_input_of": "arrays are put into PyTorch's model alone",
    "arrays.output_of": "arrays are put into PyTorch's model alone",
    "arrays.first": "arrays are put into PyTorch's model alone",
    "arrays.with_first": "arrays are put into PyTorch's model alone",
    "arrays.filled": "arrays are put into PyTorch's model alone",
    "arrays.is_tensor": "torch.is_tensor, and PyTorch has no symbols",
    "arrays.to_numpy": "a tensor of PyTorch has .numpy()",
    "arrays.activates": "PyTorch has the activation after the layer",
    "arrays.before_activation": "PyTorch has the activation after the layer",
    "arrays.merged": "PyTorch's two directions are always side by side",
    "arrays.states_of_last_cell": "PyTorch has no cells that are stacked in a layer",
    "arrays.valid_lengths": "only Keras has masks",
    "arrays.order_of_steps": "only Keras has masks",
    "arrays.in_order": "only Keras has masks",
    "cells.variables_inside": "PyTorch's tensors are attributes of the layer",
    "watching.Watch.hooks": "layers of PyTorch have hooks",
    "watching.Watch.replacements": "layers of Keras have no hooks",
    "anatomy.alone": "a layer of PyTorch is run on what Keras's twin of it gets",
    "constants.constants": "Keras's figures are fitted to PyTorch's constants",
    "constants.replace_figures": "only Keras has a layer that standardises",
    "layers.settle": "PyTorch's are settled as they are written, by `computed`",
    "internals.hooks_before": "layers of Keras have no hooks",
    "internals.vectors_of": "Keras's layer says its vector openly",
    "internals.without_parametrizations": "Keras has no parametrizations",
    "internals.hold_together": "layers of Keras hold their weights in one place",
    "precision.tell_epsilons": "layers of Keras are always told an epsilon",
    "kinds.own_modules": "a buffer of PyTorch may be in the model itself",
    "attention.arguments": "only PyTorch's layers are run alone",
    "attention.at_work": "mistakes are made in PyTorch's twin",
    "attention.batch_first": "Keras has the batch first in any case",
    "attention.run": "hooks of PyTorch see a call; layers of Keras run inside another",
    "arrays.in_one_axis": "a Linear has one axis of features",
    "attention.call_by_hand": "PyTorch's attention by hand has no twin of one layer",
    "attention.CallsSeen": "only Keras's attention is taken apart",
    "attention.norms_first": "Keras has no transformer layer",
    "attention.norms_moved": "Keras has no transformer layer",
    "attention.returning": "only PyTorch's layers hand on what another makes",
    "kinds.inner_layers": "only Keras has wrappers, and layers that are one in PyTorch",
    "kinds.projections_apart": "attention of Keras may be linear layers in PyTorch",
    "kinds.parts": "PyTorch's attention holds its arrays, but for those of its output",
    "layers.layers_with": "TensorFlow gives gradients by variable, not in variables",
    "layers.ignore": "layers of Keras that do not count get no name",
    "layers.full_name": "a model of Keras has no name before those of its layers",
    "layers.is_innermost": "layers of Keras are looked for as attributes",
    "layers.modules": "layers of Keras are looked for as attributes",
    "layers.hold_apart": "no two layers of Keras share a variable unnoticed",
    "layers.held_by_leaves": "only Keras's layers need not be attributes of the model",
    "layers.own_names": "only layers of Keras go by the names of the others",
    "layers.read_layer": "PyTorch's are read by name",
    "memory.shared": "TensorFlow's variables share no memory",
    "memory.check": "TensorFlow's variables share no memory",
    "memory.value_of": "TensorFlow's variables share no memory",
    "models.cells_run_once": "Keras runs a cell one time more than it has steps",
    "models.is_graph": "only Keras has functional models",
    "models.check_unbuilt": "PyTorch's layers have their weights when they are made",
    "models.never_built": "PyTorch's layers have their weights when they are made",
    "models.batch_of_a_call": "PyTorch's models declare no sizes",
    "models.takes_batch_for_steps": "only Keras traces a model for any number of steps",
    "models.is_compiled": "Keras's compilers begin in fit and predict, not in a call",
    "models.rows_learnt": "only PyTorch's embeddings have rows that never learn",
    "models.draw_from": "PyTorch's random numbers alone are drawn again",
    "models.hooked": "Keras has no hooks; internals.calls_replaced stands for them",
    "precision.one_thread": "PyTorch's threads stand in TensorFlow's way",
    "precision.narrowing": "PyTorch's functions are watched, TensorFlow has a graph",
    "precision.graphs_as_traced": "PyTorch has no graphs",
    "precision.exact_constants": "PyTorch takes Python's floats in float64",
    "traces.replaced": "operations are made to do something else in PyTorch alone",
    "traces.results_of": "operations are made to do something else in PyTorch alone",
    "training.script": "it draws PyTorch's random numbers",
    "twin.Twin.returned": "mistakes are made in PyTorch's twin",
    "twin.gradient_of": "TensorFlow returns gradients, and keeps none",
    "twin.Twin.retrace": "PyTorch traces nothing",
    "twin.Twin.traced": "PyTorch traces nothing",
    "twin.Twin.spec": "PyTorch traces nothing",
    "twin.Twin.rename": "only layers of Keras go by the names of the others",
}

# Public functions whose parameters differ.
PARAMETERS = {
    "anatomy.anatomy": "Keras's layers are looked at as PyTorch names them, and "
    "PyTorch's alone are made to hand on what Keras's do",
    "arrays.sequence_of": "only Keras has masks, and no layer that says its order",
    "layers.held": "no two layers of Keras share a variable unnoticed",
    "layers.holders": "no two layers of Keras share a variable unnoticed",
    "layers.read": "a variable is a tensor in PyTorch",
    "layers.write": "a variable is a tensor in PyTorch",
    "precision.settled": "only Keras rounds constants",
    "precision.widen": "Keras's model says what it computes in",
    "stages.Stages.__init__": "only PyTorch packs sequences",
    "traces.traced": "operations are made to do something else in PyTorch alone",
    "watching.Watch.__init__": "a stack of Keras is one layer in PyTorch",
    "twin.Twin.loss": "Keras is told with each call whether a model learns",
}

OWN_FILE = "internals"  # what a framework does not promise is each framework's own


def files(side):
    """The modules of an adapter, by name."""
    return {path.stem: path for path in (ROOT / "compare" / side).glob("*.py")}


def public(side, file):
    """The parameters of public functions and methods by name; None of a class."""
    tree = ast.parse(files(side)[file].read_text(encoding="utf-8"))
    found = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = parameters(node)
        elif isinstance(node, ast.ClassDef):
            found[node.name] = None
            for method in node.body:
                if isinstance(method, ast.FunctionDef):
                    found[f"{node.name}.{method.name}"] = parameters(method)
    return {
        f"{file}.{name}": value
        for name, value in found.items()
        if not any(hidden(part) for part in name.split("."))
    }


def hidden(name):
    """Whether a name is private; `__init__` and `__call__` are not."""
    return name.startswith("_") and not name.endswith("__")


def parameters(function):
    """Names and defaults of a function's parameters, as they are written."""
    arguments = function.args
    for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]:
        argument.annotation = None  # by its framework's types
    for argument in (arguments.vararg, arguments.kwarg):
        if argument is not None:
            argument.annotation = None
    return ast.unparse(arguments)


def both():
    """The names of the files that both adapters have, but for each one's own."""
    return sorted(files("in_pytorch").keys() & files("in_keras").keys() - {OWN_FILE})


def test_the_adapters_have_the_same_files():
    pytorch, keras = (files(side).keys() for side in SIDES)

    assert pytorch ^ keras == FILES.keys()


@pytest.mark.parametrize("file", both())
def test_the_files_have_the_same_public_names(file):
    pytorch, keras = (public(side, file).keys() for side in SIDES)
    unlike = {name for name in pytorch ^ keras if name.rpartition(".")[0] not in NAMES}

    assert unlike == {name for name in NAMES if name.startswith(f"{file}.")}


@pytest.mark.parametrize("file", both())
def test_the_functions_have_the_same_parameters(file):
    pytorch, keras = (public(side, file) for side in SIDES)
    shared = pytorch.keys() & keras.keys()
    unlike = {name for name in shared if pytorch[name] != keras[name]}

    assert unlike == {name for name in PARAMETERS if name.startswith(f"{file}.")}


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(("file", "name"), [("twin", "Twin"), ("training", "Training")])
def test_the_contract_is_named_by_both(side, file, name):
    """What both offer is written once, in `compare.matching.adapter`."""
    tree = ast.parse(files(side)[file].read_text(encoding="utf-8"))
    (cls,) = (
        node
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name == name
    )

    assert [ast.unparse(base) for base in cls.bases] == [f"adapter.{name}"]


@pytest.mark.parametrize("name", ["Twin", "Training"])
def test_the_contract_says_what_both_have(name):
    """It has each method that both have, and no other."""
    path = ROOT / "compare" / "matching" / "adapter.py"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    (contract,) = (
        node
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name == name
    )
    promised = {
        f"{name.lower()}.{name}.{method.name}"
        for method in contract.body
        if isinstance(method, ast.FunctionDef)
    }
    pytorch, keras = (public(side, name.lower()).keys() for side in SIDES)
    methods = {method for method in pytorch & keras if method.count(".") == 2}

    assert promised | {f"{name.lower()}.{name}.__init__"} == methods


def test_names_and_parameters_are_read():
    """The tests above would pass on anything if they were not."""
    assert "models.is_model" in public("in_keras", "models")
    assert public("in_keras", "models")["models.copied"] == "model, dtype"
    assert not any("._" in name for name in public("in_keras", "layers"))
