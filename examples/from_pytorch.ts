// deno run --allow-read examples/from_pytorch.ts [model.safetensors]
// Take a PyTorch model's weights: its modules by their names, one state dict, as `safetensors.torch.save_file` writes it.
// Without a file: the bytes of a state dict that PyTorch could have written.
import { tensor } from "@evenkeel/norm";
import {
  BatchNorm,
  fromTorch,
  Linear,
  random,
  readSafetensors,
  ReLU,
  Sequential,
  toTorch,
  writeSafetensors,
} from "@evenkeel/norm/layers";

/** class Net: self.fc1 = nn.Linear(4, 8); self.bn = nn.BatchNorm1d(8); self.fc2 = nn.Linear(8, 3) */
function net(seed: number): Sequential {
  const init = { random: random(seed) };
  return new Sequential({
    fc1: new Linear(4, 8, init),
    bn: new BatchNorm(8),
    relu: new ReLU(),
    fc2: new Linear(8, 3, init),
  });
}

function someStateDict(): Uint8Array {
  const trained = net(1);
  return writeSafetensors(toTorch(trained, trained.state), { format: "pt" });
}
const bytes = Deno.args[0] === undefined ? someStateDict() : await Deno.readFile(Deno.args[0]);
const stateDict = readSafetensors(bytes).tensors;
for (const [name, { type, dims }] of Object.entries(stateDict)) console.log(`${name}: ${type} [${dims.join(", ")}]`);

const model = net(2);
const state = fromTorch(model, stateDict); // running statistics; what does not fit is said, all of it at once
console.log(model.evaluate(tensor([[1, 2, 3, 4]]), state).data);
