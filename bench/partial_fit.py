"""scikit-learn's StandardScaler.partial_fit of 1,000,000 x 64 float32: one time in milliseconds for each line read.

bench/partial_fit.ts runs it (pip install scikit-learn).
"""

import sys
import time

import numpy as np
from sklearn.preprocessing import StandardScaler

x = np.random.default_rng(1).standard_normal((1_000_000, 64), dtype=np.float32)
for _ in sys.stdin:
    scaler, start = StandardScaler(), time.perf_counter()
    scaler.partial_fit(x)
    print((time.perf_counter() - start) * 1e3, flush=True)
