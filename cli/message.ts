import { SourceError } from "../statistics/sources/source.ts";

/** What an error says, in one line, and what to do about it in the words of the command line. */
export function messageOf(error: unknown): string {
  const message = error instanceof Error ? missing(error) ?? error.message : String(error);
  const advice = error instanceof SourceError && error.column !== undefined ? " Name them by --columns a,b." : "";
  return message.replaceAll(/\s*\n\s*/g, " ") + advice;
}

/** What an error says of a file at a path, which it names once. */
export function messageAt(path: string, error: unknown): string {
  const said = messageOf(error);
  return said.startsWith(path) ? said : `${path}: ${said}`;
}

/** What to say where the host found nothing at a path. */
function missing({ code, path }: Error & { code?: string; path?: string }): string | undefined {
  if (code !== "ENOENT" || path === undefined) return undefined;
  return `${path} is not there (ENOENT); check its name, or make it first if it is a folder to write to.`;
}
