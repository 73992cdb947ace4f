"""What pair files of the cases say: lines of code by the name of their case."""

HEAD = "import numpy as np\nimport torch\nimport keras\nfrom torch import nn\n"
TORCH = "def torch_model(): return nn.Linear(3, 2)\n"
KERAS = (
    "def keras_model():\n"
    "    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])\n"
)
SHAPE = "input_shape = ('batch', 3)\n"
GOOD = HEAD + TORCH + KERAS + SHAPE

ERRORS = {
    "raises": "raise ValueError('no')",
    "raises-in-lines": "raise ValueError('one\\ntwo\\nthree')",
    "raises-escape": "raise ValueError('\\x1b[2J\\x1b[31mwrote; Proved')",
    "raises-much": "raise ValueError('x' * 10_000_000)",
    "raises-nothing": "raise ValueError",
    "raises-base": "raise BaseException('mine')",
    "raises-group": "raise ExceptionGroup('g', [ValueError('a'), KeyError('b')])",
    "raises-unprintable": (
        "class Odd(Exception):\n"
        "        def __str__(self): raise RuntimeError('twice')\n"
        "    raise Odd"
    ),
    "raises-no-string": (
        "class Odd(Exception):\n        def __str__(self): return 3\n    raise Odd"
    ),
    "raises-surrogate": "raise ValueError('caf\\udce9')",
    "exits": "raise SystemExit",
    "exits-0": "import sys; sys.exit(0)",
    "exits-with-words": "import sys; sys.exit('bye\\nbye')",
    "recursion": "return torch_model()",
    "stop-iteration": "raise StopIteration",
    "generator-exit": "raise GeneratorExit",
    "memory": "raise MemoryError",
    "os-error": "raise OSError(28, 'No space left on device')",
    "broken-pipe": "raise BrokenPipeError",
    "key-error": "{}['encoder']",
    "unicode": "b'\\xff'.decode()",
    "assert": "assert 1 == 2, 'mine'",
    "imports-nothing": "import no_such_module_at_all",
    "of-keras": "keras.layers.Dense('two')",
    "of-torch": "nn.Linear(3, 2)(torch.ones(4))",
}

RESULTS = {
    "none": "return None",
    "word": "return 'x'",
    "number": "return 3.0",
    "empty-list": "return []",
    "empty-dictionary": "return {}",
    "list-of-words": "return ['a', 'b']",
    "nested": "return [[self.fc(x)], self.fc(x)]",
    "recursive-list": "a = []; a.append(a); return a",
    "object": "return object()",
    "class": "return nn.Linear",
    "complex": "return self.fc(x).to(torch.complex64)",
    "sparse": "return self.fc(x).to_sparse()",
    "meta": "return self.fc(x).to('meta')",
    "of-integers": "return self.fc(x).long()",
    "of-booleans": "return self.fc(x) > 0",
    "half": "return self.fc(x).half()",
    "bfloat16": "return self.fc(x).bfloat16()",
    "nan": "return self.fc(x) * float('nan')",
    "infinite": "return self.fc(x) * float('inf')",
    "no-batch": "return self.fc(x).sum()",
    "another-batch": "return self.fc(x)[:0]",
    "one-axis-more": "return self.fc(x)[None]",
    "generator": "return (y for y in [self.fc(x)])",
    "numpy": "return self.fc(x).detach().numpy()",
    "itself": "return self",
    "parameter": "return self.fc.weight",
    "random": "return self.fc(x) + torch.rand(1)",
    "raises": "raise ValueError('not this x')",
    "exits": "raise SystemExit(0)",
    "escape-as-key": "return {'\\x1b[2J': self.fc(x)}",
    "number-as-key": "return {3: self.fc(x)}",
}

AGREEING = ("number-as-key", "escape-as-key")  # with what Keras returns

SETTINGS = {
    "numpy-errors": "np.seterr(all='raise')",
    "no-gradients": "torch.set_grad_enabled(False)",
    "torch-float64": "torch.set_default_dtype(torch.float64)",
    "keras-float64": "keras.config.set_floatx('float64')",
    "keras-channels-first": "keras.config.set_image_data_format('channels_first')",
    "warnings-as-errors": "import warnings; warnings.simplefilter('error')",
    "deterministic": "torch.use_deterministic_algorithms(True)",
    "threads": "torch.set_num_threads(1)",
    "print-options": "np.set_printoptions(precision=1, threshold=2)",
    "recursion-limit": "import sys; sys.setrecursionlimit(100_000)",
    "collector-off": "import gc; gc.disable()",
    "signals": "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)",
    "stdout-replaced": "import io, sys; sys.stdout = io.StringIO()",
    "stderr-none": "import sys; sys.stderr = None",
    "stdout-closed": "import sys; sys.stdout.close()",
    "path-inserted": "import sys; sys.path.insert(0, '/no/such/folder')",
    "path-cleared": "import sys; sys.path.clear()",
    "path-a-number": "import sys; sys.path.append(3)",
    "module-none": "import sys; sys.modules['mine'] = None",
    "folder-changed": "import os; os.chdir('/')",
    "locale": "import locale; locale.setlocale(locale.LC_ALL, 'C')",
    "trace": "import sys; sys.settrace(lambda *a: None)",
    "profile": "import sys; sys.setprofile(lambda *a: None)",
    "seeds": "import random; random.seed(1); np.random.seed(1); torch.manual_seed(1)",
    "hook": "import sys; sys.excepthook = None",
    "logging": "import logging; logging.disable()",
    "environment": "import os; os.environ.clear()",
    "eager": "import tensorflow; tensorflow.config.run_functions_eagerly(True)",
    "a-thread": "import threading; threading.Timer(0.3, print).start()",
    "argv-empty": "import sys; sys.argv.clear()",
}

# Afterwards these need not leave a result that can be printed.
UNHEARD = ("stdout-closed", "stdout-replaced", "argv-empty")

INPUTS = {
    "none": "x = None\n",
    "word": "x = 'no.csv'\n",
    "number": "x = 3\n",
    "nan": "x = np.full((2, 3), np.nan)\n",
    "words": "x = np.array([['a', 'b', 'c']])\n",
    "objects": "x = np.array([[object()] * 3])\n",
    "complex": "x = np.ones((2, 3), complex)\n",
    "empty": "x = np.ones((0, 3), 'float32')\n",
    "no-axis": "x = np.float32(3)\n",
    "ragged": "x = [[1, 2, 3], [1, 2]]\n",
    "list-of-none": "x = [None, None]\n",
    "two-batches": "x = [np.ones((2, 3)), np.ones((4, 3))]\n",
    "meta": "x = torch.ones(2, 3, device='meta')\n",
    "dates": "x = np.array([['2020-01-01'] * 3], 'datetime64')\n",
    "class": "x = nn.Linear\n",
    "generator": "x = (i for i in range(3))\n",
    "recursive": "x = []\nx.append(x)\n",
    "beyond-float32": "x = np.full((2, 3), 1e300)\n",
    "huge-integers": "x = [[10**400] * 3]\n",
    "odd-array": (
        "class Odd:\n"
        "    def __array__(self, *a, **k): raise RuntimeError('\\x1b[2J')\n"
        "x = Odd()\n"
    ),
    "too-wide": "x = np.ones((2, 7), 'float32')\n",
    "both": "x = np.ones((2, 3), 'float32')\ninput_shape = ('batch', 3)\n",
    "neither": "",
    "shape-a-word": "input_shape = 'batch'\n",
    "shape-empty": "input_shape = ()\n",
    "shape-negative": "input_shape = ('batch', -3)\n",
    "shape-a-fraction": "input_shape = ('batch', 3.0)\n",
    "shape-a-boolean": "input_shape = ('batch', True)\n",
    "shape-without-batch": "input_shape = (4, 3)\n",
    "shape-huge": "input_shape = ('batch', 10**18)\n",
    "shape-an-array": "input_shape = np.array([4, 3])\n",
    "shape-escape": "input_shape = ('\\x1b[2J', 3)\n",
}

OPTIONS = {
    "transfer-wrong": "transfer = 'both'\n",
    "transfer-a-list": "transfer = ['to_keras']\n",
    "transfer-an-array": "transfer = np.array(['to_keras', 'x'])\n",
    "names-a-list": "names = ['a']\n",
    "names-of-nothing": "names = {'gone': 'dense'}\n",
    "names-numbers": "names = {1: 2}\n",
    "names-escape": "names = {'\\x1b[2J': 'dense'}\n",
    "ignore-a-word": "ignore = 'fc'\n",
    "ignore-of-nothing": "ignore = ['no.such']\n",
    "loss-wrong": "loss = 'mse?'\n",
    "loss-an-array": "loss = np.ones(3)\n",
    "loss-a-function": "loss = lambda a, b: 0\n",
    "optimizer-wrong": "optimizer = 'sgdd'\n",
    "optimizer-an-object": "optimizer = keras.optimizers.SGD()\n",
    "target-nan": "target = np.full((64, 2), np.nan)\n",
    "target-a-word": "target = 'y'\n",
    "misspelt": "del input_shape\ninput_shap = 3\n",
    "long-repr": "transfer = 'x' * 5_000_000\n",
    "odd-repr": (
        "class Odd:\n    def __repr__(self): raise RuntimeError('no')\n"
        "transfer = Odd()\n"
    ),
    "odd-equality": (
        "class Odd:\n    def __eq__(self, other): raise RuntimeError('no')\n"
        "    __hash__ = None\n"
        "transfer = Odd()\n"
    ),
}

MODELS = {
    "torch-none": "torch_model = None\n",
    "torch-a-word": "torch_model = 'model.pt'\n",
    "torch-a-number": "torch_model = 3\n",
    "torch-a-module": "torch_model = torch\n",
    "torch-returns-none": "def torch_model(): pass\n",
    "torch-returns-keras": "def torch_model(): return keras_model()\n",
    "torch-takes-arguments": "def torch_model(size): return nn.Linear(size, 2)\n",
    "torch-a-generator": "def torch_model(): yield nn.Linear(3, 2)\n",
    "torch-asynchronous": "async def torch_model(): return nn.Linear(3, 2)\n",
    "torch-on-meta": "torch_model = lambda: nn.Linear(3, 2, device='meta')\n",
    "torch-lazy": "torch_model = lambda: nn.LazyLinear(2)\n",
    "torch-one-object": "_m = nn.Linear(3, 2)\ndef torch_model(): return _m\n",
    "torch-scripted": "torch_model = lambda: torch.jit.script(nn.Linear(3, 2))\n",
    "torch-quantised": "torch_model = lambda: nn.Linear(3, 2).half()\n",
    "torch-of-nan": (
        "def torch_model():\n"
        "    m = nn.Linear(3, 2)\n"
        "    nn.init.constant_(m.weight, float('nan'))\n"
        "    return m\n"
    ),
    "torch-another-size": "torch_model = lambda: nn.Linear(3, 5)\n",
    "torch-no-weights": "torch_model = lambda: nn.ReLU()\n",
    "torch-no-forward": "torch_model = nn.Module\n",
    "torch-no-init": (
        "class torch_model(nn.Module):\n    def __init__(self): self.fc = 3\n"
    ),
    "keras-none": "keras_model = None\n",
    "keras-unbuilt": (
        "class keras_model(keras.Model):\n    def call(self, x): return x\n"
    ),
    "keras-a-layer": "def keras_model(): return keras.layers.Dense(2)\n",
    "keras-returns-torch": "def keras_model(): return torch_model()\n",
    "exchanged": "torch_model, keras_model = keras_model, torch_model\n",
    "missing": "del keras_model\n",
}
# What may be judged after all.
JUDGED = (
    "torch-of-nan",
    "torch-one-object",
    "torch-scripted",
    "torch-quantised",
    "torch-lazy",
)
