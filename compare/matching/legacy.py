"""Models of tf-keras, which is Keras 2 by another name and no model of Keras 3."""

from __future__ import annotations

from compare.errors import BadInput
from compare.one_line import class_name

HOMES = ("tf_keras", "tensorflow.python.keras", "tensorflow.keras")


def check_not_legacy(who: str, model: object) -> None:
    """Raise BadInput for a live model, or a class of models, of tf-keras.

    Neither Keras 2 nor tf-keras is loaded: modules tell, where the classes come from.

    Args:
        who: what was given, for the message.
        model: anything.
    """
    cls = model if isinstance(model, type) else type(model)
    for base in cls.__mro__:
        if base.__module__.startswith(HOMES):
            raise BadInput(
                f"{who}: expected a model of Keras 3 (import keras), got a model of "
                f"tf-keras ({class_name(cls)}), which is Keras 2 and cannot be run "
                "beside it; make the same model with keras.layers and give it the "
                "weights: model.set_weights(tf_keras_model.get_weights())"
            )
