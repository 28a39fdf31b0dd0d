/** What PyTorch and Keras call the arguments of our classes. Which of them it is, the options of their class tell. */
const words: Readonly<Record<string, readonly string[]>> = {
  activation: ["nonlinearity"],
  axis: ["dim"],
  channels: ["num_channels"],
  count: ["num_embeddings"],
  countPadding: ["count_include_pad"],
  dilation: ["dilation_rate"],
  end: ["end_dim"],
  epsilon: ["eps"],
  features: ["num_features", "embed_dim", "embedding_dim"],
  groups: ["num_groups"],
  heads: ["num_heads"],
  hidden: ["hidden_size", "units"],
  inputs: ["in_features", "in_channels", "input_size"],
  kernel: ["kernel_size"],
  outputPadding: ["output_padding"],
  outputs: ["out_features", "out_channels", "units", "filters"],
  rate: ["p"],
  shape: ["normalized_shape"],
  start: ["start_dim"],
  stride: ["strides"],
};

/**
 * What a function gives; an error that it throws about an argument of ours, as in `GroupNorm: groups is 4`, is told by the name that
 * the argument has there, as in `fromTorch: GroupNorm: num_groups is 4`.
 */
export function inTheirWords<T>(operation: string, name: string, options: readonly string[], make: () => T): T {
  try {
    return make();
  } catch (error) {
    const kind = [TypeError, RangeError].find((kind) => error instanceof kind);
    if (kind === undefined) throw error;
    const [, message] = (error as Error).message.split(/^\w+: /);
    const told = message.replace(
      /\b\w+(?= is |, [\d[])/g,
      (our) => Object.hasOwn(words, our) ? words[our].find((their) => options.includes(their)) ?? our : our,
    );
    throw new kind(`${operation}: ${name}: ${told}`, { cause: error });
  }
}
