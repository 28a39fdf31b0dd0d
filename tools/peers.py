"""What other tools make of ONNX models, beside evenkeel: python3 tools/peers.py FOLDER [FOLDER...] > peers.md

Needs onnx, onnxruntime, onnxslim, onnxsim, onnxoptimizer, onnxscript and sympy (for onnxruntime's transformers optimizer),
and deno on the PATH. tools/export_models.py writes models to try; others are in npm packages. A tool
is right if its model gives what the original gives, in onnxruntime with its optimizer off, within 1e-3 of the root mean square.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

here = Path(__file__).parent.parent
tools = {}


def tool(name):
    def add(function):
        tools[name] = function
        return function

    return add


@tool("evenkeel")
def evenkeel(path, out):
    command = ["deno", "run", "-A", "--no-check", str(here / "cli.ts"), "optimize", path, "-o", out, "--quiet"]
    subprocess.run(command, check=True, capture_output=True, text=True)


@tool("onnxslim")
def slim(path, out):
    import onnxslim

    onnx.save(onnxslim.slim(path), out)


@tool("onnxsim")
def simplify(path, out):
    import onnxsim

    onnx.save(onnxsim.simplify(onnx.load(path))[0], out)


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


def inputs_of(path):
    random = np.random.default_rng(0)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    found = {}
    for one in session.get_inputs():
        if one.type != "tensor(float)":
            return None
        dims = [d if isinstance(d, int) else 2 if i == 0 else 64 if len(one.shape) == 4 else 8 for i, d in enumerate(one.shape)]
        found[one.name] = random.standard_normal(dims).astype(np.float32)
    return found


def outputs_of(path, inputs):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"]).run(None, inputs)


def count(path):
    """Nodes that are no constants, batch norms, and norms that are still spelled out: the means of squares."""
    nodes = [node for node in onnx.load(path).graph.node if node.op_type != "Constant"]
    giver = {name: node for node in nodes for name in node.output}
    is_square = lambda name: name in giver and giver[name].op_type in ("Pow", "Mul") and len(set(giver[name].input[:2])) <= 2
    spelled = [n for n in nodes if n.op_type == "ReduceMean" and is_square(n.input[0])]
    return len(nodes), sum(node.op_type == "BatchNormalization" for node in nodes), len(spelled)


def judge(path, out, inputs):
    if inputs is None:
        return "not run"
    try:
        worst = 0.0
        for before, after in zip(outputs_of(path, inputs), outputs_of(out, inputs)):
            rms = np.sqrt(np.mean(np.square(before.astype(np.float64)))) or 1.0
            worst = max(worst, float(np.max(np.abs(before.astype(np.float64) - after))) / rms)
        return "right" if worst < 1e-3 else f"WRONG by {worst:.1e}"
    except Exception as error:
        return f"DOES NOT RUN: {str(error).splitlines()[0][:60]}"


def main():
    models = sorted(path for folder in sys.argv[1:] for path in Path(folder).rglob("*.onnx"))
    print("| model | tool | nodes | batch norms | spelled-out norms | result | seconds |")
    print("| --- | --- | ---: | ---: | ---: | --- | ---: |")
    for path in map(str, models):
        inputs, name = inputs_of(path), Path(path).stem
        print(f"| {name} | as it is | {' | '.join(map(str, count(path)))} |  |  |")
        for tool_name, run in tools.items():
            with tempfile.TemporaryDirectory() as folder:
                out, start = str(Path(folder) / "out.onnx"), time.perf_counter()
                try:
                    run(path, out)
                    seconds = time.perf_counter() - start
                    print(f"| {name} | {tool_name} | {' | '.join(map(str, count(out)))} | {judge(path, out, inputs)} | {seconds:.1f} |")
                except Exception as error:
                    reason = (getattr(error, "stderr", "") or str(error) or type(error).__name__).strip().splitlines()[-1]
                    print(f"| {name} | {tool_name} |  |  |  | failed: {reason[:80]} |  |")
                sys.stdout.flush()


main()
