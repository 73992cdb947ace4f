"""Calls of `check`, `assert_same` and `transfer` with what they cannot take."""

from __future__ import annotations

from case import DIFFERS, REFUSED, SAME, Case

CALL = "evidence = compare.check({torch}, {keras}, {x}{more})"

X = {
    "none": "None",
    "word": "'x.csv'",
    "escape": "'\\x1b[2J'",
    "number": "3",
    "nan": "X * np.nan",
    "one-nan": "np.where(X == X.max(), np.nan, X)",
    "infinite": "X + np.inf",
    "empty-list": "[]",
    "empty-dictionary": "{}",
    "empty-tuple": "()",
    "empty-batch": "X[:0]",
    "no-steps": "X[:, :0]",
    "no-axis": "np.float32(1)",
    "words": "np.array([['a', 'b']])",
    "bytes": "b'abc'",
    "objects": "np.array([[None, object()]])",
    "complex": "X.astype(complex)",
    "dates": "np.zeros((2, 5, 3), 'datetime64[D]')",
    "records": "np.zeros((2, 5), [('a', 'f4'), ('b', 'i4')])",
    "masked": "np.ma.masked_all((2, 5, 3))",
    "matrix-of-words": "[['a', 'b'], ['c', 'd']]",
    "ragged": "[[1.0, 2.0], [1.0]]",
    "set": "{1, 2, 3}",
    "generator": "(x for x in X)",
    "iterator": "iter(X)",
    "class": "np.ndarray",
    "function": "len",
    "module": "np",
    "open-file": "open('/dev/null')",
    "closed-file": "(lambda f: f.close() or f)(open('/dev/null'))",
    "path": "__import__('pathlib').Path('x.csv')",
    "meta": "torch.ones(2, 5, 3, device='meta')",
    "sparse": "torch.ones(2, 5).to_sparse()",
    "quantised": "torch.quantize_per_tensor(torch.ones(2, 5), 0.1, 0, torch.qint8)",
    "nested-tensor": "torch.nested.nested_tensor([torch.ones(2, 3), torch.ones(4, 3)])",
    "of-torch-complex": "torch.ones(2, 5, 3, dtype=torch.complex64)",
    "symbolic": "keras.Input((5, 3))",
    "ragged-of-tensorflow": (
        "__import__('tensorflow').ragged.constant([[1.0], [1.0, 2.0]])"
    ),
    "words-of-tensorflow": "__import__('tensorflow').constant(['a', 'b'])",
    "two-batches": "[X, X[:1]]",
    "too-wide": "X[..., :2]",
    "two-for-one": "[X, X]",
    "unknown-name": "{'gone': X}",
    "number-as-name": "{3: X}",
    "escape-as-name": "{'\\x1b[2J': X}",
    "values-none": "{'x': None}",
    "huge-integers": "[[10 ** 400]]",
    "beyond-float32": "X.astype('float64') * 1e300",
    "recursive": "(lambda a: a.append(a) or a)([])",
    "array-that-fails": (
        "type('Odd', (), {'__array__': lambda self, *a, **k: 1 / 0})()"
    ),
    "repr-that-fails": "type('Odd', (), {'__repr__': lambda self: 1 / 0})()",
}

# What is judged after all: NumPy and the frameworks make arrays of it.
X_JUDGED = {
    "list": "X.tolist()",
    "tensor": "torch.tensor(X)",
    "with-gradient": "torch.tensor(X, requires_grad=True)",
    "of-keras": "keras.ops.convert_to_tensor(X)",
    "read-only": "(lambda x: x.setflags(write=False) or x)(X.copy())",
    "backwards": "X[:, ::-1]",
    "other-byte-order": "X.astype('>f4')",
    "fortran": "np.asfortranarray(X)",
    "half": "X.astype('float16')",
    "longdouble": "X.astype('longdouble')",
}

TORCH = {
    "none": "None",
    "word": "'model.pt'",
    "class": "Port",
    "function": "port",
    "keras": "original()",
    "state-dict": "port().state_dict()",
    "parameter": "torch.nn.Parameter(torch.ones(2))",
    "module-of-python": "torch",
    "meta": "port().to('meta')",
    "lazy": "torch.nn.LazyLinear(2)",
    "empty-module": "torch.nn.Module()",
    "returns-none": "type('M', (torch.nn.Module,), {'forward': lambda s, x: None})()",
    "raises": "type('M', (torch.nn.Module,), {'forward': lambda s, x: 1 / 0})()",
    "exits": (
        "type('M', (torch.nn.Module,), {'forward': lambda s, x: __import__('sys')"
        ".exit(0)})()"
    ),
    "cannot-be-copied": (
        "type('M', (Port,), {'__deepcopy__': lambda s, memo: 1 / 0})()"
    ),
    "unpicklable": "(lambda m: setattr(m, 'f', open('/dev/null')) or m)(port())",
    "with-a-lock": (
        "(lambda m: setattr(m, 'f', __import__('threading').Lock()) or m)(port())"
    ),
    "of-nan": "port().apply(lambda m: [p.data.fill_(np.nan) for p in m.parameters()])",
    "optimizer": "torch.optim.SGD(port().parameters(), 0.1)",
    "list": "[port()]",
    "scripted": "torch.jit.script(port())",
}
TORCH_JUDGED = {
    "as-it-is": "port()",
    "half": "port().half()",
    "in-training": "port().train()",
    "data-parallel": "torch.nn.DataParallel(port())",
}

KERAS = {
    "none": "None",
    "word": "'model.keras'",
    "class": "keras.Sequential",
    "function": "original",
    "torch": "port()",
    "layer": "keras.layers.Dense(2)",
    "unbuilt": "keras.Sequential([keras.layers.Dense(2)])",
    "empty": "keras.Sequential()",
    "subclass-uncalled": ("type('K', (keras.Model,), {'call': lambda self, x: x})()"),
    "weights": "original().get_weights()",
    "configuration": "original().get_config()",
    "symbolic": "keras.Input((5, 3))",
    "optimizer": "keras.optimizers.SGD()",
    "of-tensorflow": "__import__('tensorflow').Module()",
}

OPTIONS = {
    "transfer-wrong": ", transfer='both'",
    "transfer-a-number": ", transfer=1",
    "transfer-an-array": ", transfer=X",
    "transfer-a-list": ", transfer=['to_keras']",
    "seed-negative": ", seed=-1",
    "seed-a-fraction": ", seed=1.5",
    "seed-a-boolean": ", seed=True",
    "seed-2-32": ", seed=2 ** 32",
    "seed-nan": ", seed=float('nan')",
    "seed-a-word": ", seed='zero'",
    "seed-none": ", seed=None",
    "seed-huge": ", seed=10 ** 6_000",
    "names-a-word": ", names='rnn'",
    "names-a-list": ", names=['rnn', 'lstm']",
    "names-numbers": ", names={1: 2}",
    "names-of-nothing": ", transfer='to_keras', names={'gone': 'lstm'}",
    "names-to-nothing": ", transfer='to_keras', names={'rnn': 'gone'}",
    "names-escape": ", transfer='to_keras', names={'\\x1b[2J': 'lstm'}",
    "names-to-an-empty-list": ", transfer='to_keras', names={'rnn': []}",
    "names-to-none": ", transfer='to_keras', names={'rnn': None}",
    "names-an-array": ", names=X",
    "ignore-a-word": ", ignore='rnn'",
    "ignore-numbers": ", ignore=[1]",
    "ignore-a-dictionary": ", ignore={'rnn': 1}",
    "ignore-an-array": ", ignore=X",
    "ignore-of-nothing": ", transfer='to_keras', ignore=['gone']",
}

TRANSFERS = {
    "nothing": "compare.transfer(None, None)",
    "words": "compare.transfer('a.pt', 'b.keras')",
    "one-framework": "compare.transfer(port(), port())",
    "keras-alone": "compare.transfer(original(), original())",
    "classes": "compare.transfer(Port, keras.Sequential)",
    "unbuilt": "compare.transfer(port(), keras.Sequential([keras.layers.Dense(2)]))",
    "on-meta": "compare.transfer(original(), port().to('meta'))",
    "from-meta": "compare.transfer(port().to('meta'), original())",
    "another-size": "compare.transfer(torch.nn.Linear(4, 2), original())",
    "names-wrong": "compare.transfer(port(), original(), {'gone': 'lstm'})",
    "names-a-list": "compare.transfer(port(), original(), ['rnn'])",
    "no-layers": "compare.transfer(torch.nn.ReLU(), original())",
    "state-dict": "compare.transfer(port().state_dict(), original())",
    "beyond-half": (
        "compare.transfer(port().apply(lambda m: [p.data.fill_(1e30) for p in "
        "m.parameters(False)]), keras.Sequential([keras.Input((None, 3)), "
        "keras.layers.LSTM(4, dtype='float16'), keras.layers.Dense(2, "
        "dtype='float16')]))"
    ),
}


def cases() -> list[Case]:
    """Calls with one wrong argument each."""
    made = []
    for name, x in X.items():
        made.append(_check(f"x-{name}", x=x))
    for name, x in X_JUDGED.items():
        made.append(_check(f"x-{name}", x=x, more=", 'to_keras'", judged=True))
    for name, model in TORCH.items():
        made.append(_check(f"torch-{name}", torch=model))
    for name, model in TORCH_JUDGED.items():
        made.append(_check(f"torch-{name}", torch=model, judged=True))
    for name, model in KERAS.items():
        made.append(_check(f"keras-{name}", keras=model))
    for name, more in OPTIONS.items():
        made.append(_check(f"option-{name}", more=more))
    for name, code in TRANSFERS.items():
        made.append(_case(f"transfer-{name}", code))
    made.append(_case("exchanged", "compare.check(original(), port(), X)"))
    differ = "compare.assert_same(port(), original(), X)"
    made.append(_case("assert-same-of-two-that-differ", differ, (DIFFERS,)))
    threads = (
        "from concurrent.futures import ThreadPoolExecutor as Pool\n"
        "pairs = [(port(), original()) for _ in range(2)]\n"
        "with Pool(2) as pool:\n"
        "    done = pool.map(lambda p: compare.check(*p, X, 'to_keras'), pairs)\n"
        "    evidence, other = done\n"
        "assert other.verdict == 'same'\n"
    )
    made.append(_case("two-threads", threads, (SAME,)))
    return made


# Differ by their weights, or are refused for what they are: both are said in words.
SAID = (DIFFERS, REFUSED)


def _check(
    name: str,
    torch: str = "port()",
    keras: str = "original()",
    x: str = "X",
    more: str = "",
    judged: bool = False,
) -> Case:
    code = CALL.format(torch=torch, keras=keras, x=x, more=more)
    statuses = SAID
    if name.startswith("option") and "ignore-of" not in name:
        statuses = (REFUSED,)
    if name == "torch-exits":
        statuses = (SAME, *SAID)  # the model ends the process, as it asks
    if judged:
        statuses = (SAME, DIFFERS)
    return _case(name, code, statuses)


def _case(name: str, code: str, statuses: tuple[int, ...] = (REFUSED,)) -> Case:
    seconds = 20.0 if SAME in statuses or DIFFERS in statuses else 2.0
    return Case(
        f"api/{name}",
        code=code,
        statuses=statuses,
        imports="frameworks",
        warm=True,
        seconds=seconds,
    )
