// deno run examples/principal_components.ts
// Points along a line in ten dimensions, with noise: standardize them, and find the line, batch by batch.
import { StandardScaler, type Tensor, tensor } from "@evenkeel/norm";
import { normal, random } from "@evenkeel/norm/layers";
import { IncrementalPca } from "@evenkeel/norm/pca";

const noise = normal(random(1)), features = 10;

/** Points t d + noise, where d is a direction whose entries are of different sizes. */
function batch(count: number): Tensor {
  return tensor(Array.from({ length: count }, () => {
    const t = noise();
    return Array.from({ length: features }, (_, i) => 10 ** (i % 4) * (t + 0.3 * noise()) + 1000);
  }));
}

const batches = Array.from({ length: 20 }, () => batch(500));
const scaler = new StandardScaler(), pca = new IncrementalPca({ components: 2 });
for (const x of batches) scaler.partialFit(x);
for (const x of batches) pca.partialFit(scaler.transform(x));

const [first, second] = pca.principal.explainedVarianceRatio.data;
console.log(
  `The first component explains ${(100 * first).toFixed(1)} % of the variance, the second ${
    (100 * second).toFixed(1)
  } %.`,
);
console.log(`A point is ${features} numbers; what is left of one: ${pca.transform(scaler.transform(batch(1))).data}`);
