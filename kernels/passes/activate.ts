import type { Activation } from "../activation.ts";
import { type Engine, Slot } from "../engines/engine.ts";
import { engineFor } from "../engines/engines.ts";
import { gradientsOf } from "../engines/gradients.ts";
import type { Data, Tile } from "../engines/tile.ts";

/** y = f(x), element by element. y may be x. */
export function activate(x: Data, y: Data, activation: Activation): void {
  const engine = engineFor([y]);
  if (y !== x) y.set(x);
  eachTile(engine, y.length, (tile) => {
    engine.load(Slot.X, y, tile);
    engine.place(y, tile);
    engine.activate(tile, activation);
    engine.store(y, tile);
  });
}

/** dx = dy f'(x), element by element. dx may be x. */
export function activateBackward(x: Data, dy: Data, dx: Data, activation: Activation): void {
  const engine = engineFor([dx, dy]);
  if (dx !== x) dx.set(x);
  eachTile(engine, dx.length, (tile) => {
    engine.load(Slot.Z, dx, tile);
    engine.load(Slot.DY, dy, tile);
    gradientsOf(engine).activationGradient(tile, activation);
    engine.alias(Slot.OUT, Slot.Z);
    engine.store(dx, tile);
  });
}

/** Calls `work` for runs of an array of so many elements, each as large as the engine takes. */
function eachTile({ capacity }: Engine, length: number, work: (tile: Tile) => void): void {
  for (let at = 0; at < length; at += capacity) {
    work({ at, lines: 1, length: Math.min(capacity, length - at), pitch: 0 });
  }
}
