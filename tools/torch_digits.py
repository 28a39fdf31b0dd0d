"""The residual network of examples/digits/ in PyTorch, with weights that were trained here.

    python tools/torch_digits.py WEIGHTS DATA     needs torch, numpy and safetensors

WEIGHTS is what `deno task residual-digits --save WEIGHTS` writes; it must be the whole state dict (strict=True). DATA is a safetensors
file with digits `x` [N, 784] and the logits `y` [N, 10] that the layers give. Prints the largest difference between those and PyTorch's.
"""

import sys
from collections import OrderedDict

import torch
from safetensors.torch import load_file
from torch import nn


class PreNormResidual(nn.Module):
    def __init__(self, norm, branch):
        super().__init__()
        self.norm, self.branch = norm, branch

    def forward(self, x):
        return x + self.branch(self.norm(x))


def convolution(inputs, outputs, kernel, stride=1):
    return nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False)


def block(channels):
    branch = OrderedDict(
        relu1=nn.ReLU(),
        conv1=convolution(channels, channels, 3),
        norm=nn.BatchNorm2d(channels),
        relu2=nn.ReLU(),
        conv2=convolution(channels, channels, 3),
    )
    return PreNormResidual(nn.BatchNorm2d(channels), nn.Sequential(branch))


def residual_network():
    return nn.Sequential(
        OrderedDict(
            image=nn.Unflatten(1, (1, 28, 28)),
            stem=convolution(1, 12, 5, 2),
            block1=block(12),
            pool=nn.MaxPool2d(2),
            widen=convolution(12, 24, 1),
            block2=block(24),
            norm=nn.BatchNorm2d(24),
            relu=nn.ReLU(),
            average=nn.AdaptiveAvgPool2d(1),
            flatten=nn.Flatten(),
            head=nn.Linear(24, 10),
        )
    )


if __name__ == "__main__":
    weights, data = (load_file(path) for path in sys.argv[1:])
    network = residual_network()
    network.load_state_dict(weights, strict=True)
    with torch.no_grad():
        print((network.eval()(data["x"]) - data["y"]).abs().max().item())
