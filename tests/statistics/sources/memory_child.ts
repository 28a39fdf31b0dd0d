/** Runs the command line with the given arguments, then prints the most memory that this process had, in bytes. */
import { main } from "../../../cli.ts";

const code = await main(Deno.args);
if (code !== 0) Deno.exit(code);
console.log(peak());

/** Linux keeps the peak; elsewhere what there is at the end has to do. */
function peak(): number {
  if (Deno.build.os !== "linux") return Deno.memoryUsage().rss;
  const kilobytes = /VmHWM:\s*(\d+) kB/.exec(Deno.readTextFileSync("/proc/self/status"))?.[1];
  return Number(kilobytes) * 1024;
}
