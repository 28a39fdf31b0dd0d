import { parseArgs } from "node:util";

/** Which seeds a task is to try, and where it has a choice, with what. */
export interface Seeds {
  readonly from: number;
  readonly count: number;
  /** One of those there are. */
  readonly provider: string;
}

/**
 * Reads `--count N`, `--from SEED` and, where there are providers to choose from, `--provider NAME`, of which the first is the default.
 * `--help` prints help and ends the process, and so does what cannot be understood, as an error.
 */
export function seedsOf(help: string, count: number, providers: readonly string[] = []): Seeds {
  try {
    const { values } = parseArgs({
      options: {
        count: { type: "string", default: String(count) },
        from: { type: "string", default: "0" },
        help: { type: "boolean", short: "h" },
        ...providers.length > 0 && { provider: { type: "string", default: providers[0] } },
      },
    });
    if (values.help) return end(help, 0);
    const provider = String((values as { provider?: string }).provider ?? "");
    if (providers.length > 0 && !providers.includes(provider)) {
      throw new TypeError(`--provider is ${provider}; there are ${providers.join(", ")}`);
    }
    return { count: whole("count", values.count), from: whole("from", values.from), provider };
  } catch (error) {
    return end(`${(error as Error).message}\n\n${help}`, 2);
  }
}

function whole(name: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new TypeError(`--${name} is ${text}; it must be a whole number`);
  return Number(text);
}

function end(text: string, code: number): never {
  (code === 0 ? console.log : console.error)(text);
  Deno.exit(code);
}
