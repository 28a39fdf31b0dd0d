// deno run examples/stream_of_frames.ts
// Frames that arrive one by one, as of sound: learn what is usual, freeze it, and normalize each frame in place and without garbage.
import { allocate, layerNorm, prepare, tensor } from "@evenkeel/norm";
import { BatchNorm, normal, random } from "@evenkeel/norm/layers";

const bands = 40, noise = normal(random(1));
/** Energies in 40 bands, in decibels: each band has a level of its own. */
const nextFrame = () => Array.from({ length: bands }, (_, band) => -30 - band + 6 * noise());
const show = (values: ArrayLike<number>) =>
  Array.from(values, (value) => value.toFixed(2)).slice(0, 6).join(" ") + " ...";

// Learned from some minutes: a batch norm whose running statistics are those of all that it has seen.
const layer = new BatchNorm(bands, { momentum: "cumulative", scale: false, bias: false });
let { state } = layer;
for (let second = 0; second < 120; second++) {
  ({ state } = layer.train(tensor(Array.from({ length: 100 }, nextFrame)), state));
}
const frozen = layer.freeze(state); // one multiplication and one addition for each band

const frame = tensor(new Float32Array(bands), [1, bands]);
frame.data.set(nextFrame());
console.log("a frame:              ", show(frame.data));
frozen.process(frame, frame);
console.log("by what is usual:     ", show(frame.data));

// Or by the frame's own mean and deviation: a call that is prepared once.
const own = allocate("float32", [1, bands]), normalize = prepare(layerNorm, own, { out: { y: own } });
own.data.set(nextFrame());
normalize();
console.log("the next, by its own: ", show(own.data));
own.dispose();
