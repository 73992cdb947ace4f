"""Operations, values and lines of a trace in words."""

from __future__ import annotations

from collections.abc import Sequence
from types import EllipsisType

from compare.diagnosing.operations.candidate import is_own
from compare.diagnosing.operations.regions import Region
from compare.judging.explanation import listed
from compare.mistakes.traces import RETURN, Step, Trace

MOST_LETTERS = 40  # of what a step is told
MOST_STEPS = 4  # that are named one by one
MOST_AFTER = 3  # operations after a layer, by which a value is called
STATES = {"LSTM": ("h", "c"), "GRU": ("h",), "RNN": ("h",)}  # the last results
LAID_OUT = ("movedim", "flatten", "view")  # by which the suite moves an image's axes
UNTOLD = ("inplace",)  # arguments that change no number


def steps_up_to(region: Region, step: Step) -> list[Step]:
    """A step and those of its region that it rests on, in the order of the run."""
    numbers, waiting = set(), [step.number]
    while waiting:
        number = waiting.pop()
        if number in numbers or number not in region.depths:
            continue
        numbers.add(number)
        for value in region.trace.steps[number].inputs:
            maker = region.trace.values[value].maker
            if maker is not None:
                waiting.append(maker)
    ordered = sorted(numbers - {RETURN})
    return [region.trace.steps[number] for number in ordered] or [step]


def names_of(steps: Sequence[Step], trace: Trace) -> str:
    """Steps in words; of many, the first and the last."""
    if len(steps) > MOST_STEPS:
        begin, end = name_of(steps[0], trace), name_of(steps[-1], trace)
        return f"{len(steps)} operations, {begin} to {end}"
    return listed([name_of(step, trace) for step in steps])


def name_of(step: Step, trace: Trace) -> str:
    """A step in words."""
    if step.number == RETURN:
        return "the result"
    if step.is_layer:
        return f"`{step.layer}` ({_kind(step)})"
    if step.name == "[]":
        return f"`{_index(step)}`{_reversed(step)}"
    if step.name == "setitem":
        value = step.arguments.get("2")
        put = f"{value:g}" if isinstance(value, int | float) else "..."
        return f"`{_index(step)} = {put}` (setitem)"
    texts = []
    if step.name.isidentifier():
        for key, value in step.arguments.items():
            if key in UNTOLD or not _is_plain(value):
                continue
            text = f"{value:g}" if isinstance(value, float) else f"{value}"
            if not key.isdigit():
                text = f"{key}={text}"
            texts.append(text)
    words = ", ".join(texts)
    if not words or len(words) > MOST_LETTERS:
        return f"`{step.name}`"
    return f"`{step.name}({words})`"


def _kind(step: Step) -> str:
    """The kind of a layer; of one that is a function, which function."""
    if step.name == "Activation" and step.arguments.get("activation"):
        return f"{step.name}: {step.arguments['activation']}"
    return step.name


def _is_plain(value: object) -> bool:
    """Whether an argument is short in words."""
    if isinstance(value, tuple):
        return all(isinstance(item, int | float | str) for item in value)
    return isinstance(value, bool | int | float | str) and value != ""


def _index(step: Step) -> str:
    """An index as it is written, where that is known: `[:, -1]`."""
    index = step.arguments.get("1")
    if index is None:
        return "[]"
    items = index if isinstance(index, tuple) else (index,)
    words = []
    for item in items:
        if isinstance(item, slice):
            words.append(_slice_in_words(item))
        elif item is Ellipsis:
            words.append("...")
        elif item is None or isinstance(item, int):
            words.append(str(item))
        else:
            return "[]"
    return f"[{', '.join(words)}]"


def _slice_in_words(item: slice) -> str:
    """A slice as it is written, such as `1:` or `::2`."""
    words = ["", ""]
    if item.start is not None:
        words[0] = str(item.start)
    if item.stop is not None:
        words[1] = str(item.stop)
    if item.step is not None:
        words.append(str(item.step))
    return ":".join(words)


def _reversed(step: Step) -> str:
    """Which axes an index reads from their end, in brackets; "" for none."""
    index = step.arguments.get("1")
    items = index if isinstance(index, tuple) else (index,)
    axes = []
    for place, item in enumerate(items):
        if isinstance(item, slice) and item.step == -1:
            axis = place
            if _counts_from_end(items):
                axis = place - len(items)
            axes.append(str(axis))
    return f" (axis {listed(axes)} reversed)" if axes else ""


def _counts_from_end(items: Sequence[object]) -> bool:
    """Whether the items of an index stand for the last axes, and none is an array."""
    for item in items:
        if item is not None and not isinstance(item, int | slice | EllipsisType):
            return False
    return Ellipsis in items


def value_in_words(number: int, trace: Trace) -> str:
    """A value in words: by the layer or the input that it is made of, or the step."""
    base, after = chain(number, trace)
    maker = trace.maker(base)
    is_named = maker is None or maker.is_layer
    if not after:
        return _made_in_words(base, trace)
    if not is_named or len(after) > MOST_AFTER:
        return _made_in_words(number, trace)
    line = "" if after[-1].line is None else f" of line {after[-1].line.number}"
    names = names_of(after, trace) + _weight_of(after, trace)
    line += _result(after[-1], after[-1].outputs.index(number))
    if len(after) == 1 and after[0].name == "[]":
        return f"{names}{line} of {_made_in_words(base, trace)}"
    return f"{_made_in_words(base, trace)} (then {names}{line})"


def _weight_of(steps: Sequence[Step], trace: Trace) -> str:
    """The weight that a single operator takes, in words; "" for none."""
    if len(steps) != 1 or steps[0].is_layer or steps[0].name.isidentifier():
        return ""
    sources = [trace.values[value].source for value in steps[0].inputs]
    weights = [source for source in sources if source.startswith("the weight")]
    return f" with {listed(weights)}" if weights else ""


def base_in_words(number: int, trace: Trace) -> str:
    """The layer, the input or the step that a value is made of, in a word or two."""
    base, _ = chain(number, trace)
    maker = trace.maker(base)
    if maker is None:
        return trace.values[base].source
    if maker.is_layer:
        return f"`{maker.layer}`"
    return f"{name_of(maker, trace)}{at(maker)}"


def base_of(number: int, trace: Trace) -> int:
    """The value that a value is made of alone, as that of a layer or an input."""
    return chain(number, trace)[0]


def chain(number: int, trace: Trace) -> tuple[int, list[Step]]:
    """The value that a value is made of alone, and the steps that make it of that.

    It is what a layer makes, an input of the model, or made of several values.
    """
    after: list[Step] = []
    while True:
        maker = trace.maker(number)
        if maker is None or maker.is_layer:
            return number, after
        sources = [v for v in dict.fromkeys(maker.inputs) if not is_own(trace, v)]
        if len(sources) != 1:
            return number, after
        if not _lays_out(maker):
            after.insert(0, maker)
        number = sources[0]


def _lays_out(step: Step) -> bool:
    """Whether the suite, and not the model, moves the axes of an input."""
    return step.name in LAID_OUT and step.line is None and not step.layer


def _made_in_words(number: int, trace: Trace) -> str:
    """A value in words: by the step that made it."""
    maker = trace.maker(number)
    if maker is None:
        return trace.values[number].source
    which = _again(maker, trace)
    which += _result(maker, maker.outputs.index(number))
    line = (
        "" if maker.is_layer or maker.line is None else f" of line {maker.line.number}"
    )
    return f"what {name_of(maker, trace)}{line}{which} makes"


def _result(maker: Step, place: int) -> str:
    """Which of its results it is, where a step makes more than one."""
    count = len(maker.outputs)
    if count < 2:
        return ""
    state = STATES.get(maker.name, ())
    if maker.is_layer and place >= count - len(state) > 0:
        return f" (state {state[place - count]})"
    return f" (result {place + 1})"


def _again(step: Step, trace: Trace) -> str:
    """Which time it is that a step's line runs, where it does more than once."""
    times = [
        run.number
        for run in trace.steps.values()
        if (run.name, run.layer, run.line) == (step.name, step.layer, step.line)
    ]
    if len(times) < 2:
        return ""
    return f" (time {times.index(step.number) + 1} of {len(times)})"


def source_of(step: Step, region: Region) -> str:
    """What a step takes, in words."""
    trace = region.trace
    values = [
        number
        for number in dict.fromkeys(step.inputs)
        if not trace.values[number].source.startswith(("the weight", "a const"))
    ]
    if not values or len(values) > 2:
        return ""
    return f" of {listed([value_in_words(number, trace) for number in values])}"


def at(step: Step) -> str:
    """The line of a step, in brackets; nothing where none is known."""
    if step.line is None:
        is_inside = step.layer and not step.is_layer and step.name != "[]"
        return f" (in {step.layer})" if is_inside else ""
    return f" ({step.line.file}:{step.line.number})"
