"""What other tools make of ONNX models, beside evenkeel.

    deno task peers FOLDER [FOLDER...] > bench/results/peers.md     # every .onnx file in folders
    deno task peers --census > bench/results/census.md              # a small graph for each spelling of a normalization

Needs deno on the PATH and, of PyPI, onnx, onnxruntime, onnxslim, onnxsim, onnxoptimizer, onnxscript and sympy (for onnxruntime's
transformers optimizer). tools/export_models.py writes models to try; others are in npm packages. A tool is right if its model gives
what the original gives, in onnxruntime with its optimizer off, within 1e-3 of the root mean square (2e-2 in float16).
"""

import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

here = Path(__file__).parent.parent
npm_onnxsim = "0.7.3"
tools = {}


def tool(name):
    def add(function):
        tools[name] = function
        return function

    return add


def deno(*args, **options):
    done = subprocess.run(["deno", "run", "-A", "--no-check", *args], capture_output=True, text=True, timeout=300, **options)
    if done.returncode:
        raise RuntimeError((done.stderr.strip() or "no reason is given").splitlines()[-1])


@tool("evenkeel")
def evenkeel(path, out):
    done = Path(path).with_suffix(".evenkeel")
    if done.exists():
        shutil.copy(done, out)
    else:
        deno(str(here / "cli.ts"), "optimize", path, "-o", out, "--quiet")


@tool("onnxslim")
def slim(path, out):
    import onnxslim

    onnx.save(onnxslim.slim(path), out)


@tool("onnxsim")
def simplify(path, out):
    import onnxsim

    onnx.save(onnxsim.simplify(onnx.load(path))[0], out)


@tool("onnxsim, npm")
def simplify_npm(path, out):
    code = f"""
        const {{ simplify }} = await import("npm:onnxsim@{npm_onnxsim}");
        const {{ model }} = await simplify(await Deno.readFile(Deno.args[0]));
        await Deno.writeFile(Deno.args[1], model);
    """
    deno("--no-config", "--no-lock", "-", path, out, input=code)


@tool("onnxoptimizer")
def optimizer(path, out):
    import onnxoptimizer

    onnx.save(onnxoptimizer.optimize(onnx.load(path), onnxoptimizer.get_fuse_and_elimination_passes()), out)


@tool("onnxscript")
def script(path, out):
    import onnxscript.optimizer

    onnx.save(onnxscript.optimizer.optimize(onnx.load(path)), out)


@tool("onnxruntime")
def runtime(path, out, level=onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = level
    options.optimized_model_filepath = out
    options.log_severity_level = 4
    onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


@tool("transformers optimizer")
def transformers(path, out):
    from onnxruntime.transformers.optimizer import optimize_model

    optimize_model(path, model_type="bert", opt_level=0).save_model_to_file(out)


types = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64}


def session(path):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def inputs_of(path):
    random = np.random.default_rng(0)
    if Path(path).stem.startswith("silero_vad"):  # its last input is a sampling rate
        sound = random.standard_normal((1, 512)).astype(np.float32)
        return {"input": sound, "state": np.zeros((2, 1, 128), np.float32), "sr": np.array(16000, np.int64)}
    found = {}
    for one in session(path).get_inputs():
        dims = [d if isinstance(d, int) else 2 if i == 0 else 64 if len(one.shape) == 4 else 8 for i, d in enumerate(one.shape)]
        found[one.name] = random.standard_normal(dims).astype(types[one.type])
    return found


def count(path):
    """Nodes that are no constants, batch norms, and norms that are still spelled out: the means of squares."""
    nodes = [node for node in onnx.load(path).graph.node if node.op_type != "Constant"]
    giver = {name: node for node in nodes for name in node.output}
    is_square = lambda name: name in giver and giver[name].op_type in ("Pow", "Mul") and len(set(giver[name].input[:2])) <= 2
    spelled = [n for n in nodes if n.op_type == "ReduceMean" and is_square(n.input[0])]
    return len(nodes), sum(node.op_type == "BatchNormalization" for node in nodes), len(spelled)


def is_right(path, out, inputs):
    for before, after in zip(session(path).run(None, inputs), session(out).run(None, inputs)):
        wide, finite = before.astype(np.float64), np.isfinite(before)
        if before.shape != after.shape or not np.array_equal(finite, np.isfinite(after)):
            return False
        rms = np.sqrt(np.mean(np.square(wide[finite]))) or 1.0
        bound = 2e-2 if before.dtype == np.float16 else 1e-3
        if finite.any() and not np.max(np.abs(wide - after)[finite]) / rms < bound:
            return False
    return True


def attempt(run, path, inputs):
    """What a tool makes of a model: its nodes, batch norms and spelled-out norms, whether it is right, and the seconds it took."""
    with tempfile.TemporaryDirectory() as folder:
        out, start = str(Path(folder) / "out.onnx"), time.perf_counter()
        try:
            with contextlib.redirect_stdout(sys.stderr):  # some print what they do
                run(path, out)
            seconds = time.perf_counter() - start
            counts = count(out)
        except Exception as error:
            print(f"{path}: {run.__name__}: {str(error)[:200]}", file=sys.stderr)
            return {"result": "fails"}
        try:
            right = is_right(path, out, inputs)
        except Exception as error:
            print(f"{path}: {run.__name__}: {str(error)[:200]}", file=sys.stderr)
            return {"result": "does not run", "counts": counts}
        same = Path(path).read_bytes() == Path(out).read_bytes()
        return {"result": "right" if right else "wrong", "counts": counts, "seconds": seconds, "same": same}


def row(cells):
    print("| " + " | ".join(str(cell) for cell in cells) + " |")


def heading(command):
    names = ["onnxslim", "onnxsim", "onnxoptimizer", "onnxscript", "onnxruntime"]
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    print(f"`{command}` wrote this, in one run. Versions: {versions}; npm onnxsim {npm_onnxsim}.\n")
    print("A tool is right if its model gives what the original gives, in onnxruntime with its optimizer off, within 1e-3 of the")
    print("root mean square (2e-2 in float16). onnxruntime and its transformers optimizer write operators of their own, which only")
    print("onnxruntime runs; the others, and evenkeel, write those of ONNX.\n")


def table_of_models(folders):
    models = [str(path) for folder in folders for path in sorted(Path(folder).rglob("*.onnx"))]
    print("# What tools make of models\n")
    heading("deno task peers FOLDER")
    print("Each cell is nodes that are no constants / batch norms left / norms left that are still spelled out, and the seconds it")
    print("took on a shared machine of two cores; those of evenkeel and npm onnxsim include starting a process, and evenkeel's running")
    print("both models five times on six kinds of inputs, which the others leave to you. \"Same\" is the file byte for byte.\n")
    row(["model", "as it is", *tools])
    row(["---"] * (2 + len(tools)))
    for path in models:
        inputs, cells = inputs_of(path), []
        for run in tools.values():
            found = attempt(run, path, inputs)
            counts, seconds = found.get("counts"), found.get("seconds")
            verdict = [] if found["result"] == "right" else [f"**{found['result']}**"]
            cells.append("; ".join([
                *([" / ".join(map(str, counts))] if counts else []), *(["same"] if found.get("same") else []), *verdict,
                *([f"{seconds:.1f} s"] if seconds else []),
            ]))
        row([Path(path).stem, " / ".join(map(str, count(path))), *cells])
        sys.stdout.flush()


def census():
    print("# A census of spellings\n")
    heading("deno task peers --census")
    with tempfile.TemporaryDirectory() as folder:
        deno(str(here / "tools/rewrite/census.ts"), folder)
        graphs = json.loads((Path(folder) / "list.json").read_text())
        for graph in graphs:
            inputs = inputs_of(graph["path"])
            graph["nodes"] = count(graph["path"])[0]
            graph["found"] = {name: attempt(run, graph["path"], inputs) for name, run in tools.items()}
    kinds = [("spelling", "spellings, which are to become smaller"), ("neighbour", "neighbours, which have to stay norms"),
             ("lookalike", "lookalikes, which are no norms")]
    print("A spelling is smaller if the tool's model has at most half of its nodes. How many of each kind come out how:\n")
    row(["", *tools])
    row(["---", *["---:"] * len(tools)])
    for kind, title in kinds:
        of_kind = [graph for graph in graphs if graph["kind"] == kind]
        small = lambda graph, one: one["result"] == "right" and 2 * one["counts"][0] <= graph["nodes"]
        counted = {"smaller, and right": small, "wrong, or does not run": lambda _, one: one["result"] in ("wrong", "does not run"),
                   "the tool fails": lambda _, one: one["result"] == "fails"}
        if kind != "spelling":
            counted["right"] = lambda _, one: one["result"] == "right"
            del counted["smaller, and right"]
        for what, holds in counted.items():
            row([f"{len(of_kind)} {title}: {what}", *[sum(holds(g, g["found"][name]) for g in of_kind) for name in tools]])
    print("\nNodes of each graph, before and after; in bold what is wrong.\n")
    row(["graph", "before", *tools])
    row(["---", "---:", *["---:"] * len(tools)])
    for graph in graphs:
        show = lambda one: one["counts"][0] if one["result"] == "right" else f"**{one['result']}**"
        row([f"{graph['kind']}: {graph['name']}", graph["nodes"], *[show(graph["found"][name]) for name in tools]])


census() if sys.argv[1:] == ["--census"] else table_of_models(sys.argv[1:])
