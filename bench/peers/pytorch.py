"""PyTorch as a peer: answers the lines of JSON that remote.ts sends. EVENKEEL_PYTHON names a Python that has torch."""

import json
import sys
import time

import numpy
import torch
from torch.nn import functional as F

compiled, threads = sys.argv[1] == "compile", int(sys.argv[2])
clock = time.process_time if sys.argv[3:] == ["processor"] else time.perf_counter
torch.set_num_threads(threads)


def forward(kernel, o, shape):
    scale, bias = o.get("scale"), o.get("bias")
    if kernel == "layerNorm":
        return lambda x: F.layer_norm(x, shape[1:], scale, bias)
    if kernel == "rmsNorm":
        return lambda x: F.rms_norm(x, shape[1:], scale, 1e-5)
    if kernel == "batchNorm":
        return lambda x: F.batch_norm(x, o["mean"], o["variance"], scale, bias)
    if kernel == "batchNormTraining":
        return lambda x: F.batch_norm(x, None, None, scale, bias, training=True)
    if kernel == "groupNorm":
        return lambda x: F.group_norm(x, o["groups"], scale, bias)
    return lambda x: F.instance_norm(x, None, None, scale, bias)


def backward(kernel, o, x, dy, shape):
    """PyTorch's own kernels, with the statistics that the forward pass saved, as autograd calls them."""
    aten, scale, bias = torch.ops.aten, o.get("scale"), o.get("bias")
    n, c = x.shape[0], x.shape[1]
    if kernel == "layerNorm":
        _, mean, inverse = aten.native_layer_norm(x, shape[1:], scale, bias, 1e-5)
        return lambda: aten.native_layer_norm_backward(dy, x, shape[1:], mean, inverse, scale, bias, [True] * 3)
    if kernel in ("batchNorm", "batchNormTraining"):
        training = kernel == "batchNormTraining"
        given = (None, None) if training else (o["mean"], o["variance"])
        _, mean, inverse = aten.native_batch_norm(x, scale, bias, *given, training, 0.1, 1e-5)
        return lambda: aten.native_batch_norm_backward(dy, x, scale, *given, mean, inverse, training, 1e-5, [True] * 3)
    if kernel == "groupNorm":
        area, groups = x[0, 0].numel(), o["groups"]
        _, mean, inverse = aten.native_group_norm(x, scale, bias, n, c, area, groups, 1e-5)
        return lambda: aten.native_group_norm_backward(dy, x, mean, inverse, scale, n, c, area, groups, [True] * 3)
    # RMS and instance norm have no kernel of their own: autograd goes back through what they are made of.
    leaves = [t.requires_grad_() for t in (x, scale, bias) if t is not None]
    with torch.enable_grad():
        y = forward(kernel, o, shape)(x)
    return lambda: torch.autograd.grad(y, leaves, dy, retain_graph=True)


def prepare(message):
    read = lambda path, dims: torch.from_numpy(numpy.fromfile(path, numpy.float32)).reshape(dims)
    tensors = {name: read(t["path"], t["dims"]) for name, t in message["tensors"].items()}
    x, dy, kernel = tensors.pop("x"), tensors.pop("dy", None), message["kernel"]
    o = {**tensors, **message["options"]}
    fresh, given = x.clone(), x
    # Channels last are a way to store what has them second; layer norm wants what it is over to be last.
    move = (-1, 1) if o.get("axis") == -1 else (1, -1) if o.get("axes") == [1] else (0, 0)
    x, dy = x.movedim(*move), None if dy is None else dy.movedim(*move)
    shape = list(x.shape[:1] + x.shape[-1:]) if "axes" in o else list(x.shape)
    if dy is not None:
        run, names = backward(kernel.replace("Backward", ""), o, x, dy, shape), ["dx", "dScale", "dBias"]
        reset = lambda: None
    else:
        f, names = forward(kernel, o, shape), ["y"]
        f = torch.compile(f) if compiled else f
        run, reset = lambda: f(x), lambda: given.copy_(fresh)
    result = run()
    outputs = {}
    for name, tensor in zip(names, result if isinstance(result, tuple) else (result,)):
        outputs[name] = f"{message['folder']}/{name}"
        tensor = tensor.movedim(*move[::-1]) if tensor.dim() == x.dim() else tensor
        tensor.detach().contiguous().numpy().tofile(outputs[name])
    return run, reset, outputs


def milliseconds(run, calls):
    start = clock()
    for _ in range(calls):
        run()
    return (clock() - start) * 1e3 / calls


print(json.dumps({"version": f"PyTorch {torch.__version__}"}), flush=True)
run = reset = None
with torch.no_grad():
    for line in sys.stdin:
        message = json.loads(line)
        try:
            if "kernel" in message:
                if compiled and message["kernel"].endswith("Backward"):
                    raise NotImplementedError("only forward passes are compiled")
                run, reset, outputs = prepare(message)
                answer = {"outputs": outputs}
            else:
                reset()
                answer = {"milliseconds": milliseconds(run, message["calls"])}
        except Exception as error:
            answer = {"missing": f"{type(error).__name__}: {error}"[:300]}
        print(json.dumps(answer), flush=True)
