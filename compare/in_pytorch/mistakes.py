"""How named mistakes are made in a PyTorch twin.

Arrays have the features last, where a layer of PyTorch has them before the other axes.
Hooks change what goes into a layer and what comes out of it; everything else is the
model's own code, so a mistake does to it what it would do to a port.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import numpy as np
import torch

from compare.in_pytorch import attention, written
from compare.in_pytorch.arrays import (
    RECURRENT,
    as_input_of,
    features_in_place,
    features_last,
    filled,
    is_cell,
    like,
    padded,
    returning,
    states_as_arguments,
    states_given,
    with_first,
)
from compare.in_pytorch.handing_on import (
    HandedOn,
    OutputByName,
    RunCounter,
    StepsOfCell,
    in_the_place_of_first,
    of_one_run,
    possible,
)
from compare.in_pytorch.kinds import kind_of
from compare.in_pytorch.layers import holders, layers, read, write
from compare.in_pytorch.models import hooked
from compare.in_pytorch.twin import Twin
from compare.judging.arrays import flat
from compare.kinds import call, options_of
from compare.kinds.layer import Layer
from compare.kinds.mistake import (
    Activation,
    ArraysOfLayer,
    Computation,
    Effect,
    FinalActivation,
    Handover,
    InitialStates,
    JoinedInput,
    LayerInput,
    LossFactor,
    OrderOfNorms,
    RecurrentOutput,
    ResultOrder,
    ResultShapes,
)
from compare.kinds.option import Options
from compare.matching import adapter
from compare.mistakes.runs import layer_of, number_of, run_named


def injected(
    twin: Twin, effect: Effect, layer: str, following: str | None
) -> AbstractContextManager[None]:
    """The twin with a mistake in a layer, or in its loss, until the block ends.

    Args:
        twin: in either precision.
        effect: what the mistake does, where that can happen to the layer.
        layer: its name, or that of one of its runs; that of a loss is not read.
        following: name of the layer, or of the run, that is computed next; None for
            what the model returns.

    Raises:
        TypeError: if the effect is not one that can be made there.
    """
    match effect:
        case ArraysOfLayer():
            return _with_arrays(twin.model, effect, layer_of(layer))
        case Computation():
            return _with_computation(twin.model, effect, layer)
        case Handover():
            return _with_handover(twin.model, effect, layer, following)
        case Activation():
            return _with_activation(twin.model, effect, layer, following)
        case FinalActivation():
            return _with_final_activation(twin.model, effect, layer_of(layer))
        case LayerInput() if following is not None:
            return _with_layer_input(twin.model, effect, following)
        case InitialStates():
            return _with_initial_states(twin, effect, layer)
        case JoinedInput():
            return _with_joined_input(twin.model, effect, following)
        case OrderOfNorms():
            return attention.norms_moved(twin.model)
        case ResultOrder():
            return _with_result_order(twin.model, effect)
        case ResultShapes():
            return _with_result_shapes(twin.model, effect)
        case LossFactor():
            return _with_loss_factor(twin, effect)
        case _:
            name = type(effect).__name__
            raise TypeError(f"{name} cannot be made between {layer} and {following}")


@contextmanager
def _with_arrays(
    model: torch.nn.Module, effect: ArraysOfLayer, layer: str
) -> Iterator[None]:
    """Let a layer hold other arrays; what it held waits and need not be copied."""
    tensors = holders(model)[layer]
    right = {name: read(tensor) for name, tensor in tensors.items()}
    if written.is_written(model, layer):
        usual = written.usual(model, layer)
        changed = possible(effect.change(usual.arrays))
        wrong = written.as_written(model, layer, changed)
    else:
        wrong = possible(effect.change(right))
    # An embedding with a max_norm shortens the rows that it reads, in their place.
    module = dict(model.named_modules()).get(layer)
    shortens = getattr(module, "max_norm", None) is not None
    memory = Counter(map(_memory, (*model.parameters(), *model.buffers())))
    with ExitStack() as stack:
        for name, array in wrong.items():
            tensor = tensors[name]
            if memory[_memory(tensor)] > 1:
                stack.enter_context(_overwritten(tensor, array))
            elif array is not right[name]:
                if shortens:
                    array = array.copy()
                stack.enter_context(_exchanged(tensor, array))
            elif not isinstance(tensor, torch.nn.Parameter):
                stack.enter_context(_put_back(tensor))
        yield


def _memory(tensor: torch.Tensor) -> int:
    """The address of the memory that a tensor lies in, of which it may be a part."""
    return tensor.untyped_storage().data_ptr()


@contextmanager
def _overwritten(tensor: torch.Tensor, array: np.ndarray) -> Iterator[None]:
    """Write numbers into a tensor whose memory others see as well."""
    right, wrong = read(tensor).copy(), array.copy()
    write(tensor, wrong)
    try:
        yield
    finally:
        write(tensor, right)


@contextmanager
def _put_back(tensor: torch.Tensor) -> Iterator[None]:
    """Let a tensor, which the model itself may change as it runs, be as it was."""
    right = read(tensor).copy()
    try:
        yield
    finally:
        write(tensor, right)


@contextmanager
def _exchanged(tensor: torch.Tensor, array: np.ndarray) -> Iterator[None]:
    """Let a tensor lie in other memory, with other numbers."""
    right = tensor.data
    wrong = np.ascontiguousarray(array, dtype=read(tensor).dtype)
    is_learnt = isinstance(tensor, torch.nn.Parameter)
    # Statistics are copied, since the model may write into them as it runs. NumPy takes
    # an axis of size 1 that runs backwards for contiguous; PyTorch refuses it.
    is_backwards = any(stride < 0 for stride in wrong.strides)
    if not is_learnt or is_backwards or not wrong.flags.writeable:
        wrong = wrong.copy()
    tensor.data = torch.from_numpy(wrong).reshape(tensor.shape).to(tensor.device)
    try:
        yield
    finally:
        tensor.data = right


def _with_computation(
    model: torch.nn.Module, effect: Computation, layer: str
) -> AbstractContextManager[None]:
    """Put what a layer wrongly computes in the place of what it returns."""
    module = model.get_submodule(layer_of(layer))
    bare = Layer(kind_of(module), {})  # what it is where it holds no arrays
    held = layers(model).get(layer_of(layer), bare)
    kind, arrays = held.kind, held.arrays
    steps = StepsOfCell()

    def recompute(
        module: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any
    ) -> Any:
        if written.is_written(model, layer_of(layer)):
            return _recomputed_by_hand(model, layer, effect, args, kwargs, result)
        if isinstance(module, RECURRENT):
            x, lengths = padded(module, args[0])
            states = states_given(module, args, kwargs)
            if is_cell(module):
                x, states = steps.until(x, states, result)
            options: Options = {} if states is None else {"states": states}
            wrong = possible(effect.compute(call(kind, arrays, x, lengths, options)))
            returned = returning(module, result, wrong)
            if is_cell(module):
                steps.hands_on(returned)
            return returned
        if attention.is_attention(module):
            attending = attention.at_work(module, arrays, args, kwargs)
            computed = possible(attending and effect.compute(attending))
            return attention.returning(module, result, computed)
        x = features_last(module, args[0]).numpy()
        options = options_of("torch", kind, module)
        wrong = possible(effect.compute(call(kind, arrays, x, options=options)))
        return features_in_place(module, like(wrong, result))

    counting, hook = of_one_run(model, module, layer, recompute)
    return hooked([*counting, module.register_forward_hook(hook, with_kwargs=True)])


def _recomputed_by_hand(
    model: torch.nn.Module,
    layer: str,
    effect: Computation,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    result: Any,
) -> Any:
    """What a layer by hand returns, with what a mistake computes in its place."""
    usual = written.usual(model, layer_of(layer))
    own_run = possible(written.own_run(usual, args, kwargs, result))
    options: Options = {} if own_run.states is None else {"states": own_run.states}
    wrong = possible(
        effect.compute(call(usual.kind, usual.arrays, own_run.x, options=options))
    )
    c = wrong["c_n"][-1] if "c_n" in wrong else None
    sequence = RecurrentOutput(wrong["output"], wrong["h_n"][-1], c)
    return written.returning(usual, args, result, sequence)


def _with_handover(
    model: torch.nn.Module, effect: Handover, layer: str, following: str | None
) -> AbstractContextManager[None]:
    """Give the next layer something else of a layer's output."""

    def handed_over(output_by_name: OutputByName) -> np.ndarray | None:
        return effect.function(output_by_name(layer))

    handing_on = HandedOn(handed_over, model, [layer], following, effect.shared)
    return hooked(handing_on.hooks())


def _with_activation(
    model: torch.nn.Module, effect: Activation, layer: str, following: str | None
) -> AbstractContextManager[None]:
    """Give the next layer another function of a layer's output."""

    def activated(output_by_name: OutputByName) -> np.ndarray:
        return effect.function(output_by_name(layer).output)

    return hooked(HandedOn(activated, model, [layer], following).hooks())


def _with_joined_input(
    model: torch.nn.Module, effect: JoinedInput, following: str | None
) -> AbstractContextManager[None]:
    """Give the next layer what is joined from the outputs of several."""
    watched = layers(model)
    handing_on = HandedOn(effect.join, model, watched, following, effect.shared)
    return hooked(handing_on.hooks())


def _with_final_activation(
    model: torch.nn.Module, effect: FinalActivation, layer: str
) -> AbstractContextManager[None]:
    """Return another function of the last layer's output."""
    outputs: dict[str, torch.Tensor] = {}

    def keep(module: Any, args: object, result: torch.Tensor) -> None:
        outputs["last"] = result

    def finish(model: Any, args: object, results: object) -> object:
        last = outputs["last"]
        return with_first(results, like(effect.function(last.numpy()), last))

    return hooked(
        [
            model.get_submodule(layer).register_forward_hook(keep),
            model.register_forward_hook(finish),
        ]
    )


def _with_layer_input(
    model: torch.nn.Module, effect: LayerInput, following: str
) -> AbstractContextManager[None]:
    """Give a layer a fixed array, one step of it in each run of a loop."""
    name, counter = layer_of(following), RunCounter()

    def give(module: torch.nn.Module, args: tuple[Any, ...]) -> Any:
        if not counter.is_at(following):
            return None
        array, x = effect.array, args[0]
        is_loop = is_cell(module) or written.is_written(model, name)
        if is_loop and array.ndim == x.ndim + 1 and counter.number <= array.shape[1]:
            array = array[:, counter.number - 1]
        tensor: Any
        if written.is_written(model, name):
            tensor = written.as_input(written.usual(model, name), array, x)
        else:
            tensor = as_input_of(module, array, x)
        return in_the_place_of_first(args, tensor, effect.shared)

    module = model.get_submodule(name)
    counting = counter.hooks(model, module)
    return hooked([*counting, module.register_forward_pre_hook(give)])


def _with_initial_states(
    twin: Twin, effect: InitialStates, layer: str
) -> AbstractContextManager[None]:
    """Let a recurrent layer begin with fixed states."""
    module = twin.model.get_submodule(layer_of(layer))
    beside = states_as_arguments(module, effect.states, twin.dtype)

    def begin(
        module: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if written.is_written(twin.model, layer_of(layer)):
            usual = written.usual(twin.model, layer_of(layer))
            return written.begun_with(usual, args, effect.states), kwargs
        return (args[0], *beside), {}

    name = layer
    if number_of(layer) is None:  # of a loop, the first run
        name = run_named(layer, 1)
    counting, hook = of_one_run(twin.model, module, name, begin)
    return hooked([*counting, module.register_forward_pre_hook(hook, with_kwargs=True)])


def _with_result_order(
    model: torch.nn.Module, effect: ResultOrder
) -> AbstractContextManager[None]:
    """Return the results in another order."""

    def reorder(model: Any, args: object, results: object) -> object:
        tensors: list[Any] = [tensor for _, tensor in flat(results)]
        order = possible(effect.order([tensor.numpy() for tensor in tensors]))
        return filled(results, iter([tensors[number] for number in order]))

    return hooked([model.register_forward_hook(reorder)])


def _with_result_shapes(
    model: torch.nn.Module, effect: ResultShapes
) -> AbstractContextManager[None]:
    """Return the same numbers in other shapes, or the samples in another order."""

    def reshape(model: Any, args: object, results: object) -> object:
        tensors: list[Any] = [tensor for _, tensor in flat(results)]
        if effect.orders:
            axes = zip(tensors, effect.orders, strict=True)
            tensors = [tensor.permute(order) for tensor, order in axes]
        pairs = zip(tensors, effect.shapes, strict=True)
        batch = -1  # of any size; a batch of one may have been squeezed away
        reshaped = [tensor.reshape(batch, *shape) for tensor, shape in pairs]
        if effect.samples:
            reshaped = [tensor[list(effect.samples)] for tensor in reshaped]
        return filled(results, iter(reshaped))

    return hooked([model.register_forward_hook(reshape)])


@contextmanager
def _with_loss_factor(twin: Twin, effect: LossFactor) -> Iterator[None]:
    """Multiply the loss of each result by the factor for the result's shape."""
    right = twin.loss

    def wrong(loss: adapter.Loss, *arguments: Any) -> torch.Tensor:
        def multiplied(result: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
            factor = effect.factor(tuple(result.shape))
            if factor is None:
                return loss(result, target)
            return factor * loss(result, target)

        return right(multiplied, *arguments)

    vars(twin)["loss"] = wrong
    try:
        yield
    finally:
        del vars(twin)["loss"]
