// deno run --allow-read --allow-write examples/scale_csv.ts [data.csv scaled.csv]
// Give every column of a CSV file mean 0 and variance 1, chunk by chunk, so that the file may be larger than memory.
// Without files: measurements of three penguins, one of them incomplete.
import { openSink, openSource } from "@evenkeel/norm/sources";
import { fitted, StandardScaler, transforming } from "@evenkeel/norm/statistics";

let [input, output] = Deno.args;
if (input === undefined) {
  const folder = await Deno.makeTempDir();
  input = `${folder}/penguins.csv`;
  await Deno.writeTextFile(input, "bill mm,mass g\n39.1,3750\n46.5,\n50.0,5700\n");
}
output ??= input.replace(/(\.csv)?$/, "_scaled.csv");

const scaler = new StandardScaler(); // missing values are left out, and stay missing
await ReadableStream.from(await openSource(input)).pipeTo(fitted(scaler));
await Deno.writeTextFile(`${output}.json`, JSON.stringify(scaler)); // to scale other files alike: StandardScaler.fromJSON

const source = await openSource(input), sink = await openSink(output, { features: source.features });
await ReadableStream.from(source).pipeThrough(transforming(scaler)).pipeTo(sink);
console.log(`${output}, and ${output}.json`);
if (Deno.args.length === 0) console.log((await Deno.readTextFile(output)).trimEnd());
