"""Two models that a user brings, run as the built-in pairs are; loads frameworks."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import numpy as np

# PyTorch comes first.
from compare.twins import DTYPES, FRAMEWORKS, LAYERS, Twins, fresh_weights

from compare import (  # isort: skip
    harness,
    in_keras,
    in_pytorch,
    keras_copies,
    live,
    own_inputs,
)
from compare.cases import FIXED, Case, sequence, targets
from compare.errors import BadInput
from compare.evidence import (
    BOTH_REFUSE,
    DIFFERENT,
    SAME,
    SAME_IN_FLOAT32,
    SIDES,
    Result,
)
from compare.pair_file import OwnPair, blamed, described
from compare.training import Task
from compare.training_data import TrainingData
from compare.transfer import rewrite

AS_IS, RANDOM = "as is", "random"  # beside the directions of a transfer


def run(pair: OwnPair, notes: list[str], gradients: bool = False) -> Iterator[Result]:
    """Results of a pair, as they come.

    Args:
        pair: what to compare.
        notes: gets what a reader must know, a sentence each.
        gradients: whether to compare those of the pair's loss as well.

    Raises:
        BadInput: if layers have no twins, or nothing was compared.
    """
    with settled(pair):
        twins, length = build(pair, notes)
        cases = own_inputs.cases(pair, length)
        subject = harness.Subject(
            name=pair.name,
            cases=cases,
            build=lambda length: twins,
            draw=partial(own_inputs.cut, pair.arrays, twins.inputs),
            loads=loads(pair, twins, notes),
            probe=lambda case: True,
            loss=pair.loss if gradients else "",
            seed=pair.seed,
        )
        results = []
        for result in harness.run(subject):
            results.append(_as_expected(result, cases[0]))
            yield results[-1]
    if length is None and DIFFERENT in {r.verdict for r in results}:
        _note_fixed(pair, results, notes)
    own = {r.verdict for r in results if r.direction != RANDOM}
    random = {r.verdict for r in results if r.direction == RANDOM}
    if DIFFERENT in own and random and random <= {SAME, BOTH_REFUSE}:
        notes.append(
            "With random weights, transferred, the models are the same: what differs "
            "is in the weights alone, not in what is computed with them."
        )
    for side, said in twins.only32.items():
        notes.append(
            f"{SIDES[side]}'s model cannot be run in float64, so this is judged in "
            f"float32, which proves less ({said}). Take out what asks for float32, or "
            "write a pair file, whose functions make the models in either: python -m "
            "compare new my_pair.py."
        )


def _note_fixed(pair, results, notes):
    """Say so where twins differ only as long as the number of steps is open."""
    x = sequence(pair.arrays)
    first = next(r for r in results if r.verdict == DIFFERENT)
    if x is None or first.loss:
        return
    twins, found = _build(pair, pair.models, x.shape[1])
    if found and not twins.only32:
        loads(pair, twins, [])[first.direction](twins)
        if twins.compare(*pair.arrays)["verdict"] == SAME:
            notes.append(
                f"Built for exactly {x.shape[1]} steps the models are the same; left "
                "open, Keras's works differently."
            )


@contextmanager
def settled(pair: OwnPair) -> Iterator[None]:
    """A user's models, and the random numbers, are left as they were."""
    modes = live.modes_kept(pair.models)
    with blamed(pair.file), keras_copies.untouched(), in_pytorch.settled(), modes:
        yield


def _as_expected(result, whole):
    """What is offered besides the user's own input may be refused, by both."""
    expected = result.expected
    if result.verdict == SAME_IN_FLOAT32:
        expected = SAME_IN_FLOAT32
    short = (result.timesteps, result.batch) != (whole.timesteps, whole.batch)
    if result.verdict == BOTH_REFUSE and result.timesteps is not None and short:
        expected = BOTH_REFUSE
    return replace(result, expected=expected)


# ----------------------------------------------------------------------------- building


def build(pair: OwnPair, notes: list[str]) -> tuple[Twins, int | None]:
    """The twins, and the number of steps that they are fixed to, or None.

    Any number of steps is tried first, where the models may take it.

    Args:
        pair: what to build.
        notes: gets which layer is the twin of which.

    Raises:
        BadInput: if layers have no twins.
    """
    models = dict(pair.models)
    for side, model in models.items():
        if side == "keras" and live.is_live(side, model) and not model.built:
            _check_unbuilt(model, pair.transfer)
    x = sequence(pair.arrays)
    whole = None if x is None else x.shape[1]
    fixed = None if x is None else own_inputs.own_steps(models["keras"])
    lengths = [None, whole] if pair.free and fixed is None else [whole]
    for length in dict.fromkeys(lengths):
        twins, found = _build(pair, models, length)
        if found:
            break
    if found:
        matched = [f"{n} = {' + '.join(each)}" for n, each in found.items()]
        notes.append(f"matched (PyTorch = Keras): {'; '.join(matched)}.")
    return twins, length


def _check_unbuilt(model, transfer):
    """Raise BadInput where a model that has no weights yet is to show its own."""
    anew = isinstance(model, in_keras.keras.Sequential)
    if not anew or transfer not in ("to_keras", RANDOM):
        raise BadInput(
            f"{type(model).__name__}: expected a Keras model that has its weights, got "
            "one that was never built; call it once on an input first"
        )


def _build(pair, models, length):
    inputs = own_inputs.inputs(pair, models["keras"], length)
    calls = {side: partial(own_inputs.call, side, pair.names) for side in FRAMEWORKS}
    uncopied = set()
    while True:
        make = {s: live.Maker(s, m, s in uncopied) for s, m in models.items()}
        copied = {s: models[s] for s, each in make.items() if each.copies}
        with live.noticing(copied) as ran:
            twins = Twins(make, inputs, None, calls=calls)
            found = {}
            if not twins.refusals:
                matched = twins.match(pair.arrays, pair.table)
                _drop_narrow(twins, pair.arrays)
                refusals = twins.run(*pair.arrays)[1]
                found = {} if refusals else matched
        if not ran:
            return twins, found
        uncopied |= ran  # a copy that runs its original's layers is none


def _drop_narrow(twins, arrays):
    """A model that works in float32 inside proves nothing in float64."""
    for side in FRAMEWORKS:
        if (side, "float64") in twins.twins:
            name = twins.twins[side, "float64"].narrows(arrays)
            if name:
                del twins.twins[side, "float64"]
                twins.only32[side] = f"{name} takes it to a lower precision"


# ----------------------------------------------------------------------------- weights


def loads(
    pair: OwnPair, twins: Twins, notes: list[str]
) -> dict[str, Callable[[Twins], None]]:
    """What gives the twins their weights: the user's own, then random ones.

    Random ones show what weights as they are may hide, such as a bias of zero.
    """
    key = [pair.seed, 0]

    def random(twins, direction="to_keras"):
        twins.load(direction, partial(fresh_weights, seed=key))

    if pair.transfer == RANDOM:
        return {
            "to_keras": random,
            "to_torch": partial(random, direction="to_torch"),
        }
    own = partial(_as_they_are, pair=pair, notes=notes)
    if pair.transfer:
        own = partial(_transferred, direction=pair.transfer, pair=pair)
    found = {pair.transfer or AS_IS: own}
    return found if twins.only32 else {**found, RANDOM: random}


def _widen(twins, sides):
    """Let the twins of these sides in float64 have the weights of those in float32."""
    for side in sides:
        models = [
            twins.twins[side, d].model for d in DTYPES if (side, d) in twins.twins
        ]
        if len(models) == len(DTYPES):
            layers = LAYERS[side].layers(models[0])
            arrays = {name: layer.arrays for name, layer in layers.items()}
            LAYERS[side].load(models[1], arrays)


def _made_anew(pair):
    """The sides whose model is made for each precision, each time with new weights."""
    return [
        side for side, model in pair.models.items() if not live.is_live(side, model)
    ]


def _transferred(twins, direction, pair):
    models = {side: twins.twins[side, "float32"].model for side in FRAMEWORKS}
    models["keras"] = getattr(models["keras"], "_model", models["keras"])
    if any(model is pair.models[side] for side, model in models.items()):
        raise BadInput(
            f"{pair.name}: expected models that can be copied, since the weights of "
            "one are to be transferred and your own model stays as it is, got one that "
            f"cannot ({'; '.join(twins.only32.values())}); write a pair file: python "
            "-m compare new my_pair.py"
        )
    _widen(twins, _made_anew(pair))
    for dtype in twins.dtypes:
        twins.transfer(direction, dtype)
    if twins.only32:
        _widen(twins, FRAMEWORKS)


def _as_they_are(twins, pair, notes):
    """Judge parameters that are another's rounded to float32 with its value."""
    _widen(twins, _made_anew(pair))
    if twins.only32:
        return
    models = {side: twins.twins[side, "float64"].model for side in FRAMEWORKS}
    layers = {side: LAYERS[side].layers(model) for side, model in models.items()}
    exact, _ = rewrite(layers["torch"], layers["keras"], "to_keras", strict=False)
    rounded = {}
    for name, layer in layers["keras"].items():
        for key, have in layer.arrays.items():
            want = exact[name][key]
            same = (have != want) & (have == want.astype(np.float32))
            exact[name][key] = np.where(same, want, have)
            if same.any():
                rounded[f"{name}.{key}"] = int(same.sum())
    LAYERS["keras"].load(models["keras"], exact)
    note = (
        f"{sum(rounded.values())} parameters of Keras's are sums of PyTorch's rounded "
        f"to float32, and count as the same ({', '.join(rounded)})."
    )
    if rounded and note not in notes:
        notes.append(note)


# ---------------------------------------------------------------------------- training


def task(pair: OwnPair) -> Task:
    """What a training run takes: the pair, and its inputs as examples.

    Both twins begin with the weights of PyTorch's model. What is drawn at random has as
    many steps as the built-in pairs learn from.

    Raises:
        BadInput: if a model does not run, or has no copy in float64; or if there are
            not as many targets as examples.
    """
    x = sequence(pair.arrays)
    if pair.steps and x is not None and x.shape[1] > FIXED:
        inputs = own_inputs.inputs(pair, pair.models["keras"], None)
        few = own_inputs.cut(pair.arrays, inputs, Case(None, FIXED, len(x), SAME))
        pair = replace(pair, arrays=few)
    twins, _ = build(pair, [])
    refusals = twins.refusals or twins.run(*pair.arrays)[1] or twins.only32
    if refusals:
        said = "; ".join(f"{SIDES[side]}: {text}" for side, text in refusals.items())
        raise BadInput(
            f"{pair.name}: expected models that run in float32 and in float64, got: "
            f"{said}; see python -m compare run"
        )
    target = pair.target
    if target is None:
        result = twins.twins["torch", "float32"](*pair.arrays)[twins.outputs[0]]
        target = targets(pair.loss, [result.shape], pair.seed)[0]
    batch = len(pair.arrays[0])
    if len(target) != batch:
        raise BadInput(
            f"{pair.name}: expected a target for each of {batch} examples, got "
            f"{len(target)}; give as many"
        )
    data = TrainingData(
        f"{described(pair)}{'' if pair.target is not None else ', random targets'}",
        pair.arrays,
        target,
        learnt=batch,
        epochs=100,
        batch_size=min(20, batch),
    )
    model = pair.models["torch"]
    make = partial(copy.deepcopy, model) if live.is_live("torch", model) else model
    return Task(pair.name, twins, make, pair.loss, data)
