import { SourceError } from "../statistics/sources/source.ts";

/** What an error says, in one line, and what to do about it in the words of the command line. */
export function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const advice = error instanceof SourceError && error.column !== undefined ? " Name them by --columns a,b." : "";
  return message.replaceAll(/\s*\n\s*/g, " ") + advice;
}
