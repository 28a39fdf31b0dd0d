import type { PlotOptions } from "@observablehq/plot";

/**
 * Draws by Observable Plot, which is fetched when it is first needed; the text says what the picture shows. On a narrow screen the
 * picture is drawn narrow: made smaller, its texts could not be read.
 */
export async function plotElement(text: string, options: PlotOptions): Promise<HTMLElement | SVGSVGElement> {
  const Plot = await import("@observablehq/plot");
  const style = { background: "none", fontSize: "13px", maxWidth: "100%", height: "auto" };
  const room = document.querySelector("h1")?.clientWidth ?? Infinity, width = Math.min(options.width ?? 640, room);
  const made = Plot.plot({ ...options, width, style }) as HTMLElement | SVGSVGElement;
  // The text stands for the whole; those of its parts have no role that could carry them.
  for (const part of made.querySelectorAll("[aria-label]")) part.removeAttribute("aria-label");
  made.setAttribute("role", "img");
  made.setAttribute("aria-label", text);
  return made;
}

/** The marks of Plot, where a program makes them itself. */
export const marks = (): Promise<typeof import("@observablehq/plot")> => import("@observablehq/plot");

/** A power of ten as an axis shows it, shorter than Plot does. */
export const power = (value: number): string => value.toExponential(0).replace("+", "");
