"""Golden values for tests/layers/: what PyTorch and Keras compute, forward, backward and over several batches.

    python -m venv golden && golden/bin/pip install torch==2.13.0 safetensors==0.8.0 keras==3.15.1 numpy==2.4.6
    golden/bin/python tools/golden.py            writes the files of tests/layers/golden/
    golden/bin/python tools/golden.py --check    only compares them with what is computed now

The tests read the files and need none of this. A file's metadata has the list of its cases and the version that made it; a
tensor's name begins with that of its case. Each case has a seed of its own, so that a new one leaves the others as they are.

What goes in is float32, and most cases are computed in float64: one set of values then judges our float64 to its last digits and
our float32 without PyTorch's own rounding. A few cases are computed in float32, for what PyTorch does only there.
"""

import json
import os
import sys
import zlib
from pathlib import Path

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy
import torch
from keras.src.backend.common import dtypes
from safetensors import safe_open
from safetensors.numpy import save_file
from torch.nn.utils import parametrizations

FOLDER = Path(__file__).parent.parent / "tests/layers/golden"
TYPES = {"float32": torch.float32, "float64": torch.float64}
torch.set_num_threads(1)
# Keras computes float64 in float32 where its backend is not TensorFlow.
dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"


class SelfAttention(torch.nn.MultiheadAttention):
    """Attention called with x alone, and whether it is causal as an option."""

    def __init__(self, is_causal=False, **options):
        super().__init__(**options)
        self.is_causal = is_causal

    def forward(self, x):
        future = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1) if self.is_causal else None
        return super().forward(x, x, x, need_weights=False, attn_mask=future, is_causal=self.is_causal)


class Attention(torch.nn.Module):
    """Self-attention with what MultiheadAttention has not: padding that gives 0, normalized queries and keys, rotary positions."""

    def __init__(self, features, heads, causal=False, rotary=None, normalized=False):
        super().__init__()
        self.heads, self.causal, self.rotary = heads, causal, rotary
        self.input, self.output = torch.nn.Linear(features, 3 * features), torch.nn.Linear(features, features)
        norm = (lambda: torch.nn.RMSNorm(features // heads, eps=1e-5)) if normalized else torch.nn.Identity
        self.queryNorm, self.keyNorm = norm(), norm()
        self.mask = None

    def turned(self, heads):
        """Pairs of elements as complex numbers, which are multiplied by one of length 1."""
        if self.rotary is None:
            return heads
        steps, half = heads.shape[2], heads.shape[3] // 2
        angles = torch.outer(torch.arange(steps).double(), self.rotary ** (-torch.arange(half).double() / half))
        turned = torch.complex(heads[..., :half], heads[..., half:]) * torch.polar(torch.ones_like(angles), angles)
        return torch.cat([turned.real, turned.imag], -1)

    def forward(self, x):
        samples, steps, features = x.shape
        parts = self.input(x).reshape(samples, steps, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        query, key = self.turned(self.queryNorm(parts[0])), self.turned(self.keyNorm(parts[1]))
        seen = torch.ones(steps, steps, dtype=torch.bool)
        seen = (seen.tril() if self.causal else seen)[None, None]
        counts = torch.ones(samples, steps) if self.mask is None else self.mask
        seen = seen & (counts[:, None, None, :] != 0)
        y = torch.nn.functional.scaled_dot_product_attention(query, key, parts[2], attn_mask=seen)
        return self.output(y.transpose(1, 2).reshape(samples, steps, features)) * counts[..., None]


class Golden:
    """The cases of one file, and their tensors."""

    def __init__(self, **versions):
        self.versions, self.cases, self.tensors = versions, [], {}

    def begin(self, name, **facts):
        torch.manual_seed(zlib.crc32(name.encode()))
        self.cases.append({"name": name, **facts})

    def keep(self, part, tensor):
        array = tensor.detach().cpu().numpy() if isinstance(tensor, torch.Tensor) else numpy.asarray(tensor)
        narrow = array.astype(numpy.float32)
        array = narrow if (narrow == array).all() else array
        self.tensors[f"{self.cases[-1]['name']}/{part}"] = numpy.array(array, order="C")

    def keep_all(self, part, tensors):
        for name, tensor in tensors.items():
            self.keep(f"{part}/{name}", tensor)

    def metadata(self):
        return {**self.versions, "cases": json.dumps(self.cases)}


def positive(dims):
    return torch.rand(dims) + 0.5


def small(dims):
    return torch.randn(dims) * 0.4


def start(tensors, draw):
    """Fills tensors with values that float32 holds."""
    with torch.no_grad():
        for tensor in tensors:
            tensor.copy_(draw(tensor.shape))


def inputs(dims, type):
    """Values that are not centred, and not of deviation 1."""
    return (torch.randn(dims) * 2 + 3).to(type).requires_grad_()


def tokens(dims, count):
    return torch.randint(count, dims)


def step(golden, i, layer, x, last):
    """One pass forward and backward, with all that comes out of it."""
    layer.zero_grad()
    y = layer(x)
    y = y[0] if isinstance(y, tuple) else y
    dy = torch.randn(y.shape).to(y.dtype)
    y.backward(dy)
    golden.keep(f"{i}/x", x)
    golden.keep(f"{i}/dy", dy)
    golden.keep(f"{i}/y", y)
    golden.keep(f"{i}/dx", torch.zeros(x.shape) if x.grad is None else x.grad)
    golden.keep_all(f"{i}/gradient", {n: p.grad for n, p in layer.named_parameters()})
    if last:
        layer.eval()
        evaluated = layer(x)
        golden.keep("evaluated", evaluated[0] if isinstance(evaluated, tuple) else evaluated)


def epoch(golden, layer, shapes, type):
    """Passes over batches of these shapes, then the last batch in evaluation."""
    golden.keep_all("before", {n: t.clone() for n, t in layer.state_dict().items()})
    layer.train()
    for i, dims in enumerate(shapes):
        x = tokens(dims, layer.num_embeddings) if isinstance(layer, torch.nn.Embedding) else inputs(dims, type)
        step(golden, i, layer, x, last=i == len(shapes) - 1)
    golden.keep_all("after", layer.state_dict())


def layers(golden):
    batches = [(5, 6), (7, 6), (3, 6)]
    sequences = [(5, 3, 7), (2, 3, 4), (1, 3, 9)]
    images = [(3, 4, 5, 3), (2, 4, 3, 3), (1, 4, 2, 5)]
    volumes = [(2, 3, 2, 3, 2), (3, 3, 2, 1, 3)]
    cases = [
        ("BatchNorm1d", {"num_features": 6}, batches),
        ("BatchNorm1d", {"num_features": 3, "momentum": 0.3, "eps": 1e-3}, sequences),
        ("BatchNorm1d", {"num_features": 6, "momentum": None}, batches),
        ("BatchNorm1d", {"num_features": 6, "affine": False}, batches),
        ("BatchNorm1d", {"num_features": 6, "track_running_stats": False}, batches),
        ("BatchNorm2d", {"num_features": 4}, images),
        ("BatchNorm2d", {"num_features": 4, "momentum": None, "affine": False}, images),
        ("BatchNorm2d", {"num_features": 4, "momentum": 0.3, "bias": False}, images),
        ("BatchNorm2d", {"num_features": 4, "track_running_stats": False, "affine": False}, images),
        ("BatchNorm3d", {"num_features": 3}, volumes),
        ("LayerNorm", {"normalized_shape": [7]}, sequences[:1]),
        ("LayerNorm", {"normalized_shape": [5, 3], "eps": 1e-3}, images[:1]),
        ("LayerNorm", {"normalized_shape": [6], "bias": False}, batches[:1]),
        ("LayerNorm", {"normalized_shape": [6], "elementwise_affine": False}, batches[:1]),
        ("RMSNorm", {"normalized_shape": [7]}, sequences[:1]),
        ("RMSNorm", {"normalized_shape": [5, 3], "eps": 1e-3}, images[:1]),
        ("RMSNorm", {"normalized_shape": [6], "elementwise_affine": False, "eps": 1e-6}, batches[:1]),
        ("GroupNorm", {"num_groups": 2, "num_channels": 4}, images[:1]),
        ("GroupNorm", {"num_groups": 3, "num_channels": 6, "eps": 1e-3}, batches[:1]),
        ("GroupNorm", {"num_groups": 1, "num_channels": 3, "affine": False}, sequences[:1]),
        ("InstanceNorm1d", {"num_features": 3}, sequences),
        ("InstanceNorm1d", {"num_features": 3, "track_running_stats": True, "momentum": 0.3}, sequences),
        ("InstanceNorm1d", {"num_features": 3, "track_running_stats": True, "momentum": None}, sequences),
        ("InstanceNorm2d", {"num_features": 4, "affine": True}, images),
        ("InstanceNorm2d", {"num_features": 4, "affine": True, "track_running_stats": True}, images),
        ("InstanceNorm3d", {"num_features": 3, "affine": True, "eps": 1e-3}, volumes),
        ("Linear", {"in_features": 6, "out_features": 4}, batches[:1]),
        ("Linear", {"in_features": 7, "out_features": 2, "bias": False}, sequences[:1]),
        ("Conv2d", {"in_channels": 4, "out_channels": 3, "kernel_size": [3, 2]}, images[:1]),
        ("Conv2d", {"in_channels": 4, "out_channels": 2, "kernel_size": 3, "stride": 2, "padding": 1}, images[:1]),
        (
            "Conv2d",
            {
                "in_channels": 4,
                "out_channels": 6,
                "kernel_size": 3,
                "groups": 2,
                "dilation": 2,
                "padding": [2, 3],
                "bias": False,
            },
            images[:1],
        ),
        (
            "Conv2d",
            {"in_channels": 4, "out_channels": 2, "kernel_size": [3, 1], "padding": "same", "dilation": [2, 1]},
            images[:1],
        ),
        ("RNN", {"input_size": 3, "hidden_size": 5}, [(6, 2, 3)]),
        ("RNN", {"input_size": 3, "hidden_size": 4, "nonlinearity": "relu", "bias": False}, [(5, 3, 3)]),
        ("LSTM", {"input_size": 3, "hidden_size": 5}, [(6, 2, 3)]),
        ("LSTM", {"input_size": 2, "hidden_size": 3, "bias": False}, [(7, 1, 2)]),
        ("GRU", {"input_size": 3, "hidden_size": 5}, [(6, 2, 3)]),
        ("GRU", {"input_size": 2, "hidden_size": 3, "bias": False}, [(7, 1, 2)]),
        ("BatchNorm2d", {"num_features": 4}, images, "float32"),
        ("BatchNorm1d", {"num_features": 6, "momentum": None}, batches, "float32"),
        ("LayerNorm", {"normalized_shape": [7]}, sequences[:1], "float32"),
        ("InstanceNorm2d", {"num_features": 4, "track_running_stats": True}, images[:2], "float32"),
        ("ReLU", {}, batches[:1]),
        ("GELU", {}, batches[:1]),
        ("GELU", {"approximate": "tanh"}, batches[:1]),
        ("SiLU", {}, batches[:1]),
        ("Tanh", {}, batches[:1]),
        ("Sigmoid", {}, batches[:1]),
        ("Softmax", {"dim": -1}, batches[:1]),
        ("Softmax", {"dim": 1}, images[:1]),
        ("Flatten", {}, images[:1]),
        ("Flatten", {"start_dim": 2, "end_dim": 3}, images[:1]),
        ("MaxPool1d", {"kernel_size": 2}, sequences[:1]),
        ("MaxPool1d", {"kernel_size": 3, "stride": 2, "padding": 1}, sequences[:1]),
        ("MaxPool2d", {"kernel_size": 2}, images[:1]),
        ("MaxPool2d", {"kernel_size": [3, 2], "stride": [1, 2], "padding": 1}, images[:1]),
        ("AvgPool1d", {"kernel_size": 3, "stride": 2, "padding": 1}, sequences[:1]),
        ("AvgPool2d", {"kernel_size": 2}, images[:1]),
        ("AvgPool2d", {"kernel_size": 3, "stride": [2, 1], "padding": 1, "count_include_pad": False}, images[:1]),
        ("Conv1d", {"in_channels": 3, "out_channels": 4, "kernel_size": 3}, sequences[:1]),
        (
            "Conv1d",
            {
                "in_channels": 4,
                "out_channels": 2,
                "kernel_size": 3,
                "stride": 2,
                "padding": 2,
                "dilation": 2,
                "groups": 2,
                "bias": False,
            },
            [(2, 4, 9)],
        ),
        ("Conv1d", {"in_channels": 3, "out_channels": 2, "kernel_size": 3, "padding": "same"}, sequences[:1]),
        ("ConvTranspose2d", {"in_channels": 4, "out_channels": 3, "kernel_size": [3, 2]}, images[:1]),
        (
            "ConvTranspose2d",
            {
                "in_channels": 4,
                "out_channels": 6,
                "kernel_size": 3,
                "stride": [2, 3],
                "padding": [1, 0],
                "output_padding": [1, 2],
                "dilation": [1, 2],
                "groups": 2,
                "bias": False,
            },
            images[:1],
        ),
        ("MultiheadAttention", {"embed_dim": 6, "num_heads": 2, "batch_first": True}, [(2, 5, 6)]),
        (
            "MultiheadAttention",
            {"embed_dim": 8, "num_heads": 4, "batch_first": True, "bias": False, "is_causal": True},
            [(3, 4, 8)],
        ),
        ("Embedding", {"num_embeddings": 5, "embedding_dim": 3}, [(2, 4)]),
        ("RNN", {"input_size": 3, "hidden_size": 4, "num_layers": 2, "nonlinearity": "relu"}, [(5, 2, 3)]),
        ("RNN", {"input_size": 3, "hidden_size": 4, "bidirectional": True}, [(5, 2, 3)]),
        ("LSTM", {"input_size": 2, "hidden_size": 3, "num_layers": 3, "bias": False}, [(4, 2, 2)]),
        ("LSTM", {"input_size": 3, "hidden_size": 4, "num_layers": 2, "bidirectional": True}, [(5, 2, 3)]),
        ("GRU", {"input_size": 3, "hidden_size": 4, "num_layers": 2, "bidirectional": True}, [(5, 2, 3)]),
    ]
    for number, (kind, options, shapes, *narrow) in enumerate(cases):
        type = narrow[0] if narrow else "float64"
        golden.begin(f"{kind} {number}", kind="layer", type=type, layer=kind, options=options, steps=len(shapes))
        kinds = {"MultiheadAttention": SelfAttention}
        layer = kinds.get(kind, getattr(torch.nn, kind))(**options).to(TYPES[type])
        buffers = (buffer for name, buffer in layer.named_buffers() if name != "num_batches_tracked")
        start((*layer.parameters(), *buffers), positive if "Norm" in kind else small)
        epoch(golden, layer, shapes, TYPES[type])


def own_layers(golden):
    """Layers of ours that PyTorch has by other names, or in parts."""
    mask = torch.tensor([[1.0, 1, 1, 0], [1, 1, 1, 1], [1, 0, 0, 0]])
    attentions = [
        ({"features": 6, "heads": 2}, mask),
        ({"features": 6, "heads": 3, "causal": True}, mask),
        ({"features": 8, "heads": 2, "rotary": 100}, None),
        ({"features": 8, "heads": 2, "normalized": True}, None),
        ({"features": 8, "heads": 2, "causal": True, "rotary": 10000, "normalized": True}, mask),
    ]
    for number, (options, mask) in enumerate(attentions):
        golden.begin(f"attention {number}", kind="attention", type="float64", layer="Attention", options=options, steps=1)
        layer = Attention(**options).double()
        start(layer.parameters(), small)
        layer.mask = mask
        golden.keep_all("parameters", {name: p.clone() for name, p in layer.named_parameters()})
        if mask is not None:
            golden.keep("mask", mask)
        step(golden, 0, layer, inputs((3, 4, options["features"]), torch.float64), last=True)
    pool = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    shapes = {"GlobalAveragePool": (pool, (3, 4, 5, 3)), "Reshape": (torch.nn.Unflatten(1, (2, 3)), (3, 6, 4))}
    for kind, (layer, dims) in shapes.items():
        golden.begin(kind, kind="shape", type="float64", layer=kind, options={}, steps=1)
        step(golden, 0, layer, inputs(dims, torch.float64), last=True)


class PreNorm(torch.nn.Module):
    """A residual connection whose normalization and branch have names of their own."""

    def __init__(self, n, f):
        super().__init__()
        self.n, self.f = n, f

    def forward(self, x):
        return x + self.f(self.n(x))


def models(golden):
    """A whole network, so that its state dict is read as one."""
    nn = torch.nn
    golden.begin("residual network", kind="model", type="float64", layer="Sequential", options={}, steps=2)
    branch = nn.Sequential(nn.ReLU(), nn.Conv2d(3, 3, 3, padding=1, bias=False), nn.BatchNorm2d(3))
    parts = {"stem": nn.Conv2d(1, 3, 3, padding=1), "pool": nn.MaxPool2d(2), "block": PreNorm(nn.BatchNorm2d(3), branch)}
    parts |= {"average": nn.AvgPool2d(2), "flatten": nn.Flatten(), "head": nn.Linear(12, 4)}
    network = nn.Sequential()
    for name, part in parts.items():
        network.add_module(name, part)
    network.double()
    buffers = (buffer for name, buffer in network.named_buffers() if not name.endswith("num_batches_tracked"))
    start((*network.parameters(), *buffers), positive)
    epoch(golden, network, [(4, 1, 8, 8), (3, 1, 8, 8)], torch.float64)


def machine_epsilon(golden):
    """RMSNorm's default epsilon is that of the type, which only shows where values are small."""
    golden.begin("RMSNorm, small", kind="layer", type="float32", layer="RMSNorm", options={}, steps=1)
    layer = torch.nn.RMSNorm(6)
    golden.keep_all("before", layer.state_dict())
    step(golden, 0, layer, (torch.randn(3, 6) * 1e-3).requires_grad_(), last=True)
    golden.keep_all("after", layer.state_dict())


def reparametrizations(golden):
    cases = [
        ("weight_norm", "Linear", {"in_features": 6, "out_features": 4}, [(5, 6)]),
        ("weight_norm", "Conv2d", {"in_channels": 4, "out_channels": 3, "kernel_size": [3, 2]}, [(3, 4, 5, 3)]),
        ("spectral_norm", "Linear", {"in_features": 6, "out_features": 4}, [(5, 6), (3, 6), (7, 6)]),
        (
            "spectral_norm",
            "Conv2d",
            {"in_channels": 4, "out_channels": 3, "kernel_size": [3, 2]},
            [(3, 4, 5, 3), (1, 4, 3, 3)],
        ),
    ]
    for kind, inner, options, shapes in cases:
        golden.begin(f"{kind} {inner}", kind=kind, type="float64", layer=inner, options=options, steps=len(shapes))
        layer = getattr(torch.nn, inner)(**options).to(torch.float64)
        start(layer.parameters(), torch.randn)
        golden.keep_all("layer", {n: t.clone() for n, t in layer.state_dict().items()})
        epoch(golden, getattr(parametrizations, kind)(layer), shapes, torch.float64)


def optimizers(golden):
    cases = [
        ("SGD", {"lr": 0.1}),
        ("SGD", {"lr": 0.1, "momentum": 0.9}),
        ("SGD", {"lr": 0.05, "momentum": 0.8, "nesterov": True, "weight_decay": 0.1}),
        ("AdamW", {}),
        ("AdamW", {"lr": 0.1, "betas": [0.8, 0.95], "eps": 1e-4, "weight_decay": 0.2}),
    ]
    for number, (kind, options) in enumerate(cases):
        golden.begin(f"{kind} {number}", kind="optimizer", type="float64", layer=kind, options=options, steps=5)
        parameter = torch.nn.Parameter(torch.randn(3, 2).double())
        optimizer = getattr(torch.optim, kind)([parameter], **options)
        golden.keep("before", parameter.clone())
        for i in range(5):
            parameter.grad = torch.randn(3, 2).double()
            golden.keep(f"{i}/gradient", parameter.grad)
            optimizer.step()
            golden.keep(f"{i}/after", parameter.clone())


def losses(golden):
    golden.begin("CrossEntropyLoss", kind="loss", type="float64", layer="CrossEntropyLoss", options={}, steps=1)
    logits = (torch.randn(7, 5) * 5).double().requires_grad_()
    labels = torch.randint(5, (7,))
    loss = torch.nn.CrossEntropyLoss()(logits, labels)
    loss.backward()
    for part, tensor in {"logits": logits, "labels": labels, "loss": loss, "dx": logits.grad}.items():
        golden.keep(part, tensor)
    golden.begin("CrossEntropyLoss of tokens", kind="loss", type="float64", layer="CrossEntropyLoss", options={}, steps=1)
    logits = (torch.randn(3, 4, 5) * 5).double().requires_grad_()
    labels = torch.randint(5, (3, 4))
    labels[1, 2:] = -100
    loss = torch.nn.CrossEntropyLoss()(logits.permute(0, 2, 1), labels)
    loss.backward()
    for part, tensor in {"logits": logits, "labels": labels, "loss": loss, "dx": logits.grad}.items():
        golden.keep(part, tensor)
    golden.begin("MSELoss", kind="squares", type="float64", layer="MSELoss", options={}, steps=1)
    x = torch.randn(3, 4, 5).double().requires_grad_()
    target = torch.randn(3, 4, 5).double()
    loss = torch.nn.MSELoss()(x, target)
    loss.backward()
    for part, tensor in {"x": x, "target": target, "loss": loss, "dx": x.grad}.items():
        golden.keep(part, tensor)


def made(kind, config):
    """A layer of Keras; one inside another's config is made first. What is ours alone in a config is left out."""
    config = {name: value for name, value in config.items() if name != "time_major"}
    if "layer" in config:
        config["layer"] = made(config["layer"]["class_name"], config["layer"]["config"])
    return getattr(keras.layers, kind)(**config, dtype="float64")


def weights_of(layer):
    """Weights by their names, with the direction in front where there are two."""
    parts = {"forward.": layer.forward_layer, "backward.": layer.backward_layer} if hasattr(layer, "forward_layer") else {}
    return {f"{part}{w.name}": w for part, inner in (parts or {"": layer}).items() for w in inner.weights}


def keras_layers(golden):
    batches = [(5, 6), (7, 6), (3, 6)]
    images = [(3, 5, 3, 4), (2, 3, 3, 4), (1, 2, 5, 4)]
    steps = {"time_major": True, "return_sequences": True}
    cases = [
        ("BatchNormalization", {}, batches),
        ("BatchNormalization", {"momentum": 0.7, "epsilon": 1e-5}, images),
        ("BatchNormalization", {"axis": 1, "center": False}, [(3, 4, 5, 3), (2, 4, 3, 3), (1, 4, 2, 5)]),
        ("BatchNormalization", {"scale": False, "center": False}, batches),
        ("LayerNormalization", {}, batches[:1]),
        ("LayerNormalization", {"axis": [1, 2], "center": False}, [(3, 4, 5)]),
        ("LayerNormalization", {"axis": [-2, -1], "epsilon": 1e-5}, images[:1]),
        ("LayerNormalization", {"rms_scaling": True}, batches[:1]),
        ("GroupNormalization", {"groups": 2}, images[:1]),
        ("GroupNormalization", {"groups": -1, "axis": -1, "scale": False}, images[:1]),
        ("GroupNormalization", {"groups": 5, "axis": 1, "epsilon": 1e-5}, images[:1]),
        ("RMSNormalization", {}, batches[:1]),
        ("RMSNormalization", {"axis": [-2, -1], "epsilon": 1e-3}, images[:1]),
        ("Dense", {"units": 4}, batches[:1]),
        ("Dense", {"units": 2, "use_bias": False}, images[:1]),
        ("Conv2D", {"filters": 3, "kernel_size": [3, 2], "data_format": "channels_first"}, [(2, 4, 5, 3)]),
        (
            "Conv2D",
            {"filters": 4, "kernel_size": 3, "groups": 2, "padding": "same", "data_format": "channels_first"},
            [(2, 4, 5, 3)],
        ),
        (
            "Conv2D",
            {"filters": 2, "kernel_size": 2, "strides": [2, 1], "use_bias": False, "data_format": "channels_first"},
            [(2, 4, 5, 3)],
        ),
        ("SimpleRNN", {"units": 4, **steps}, [(2, 5, 3)]),
        ("SimpleRNN", {"units": 3, "activation": "relu", "use_bias": False, **steps}, [(3, 4, 2)]),
        ("LSTM", {"units": 4, **steps}, [(2, 5, 3)]),
        ("LSTM", {"units": 3, "use_bias": False, **steps}, [(3, 4, 2)]),
        ("GRU", {"units": 4, **steps}, [(2, 5, 3)]),
        ("GRU", {"units": 3, "use_bias": False, **steps}, [(3, 4, 2)]),
        *(
            ("Bidirectional", {"layer": {"class_name": kind, "config": {"units": 4, **steps}}}, [(2, 5, 3)])
            for kind in ("SimpleRNN", "LSTM", "GRU")
        ),
    ]
    for number, (kind, config, shapes) in enumerate(cases):
        golden.begin(f"{kind} {number}", kind="keras", type="float64", layer=kind, options=config, steps=len(shapes))
        layer = made(kind, config)
        layer.build(shapes[0])
        recurrent = isinstance(layer, (keras.layers.RNN, keras.layers.Bidirectional))
        for weight in layer.weights:
            weight.assign((small if recurrent else positive)(tuple(weight.shape)).double())
        golden.keep_all("before", {name: w.numpy().copy() for name, w in weights_of(layer).items()})
        training = {"training": True} if kind == "BatchNormalization" else {}
        for i, dims in enumerate(shapes):
            x = inputs(dims, torch.float64)
            y = layer(x, **training)
            dy = torch.randn(y.shape).double()
            y.backward(dy)
            for part, tensor in {"x": x, "dy": dy, "y": y, "dx": x.grad}.items():
                golden.keep(f"{i}/{part}", tensor.swapaxes(0, 1) if recurrent else tensor)
        evaluated = layer(x)
        golden.keep("evaluated", evaluated.swapaxes(0, 1) if recurrent else evaluated)
        golden.keep_all("after", {name: w.numpy() for name, w in weights_of(layer).items()})


def arrays():
    """Arrays that numpy's own files hold, one of them in Fortran's order."""
    return {
        "a": numpy.arange(6, dtype=numpy.float32).reshape(2, 3),
        "b": numpy.asfortranarray(numpy.array([[0, 0.1], [0.2, 0.3]])),
        "count": numpy.int64(7),
    }


def differences(path, golden):
    """What a file on the disk says otherwise than what was computed; the last digits are another processor's own."""
    with safe_open(path, "numpy") as file:
        if file.metadata() != golden.metadata() or set(file.keys()) != set(golden.tensors):
            return ["cases, names or versions"]
        return [n for n, t in golden.tensors.items() if not numpy.allclose(file.get_tensor(n), t, rtol=1e-5, atol=1e-6)]


def main(check):
    pytorch = Golden(torch=torch.__version__.split("+")[0])
    for add in (layers, own_layers, models, machine_epsilon, reparametrizations, optimizers, losses):
        add(pytorch)
    other = Golden(keras=keras.__version__)
    keras_layers(other)
    failed = False
    for name, golden in {"torch": pytorch, "keras": other}.items():
        path = FOLDER / f"{name}.safetensors"
        if check:
            found = differences(path, golden)
            failed |= bool(found)
            print(f"{path.name}: {len(golden.cases)} cases, {', '.join(found) or 'nothing'} differs")
        else:
            save_file(golden.tensors, path, golden.metadata())
            print(f"{path.name}: {len(golden.cases)} cases, {path.stat().st_size} bytes")
    if not check:
        for save in (numpy.savez, numpy.savez_compressed):
            save(FOLDER / f"{save.__name__}.npz", **arrays())
    return failed


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
