import type { Key, Placement } from "./placement.ts";

/**
 * How a workgroup is shared out: `keys` teams of `lanes` invocations, each of which adds up one key (a statistic or a parameter).
 * Lanes of a team stand beside each other where a key's elements do, and teams do where the keys' do, so that an access to memory is
 * always to neighbours.
 */
export interface Team {
  readonly keys: number;
  readonly lanes: number;
  readonly across: boolean;
}

/** What of a device matters for teams. */
export interface Device {
  /** The most invocations of a workgroup. */
  readonly invocations: number;
  /** Whether it is software: barriers are what costs most there, so that workgroups are small. */
  readonly software: boolean;
  /** So many neighbouring invocations, a power of two, hand each other values without workgroup memory; 1 where that cannot be. */
  readonly subgroup: number;
}

/** So many values of each of its elements an invocation keeps in registers, at most. */
const REGISTERS = 32;
/** And on software, where the text does not say how many. */
export const MOST_REGISTERS = 8;

/** Invocations of a workgroup that software is fastest with. */
const SOFTWARE_LANES = 16;

/** So many keys across memory are neighbours enough for whole cache lines. */
const NEIGHBOURS = 32;

/** The registers of each lane, of so many elements each, if a team can hold all of a statistic. */
export interface Held {
  readonly team: Team;
  readonly registers: number;
  /** Whether loops over registers are written out, so that compilers keep arrays in registers. Those of software take long for that. */
  readonly unrolled: boolean;
}

/**
 * A team that keeps all elements of a statistic in registers, so that memory is read once; undefined where that is no gain. One that
 * `walks` over many statistics, with sums of their elements in registers too, has more lanes.
 */
export function heldBy(device: Device, placement: Placement, walks = false): Held | undefined {
  const width = placement.widthFor("statistic"), units = placement.members("statistic") / width;
  const statistics = placement.keys("statistic"), across = placement.isAcross("statistic");
  if (statistics < 128 && units * width > 1024) return undefined; // too few teams to keep a device busy
  if (device.software) return heldBySoftware(units, across);
  const usual = usualLanes(device), most = Math.min(device.invocations, 1024), deep = REGISTERS / width;
  const neighbours = across ? Math.min(NEIGHBOURS, usual, powerOfTwo(statistics)) : 1;
  let lanes = 1;
  // Few registers are faster, as more teams are at work at once; many are better than reading twice.
  while (lanes * neighbours < most && units > lanes * deep / (walks ? 8 : 4)) lanes *= 2;
  if (walks) { while (lanes * neighbours < usual / 4 && units > lanes) lanes *= 2; }
  const registers = Math.max(Math.ceil(units / lanes), 1);
  if (registers > deep / (walks ? 2 : 1)) return undefined;
  const keys = Math.max(neighbours, Math.min(usual / lanes, powerOfTwo(statistics)), 1);
  return { team: { keys, lanes, across }, registers, unrolled: true };
}

/** Software compiles for longer than it computes: two kinds of teams, and programs for any number of registers, are enough. */
function heldBySoftware(units: number, across: boolean): Held | undefined {
  const lanes = across || units <= 4 * MOST_REGISTERS ? 4 : SOFTWARE_LANES,
    registers = Math.max(Math.ceil(units / lanes), 1);
  if (registers > MOST_REGISTERS) return undefined;
  return { team: { keys: SOFTWARE_LANES / lanes, lanes, across }, registers, unrolled: false };
}

/** The team for keys whose elements are read in chunks. */
export function chunkTeam(device: Device, placement: Placement, key: Key): Team {
  const usual = usualLanes(device), across = placement.isAcross(key);
  const most = device.software ? 4 : Math.min(NEIGHBOURS, usual, powerOfTwo(placement.keys(key)));
  const keys = across ? most : 1;
  return { keys, lanes: usual / keys, across };
}

/** Invocations of a workgroup: what suits cards of all makers. */
function usualLanes({ software, invocations }: Device): number {
  return software ? SOFTWARE_LANES : Math.min(invocations, 256);
}

function powerOfTwo(least: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(least, 1)));
}

/** `lane` and `member`, the places of invocation t in its team and of its team in the workgroup. */
export function placeInTeam({ keys, lanes, across }: Team): string {
  return across
    ? `  let lane = t / ${keys}u; let member = t % ${keys}u;`
    : `  let lane = t % ${lanes}u; let member = t / ${lanes}u;`;
}

/**
 * `addUp(t, lane, v)`: the sum of v over the lanes of a team, and `addTeams(t, member, v)`: over the teams of a workgroup. All that are
 * added get the same bits. All invocations of a workgroup must come by.
 */
export function addition({ subgroup }: Device, { keys, lanes, across }: Team): string {
  return `
var<workgroup> sums: array<vec4f, ${keys * lanes}>;
${sumOf("addUp", lanes, across ? keys : 1, subgroup)}
${sumOf("addTeams", keys, across ? 1 : lanes, subgroup)}`;
}

/**
 * A sum of `size` values that are `step` apart: first of those within a subgroup, each invocation with the one whose number differs from
 * its own in one bit, and with that of the next bit; then of what these come to, through workgroup memory, where each invocation adds up a
 * few by itself, as that costs less than more barriers.
 */
function sumOf(name: string, size: number, step: number, subgroup: number): string {
  const within = Math.min(size, Math.max(subgroup / step, 1)), count = size / within, last = Math.min(count, 16);
  const exchanges = Array.from(
    { length: Math.log2(within) },
    (_, bit) => `  own += subgroupShuffleXor(own, ${2 ** bit * step}u);`,
  );
  const apart = step * within;
  const shared = `
  sums[t] = own;
  workgroupBarrier();
  ${
    count > last
      ? `for (var half = ${count / 2}u; half >= ${last}u; half >>= 1u) {
    if (i < half * ${within}u) { sums[t] += sums[t + half * ${apart}u]; }
    workgroupBarrier();
  }`
      : ""
  }
  let first = t - i * ${step}u;
  own = sums[first];
  for (var other = 1u; other < ${last}u; other++) { own += sums[first + other * ${apart}u]; }
  workgroupBarrier();`;
  return `
fn ${name}(t: u32, i: u32, v: vec4f) -> vec4f {
  var own = v;
${exchanges.join("\n")}
${count > 1 ? shared : ""}
  return own;
}`;
}
