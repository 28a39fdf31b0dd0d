import { type Command, InvalidArgumentError } from "commander";
import { Failure } from "./failure.ts";
import type { Scaling } from "./images.ts";

/** The options of commands that read data for a model. */
export interface ModelDataOptions {
  readonly header?: boolean;
  readonly pixels?: readonly [low: number, high: number];
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
}

/** Adds how data for a model is read to the options of a command. */
export function withModelData(command: Command): Command {
  return command
    .option("--header", "the first line of .csv has names (default: if it has texts, and no numbers)")
    .option("--no-header", "the first line of .csv is data")
    .option("--pixels <low:high>", "of .png and .jpg: what black and white become, such as 0:1, 0:255 or -1:1", range)
    .option("--mean <list>", "of pictures: what is subtracted after that, one for all or one for each channel", numbers)
    .option(
      "--std <list>",
      "of pictures: what it is divided by after that, one for all or one for each channel",
      divisors,
    );
}

/** Whether CSV has a header and how pixels become numbers, if the options say so. */
export function modelDataOf(
  { header, pixels, mean, std }: ModelDataOptions,
): { readonly header?: boolean; readonly scaling?: Scaling } {
  const csv = header === undefined ? {} : { header };
  if (pixels === undefined && (mean ?? std) === undefined) return csv;
  if (pixels === undefined) throw new Failure("--mean and --std say what comes after --pixels, which is missing.", 2);
  return { ...csv, scaling: { pixels, ...mean && { mean }, ...std && { deviation: std } } };
}

function range(text: string): [number, number] {
  const [low, high, ...others] = text.split(":").map(Number);
  if (others.length > 0 || !Number.isFinite(low) || !Number.isFinite(high) || low === high) {
    throw new InvalidArgumentError("It must be two numbers, such as 0:1.");
  }
  return [low, high];
}

function numbers(text: string): number[] {
  const list = text.split(",").map(Number);
  if (!list.every(Number.isFinite) || list.length === 0) {
    throw new InvalidArgumentError("It must be numbers, such as 0.485,0.456,0.406.");
  }
  return list;
}

function divisors(text: string): number[] {
  const list = numbers(text);
  if (list.includes(0)) throw new InvalidArgumentError("It must be numbers other than 0, such as 0.229,0.224,0.225.");
  return list;
}
