"""Exports seeded models with normalizations as exporters write them: python3 tools/export_models.py FOLDER

Needs torch and onnx: pip install torch==2.13.0 onnx==1.23.2 (and onnxscript, for the models of the newer exporter).
"""

import sys
from pathlib import Path

import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)


def seeded(module):
    """Parameters and running statistics away from their defaults, so that nothing comes out right by chance."""
    torch.manual_seed(0)
    for name, value in [*module.named_parameters(), *module.named_buffers()]:
        if not value.is_floating_point():
            continue
        with torch.no_grad():
            if name.endswith("running_var"):
                value.copy_(torch.rand_like(value) + 0.5)
            elif value.dim() <= 1:
                value.copy_(torch.randn_like(value) * 0.1 + (1 if "weight" in name else 0))
            else:
                value.copy_(torch.randn_like(value) / value[0].numel() ** 0.5)
    return module.eval()


def export(name, module, x, opset):
    torch.onnx.export(
        seeded(module), (x,), folder / f"{name}.onnx", opset_version=opset, dynamo=False, input_names=["x"],
        output_names=["y"], do_constant_folding=True, training=torch.onnx.TrainingMode.PRESERVE,
        dynamic_axes={"x": {0: "N"}, "y": {0: "N"}},
    )


class Residual(nn.Module):
    def __init__(self, c, d, stride):
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(c, d, 3, stride, 1, bias=False), nn.BatchNorm2d(d), nn.ReLU(),
            nn.Conv2d(d, d, 3, 1, 1, bias=False), nn.BatchNorm2d(d),
        )
        self.side = nn.Sequential(nn.Conv2d(c, d, 1, stride, bias=False), nn.BatchNorm2d(d)) if c != d else nn.Identity()

    def forward(self, x):
        return torch.relu(self.main(x) + self.side(x))


class Swap(nn.Module):
    def forward(self, x):
        return x.transpose(1, 2)


class RMSNorm(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(d))

    def forward(self, x):
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6))


class Block(nn.Module):
    def __init__(self, d, norm):
        super().__init__()
        self.d, self.before, self.after = d, norm(d), norm(d)
        self.qkv, self.out = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.mlp = nn.Sequential(nn.Linear(d, 4 * d), nn.GELU(), nn.Linear(4 * d, d))

    def forward(self, x):
        q, k, v = self.qkv(self.before(x)).chunk(3, -1)
        weights = torch.softmax(q @ k.transpose(1, 2) / self.d**0.5, -1)
        x = x + self.out(weights @ v)
        return x + self.mlp(self.after(x))


class ChannelsFirst(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(c)), nn.Parameter(torch.zeros(c))

    def forward(self, x):
        mean = x.mean(1, keepdim=True)
        variance = (x - mean).pow(2).mean(1, keepdim=True)
        x = (x - mean) / torch.sqrt(variance + 1e-6)
        return self.weight[:, None, None] * x + self.bias[:, None, None]


def transformer(norm):
    return nn.Sequential(*[Block(64, norm) for _ in range(4)], norm(64))


def group_norm(opset):
    """A U-Net's block with GroupNormalization as an operator, which torch's older exporter does not write."""
    random = torch.Generator().manual_seed(0)
    store, nodes, x, count = [], [], "x", 0

    def stored(name, *dims):
        store.append(numpy_helper.from_array((torch.randn(*dims, generator=random) * 0.2).numpy(), name))
        return name

    for i in range(6):
        stored(f"w{i}", 16, 16, 3, 3), stored(f"s{i}", 16), stored(f"b{i}", 16)
        nodes.append(helper.make_node("Conv", [x, f"w{i}"], [f"c{i}"], pads=[1, 1, 1, 1]))
        nodes.append(helper.make_node("GroupNormalization", [f"c{i}", f"s{i}", f"b{i}"], [f"g{i}"], num_groups=4, epsilon=1e-5))
        nodes.append(helper.make_node("Sigmoid", [f"g{i}"], [f"q{i}"]))
        nodes.append(helper.make_node("Mul", [f"g{i}", f"q{i}"], ["y" if i == 5 else f"a{i}"]))
        x = f"a{i}"
    info = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 16, 16, 16])
    graph = helper.make_graph(nodes, "unet", [info("x")], [info("y")], store)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    onnx.checker.check_model(model)
    onnx.save(model, folder / f"unet-gn-{opset}.onnx")


image = torch.randn(1, 3, 32, 32)
export("resnet-18", nn.Sequential(
    nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1),
    *[Residual(c, d, s) for c, d, s in [
        (64, 64, 1), (64, 64, 1), (64, 128, 2), (128, 128, 1), (128, 256, 2), (256, 256, 1), (256, 512, 2), (512, 512, 1)]],
    nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10),
), image, 17)
export("decoder", nn.Sequential(
    nn.ConvTranspose2d(3, 16, 4, 2, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
    nn.ConvTranspose2d(16, 16, 4, 2, 1, groups=4), nn.BatchNorm2d(16), nn.ReLU(), nn.ConvTranspose2d(16, 3, 3, 1, 1),
), image[:, :, :8, :8], 17)
export("mlp", nn.Sequential(
    nn.Linear(20, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.BatchNorm1d(32),
    nn.Linear(32, 32, bias=False), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 4),
), torch.randn(2, 20), 17)
export("linear-transpose-bn", nn.Sequential(nn.Linear(20, 32), Swap(), nn.BatchNorm1d(32), nn.ReLU()), torch.randn(2, 7, 20), 17)
for opset in (14, 17):
    export(f"transformer-{opset}", transformer(nn.LayerNorm), torch.randn(1, 10, 64), opset)
export("rms-transformer-18", transformer(RMSNorm), torch.randn(1, 10, 64), 18)
export("convnext", nn.Sequential(
    nn.Conv2d(3, 16, 4, 4), ChannelsFirst(16), nn.Conv2d(16, 16, 7, 1, 3, groups=16), ChannelsFirst(16), nn.GELU(),
    nn.Conv2d(16, 32, 2, 2), ChannelsFirst(32),
), image, 17)
export("unet-reshape", nn.Sequential(
    nn.Conv2d(3, 16, 3, 1, 1), nn.GroupNorm(4, 16), nn.SiLU(), nn.Conv2d(16, 16, 3, 2, 1), nn.GroupNorm(8, 16), nn.SiLU(),
), image, 17)
group_norm(21)
