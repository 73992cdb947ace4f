"""Time comparisons of two large arrays in a process of its own; prints JSON.

After half an hour of other tests a process has its memory in pieces, and what waits for
the memory takes up to three times as long in it.

    python time_comparisons.py 1000 50 1000
"""

import json
import sys
import time

import numpy as np
import torch

from compare.judging import verdict
from compare.judging.four import noise_of

ROUNDS = 9

torch.set_num_threads(1)  # as in a check; the suite compares on one core as well
shape = tuple(map(int, sys.argv[1:]))
rng = np.random.default_rng(0)
a = rng.standard_normal(shape, dtype=np.float32)
b = a * (1 + np.float32(1e-7) * rng.standard_normal(shape, dtype=np.float32))
tensors = torch.from_numpy(a), torch.from_numpy(b)
calls = {
    "assert_close": lambda: torch.testing.assert_close(*tensors),
    "noise_of": lambda: noise_of(a, b),
    "judge32": lambda: verdict.judge32("x", a, b, 1e-7, len(shape) > 1),
}
shortest = dict.fromkeys(calls, float("inf"))
for _ in range(ROUNDS):  # in turn; what else the machine does can only add
    for name, call in calls.items():
        start = time.perf_counter()
        call()
        shortest[name] = min(shortest[name], time.perf_counter() - start)
print(json.dumps(shortest))
