"""What a user gives to be ported is told as what it is, with advice that works."""

import keras
import numpy as np
import pytest

import compare
from compare.cli import main
from compare.errors import BadInput
from compare.in_keras import legacy
from compare.in_keras.file_kinds import by_its_kind
from compare.porting import folder
from compare.porting.wishes import wished
from tests.support.ports import drawn

OWN_CLASS = """\
import keras


class Net(keras.Model):
    def __init__(self, units=4, **settings):
        super().__init__(**settings)
        self.inner = keras.layers.Dense(units, name="inner")
        self.outer = keras.layers.Dense(2, name="outer")

    def call(self, x):
        return self.outer(self.inner(x))

    def get_config(self):
        return {"units": 4}


input_shape = ("batch", 3)
"""
OF_TF_KERAS = """\
def make(units=4):
    import tf_keras

    x = tf_keras.Input((3,))
    h = tf_keras.layers.Dense(units, name="inner")(x)
    return tf_keras.Model(x, tf_keras.layers.Dense(2, name="outer")(h))


def other():
    return make(5)
"""


@pytest.fixture
def own_class(tmp_path):
    """A file of a model of a user's own class, and the one that makes it."""
    (tmp_path / "net.py").write_text(OWN_CLASS)
    scope = {}
    exec(compile(OWN_CLASS, "net.py", "exec"), scope)
    model = scope["Net"]()
    model(np.zeros((1, 3), "float32"))
    drawn(model).save(tmp_path / "net.keras")
    return tmp_path


def test_a_model_of_a_class_of_its_own_is_told(own_class):
    with pytest.raises(BadInput, match=r"of a class of its own, Net.*--from my_model"):
        wished(str(own_class / "net.keras"), str(own_class / "out"))


def test_the_advice_for_it_works(own_class):
    port = compare.port(
        str(own_class / "net.keras"),
        str(own_class / "out"),
        made_by=f"{own_class / 'net.py'}:Net",
    )

    assert port.is_proved, port.evidence.explain()


@pytest.fixture
def of_tf_keras(tmp_path):
    tf_keras = pytest.importorskip("tf_keras")
    (tmp_path / "net.py").write_text(OF_TF_KERAS)
    scope = {}
    exec(compile(OF_TF_KERAS, "net.py", "exec"), scope)
    model = drawn_in_tf_keras(scope["make"]())
    model.save_weights(tmp_path / "net.weights.h5")
    assert isinstance(model, tf_keras.Model)
    return tmp_path


def drawn_in_tf_keras(model):
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
    return model


def test_a_model_of_tf_keras_may_be_made_by_a_file(of_tf_keras):
    port = compare.port(
        str(of_tf_keras / "net.weights.h5"),
        str(of_tf_keras / "out"),
        made_by=f"{of_tf_keras / 'net.py'}:make",
    )

    assert port.is_proved, port.evidence.explain()


def test_weights_of_another_model_are_not_blamed_on_a_configuration(of_tf_keras):
    with pytest.raises(BadInput, match=r"net\.py:other makes, or mend that$"):
        compare.port(
            str(of_tf_keras / "net.weights.h5"),
            str(of_tf_keras / "out"),
            made_by=f"{of_tf_keras / 'net.py'}:other",
        )


@pytest.mark.skipif(not legacy.is_installed(), reason="needs the extra legacy")
def test_tf_keras_gets_a_dictionary_by_its_names(tmp_path):
    """TensorFlow sorts names; the inputs are in the order of the model."""
    import tf_keras

    inputs = {"z": tf_keras.Input((3,), name="z"), "a": tf_keras.Input((5,), name="a")}
    h = tf_keras.layers.Concatenate()([inputs["z"], inputs["a"]])
    outputs = {"y": tf_keras.layers.Dense(2)(h), "b": tf_keras.layers.Dense(4)(h)}
    model = drawn_in_tf_keras(tf_keras.Model(inputs, outputs))
    model.save(tmp_path / "net.h5")

    port = compare.port(str(tmp_path / "net.h5"), str(tmp_path / "out"))

    assert port.is_proved, port.judge.reason
    assert port.judge.name == "tf-keras"


@pytest.mark.skipif(not legacy.is_installed(), reason="needs the extra legacy")
def test_figures_of_a_normalization_are_not_rounded_in_float64(tmp_path):
    import tf_keras

    x = tf_keras.Input((3,))
    h = tf_keras.layers.Normalization(mean=[0.1, 2, 3], variance=[0.7, 2, 3.3])(x)
    h = tf_keras.layers.Rescaling(1 / 255, offset=-0.3)(h)
    model = drawn_in_tf_keras(tf_keras.Model(x, tf_keras.layers.Dense(2)(h)))
    model.save(tmp_path / "net.h5")

    port = compare.port(str(tmp_path / "net.h5"), str(tmp_path / "out"))

    assert port.is_proved, port.judge.reason


def test_a_model_that_keras_does_not_run_is_refused_in_one_line(tmp_path):
    """The mask of a Softmax is to have the shape of what it takes."""
    x = keras.Input((None, 6))
    h = keras.layers.Dense(4)(keras.layers.Masking()(x))
    drawn(keras.Model(x, keras.layers.Softmax()(h))).save(tmp_path / "net.keras")

    with pytest.raises(BadInput, match=r"net\.keras: .*runs on .*`mask` must be"):
        compare.port(str(tmp_path / "net.keras"), str(tmp_path / "out"))


def test_a_zip_under_the_name_of_hdf5_is_loaded_as_what_it_is(tmp_path):
    x = keras.Input((3,))
    drawn(keras.Model(x, keras.layers.Dense(2)(x))).save(tmp_path / "net.keras")
    (tmp_path / "net.keras").rename(tmp_path / "net.h5")

    with by_its_kind(tmp_path / "net.h5") as file:
        assert file.suffix == ".keras"
        assert keras.saving.load_model(file).count_params() == 8


def test_a_folder_inside_a_file_is_told(tmp_path):
    (tmp_path / "mine").write_text("")
    with pytest.raises(BadInput, match="mine, which is a file"):
        folder.checked(str(tmp_path / "mine" / "out"), ("model.py",), force=False)


def test_the_model_is_looked_at_before_the_folder(tmp_path):
    with pytest.raises(BadInput, match=r"missing\.h5: expected a file"):
        wished(str(tmp_path / "missing.h5"), str(tmp_path / "no" / "out"))


def test_shapes_are_for_modules_alone(tmp_path, capsys):
    (tmp_path / "net.keras").write_text("")
    given = ["--out", str(tmp_path / "out"), "--input", "batch,3"]
    assert main(["port", str(tmp_path / "net.keras"), *given]) == 2
    assert "--input with a module of PyTorch" in capsys.readouterr().err
