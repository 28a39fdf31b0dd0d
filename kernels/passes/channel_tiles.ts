import type { Engine } from "../engines/engine.ts";
import { Reader } from "./normalize.ts";
import type { Tensor } from "../tensor.ts";
import { groupsOf, type ViewTile } from "./tiles.ts";
import { channelAxes, type View, viewOf } from "./view.ts";

/** Brings tile after tile of x into the engine; `channelOf` tells of what channel each of its lines is. */
export function forEachTile(
  engine: Engine,
  x: Tensor,
  axis: number,
  visit: (view: View, tile: ViewTile, channelOf: (line: number) => number) => void,
): void {
  const view = viewOf(channelAxes(x.dims, axis), false), { statistic } = engine.lines;
  const reader = new Reader(view, engine), groups = groupsOf(view, engine);
  for (let g = 0; g < groups.count; g++) {
    const group = groups.at(g);
    reader.turnTo(group);
    const channelOf = (line: number) => group.base + statistic[line];
    for (const tile of group.tiles) {
      reader.read(tile, x.data);
      visit(view, tile, channelOf);
    }
  }
}
