"""Steps of training in PyTorch on one thread, for bench/training.ts: a line with a network's name asks for one, a line with 'x' answers."""

import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

sys.path.append(str(Path(__file__).parent.parent / "tools"))
from torch_digits import PreNormResidual, residual_network  # noqa: E402

torch.set_num_threads(1)


class Attention(nn.Module):
    def __init__(self, features, heads):
        super().__init__()
        self.heads = heads
        self.input, self.output = nn.Linear(features, 3 * features), nn.Linear(features, features)

    def forward(self, x):
        samples, steps, features = x.shape
        parts = self.input(x).reshape(samples, steps, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(*parts, is_causal=True)
        return self.output(y.transpose(1, 2).reshape(samples, steps, features))


class LanguageModel(nn.Module):
    def __init__(self, characters, steps, features, heads, blocks):
        super().__init__()
        self.embedding, self.position = nn.Embedding(characters, features), nn.Embedding(steps, features)
        self.blocks = nn.Sequential()
        for _ in range(blocks):
            perceptron = nn.Sequential(nn.Linear(features, 4 * features), nn.GELU(), nn.Linear(4 * features, features))
            for branch in (Attention(features, heads), perceptron):
                self.blocks.append(PreNormResidual(nn.LayerNorm(features), branch))
        self.norm, self.head = nn.LayerNorm(features), nn.Linear(features, characters)

    def forward(self, x):
        return self.head(self.norm(self.blocks(self.embedding(x) + self.position.weight)))


def digits():
    network = residual_network()
    return network, torch.optim.AdamW(network.parameters()), torch.rand(50, 784), torch.arange(50) % 10


def language():
    network = LanguageModel(60, 32, 32, 4, 2)
    characters = torch.arange(16 * 32).reshape(16, 32) * 31 % 60
    return network, torch.optim.AdamW(network.parameters()), characters, characters.roll(-1, 1)


def stepper(network, optimizer, x, labels):
    def step():
        optimizer.zero_grad()
        F.cross_entropy(network(x).flatten(0, -2), labels.flatten()).backward()
        optimizer.step()

    return step


if __name__ == "__main__":
    steps = {"digits": stepper(*digits()), "language": stepper(*language())}
    for line in sys.stdin:
        steps[line.strip()]()
        print("x", flush=True)
