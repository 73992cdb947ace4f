"""A port says at which sizes it was run."""

from types import SimpleNamespace

from compare.kinds.graph import Call, LayerPlan, ModelPlan, Tensor
from compare.porting.inputs import SIZES, Sizes, sizes_beyond, with_slices
from compare.porting.run_sizes import beyond_slices, sentence


def evidence(x, *sizes):
    results = []
    for steps, batch in sizes:
        results.append(SimpleNamespace(timesteps=steps, batch=batch, stages=(1,)))
    return SimpleNamespace(results=results, inputs={"x": x})


def test_steps_and_batches_are_named_once_and_in_order():
    run = evidence("x (8, 50, 4); x (8, 7, 4)", (50, 8), (7, 8), (1, 4), (50, 8))

    assert sentence(run) == (
        "Run at 1, 7 and 50 steps, in batches of 4 and 8; at no other size."
    )


def test_one_step_is_one():
    assert "at 1 step, in" in sentence(evidence("x (8, 1, 4)", (1, 8)))


def test_where_the_time_is_another_axis_the_shapes_are_told():
    run = evidence("x (8, 4, 50); x (8, 4, 7)", (4, 8), (4, 8))

    assert sentence(run).startswith("Run on x (8, 4, 50); x (8, 4, 7) and")


def plan(*args):
    call = Call("cut", args, {})
    layers = {"cut": LayerPlan("cut", "ops.getitem")}
    return ModelPlan("model", layers, (call,), Tensor(0), Tensor(0))


def test_a_slice_that_ends_at_a_fixed_place_is_run_beyond_it():
    cut = plan(Tensor(0), (slice(None), slice(None, 60)))

    assert beyond_slices(cut) == (61,)
    assert Sizes(61, 61) in with_slices(cut, SIZES)


def test_a_model_of_one_size_is_run_at_no_other():
    cut = plan(Tensor(0), (slice(None), slice(None, 60)))

    assert with_slices(cut, SIZES[:1]) == SIZES[:1]


def test_a_batch_is_of_more_samples_and_the_steps_stay():
    *_, last = sizes_beyond(SIZES, [("batch", 17)])

    assert last == Sizes(SIZES[0].steps, SIZES[0].pixels, 17)
