"""Which of several kinds a layer of a file is, where its arrays alone do not tell.

A matrix without a bias is a Linear or an Embedding, a norm of features one of many
kinds; the layer of the other file that fits says which.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from compare.errors import BadInput
from compare.kinds import of_layers
from compare.kinds.layer import Layer
from compare.kinds.names import plain
from compare.kinds.rows import RowsOfLayers
from compare.listing import bounded
from compare.matching.index import Index
from compare.matching.matching import bare
from compare.matching.rewriting import rewrite, shapes

Names = Mapping[str, str | Sequence[str]]  # layers in Keras, by PyTorch's name
Options = Mapping[str, Sequence[Layer]]  # what each layer may be, likelier first


@dataclass(frozen=True)
class _Fit:
    """A layer of Keras that may be the twin of a layer, and what both then are.

    Args:
        twin: its name.
        torch: PyTorch's layer.
        keras: Keras's layer.
    """

    twin: str
    torch: Layer
    keras: Layer

    @property
    def rows(self) -> RowsOfLayers:
        """How arrays of these kinds are moved."""
        kind = of_layers(self.torch.kind, plain(self.keras.kind))
        assert kind is not None  # `_is_twin` has asked
        assert kind.rows is not None
        return kind.rows


def _are_moved_alike(fits: Sequence[_Fit]) -> bool:
    """Whether all that layers may be comes to one: their arrays are moved alike.

    Norms of features need not be told apart: the rows of all kinds are the same.
    """
    if len({fit.rows for fit in fits}) == 1:
        return True
    rows = [fit.rows(fit.torch.arrays, fit.keras.arrays) for fit in fits]
    return rows.count(rows[0]) == len(rows)


def settled(
    torch: Options, keras: Options, names: Names
) -> tuple[dict[str, Layer], dict[str, Layer]]:
    """Layers as what they are, where their files alone do not tell.

    Layers of one name are tried first, then any.

    Args:
        torch: what each layer of PyTorch's file may be.
        keras: what each layer of Keras's file may be.
        names: {PyTorch layer: Keras layer}, as the user gave them.

    Raises:
        BadInput: if a layer may be several things, each with a twin of its own.
    """
    torch_layers = {name: options[0] for name, options in torch.items()}
    keras_layers = {name: options[0] for name, options in keras.items()}
    short = bare(list(torch))
    unsettled, free = list(torch), _Free(keras)
    for by_name in (True, False):
        for name in list(unsettled):
            options = torch[name]
            if by_name:
                called = names.get(name, short[name])
                twins = [called] if isinstance(called, str) else []
            else:
                twins = free.likely(options)
            fits = free.fits(name, options, twins)
            if not fits:
                continue
            if not _are_moved_alike(fits):
                raise BadInput(_several(name, fits))
            fit = fits[0]
            torch_layers[name], keras_layers[fit.twin] = fit.torch, fit.keras
            unsettled.remove(name)
            free.index.take(fit.twin)
    return torch_layers, keras_layers


class _Free:
    """Keras's layers that are not settled yet, found by the sizes of their arrays.

    Args:
        options: what each layer may be.

    Attributes:
        index: of those that are not settled.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self.index = Index()
        for name, layers in options.items():
            sizes: list[int] = []
            for layer in layers:
                sizes += [prod(array.shape) for array in layer.arrays.values()]
            sort = tuple((layer.kind, _shapes(layer)) for layer in layers)
            self.index.add(name, sort, sizes)

    def fits(
        self, name: str, options: Sequence[Layer], twins: Iterable[str]
    ) -> list[_Fit]:
        """Every way in which a layer and one of these can be twins.

        Args:
            name: of the layer of PyTorch.
            options: what it may be.
            twins: names of layers of Keras.
        """
        fits = []
        for twin in twins:
            if twin not in self.index:
                continue
            for torch in options:
                for keras in self._options[twin]:
                    if _is_twin(name, torch, keras):
                        fits.append(_Fit(twin, torch, keras))
        return fits

    def likely(self, options: Sequence[Layer]) -> list[str]:
        """Names of those that may fit a layer, the first of each sort.

        Args:
            options: what the layer of PyTorch may be.
        """
        return self.index.first_of_each(map(_largest, options))


def _largest(layer: Layer) -> int:
    """How many numbers the largest array has, which one of its twin has as well.

    Biases may be fewer there, and two in one.
    """
    sizes = [
        prod(array.shape) for key, array in layer.arrays.items() if "bias" not in key
    ]
    return max(sizes, default=0)


def _shapes(layer: Layer) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """The name and the shape of each array."""
    return tuple((key, tuple(array.shape)) for key, array in layer.arrays.items())


def _is_twin(name: str, torch: Layer, keras: Layer) -> bool:
    """Whether there is a rule for two layers, and their shapes fit it."""
    if of_layers(torch.kind, plain(keras.kind)) is None:
        return False
    try:
        rewrite(shapes({name: torch}), shapes({name: keras}), "to_keras", strict=False)
    except BadInput:
        return False
    return True


def _several(name: str, fits: Sequence[_Fit]) -> str:
    """The message where a layer may be several things."""
    twins = bounded((f"{fit.keras.kind} {fit.twin}" for fit in fits), " or ")
    return (
        f"{name}: expected a layer whose twin is clear, got arrays that fit {twins}; "
        f"say which with --names {name}={fits[0].twin}"
    )
