"""Fits a StandardScaler to files, each in a process of its own: evenkeel beside pandas, polars, DuckDB and scikit-learn.

    pip install numpy pandas polars duckdb pyarrow scikit-learn
    python3 bench/data.py [--rows 300000] [--folder /tmp/evenkeel-data] > bench/results/data.md

Every process has one thread. Time is that of the processor, in seconds, the best of two runs; memory is the most that a process had.
"""

import argparse
import os
import subprocess
import sys
from importlib.metadata import version
from multiprocessing import Process
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--rows", type=int, default=300_000)
parser.add_argument("--folder", default="/tmp/evenkeel-data")
parser.add_argument("--files", default="[nw]*.*", help="which of the files to read")
options = parser.parse_args()
folder = Path(options.folder)
folder.mkdir(exist_ok=True)
root = Path(__file__).parent.parent


def write(rows: int, columns: int, name: str, extensions: list[str]) -> None:
    import numpy as np
    import pandas as pd
    import pyarrow.feather

    names = [f"c{i}" for i in range(columns)]
    x = np.random.default_rng(0).normal(size=(rows, columns)) * 10.0 ** (np.arange(columns) % 5) + 293
    frame = pd.DataFrame(x, columns=names)
    writers = {
        "csv": lambda path: frame.to_csv(path, index=False),
        "csv.gz": lambda path: frame.to_csv(path, index=False, compression={"method": "gzip", "compresslevel": 1}),
        "parquet": lambda path: frame.to_parquet(path, row_group_size=100_000),
        "arrow": lambda path: pyarrow.feather.write_feather(frame, path, compression="lz4"),
        "npy": lambda path: np.save(path, x),
    }
    for extension in extensions:
        path = folder / f"{name}.{extension}"
        if not path.exists():
            writers[extension](path)


SCALER = "from sklearn.preprocessing import StandardScaler; s = StandardScaler()\n"
PANDAS = SCALER + "import pandas as pd\nfor chunk in pd.read_csv(PATH, chunksize=100_000): s.partial_fit(chunk)"
ARROW = SCALER + "import pyarrow as pa, pyarrow.parquet as pq, pyarrow.feather as f\n"
POLARS = "import polars as pl, polars.selectors as cs\nx = READ\nx.select(cs.numeric().mean().name.suffix('m'), cs.numeric().std(ddof=0).name.suffix('s'))"
DUCKDB = "import duckdb\nc = duckdb.connect(config={'threads': 1})\nc.sql(\"select avg(columns(*)), stddev_pop(columns(*)) from 'PATH'\").fetchall()"
DUCKDB = DUCKDB.replace("'PATH'", "'\" + PATH + \"'")


def peers(extension: str) -> dict[str, str]:
    if extension.startswith("csv"):
        return {"pandas, chunks": PANDAS, "polars": POLARS.replace("READ", "pl.read_csv(PATH)"), "DuckDB": DUCKDB}
    if extension == "parquet":
        batches = "for b in pq.ParquetFile(PATH).iter_batches(100_000): s.partial_fit(b.to_pandas())"
        return {"pyarrow": ARROW + batches, "polars": POLARS.replace("READ", "pl.read_parquet(PATH)"), "DuckDB": DUCKDB}
    if extension == "arrow":
        return {
            "pyarrow": ARROW + "s.partial_fit(f.read_feather(PATH))",
            "polars": POLARS.replace("READ", "pl.read_ipc(PATH)"),
        }
    return {"numpy": SCALER + "import numpy as np\ns.partial_fit(np.load(PATH))"}


def measure(command: list[str]) -> tuple[float, float]:
    """Seconds of the processor and megabytes of memory."""
    environment = {**os.environ, "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "ARROW_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    child = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise RuntimeError(f"{command} ended with {child.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000


def best(command: list[str]) -> tuple[float, float]:
    return min(measure(command) for _ in range(2))


def fit(*data: str) -> tuple[float, float]:
    """What the command line takes."""
    command = ["deno", "run", "--no-check", "-A", str(root / "cli.ts"), "scale", *data]
    return best([*command, "--fit", str(folder / "state.json"), "--quiet"])


def write_all() -> None:
    write(options.rows, 20, "narrow", ["csv", "csv.gz", "parquet", "arrow", "npy"])
    write(2000, 2000, "wide", ["csv", "parquet", "arrow"])


# In a process of its own: the memory of a parent counts as that of its children.
writing = Process(target=write_all)
writing.start()
writing.join()

print("# Fitting a StandardScaler to a file, one thread\n")
print(f"`python3 bench/data.py --rows {options.rows}`: {options.rows:,} x 20 (narrow) and 2,000 x 2,000 (wide) numbers of float64, as pandas")
print("writes them. Whole processes: seconds of the processor, best of two, and megabytes at most. The ratio is our time to theirs.\n")
packages = ["pandas", "polars", "duckdb", "pyarrow", "numpy", "scikit-learn"]
print(", ".join(f"{name} {version(name)}" for name in packages) + ".\n")
print("| file | size | program | seconds | ratio | memory |")
print("| --- | ---: | --- | ---: | ---: | ---: |")
for path in sorted(folder.glob(options.files)):
    name, extension = path.name.split(".", 1)
    if extension not in ("csv", "csv.gz", "parquet", "arrow", "npy"):
        continue
    ours = fit(str(path))
    rows = {"**evenkeel**": ours}
    if extension in ("csv", "csv.gz", "parquet"):
        rows["**evenkeel --sql**"] = fit("--sql", f"from '{path}'")
    for peer, code in peers(extension).items():
        rows[peer] = best([sys.executable, "-c", f"PATH = {str(path)!r}\n{code}"])
    for program, (seconds, memory) in rows.items():
        ratio = "" if program.startswith("**") else f"{ours[0] / seconds:.2f}"
        print(f"| {path.name} | {path.stat().st_size / 1e6:.0f} MB | {program} | {seconds:.2f} | {ratio} | {memory:.0f} MB |", flush=True)
