/**
 * A residual network for the digits.
 *
 * @module
 */
import {
  BatchNorm,
  Conv2d,
  GlobalAveragePool,
  Linear,
  MaxPool2d,
  PreNormResidual,
  random,
  ReLU,
  Reshape,
  Sequential,
} from "../../layers/mod.ts";

/**
 * A residual network of some 20,000 parameters: a strided convolution, two blocks with their normalization before the branch (He et al.
 * 2016, "Identity Mappings in Deep Residual Networks"), max pooling between them, and the mean of each channel before the last layer.
 * The same seed gives the same weights.
 */
export function digitResNet(seed = 1): Sequential {
  const uniform = random(seed);
  const convolution = (inputs: number, outputs: number, kernel: number, stride = 1) =>
    new Conv2d(inputs, outputs, kernel, { stride, padding: kernel >> 1, bias: false, random: uniform });
  const block = (channels: number) =>
    new PreNormResidual(
      new BatchNorm(channels),
      new Sequential({
        relu1: new ReLU(),
        conv1: convolution(channels, channels, 3),
        norm: new BatchNorm(channels),
        relu2: new ReLU(),
        conv2: convolution(channels, channels, 3),
      }),
    );
  return new Sequential({
    image: new Reshape([1, 28, 28]),
    stem: convolution(1, 12, 5, 2),
    block1: block(12),
    pool: new MaxPool2d(2),
    widen: convolution(12, 24, 1),
    block2: block(24),
    norm: new BatchNorm(24),
    relu: new ReLU(),
    average: new GlobalAveragePool(),
    head: new Linear(24, 10, { random: uniform }),
  });
}
