"""How recurrent layers of two directions are written in PyTorch."""

from __future__ import annotations

from collections.abc import Sequence

from compare.kinds.graph import LayerPlan
from compare.kinds.layer import Arrays
from compare.kinds.recurrent_cells import cells_of, note_dropout, with_prefix
from compare.kinds.recurrent_cells import problem as problem_of_layer
from compare.kinds.recurrent_modules import RecurrentModule, Run, modules_of
from compare.kinds.recurrent_source import (
    OneWay,
    begun_states,
    mask_in_use,
    mask_of,
    steps_text,
)
from compare.kinds.source import Site, Source

MERGED = {
    "concat": "torch.cat([{0}, {1}], dim=-1)",
    "sum": "{0} + {1}",
    "mul": "{0} * {1}",
    "ave": "({0} + {1}) / 2",
}


def write(site: Site) -> Sequence[str]:
    """A layer in both directions: its output or outputs, and its states if asked."""
    forward, backward = site.plan.inside
    cells = [*cells_of(forward, with_prefix(site.arrays, "forward."))]
    cells += cells_of(backward, with_prefix(site.arrays, "backward."))
    note_dropout(site, cells)
    module = RecurrentModule(tuple(cells), site.arrays, two_ways=True)
    if not _are_one(site, module):
        results = _two_layers(site)
    elif forward.config.get("return_sequences"):
        results = _sequences_of_one(site, module)
    else:
        results = _last_of_one(site, module)
    missing = len(site.outputs) - len(results)
    return results + ["_"] * missing  # states that nothing reads


def problem(plan: LayerPlan, arrays: Arrays) -> str:
    """What cannot be written of a layer in both directions, or ""."""
    for inner, prefix in zip(plan.inside, ("forward.", "backward."), strict=True):
        found = problem_of_layer(inner, with_prefix(arrays, prefix))
        if found:
            return found
    return ""


def _are_one(site: Site, module: RecurrentModule) -> bool:
    """Whether a layer of PyTorch does both directions."""
    forward, backward = site.plan.inside
    if len(module.cells) > 2 or forward.config.get("go_backwards"):
        return False
    first, second = module.cells
    if not first.is_plain or (first.sort, first.units) != (second.sort, second.units):
        return False
    # Keras zeroes outputs of unrolled layers in another way; see `OneWay`.
    unrolled = forward.config.get("unroll") or backward.config.get("unroll")
    return not (
        unrolled and mask_in_use(site) and forward.config.get("return_sequences")
    )


def _outputs(site: Site) -> int:
    """How many outputs come before the states."""
    return 2 if _merge_mode(site) is None else 1


def _merge_mode(site: Site) -> str | None:
    mode: str | None = site.plan.config.get("merge_mode", "concat")
    return mode


def _merged(site: Site, forward: str, backward: str) -> list[str]:
    """The outputs of both directions, put together."""
    mode = _merge_mode(site)
    if mode is None:
        return [forward, backward]
    return [MERGED[mode].format(forward, backward)]


def _reads_states(site: Site) -> bool:
    returned = bool(site.plan.inside[0].config.get("return_state"))
    return returned and any(number >= _outputs(site) for number in site.read)


def _run_of_one(site: Site, module: RecurrentModule) -> Run:
    """The call of one layer of PyTorch that has both directions."""
    begun = begun_states(site)
    keeps = bool(site.plan.inside[0].config.get("stateful"))
    return Run(site, module, site.x.text, mask_in_use(site), begun, keeps)


def _state_names(site: Site, module: RecurrentModule) -> list[str]:
    return [site.variable(name) for name in ("h_n", "c_n")[: module.cell.num_states]]


def _states_of_one(site: Site, names: Sequence[str]) -> list[str]:
    """The states of both directions under names of their own, forward first."""
    pairs = []
    for name in names:
        letter = name[0]
        forward = site.variable(f"forward_{letter}")
        backward = site.variable(f"backward_{letter}")
        site.line(f"{forward}, {backward} = {name}")
        pairs.append((forward, backward))
    return [pair[0] for pair in pairs] + [pair[1] for pair in pairs]


def _sequences_of_one(site: Site, module: RecurrentModule) -> list[str]:
    run = _run_of_one(site, module)
    names = _state_names(site, module) if _reads_states(site) else []
    word = site.result("h")
    run.write(word, names)
    if run.mask:
        site.line(f"{word} = {word} * {steps_text(site, run.mask)}")
    results = [word]
    if _merge_mode(site) != "concat":
        forward, backward = site.variable("forward"), site.variable("backward")
        site.line(f"{forward}, {backward} = {word}.chunk(2, dim=-1)")
        results = _merged(site, forward, backward)
    return results + _states_of_one(site, names)


def _last_of_one(site: Site, module: RecurrentModule) -> list[str]:
    """The last outputs are the last states, for which nothing need be looked up."""
    run = _run_of_one(site, module)
    reads_states = _reads_states(site)
    names = _state_names(site, module)
    if not reads_states:
        names[1:] = ["_"] * len(names[1:])
    run.write("_", names)
    last = names[0]
    if run.mask and (run.begun or run.keeps):
        # Where no step counts, the state is the first one, and the output zeros.
        last = site.variable("last")
        site.line(f"{last} = {names[0]} * {run.mask}.any(dim=1, keepdim=True)")
    results = _merged(site, f"{last}[0]", f"{last}[1]")
    return results + (_states_of_one(site, names) if reads_states else [])


def _two_layers(site: Site) -> list[str]:
    forward, backward = site.plan.inside
    begun = begun_states(site)
    half = len(begun) // 2
    returns_sequences = bool(forward.config.get("return_sequences"))
    sides = (
        ("forward", forward, begun[:half]),
        ("backward", backward, begun[half:]),
    )
    outputs, states = [], []
    for name, plan, own in sides:
        arrays = with_prefix(site.arrays, f"{name}.")
        modules = modules_of(plan, arrays, f"_{name}")
        layer = OneWay(site, plan, modules, own, f"{name}_state", returns_sequences)
        output, *ended = layer.write(site.variable(name), _reads_states(site))
        outputs.append(output)
        states += ended
    if returns_sequences:
        site.line(f"{outputs[1]} = {outputs[1]}.flip(1)")
    return _merged(site, *outputs) + states


SOURCE = Source(write, "features last", mask_of=mask_of, problem=problem)
