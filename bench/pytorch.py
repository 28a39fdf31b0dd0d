"""The same normalizations in PyTorch, on one thread: python bench/pytorch.py (pip install torch).

Times are medians of 25, in milliseconds, each result in memory of its own; errors are against float64, for 64 rows of 768
values of deviation 1 around a mean.
"""

import time

import torch
from torch.nn import functional as F

torch.set_num_threads(1)


def milliseconds(run, rounds=25):
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1e3)
    return sorted(times)[rounds // 2]


rows, images = torch.randn(8192, 768), torch.randn(32, 64, 56, 56)
scale, bias, mean, variance = torch.ones(768), torch.zeros(768), torch.zeros(64), torch.ones(64)
channels = {"weight": torch.ones(64), "bias": torch.zeros(64)}
cases = {
    "layer norm 8192 x 768": lambda: F.layer_norm(rows, (768,), scale, bias),
    "RMS norm 8192 x 768": lambda: F.rms_norm(rows, (768,), scale),
    "batch norm 32 x 64 x 56 x 56, training": lambda: F.batch_norm(images, mean, variance, **channels, training=True),
    "batch norm, inference": lambda: F.batch_norm(images, mean, variance, **channels),
    "group norm, 8 groups": lambda: F.group_norm(images, 8, **channels),
    "instance norm": lambda: F.instance_norm(images, **channels),
}

print(f"PyTorch {torch.__version__}, one thread")
with torch.no_grad():
    for name, run in cases.items():
        print(f"{name}: {milliseconds(run):.2f} ms")
    for offset in (0, 1e2, 1e4, 1e6):
        x = torch.randn(64, 768) + offset
        error = (F.layer_norm(x, (768,)).double() - F.layer_norm(x.double(), (768,))).abs().max().item()
        print(f"layer norm at mean {offset:g}: error {error:.1e}")
