"""Writes tests/statistics/golden/scikit_learn.json: python tools/golden_statistics.py (pip install scikit-learn==1.9.1).

What scikit-learn's scalers and PCA make of one small table of awkward columns: far from zero, constant, tiny, with missing
values, and correlated. NaN is written as a string.
"""

import json
from pathlib import Path

import numpy as np
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

rng = np.random.default_rng(5)
rows = 40
tiny, other = rng.standard_normal(rows), rng.standard_normal(rows)
x = np.stack(
    [1e6 + rng.standard_normal(rows), np.full(rows, 0.1), 1e-3 * tiny, rng.gamma(2, 3, rows), 5 * tiny + other - 40],
    axis=1,
)
missing = x.copy()
missing[rng.random(rows) < 0.3, 3] = np.nan


def plain(value):
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list):
        return [plain(entry) for entry in value]
    return "NaN" if isinstance(value, float) and np.isnan(value) else value


def scaler(fitted):
    return {"y": plain(fitted.transform(missing))}


standard = StandardScaler()
for chunk in np.array_split(missing, 3):
    standard.partial_fit(chunk)


def pca(whiten):
    fitted = PCA(n_components=3, whiten=whiten, svd_solver="full").fit(x)
    y = fitted.transform(x)
    return {
        "components": plain(fitted.components_),
        "explainedVariance": plain(fitted.explained_variance_),
        "explainedVarianceRatio": plain(fitted.explained_variance_ratio_),
        "y": plain(y),
        "inverse": plain(fitted.inverse_transform(y)),
    }


def pipeline(chunks, epsilon=1e-8):
    """Each chunk scaled and projected by what is known of it and of all before, then normalized by itself."""
    results = []
    for i, chunk in enumerate(chunks):
        seen = np.concatenate(chunks[: i + 1])
        y = make_pipeline(StandardScaler(), PCA(n_components=2, svd_solver="full")).fit(seen).transform(chunk)
        results.append(plain((y - y.mean(axis=0)) / np.sqrt(y.var(axis=0) + epsilon)))
    return results


golden = {
    "x": plain(x),
    "missing": plain(missing),
    "StandardScaler": {"mean": plain(standard.mean_), "scale": plain(standard.scale_), **scaler(standard)},
    "MinMaxScaler": scaler(MinMaxScaler(feature_range=(-1, 2)).fit(missing)),
    "RobustScaler": {"center": plain((robust := RobustScaler().fit(missing)).center_), "scale": plain(robust.scale_)},
    "PCA": {"plain": pca(False), "whitened": pca(True)},
    "pipeline": pipeline(np.array_split(x[:, [0, 3, 4]], 4)),
}
target = Path(__file__).parent.parent / "tests/statistics/golden/scikit_learn.json"
target.write_text(json.dumps(golden, indent=1) + "\n")
