import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { isRun } from "../../../kernels/engines/tile.ts";
import { allocate } from "../../../kernels/mod.ts";
import { planDifferentiation } from "../../../kernels/passes/gradient.ts";
import { planNormalization } from "../../../kernels/passes/normalize.ts";
import { standardDeviation } from "../../../kernels/passes/statistics.ts";
import { groupsOf, locate, type ViewTile } from "../../../kernels/passes/tiles.ts";
import { type Axis, channelAxes, groupAxes, reducedAxes, type View, viewOf } from "../../../kernels/passes/view.ts";

const dims = fc.array(fc.integer({ min: 0, max: 7 }), { minLength: 2, maxLength: 5 });

/** The axes of every normalization, over random dims. */
const axes: fc.Arbitrary<Axis[]> = dims.chain((dims) =>
  fc.oneof(
    fc.subarray([...dims.keys()], { minLength: 1 }).map((reduced) => reducedAxes(dims, reduced)),
    fc.integer({ min: 0, max: dims.length - 1 }).map((channel) => channelAxes(dims, channel)),
    fc.integer({ min: 1, max: dims.length - 1 }).chain((channel) => {
      const groups = [...new Array(dims[channel] + 1).keys()].filter((g) => g > 0 && dims[channel] % g === 0);
      return fc.constantFrom(...(groups.length ? groups : [1])).map((groups) => groupAxes(dims, channel, groups));
    }),
  )
);

/** The statistic and the parameter of every element, from its indices along the axes. */
function labels(axes: readonly Axis[]): { statistic: number; parameter: number }[] {
  return axes.reduce(
    (labels, { size, statisticStride, parameterStride }) =>
      labels.flatMap((label) =>
        Array.from({ length: size }, (_, i) => ({
          statistic: label.statistic + i * statisticStride,
          parameter: label.parameter + i * parameterStride,
        }))
      ),
    [{ statistic: 0, parameter: 0 }],
  );
}

/** Visits the elements of a tile with the index of their line and their place in it. */
function forEachElement(view: View, tile: ViewTile, visit: (at: number, line: number, place: number) => void): void {
  for (let l = 0; l < tile.lines; l++) {
    for (let k = 0; k < tile.length; k++) {
      visit(view.layout === "rows" ? tile.at + l * tile.length + k : tile.at + k * tile.pitch + l, l, tile.from + k);
    }
  }
}

/** How many parameters a window holds, as many at least as a tile of rows has elements, and what may be worked on where it stands. */
const maxima = fc.record({
  maxParameters: fc.integer({ min: 300, max: 400 }),
  inPlace: fc.integer({ min: 0, max: 900 }),
});

/** Engines have room for a line of each member of a group of channels, of which there are 7 here at most. */
const capacities = fc.integer({ min: 7, max: 300 }), mostLines = fc.integer({ min: 7, max: 40 });

Deno.test("tiles: every element is in one tile, with its statistic and its parameter, and groups hold all of theirs", () => {
  fc.assert(
    fc.property(
      axes,
      capacities,
      mostLines,
      fc.boolean(),
      fc.boolean(),
      maxima,
      (axes, capacity, maxLines, given, stay, { maxParameters, ...maxima }) => {
        const view = viewOf(axes, true), expected = labels(axes);
        const inPlace = view.layout === "columns" || view.parameters <= maxParameters ? maxima.inPlace : 0;
        const statistic = new Uint32Array(maxLines), parameter = new Uint32Array(maxLines);
        const seen = new Array(expected.length).fill(0), groupOf = new Map<number, unknown>();
        const limits = { capacity, columnCapacity: capacity, maxLines, maxParameters },
          groups = groupsOf(view, limits, { given, stay, inPlace });
        for (let g = 0; g < groups.count; g++) {
          const group = groups.at(g);
          for (const tile of group.tiles) {
            const room = isRun(tile) ? Math.max(capacity, inPlace) : capacity;
            assertEquals(tile.lines * tile.length <= room && tile.lines <= maxLines, true);
            if (view.along) assertEquals(tile.length <= maxParameters, true);
            if (tile.stride !== undefined) {
              assertEquals([stay, tile.stride, tile.length], [true, view.width, view.length]);
            }
            locate(view, tile, group.base, statistic, parameter);
            forEachElement(view, tile, (at, line, place) => {
              seen[at]++;
              assertEquals(statistic[line] < group.statistics, true);
              assertEquals(group.base + statistic[line], expected[at].statistic);
              assertEquals(parameter[line] + (view.along ? place : 0), expected[at].parameter);
              const first = groupOf.get(expected[at].statistic) ?? group;
              assertEquals(given || first === group, true);
              groupOf.set(expected[at].statistic, group);
            });
          }
        }
        assertEquals(seen.every((times) => times === 1), true);
      },
    ),
    { seed: 1, numRuns: 2000 },
  );
});

Deno.test("tiles: where arrays are worked on in place, a few threads all have some to do, even with few statistics", () => {
  const shapes: Record<string, [Axis[], number]> = {
    "16 channels": [groupAxes([1, 16, 128, 128], 1, 16), 8],
    "3 channels": [groupAxes([1, 3, 128, 128], 1, 3), 2],
    "16 groups": [groupAxes([2, 64, 64, 64], 1, 8), 8],
    "16 rows": [reducedAxes([16, 65536], [1]), 8],
    "64 rows": [reducedAxes([64, 16384], [1]), 16],
  };
  for (const [name, [axes, least]] of Object.entries(shapes)) {
    const view = viewOf(axes, false), x = allocate("float32", [view.statistics * view.count]).data;
    const pass = { view, measure: standardDeviation(1e-5), x, dy: x, y: x, dx: x };
    for (const planned of [planNormalization(pass, {}), planDifferentiation(pass, {})]) {
      planned((count) => assertEquals(count >= least, true, `${name}: ${count} shares`));
    }
  }
});

Deno.test("views: the layouts of the table", () => {
  const layouts: Record<string, [Axis[], Partial<View>]> = {
    "layer norm": [reducedAxes([8, 5], [1]), { layout: "rows", length: 5, along: true }],
    "batch norm, NCHW": [channelAxes([2, 3, 4, 5], 1), { layout: "rows", length: 20, along: false, statistics: 3 }],
    "batch norm, NHWC": [channelAxes([2, 4, 5, 3], 3), { layout: "columns", length: 40, width: 3, along: false }],
    "instance norm": [groupAxes([2, 3, 4, 5], 1, 3), { layout: "rows", length: 20, statistics: 6, count: 20 }],
    "group norm": [groupAxes([2, 6, 4, 5], 1, 3), { layout: "rows", length: 20, statistics: 6, count: 40 }],
    "group norm, NHWC": [groupAxes([2, 4, 5, 6], 3, 3), {
      layout: "columns",
      length: 20,
      width: 6,
      members: 2,
      statistics: 6,
      count: 40,
      along: false,
    }],
    "layer norm over channels": [reducedAxes([2, 3, 4, 5], [1]), {
      layout: "columns",
      length: 3,
      width: 20,
      along: true,
    }],
  };
  for (const [name, [axes, expected]] of Object.entries(layouts)) {
    const view = viewOf(axes, true);
    for (const [key, value] of Object.entries(expected)) {
      assertEquals(view[key as keyof View], value, `${name}: ${key}`);
    }
  }
});
