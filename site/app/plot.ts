import type { PlotOptions } from "@observablehq/plot";

/** Draws by Observable Plot, which is fetched when it is first needed; the text says what the picture shows. */
export async function plotElement(text: string, options: PlotOptions): Promise<HTMLElement | SVGSVGElement> {
  const Plot = await import("@observablehq/plot");
  const style = { background: "none", fontSize: "13px", maxWidth: "100%", height: "auto" };
  const made = Plot.plot({ ...options, style }) as HTMLElement | SVGSVGElement;
  // The text stands for the whole; those of its parts have no role that could carry them.
  for (const part of made.querySelectorAll("[aria-label]")) part.removeAttribute("aria-label");
  made.setAttribute("role", "img");
  made.setAttribute("aria-label", text);
  return made;
}

/** The marks of Plot, where a program makes them itself. */
export const marks = (): Promise<typeof import("@observablehq/plot")> => import("@observablehq/plot");
