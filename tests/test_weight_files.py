"""Weights go from a file of one framework into a file of the other."""

import json
import pickle
import subprocess
import sys
import zipfile

import h5py
import numpy as np
import pytest

from compare import BadInput
from compare.twins.files.transfer import transfer_files

FEATURES, HIDDEN = 4, 6
TORCH = [".pt", ".pth", "checkpoint.pt", ".safetensors"]
KERAS = [".keras", ".weights.h5", ".h5", "weights only.h5"]


@pytest.fixture(scope="module")
def frameworks(harness):
    return harness.in_pytorch.torch, harness.in_keras.keras


def torch_model(torch, seed=0):
    """Layers of many kinds; a stack, two directions, statistics, and other names."""
    nn = torch.nn

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.front = nn.Conv1d(FEATURES, HIDDEN, 2)
            self.norm = nn.BatchNorm1d(HIDDEN, eps=1e-3)
            self.both = nn.LSTM(HIDDEN, HIDDEN, batch_first=True, bidirectional=True)
            self.stack = nn.LSTM(2 * HIDDEN, HIDDEN, 2, batch_first=True)
            self.gru = nn.GRU(HIDDEN, HIDDEN, batch_first=True)
            self.steps = nn.Linear(HIDDEN, HIDDEN)
            self.scale = nn.LayerNorm(HIDDEN, eps=1e-3)
            self.slope = nn.PReLU(HIDDEN)
            self.rnn = nn.RNN(HIDDEN, HIDDEN, nonlinearity="relu", batch_first=True)
            self.head = nn.Sequential(nn.Linear(HIDDEN, 3), nn.Softmax(-1))

        def forward(self, x):
            x = self.norm(self.front(x.transpose(1, 2))).transpose(1, 2)
            x = self.gru(self.stack(self.both(x)[0])[0])[0]
            x = self.scale(self.steps(x)).transpose(1, 2)
            x = self.rnn(self.slope(x).transpose(1, 2))[0]
            return self.head(x[:, -1])

    model = Model().eval()
    rng = np.random.default_rng(seed)
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point():
            low = 0.5 if "var" in name else -0.9
            tensor.copy_(torch.from_numpy(rng.uniform(low, 0.9, tuple(tensor.shape))))
    return model


def keras_model(keras, seed=1):
    """Its twin, with a model inside a model."""
    layers = keras.layers
    x = first = keras.Input((None, FEATURES))
    x = layers.Conv1D(HIDDEN, 2)(x)
    x = layers.BatchNormalization()(x)
    x = layers.Bidirectional(layers.LSTM(HIDDEN, return_sequences=True))(x)
    stack = [
        layers.Input((None, 2 * HIDDEN)),
        layers.LSTM(HIDDEN, return_sequences=True),
        layers.LSTM(HIDDEN, return_sequences=True),
    ]
    x = keras.Sequential(stack, name="encoder")(x)
    x = layers.GRU(HIDDEN, return_sequences=True, name="decoder")(x)
    x = layers.TimeDistributed(layers.Dense(HIDDEN))(x)
    x = layers.LayerNormalization()(x)
    x = layers.PReLU(shared_axes=[1])(x)
    x = layers.SimpleRNN(HIDDEN, activation="relu", name="rnn")(layers.Dropout(0.1)(x))
    model = keras.Model(first, layers.Dense(3, activation="softmax", name="out")(x))
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        low = 0.5 if "variance" in variable.name else -0.9
        variable.assign(rng.uniform(low, 0.9, tuple(variable.shape)))
    return model


def save_torch(torch, model, path):
    if path.suffix == ".safetensors":
        from safetensors.torch import save_file

        save_file(model.state_dict(), path, {"made": "here"})
    elif "checkpoint" in path.name:
        saved = {"epoch": 7, "model_state": model.state_dict(), "rate": [0.5]}
        torch.save(saved, path)
    else:
        torch.save(model.state_dict(), path)


def load_torch(torch, path):
    model = torch_model(torch, seed=9)
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        found = load_file(path)
    else:
        found = torch.load(path, weights_only=True)
    model.load_state_dict(found.get("model_state", found))
    return model


def save_keras(model, path):
    if "weights only" in path.name:
        whole = path.with_name("whole.h5")
        model.save(whole)
        with h5py.File(whole) as source, h5py.File(path, "w") as target:
            for name in source["model_weights"]:
                source.copy(f"model_weights/{name}", target)
            for name, value in source["model_weights"].attrs.items():
                target.attrs[name] = value
    elif path.name.endswith(".weights.h5"):
        model.save_weights(path)
    else:
        model.save(path)


def load_keras(keras, path):
    if "weights" in path.name:
        model = keras_model(keras, seed=9)
        model.load_weights(path)
        return model
    return keras.models.load_model(path, compile=False)


def named(folder, ending):
    return folder / (ending if ending[0] != "." else f"model{ending}")


def outputs(torch, first, second):
    x = np.random.default_rng(5).uniform(-1, 1, (3, 9, FEATURES)).astype("float32")
    with torch.no_grad():
        return first(torch.from_numpy(x)).numpy(), second(x).numpy()


@pytest.fixture(scope="module")
def saved(frameworks, tmp_path_factory):
    """One file of each kind, random weights in all."""
    torch, keras = frameworks
    folder = tmp_path_factory.mktemp("saved")
    models = torch_model(torch), keras_model(keras)
    for ending in TORCH:
        save_torch(torch, models[0], named(folder, ending))
    for ending in KERAS:
        save_keras(models[1], named(folder, ending))
    return folder, *models


PAIRS = [*zip(TORCH, KERAS, strict=True)]  # every format, not each with each


@pytest.mark.parametrize("pair", PAIRS, ids=" and ".join)
def test_numbers_go_into_a_file_that_keras_loads(frameworks, saved, tmp_path, pair):
    torch, keras = frameworks
    folder, source, before = saved
    out = named(tmp_path, pair[1])
    moves = transfer_files(*(str(named(folder, p)) for p in pair), str(out))
    loaded = load_keras(keras, out)
    one, other = outputs(torch, source, loaded)

    assert len(moves) == len({each for m in moves for each in m.target}) == 31
    assert np.abs(one - other).max() < 1e-5
    assert not np.allclose(outputs(torch, source, before)[1], other)


@pytest.mark.parametrize("pair", PAIRS, ids=" and ".join)
def test_numbers_go_into_a_file_that_pytorch_loads(frameworks, saved, tmp_path, pair):
    torch, _ = frameworks
    folder, before, source = saved
    out = named(tmp_path, pair[0])
    moves = transfer_files(*(str(named(folder, p)) for p in pair[::-1]), str(out))
    loaded = load_torch(torch, out)
    one, other = outputs(torch, loaded, source)

    assert len(moves) == len({each for m in moves for each in m.source}) == 31
    assert np.abs(one - other).max() < 1e-5
    assert not np.allclose(outputs(torch, before, source)[0], one)


@pytest.mark.parametrize("ending", TORCH)
def test_what_is_no_weight_stays_in_a_file_of_pytorch(saved, tmp_path, ending):
    """A checkpoint's other contents, counts of batches, metadata."""
    folder, _, _ = saved
    out = named(tmp_path, ending)
    transfer_files(str(folder / "model.keras"), str(named(folder, ending)), str(out))
    if ending == ".safetensors":
        from safetensors import safe_open

        with safe_open(out, framework="numpy") as file:
            assert file.metadata() == {"made": "here"}
            assert file.get_tensor("norm.num_batches_tracked") == 0
    elif "checkpoint" in ending:
        import torch

        found = torch.load(out, weights_only=True)
        assert (found["epoch"], found["rate"]) == (7, [0.5])
        assert found["model_state"]["norm.num_batches_tracked"] == 0


def test_what_is_no_weight_stays_in_a_file_of_keras(frameworks, saved, tmp_path):
    """The optimizer's state, the configuration."""
    _, keras = frameworks
    folder, _, _ = saved
    model = keras_model(keras)
    model.compile("adam", "mse")
    model.fit(np.zeros((2, 5, FEATURES)), np.zeros((2, 3)), verbose=0)
    model.save(tmp_path / "fitted.keras")
    transfer_files(str(folder / "model.pt"), str(tmp_path / "fitted.keras"))
    loaded = keras.models.load_model(tmp_path / "fitted.keras")

    assert loaded.optimizer.iterations == 1
    assert [each.name for each in loaded.layers] == [each.name for each in model.layers]


def test_without_out_the_target_itself_is_written(frameworks, saved, tmp_path):
    torch, _ = frameworks
    folder, _, source = saved
    target = tmp_path / "model.pt"
    target.write_bytes((folder / "model.pt").read_bytes())
    transfer_files(str(folder / "model.keras"), str(target))
    one, other = outputs(torch, load_torch(torch, target), source)

    assert np.abs(one - other).max() < 1e-5


def test_there_and_back_changes_nothing_but_the_two_biases(saved, tmp_path):
    from safetensors.numpy import load_file

    folder, _, _ = saved
    there, back = tmp_path / "there.keras", tmp_path / "back.safetensors"
    first = folder / "model.safetensors"
    transfer_files(str(first), str(folder / "model.keras"), str(there))
    transfer_files(str(there), str(first), str(back))
    before, after = load_file(first), load_file(back)

    assert before.keys() == after.keys()
    for name, array in after.items():
        if "bias_ih" in name and "gru" not in name:
            other = name.replace("ih", "hh")
            total = before[name].astype("float64") + before[other]
            assert np.array_equal(array, total.astype("float32"))
            assert not after[other].any()
        elif "bias_hh" not in name:
            assert np.array_equal(array, before[name])


def test_a_target_keeps_its_precision(saved, tmp_path):
    from safetensors.numpy import load_file, save_file

    folder, _, _ = saved
    halves = load_file(folder / "model.safetensors")
    halves = {
        n: a.astype("float16") if a.dtype.kind == "f" else a for n, a in halves.items()
    }
    save_file(halves, tmp_path / "half.safetensors")
    transfer_files(str(folder / "model.keras"), str(tmp_path / "half.safetensors"))

    found = load_file(tmp_path / "half.safetensors")
    assert {n: a.dtype for n, a in found.items()} == {
        n: a.dtype for n, a in halves.items()
    }
    assert not np.array_equal(found["steps.weight"], halves["steps.weight"])


# --------------------------------------------------------------------- without a config


def word_models(torch, keras, size):
    """A subclassed model, whose file knows no order, behind its twin."""

    class Words(keras.Model):
        def __init__(self):
            super().__init__()
            self.words = keras.layers.Embedding(7, HIDDEN)
            self.mix = keras.layers.Dense(size, use_bias=False)
            self.rnns = [keras.layers.LSTM(5, return_sequences=True) for _ in "ab"]

        def call(self, x):
            x = self.mix(self.words(x))
            for rnn in self.rnns:
                x = rnn(x)
            return x

    class InTorch(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.words = torch.nn.Embedding(7, HIDDEN)
            self.mixing = torch.nn.Linear(HIDDEN, size, bias=False)
            self.rnn = torch.nn.LSTM(size, 5, 2, batch_first=True)

        def forward(self, x):
            return self.rnn(self.mixing(self.words(x)))[0]

    second = Words()
    second(np.zeros((1, 2), int))
    return InTorch(), second


def carried(frameworks, folder, ending, size, names=None):
    """What PyTorch's model gives, and Keras's with the weights from its file."""
    torch, keras = frameworks
    first, second = word_models(torch, keras, size)
    source, target = folder / f"a{ending}", folder / "b.weights.h5"
    save_torch(torch, first, source)
    second.save_weights(target)
    twins = {name: second.get_layer(index=n).name for name, n in (names or {}).items()}
    transfer_files(str(source), str(target), names=twins)
    second.load_weights(target)
    x = np.random.default_rng(0).integers(0, 7, (2, 5))
    with torch.no_grad():
        return first(torch.from_numpy(x)).numpy(), second(x).numpy()


@pytest.mark.parametrize("ending", [".pt", ".safetensors"])
def test_a_lone_matrix_is_what_its_twin_is(frameworks, tmp_path, ending):
    """An Embedding's is (7, 6) on both sides; a Linear's (8, 6) is a Dense's (6, 8)."""
    one, other = carried(frameworks, tmp_path, ending, 8)

    assert np.abs(one - other).max() < 1e-6


@pytest.mark.parametrize("ending", [".pt", ".safetensors"])
def test_a_lone_matrix_that_fits_two_twins_is_refused(frameworks, tmp_path, ending):
    with pytest.raises(BadInput, match=r"that fit Dense dense.* or Embedding emb"):
        carried(frameworks, tmp_path, ending, 7)
    one, other = carried(frameworks, tmp_path, ending, 7, {"words": 0, "mixing": 1})

    assert np.abs(one - other).max() < 1e-6


def weights_only(path, **layers):
    """A file of the layout that Keras 3 gives the weights of a subclassed model."""
    with h5py.File(path, "w") as file:
        for name, arrays in layers.items():
            for number, array in enumerate(arrays):
                file[f"{name}/vars/{number}"] = array


def state_dict(path, **tensors):
    from safetensors.numpy import save_file

    save_file({n.replace("__", "."): t for n, t in tensors.items()}, path)


def test_a_square_matrix_that_may_be_either_is_refused(tmp_path):
    square = np.eye(3, dtype="float32")
    state_dict(tmp_path / "a.safetensors", first__weight=square)
    weights_only(tmp_path / "b.weights.h5", first=[square])

    with pytest.raises(
        BadInput, match="got arrays that fit Dense first or Embedding first"
    ):
        transfer_files(str(tmp_path / "a.safetensors"), str(tmp_path / "b.weights.h5"))


def alike(tmp_path, one, other):
    """Two layers of the same sizes, called differently on both sides."""
    rng = np.random.default_rng(0)
    bias = np.ones(3, "float32")
    arrays = rng.uniform(-1, 1, (4, 3, 3)).astype("float32")
    tensors = {}
    for name, array in zip(one, arrays, strict=False):
        tensors |= {f"{name}__weight": array, f"{name}__bias": bias}
    state_dict(tmp_path / "a.safetensors", **tensors)
    layers = {n: [a, bias] for n, a in zip(other, arrays[2:], strict=True)}
    weights_only(tmp_path / "b.weights.h5", **layers)
    return str(tmp_path / "a.safetensors"), str(tmp_path / "b.weights.h5"), arrays


def test_layers_that_only_an_unknown_order_tells_apart_are_refused(tmp_path):
    *paths, _ = alike(tmp_path, ["before", "after"], ["start", "end"])

    with pytest.raises(BadInput, match=r"be --names after=end,before=start$"):
        transfer_files(*paths)


def test_numbers_in_names_are_an_order(tmp_path):
    names = ["fc.2", "fc.10"], ["dense_9", "dense_10"]
    first, second, arrays = alike(tmp_path, *names)
    transfer_files(first, second)

    with h5py.File(second) as file:
        assert np.array_equal(file["dense_9/vars/0"], arrays[0].T)


def test_a_table_of_names_settles_the_order(tmp_path):
    first, second, arrays = alike(tmp_path, ["before", "after"], ["start", "end"])
    transfer_files(first, second, names={"before": "start", "after": "end"})

    with h5py.File(second) as file:
        assert np.array_equal(file["start/vars/0"], arrays[0].T)


def test_names_of_keras_2_are_understood(tmp_path):
    """`lstm_3/lstm_cell_5/kernel:0`; the state dict is that of a single layer."""
    rng = np.random.default_rng(0)
    shapes = dict(kernel=(3, 8), recurrent_kernel=(2, 8), bias=(8,))
    with h5py.File(tmp_path / "old.h5", "w") as file:
        file.attrs["layer_names"] = [b"input_1", b"lstm_3"]
        file.create_group("input_1").attrs["weight_names"] = []
        paths = [f"lstm_3/lstm_cell_5/{name}:0" for name in shapes]
        for path, shape in zip(paths, shapes.values(), strict=True):
            file[f"lstm_3/{path}"] = rng.uniform(-1, 1, shape)
        file["lstm_3"].attrs["weight_names"] = [path.encode() for path in paths]
        kernel = file[f"lstm_3/{paths[0]}"][()]
    tensors = dict(weight_ih_l0=(8, 3), weight_hh_l0=(8, 2), bias_ih_l0=8, bias_hh_l0=8)
    tensors = {name: np.zeros(shape, "float32") for name, shape in tensors.items()}
    state_dict(tmp_path / "a.safetensors", **tensors)
    moves = transfer_files(str(tmp_path / "old.h5"), str(tmp_path / "a.safetensors"))
    from safetensors.numpy import load_file

    found = load_file(tmp_path / "a.safetensors")
    assert np.array_equal(found["weight_ih_l0"], kernel.T.astype("float32"))
    assert moves[0].source == ("lstm_3.kernel",)


# ------------------------------------------------------------------------------ refused


class Evil:
    """Writes a file when it is unpickled by anybody who lets it."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


def test_a_pickle_with_code_is_refused_and_its_code_not_run(
    frameworks, saved, tmp_path
):
    torch, _ = frameworks
    folder, model, _ = saved
    mark, path = tmp_path / "executed", tmp_path / "evil.pt"
    torch.save({"state_dict": model.state_dict(), "evil": Evil(mark)}, path)
    with pytest.raises(BadInput, match=r"save model\.state_dict") as refusal:
        transfer_files(str(path), str(folder / "model.keras"))

    assert not mark.exists()
    assert len(str(refusal.value).splitlines()) == 1
    torch.load(path, weights_only=False)["evil"].close()
    assert mark.exists()  # so it would have run


def test_a_bare_pickle_is_refused_and_its_code_not_run(saved, tmp_path):
    folder, _, _ = saved
    mark, path = tmp_path / "executed", tmp_path / "evil.pt"
    path.write_bytes(pickle.dumps(Evil(mark), protocol=2))

    with pytest.raises(BadInput, match=r"save model\.state_dict"):
        transfer_files(str(path), str(folder / "model.keras"))
    assert not mark.exists()


def changed(saved, path, change):
    """The saved `.keras` with another configuration."""
    folder, _, _ = saved
    with zipfile.ZipFile(folder / "model.keras") as source:
        entries = {name: source.read(name) for name in source.namelist()}
    config = json.loads(entries["config.json"])
    change(config["config"]["layers"])
    entries["config.json"] = json.dumps(config)
    with zipfile.ZipFile(path, "w") as target:
        for name, content in entries.items():
            target.writestr(name, content)


CODE = {
    "Lambda": lambda layers: layers[1].update(class_name="Lambda"),
    "another module": lambda layers: layers[1].update(module="mine.layers"),
    "registered": lambda layers: layers[1].update(registered_name="mine>Conv1D"),
    "subclass": lambda layers: layers[1].update(module=None),
    "function": lambda layers: layers[1]["config"].update(
        activation=dict(module="builtins", class_name="function", config="mine")
    ),
}


@pytest.mark.parametrize("case", CODE)
@pytest.mark.parametrize("as_source", [True, False])
def test_keras_with_code_of_its_own_is_refused(saved, tmp_path, case, as_source):
    changed(saved, tmp_path / "own.keras", CODE[case])
    files = str(tmp_path / "own.keras"), str(saved[0] / "model.pt")
    with pytest.raises(BadInput, match=r"compare\.transfer\(source") as refusal:
        transfer_files(*(files if as_source else files[::-1]))

    assert len(str(refusal.value).splitlines()) == 1


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_a_lambda_that_keras_saved_is_refused(frameworks, saved, tmp_path, ending):
    _, keras = frameworks
    layers = [
        keras.Input((3,)),
        keras.layers.Lambda(lambda x: x),
        keras.layers.Dense(1),
    ]
    path = tmp_path / f"own{ending}"
    keras.Sequential(layers).save(path)

    with pytest.raises(BadInput, match="got Lambda, whose code"):
        transfer_files(str(path), str(saved[0] / "model.pt"))


def test_what_pytorch_lacks_is_refused(saved, tmp_path):
    def change(layers):
        (gru,) = (layer for layer in layers if layer["class_name"] == "GRU")
        gru["config"]["recurrent_activation"] = "hard_sigmoid"

    changed(saved, tmp_path / "hard.keras", change)
    with pytest.raises(BadInput, match=r"GRU\(recurrent_activation=hard_sigmoid\)"):
        transfer_files(str(tmp_path / "hard.keras"), str(saved[0] / "model.pt"))


@pytest.mark.parametrize(
    ("first", "second"), [(".pt", ".safetensors"), (".keras", ".h5")]
)
def test_two_files_of_one_framework_are_refused(saved, first, second):
    paths = [str(named(saved[0], ending)) for ending in (first, second)]

    with pytest.raises(BadInput, match=r"got two of (PyTorch|Keras)"):
        transfer_files(*paths)


def test_unmatched_layers_are_named_on_both_sides(frameworks, saved, tmp_path):
    torch, _ = frameworks
    model = torch_model(torch)
    model.head[0] = torch.nn.Linear(HIDDEN, 5)
    save_torch(torch, model, tmp_path / "other.pt")

    with pytest.raises(BadInput, match="1 of PyTorch's and 1 of Keras's") as refusal:
        transfer_files(str(tmp_path / "other.pt"), str(saved[0] / "model.keras"))
    assert "* head.0 Linear [5x6, 5]" in str(refusal.value)
    assert "* out Dense [6x3, 3]" in str(refusal.value)


def test_a_link_to_another_file_is_not_followed(saved, tmp_path):
    with h5py.File(tmp_path / "a.weights.h5", "w") as file:
        file["dense"] = h5py.ExternalLink("other.h5", "/dense")

    with pytest.raises(BadInput, match="no such thing in the file itself"):
        transfer_files(str(tmp_path / "a.weights.h5"), str(saved[0] / "model.pt"))


@pytest.mark.parametrize("ending", [*TORCH, *KERAS])
@pytest.mark.parametrize("half", [True, False])
def test_a_truncated_or_empty_file_is_refused_in_one_line(
    saved, tmp_path, ending, half
):
    content = named(saved[0], ending).read_bytes()
    bad = named(tmp_path, ending)
    bad.write_bytes(content[: len(content) // 2 if half else 0])
    other = ".keras" if ending in TORCH else ".pt"
    with pytest.raises(BadInput, match=r"expected a .*file") as refusal:
        transfer_files(str(named(saved[0], other)), str(bad))

    assert len(str(refusal.value).splitlines()) == 1
    assert [each.name for each in tmp_path.iterdir()] == [bad.name]


@pytest.mark.parametrize(
    ("source", "target", "out", "message"),
    [
        ("model.pt", "model.keras", "out.h5", r"ending of .*model.keras, .keras"),
        ("model.pt", "model.weights.h5", "out.h5", "expected the ending of"),
        ("model.pt", "model.keras", "no/out.keras", "expected a file in a folder"),
        (".", "model.keras", None, "expected a file that ends in"),
        ("folder.pt", "model.keras", None, "got a folder"),
        ("missing.pt", "model.keras", None, "got nothing of that name"),
        ("model.pt", "model.txt", None, "expected a file that ends in"),
    ],
    ids=str,
)
def test_paths_that_cannot_be_used_are_refused(saved, source, target, out, message):
    folder = saved[0]
    (folder / "folder.pt").mkdir(exist_ok=True)
    before = {each: each.stat().st_mtime_ns for each in folder.iterdir()}
    with pytest.raises(BadInput, match=message):
        transfer_files(
            str(folder / source), str(folder / target), out and str(folder / out)
        )

    assert {each: each.stat().st_mtime_ns for each in folder.iterdir()} == before


@pytest.mark.parametrize("ending", KERAS)
def test_no_framework_is_loaded_without_a_pickle(saved, tmp_path, ending):
    folder = saved[0]
    paths = [str(folder / "model.safetensors"), str(named(folder, ending))]
    out = str(named(tmp_path, ending))
    code = (
        "import sys; from compare.twins.files.transfer import transfer_files; "
        f"transfer_files(*{paths!r}, {out!r}); "
        "print({'torch', 'keras', 'tensorflow'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert ran.stdout.strip() == "set()", ran.stderr
