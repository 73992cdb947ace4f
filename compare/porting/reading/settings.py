"""The settings of a layer of any Keras, in the words of Keras 3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compare.one_line import printable
from compare.porting.reading import words
from compare.porting.reading.activations import activation
from compare.porting.reading.findings import Findings
from compare.porting.reading.keras_layers import LAYERS
from compare.porting.reading.values import plain

Settings = dict[str, Any]

LONGEST_VALUE = 60  # letters of a setting in a message
WHOLE = ("units", "filters", "n", "input_dim", "output_dim", "groups", "num_heads")
PER_AXIS = ("kernel_size", "strides", "dilation_rate", "pool_size")
# Keras 1 wrote the sizes of a window one by one.
WINDOWS = (("kernel_dim1", "kernel_dim2", "kernel_dim3"), ("nb_row", "nb_col"))


def in_words_of_keras_3(
    cls: str, config: Mapping[str, Any], layer: str, found: Findings
) -> tuple[str, Settings]:
    """The class of a layer in Keras 3, and its settings.

    Args:
        cls: its class, as the file names it.
        config: its settings, as the file names them.
        layer: its name, for what is found.
        found: takes notes, problems, and as foreign what Keras 3 does not have.
    """
    settings: Settings = {}
    if cls in words.CLASSES:
        renamed = words.CLASSES[cls]
        cls = renamed.new
        settings.update(renamed.settings)
    values = _renamed(cls, config)
    _note_training(values, layer, found)
    _check_needless(cls, values, found)
    for name, value in values.items():
        if name in LAYERS[cls]:
            settings[name] = _value(cls, name, value, found)
        elif (
            not _is_needless(name)
            and name not in words.HARMLESS
            and value not in (None, False, {}, [])
        ):
            shown = printable(repr(value), LONGEST_VALUE)
            found.foreign.append(f"{name}={shown}")
    _add_meant(cls, settings, layer, found)
    _settle(cls, settings, values, layer, found)
    policy = dtype_of(config.get("dtype"))
    if policy.removeprefix("mixed_") in OTHER_FLOATS:
        settings.pop("dtype", None)
        found.note(
            f"The model computes in {policy}; it is read, ported and compared in "
            "float32, which the port takes and returns."
        )
    elif policy not in ("float32", "") and "dtype" not in settings:
        settings["dtype"] = policy
    return cls, settings


OTHER_FLOATS = ("float16", "bfloat16", "float64")


def dtype_of(policy: Any) -> str:
    """The name of a dtype or of a policy, which may be described as an object."""
    if isinstance(policy, dict):
        inside = policy.get("config")
        policy = inside.get("name") if isinstance(inside, dict) else inside
    if not isinstance(policy, str):
        return ""
    return policy.removesuffix("_ref")  # of TensorFlow 1


def _renamed(cls: str, config: Mapping[str, Any]) -> Settings:
    """Settings by the names of Keras 3, where it has them."""
    values: Settings = {}
    new_names = {word.old: word.new for word in words.WORDS if word.is_for(cls)}
    for name, value in config.items():
        new = new_names.get(name, name)
        if new != name and new in config:  # both, of which the new one is meant
            continue
        values[new] = plain(value)
    for window in WINDOWS:
        if all(name in values for name in window):
            values["kernel_size"] = [values.pop(name) for name in window]
    if cls == "Embedding":
        values.pop("dropout", None)  # Keras 1 left out whole rows, in training
    if cls.endswith("Transpose"):
        values.pop("output_shape", None)  # Keras 1 was told what Keras 3 computes
    return values


def _is_needless(name: str) -> bool:
    """Whether a setting says nothing of what a trained model computes."""
    if name in words.NEEDLESS or name.endswith(words.OF_BEGINNING):
        return True
    return name.endswith(words.OF_TRAINING)


def _note_training(values: Settings, layer: str, found: Findings) -> None:
    """Note that a layer has settings that act in training only."""
    for name, value in values.items():
        if name.endswith(words.OF_TRAINING) and value is not None:
            found.in_training.append(layer)
            break
    if values.get("trainable") is False:
        found.frozen.append(layer)


def _check_needless(cls: str, values: Settings, found: Findings) -> None:
    """Note as foreign an option that may be left out at its default only."""
    for name, allowed in words.HARMLESS.items():
        if name in LAYERS[cls] or name not in values:
            continue
        if values[name] not in allowed:
            value = printable(repr(values[name]), LONGEST_VALUE)
            found.foreign.append(f"{name}={value}")


def _value(cls: str, name: str, value: Any, found: Findings) -> Any:
    """The value of a setting as Keras 3 says it."""
    if name in ("activation", "recurrent_activation"):
        return activation(value, found)
    if name == "data_format":
        return words.DATA_FORMATS.get(value, value)
    if name in WHOLE and isinstance(value, float) and value.is_integer():
        return int(value)
    if name == "axis" and cls == "BatchNormalization" and isinstance(value, list):
        if len(value) == 1:
            return value[0]
        found.foreign.append(f"axis={printable(repr(value), LONGEST_VALUE)}")
    if name == "use_scale" and cls == "Attention":
        return bool(value)
    return value


def _add_meant(cls: str, settings: Settings, layer: str, found: Findings) -> None:
    """Add what Keras 1 or 2 meant by leaving an option out."""
    if found.generation == 3:
        return
    for meant in words.MEANT:
        if meant.cls != cls or meant.option in settings:
            continue
        release = found.release
        if meant.before and release >= meant.before:
            continue
        if meant.before and (not release or "tf" in found.version):
            saved_by = f"Keras {found.version}" if release else "a Keras not told"
            found.problem(
                f"{layer}: {meant.option}, which the configuration leaves out; "
                f"{saved_by} may mean sigmoid or hard_sigmoid (0.2 x + 0.5) by it, so "
                "write it into the configuration"
            )
            continue
        settings[meant.option] = meant.value
        if meant.value == "hard_sigmoid":
            settings[meant.option] = activation(meant.value, found)
        if cls not in ("ReLU", "LeakyReLU"):
            found.note(
                f"{cls} {layer}: {meant.reason}; it means "
                f"{meant.option}={settings[meant.option]}"
            )


def _settle(
    cls: str, settings: Settings, values: Settings, layer: str, found: Findings
) -> None:
    """Settle what single classes of old Kerases said in ways of their own."""
    if settings.get("data_format", "") is None:
        del settings["data_format"]
    is_open = "data_format" in LAYERS[cls] and "data_format" not in settings
    if is_open and found.data_format and cls.endswith(("2D", "3D")):
        settings["data_format"] = found.data_format
        found.note(f"{layer}: {found.data_format}, as the other layers say it")
    if cls.startswith("ZeroPadding2D") or cls.startswith("Cropping2D"):
        _settle_edges(settings, values)
    if cls == "UpSampling2D" and isinstance(settings.get("size"), int):
        settings["size"] = [settings["size"]] * 2
    if cls == "ReLU" and settings.get("max_value", "") is None:
        del settings["max_value"]
    if cls in ("MultiHeadAttention", "GroupQueryAttention"):
        for name in ("value_dim", "output_shape", "attention_axes"):
            if settings.get(name, "") is None:
                del settings[name]
    if cls == "Bidirectional" and settings.get("merge_mode", "concat") is None:
        settings["merge_mode"] = None  # two results, one for each direction
    if cls == "Conv2DTranspose" and settings.get("output_padding", "") is None:
        del settings["output_padding"]
    if cls == "Dropout" and not 0 <= float(settings.get("rate", 0)) < 1:
        found.problem(f"{layer}: Dropout of a rate of {settings['rate']}")


def _settle_edges(settings: Settings, values: Settings) -> None:
    """Keras 1 described paddings by names as well."""
    padding = settings.get("padding")
    if isinstance(padding, dict):
        names = ("top_pad", "bottom_pad", "left_pad", "right_pad")
        top, bottom, left, right = (padding.get(name, 0) for name in names)
        settings["padding"] = [[top, bottom], [left, right]]
    elif isinstance(padding, list) and len(padding) == 4:
        settings["padding"] = [padding[:2], padding[2:]]
