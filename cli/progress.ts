import { Presets, SingleBar } from "cli-progress";
import process from "node:process";

/** Shows how far a task has come. */
export interface Progress extends Disposable {
  /** From 0 to 1. */
  update(fraction: number): void;
}

/** A bar on the terminal; nothing where stderr is not one, or `quiet` is asked for. */
export function progressBar(title: string, quiet: boolean): Progress {
  if (quiet || !process.stderr.isTTY) return { update() {}, [Symbol.dispose]() {} };
  const format = `${title} {bar} {percentage}% | {duration_formatted} | about {eta_formatted} left`;
  const bar = new SingleBar(
    { format, stream: process.stderr, hideCursor: true, etaBuffer: 100 },
    Presets.shades_classic,
  );
  bar.start(1000, 0);
  return {
    update: (fraction) => bar.update(Math.round(fraction * 1000)),
    [Symbol.dispose]: () => bar.stop(),
  };
}
