import process from "node:process";

/**
 * Does work that says how far it has come, from 0 to 1, and shows that in a bar on the terminal; nothing where stderr is not one,
 * or `quiet` is asked for.
 */
export async function withProgress<T>(
  title: string,
  quiet: boolean,
  work: (onProgress: (fraction: number) => void) => Promise<T>,
): Promise<T> {
  if (quiet || !process.stderr.isTTY) return await work(() => {});
  const { Presets, SingleBar } = await import("cli-progress");
  const format = `${title} {bar} {percentage}% | {duration_formatted} | about {eta_formatted} left`;
  const bar = new SingleBar(
    { format, stream: process.stderr, hideCursor: true, etaBuffer: 100 },
    Presets.shades_classic,
  );
  bar.start(1000, 0);
  try {
    return await work((fraction) => bar.update(Math.round(fraction * 1000)));
  } finally {
    bar.stop();
  }
}
