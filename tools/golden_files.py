"""Files as other tools write them by default and compressed: tests/statistics/golden/files/, and notebooks/data/.

    python3 tools/golden_files.py      (pandas 3.1.1, polars 2.1.0, pyarrow 26.0.1, zstandard)

Those of the tests hold the same 50 rows of a, b and c: floats with one missing, small integers, booleans. Those of the notebooks are
ten days of a weather station that never was: every ten minutes, off for a night, and a rain gauge that skips readings.
"""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq

folder = Path(__file__).parent.parent / "tests/statistics/golden/files"
folder.mkdir(exist_ok=True, parents=True)
i = np.arange(50)
data = pd.DataFrame({"a": np.where(i == 3, np.nan, np.sqrt(i)), "b": i % 7, "c": i % 3 == 0})
table = pa.Table.from_pandas(data, preserve_index=False)
nulls = table.set_column(0, "a", pa.array(data["a"], from_pandas=True))

for codec in ["none", "snappy", "gzip", "brotli", "lz4", "zstd"]:
    pq.write_table(nulls, folder / f"pyarrow_{codec}.parquet", compression=codec, row_group_size=20)
data.to_parquet(folder / "pandas.parquet")
pl.from_pandas(data, nan_to_null=True).write_parquet(folder / "polars.parquet")

data.to_feather(folder / "pandas.feather")  # lz4
for codec in ["uncompressed", "zstd"]:
    pa.feather.write_feather(nulls, folder / f"pyarrow_{codec}.feather", compression=codec)
for codec in ["lz4", "zstd"]:
    options = pa.ipc.IpcWriteOptions(compression=codec)
    with pa.ipc.new_stream(folder / f"pyarrow_{codec}.arrows", nulls.schema, options=options) as stream:
        stream.write_table(nulls, max_chunksize=20)
pl.from_pandas(data, nan_to_null=True).write_ipc(folder / "polars.arrow", compression="zstd")

data.to_csv(folder / "pandas.csv.gz", index=False)
data.to_csv(folder / "pandas.csv.zst", index=False)

# Numbers of kinds that tables have: decimals, dictionaries, half floats, wide and unsigned integers, and columns of nothing.
kinds = pa.table({
    "decimal": pa.array([Decimal("1.10"), Decimal("-2.25"), None], pa.decimal128(10, 2)),
    "wide": pa.array([Decimal("0.3"), Decimal("-12345678901234567890.5"), None], pa.decimal256(40, 1)),
    "dictionary": pa.array([0.5, 2.5, 0.5]).dictionary_encode(),
    "half": pa.array(np.array([1, 0.1, -2], np.float16)),
    "unsigned": pa.array([1, 2**32 - 1, None], pa.uint32()),
    "long": pa.array([-1, 2**60, None], pa.int64()),
    "nothing": pa.nulls(3),
})
pa.feather.write_feather(kinds, folder / "kinds.arrow", compression="uncompressed")
pq.write_table(kinds, folder / "kinds.parquet")
two = pa.table([pa.array([1.0, 2.0]), pa.array([30.0, 40.0])], names=["x", "x"])
pq.write_table(two, folder / "one_name.parquet")
pa.feather.write_feather(two, folder / "one_name.arrow", compression="uncompressed")

notebooks = Path(__file__).parent.parent / "notebooks/data"
notebooks.mkdir(exist_ok=True)
random, hours = np.random.default_rng(0), np.arange(1440) / 6
station = pd.DataFrame({
    "pressure": 1013 + 8 * np.sin(hours / 30) + random.normal(0, 0.4, 1440),
    "temperature": 14 - 6 * np.cos(hours * np.pi / 12) + random.normal(0, 0.5, 1440),
    "rain": np.maximum(0, random.normal(-1, 0.8, 1440)),
}).round(1)
station.loc[600:653] = np.nan
station.loc[random.choice(1440, 100, replace=False), "rain"] = np.nan
station.to_csv(notebooks / "weather.csv.gz", compression={"method": "gzip", "mtime": 0})  # else its time would be in the file
station.to_parquet(notebooks / "weather.parquet")
