import type { Key, Placement } from "../wgsl/placement.ts";
import { chunkTeam, placeInTeam, type Team } from "../wgsl/team.ts";
import type { Run } from "../device/run.ts";

/** Sums of at least so many elements, and at most so many sums for each key. */
const CHUNK = 4096;
const MOST_CHUNKS = 512;

/** How a slab is cut: keys by team, and each key's elements into chunks. */
export interface Chunks {
  readonly team: Team;
  readonly length: number;
  readonly count: number;
  readonly groups: number;
}

/** The chunks of a slab's keys. */
export function chunksOf(run: Run, placement: Placement, key: Key, width: 1 | 4): Chunks {
  const team = chunkTeam(run.device, placement, key), members = placement.members(key), unit = team.lanes * width;
  const least = Math.max(CHUNK / team.keys, members / MOST_CHUNKS), length = Math.ceil(least / unit) * unit;
  const count = Math.ceil(members / length);
  return { team, length, count, groups: Math.ceil(placement.keys(key) / team.keys) * count };
}

/** `key` and `chunk` of a workgroup's team, whether there are such, and where the chunk begins and ends. */
export function chunkText({ team }: Chunks): string {
  return `
${placeInTeam(team)}
  let blocks = (u.keys + ${team.keys - 1}u) / ${team.keys}u;
  let key = (group % blocks) * ${team.keys}u + member; let chunk = group / blocks;
  let live = key < u.keys && chunk < u.chunks;
  let first = chunk * u.length; let end = select(0u, min(first + u.length, u.members), live);
  let base = keyAt(key);`;
}

/** The text of a loop of a team over its chunk; e is the place of each element, or of the first of four. */
export function overChunk({ lanes }: Team, width: 1 | 4, body: string): string {
  return `  for (var j = first + lane * ${width}u; j < end; j += ${lanes * width}u) {
    let e = base + memberAt(j);
    ${body}
  }`;
}
