"""Arrays that do not fit the configuration, or are none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from case import Case
from keras_bytes import (
    Config,
    Model,
    dense,
    drawn,
    input_layer,
    layer,
    sequential,
    weights_of_dense,
)

from areas.ports.ported import both


def _edited(edit: Callable[..., object]) -> Model:
    config = sequential(input_layer(3), dense())
    return Model(config, weights_of_dense(), edit)


def _kernel_of(file: Any) -> str:
    """Where the kernel is."""
    places: list[str] = []

    def look(name: str, item: Any) -> None:
        if len(getattr(item, "shape", ())) == 2:
            places.append(name)

    file.visititems(look)
    return places[0]


def _replaced(**options: Any) -> Model:
    """Another data set in the place of the kernel."""

    def edit(file: Any) -> None:
        place = _kernel_of(file)
        del file[place]
        file.create_dataset(place, **options)

    return _edited(edit)


def _linked(link: Callable[[Any, str], object]) -> Model:
    """A link in the place of the kernel."""

    def edit(file: Any) -> None:
        import h5py

        place = _kernel_of(file)
        del file[place]
        file[place] = link(h5py, place)

    return _edited(edit)


def _virtual(file: Any) -> None:
    import h5py

    place = _kernel_of(file)
    del file[place]
    layout = h5py.VirtualLayout(shape=(3, 2), dtype="f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", shape=(3, 2))
    file.create_virtual_dataset(place, layout)


def _elsewhere(file: Any) -> None:
    place = _kernel_of(file)
    del file[place]
    file.create_dataset(
        place, shape=(3, 2), dtype="f4", external=[("/etc/passwd", 0, 24)]
    )


def _empty(file: Any) -> None:
    import h5py

    place = _kernel_of(file)
    del file[place]
    file[place] = h5py.Empty("float32")


def _ring(file: Any) -> None:
    file["again"] = file["/"]


def _named_by_odd_values(file: Any) -> None:
    if "model_weights" in file:
        file["model_weights"].attrs["layer_names"] = 7
    else:
        file["layers/dense/vars/0"].attrs["shape"] = 7
        file.move("layers/dense/vars/0", "layers/dense/vars/zero")
        file["layers/dense/vars/one"] = drawn(3, 2)


def _without_a_kernel(file: Any) -> None:
    del file[_kernel_of(file)]


def _filled(value: float) -> Model:
    kernel = drawn(3, 2)
    kernel[1, 1] = value
    config = sequential(input_layer(3), dense())
    return Model(config, {"layers/dense": [kernel, drawn(2)]})


def _of(*arrays: Any, layer_of: Config | None = None, path: str = "") -> Model:
    config = sequential(input_layer(3), layer_of or dense())
    return Model(config, {path or "layers/dense": list(arrays)})


def cases() -> list[Case]:
    """Files whose arrays are not those of their layers."""
    norm = layer("BatchNormalization", "fc", axis=-1)
    models = {
        "of-another-shape": _of(drawn(3, 5), drawn(2)),
        "turned-around": _of(drawn(2, 3), drawn(2)),
        "of-another-input": _of(drawn(4, 2), drawn(2)),
        "of-three-axes": _of(drawn(3, 2, 1), drawn(2)),
        "one-too-few": _of(drawn(3, 2)),
        "one-too-many": _of(drawn(3, 2), drawn(2), drawn(2)),
        "none": Model(sequential(input_layer(3), dense()), {}),
        "of-nobody": Model(
            sequential(input_layer(3), dense()),
            {**weights_of_dense(), "layers/lstm": [drawn(3, 8)]},
        ),
        "NaN": _filled(float("nan")),
        "infinite": _filled(float("inf")),
        "variance-negative": Model(
            sequential(input_layer(3), norm),
            {
                "layers/batch_normalization": [
                    drawn(3),
                    drawn(3),
                    drawn(3),
                    -abs(drawn(3)) - 1,
                ]
            },
        ),
        "of-words": _replaced(data=[[b"a", b"b"]] * 3),
        "of-strings": _replaced(data=[["a", "b"]] * 3),
        "complex": _replaced(shape=(3, 2), dtype="complex64"),
        "compound": _replaced(shape=(3, 2), dtype=[("a", "f4"), ("b", "i4")]),
        "of-bytes": _replaced(shape=(3, 2), dtype="V2"),
        "of-integers": _replaced(data=[[1, 2], [3, 4], [5, 6]]),
        "of-booleans": _replaced(data=[[True, False]] * 3),
        "of-a-terabyte": _replaced(shape=(10**6, 10**6), dtype="f4", chunks=(64, 64)),
        "packed-8-gigabytes": _replaced(
            shape=(3, 700_000_000),
            dtype="f4",
            chunks=(3, 1_000_000),
            compression="gzip",
        ),
        "of-32-axes": _replaced(shape=(1,) * 32, dtype="f4"),
        "empty": _edited(_empty),
        "soft-link-to-nothing": _linked(lambda h5py, _: h5py.SoftLink("/nothing")),
        "soft-link-to-itself": _linked(lambda h5py, place: h5py.SoftLink(f"/{place}")),
        "external-link": _linked(lambda h5py, _: h5py.ExternalLink("/etc/passwd", "/")),
        "external-link-to-itself": _linked(
            lambda h5py, place: h5py.ExternalLink("odd.h5", f"/{place}")
        ),
        "virtual": _edited(_virtual),
        "in-another-file": _edited(_elsewhere),
        "in-a-ring": _edited(_ring),
        "without-a-kernel": _edited(_without_a_kernel),
        "by-odd-names": _edited(_named_by_odd_values),
    }
    made = []
    may_work = ("of-integers", "of-booleans")
    for name, model in models.items():
        statuses = (0, 2) if name in may_work else (2,)
        made += both(f"arrays-{name}", model, "odd.", statuses)
    return made
