/**
 * What the messages of SyncBatchNorm cost on paper: `deno run tools/mpi/cost_model.ts` prints the tables of
 * statistics/DISTRIBUTED.md.
 *
 * A message of n bytes takes alpha + n beta seconds (Hockney 1994), and reducing a byte gamma. The collective operations are those of
 * Thakur, Rabenseifner and Gropp, Optimization of Collective Communication Operations in MPICH (2005), for P ranks.
 */
import { formatTime, table } from "../table.ts";

/** What joins the ranks; all in seconds. */
interface Network {
  name: string;
  /** For each message. */
  alpha: number;
  /** For each byte. */
  beta: number;
}

/** Seconds of a collective operation on messages of n bytes each. */
type Collective = (network: Network, ranks: number, n: number, gamma: number) => number;

const rounds = (ranks: number) => Math.ceil(Math.log2(ranks));

/** Each rank exchanges all it has with one twice as far away in each round. */
export const recursiveDoubling: Collective = ({ alpha, beta }, ranks, n, gamma) =>
  rounds(ranks) * (alpha + n * beta + n * gamma);

/** Rabenseifner: half as much in each round until every rank has reduced its part, then back. */
export const halvingAndDoubling: Collective = ({ alpha, beta }, ranks, n, gamma) =>
  2 * rounds(ranks) * alpha + (ranks - 1) / ranks * n * (2 * beta + gamma);

/** Each rank sends parts to its neighbour. */
export const ring: Collective = ({ alpha, beta }, ranks, n, gamma) =>
  2 * (ranks - 1) * alpha + (ranks - 1) / ranks * n * (2 * beta + gamma);

/** The best of them. */
export const allReduce: Collective = (...given) =>
  Math.min(...[recursiveDoubling, halvingAndDoubling, ring].map((collective) => collective(...given)));

/** Every rank gets the messages of all, and reduces them itself. */
export const allGather: Collective = ({ alpha, beta }, ranks, n, gamma) =>
  rounds(ranks) * alpha + (ranks - 1) * n * (beta + gamma);

const ethernet: Network = { name: "Ethernet", alpha: 30e-6, beta: 0.8e-9 };
const infiniBand: Network = { name: "InfiniBand", alpha: 2e-6, beta: 0.05e-9 };

/** Measured: seconds for each byte of moments, and of sums. */
const gamma = { moments: 0.3e-9, sum: 0.07e-9 };

/** Bytes a channel: four float64 forward, two backward. */
const bytes = { moments: 32, sum: 16 };

/** Seconds of the two messages of one layer. */
function step(network: Network, ranks: number, channels: number, forward: Collective): number {
  return forward(network, ranks, bytes.moments * channels, gamma.moments) +
    allReduce(network, ranks, bytes.sum * channels, gamma.sum);
}

/** The layers of ResNet-50: how many have how many channels. */
const resNet50 = [[64, 7], [128, 8], [256, 16], [512, 11], [1024, 7], [2048, 4]];

interface Row {
  network: Network;
  what: string;
  cost(ranks: number): number;
}

const networks = [ethernet, infiniBand];
const rows: Row[] = [
  ...networks.flatMap((network) =>
    [64, 256, 2048].map((channels) => ({
      network,
      what: `${channels} channels`,
      cost: (ranks: number) => step(network, ranks, channels, allReduce),
    }))
  ),
  ...networks.flatMap((network) =>
    Object.entries({ "": allReduce, ", all-gather forward": allGather }).map(([how, forward]) => ({
      network,
      what: `ResNet-50${how}`,
      cost: (ranks: number) =>
        resNet50.reduce((sum, [channels, layers]) => sum + layers * step(network, ranks, channels, forward), 0),
    }))
  ),
];

if (import.meta.main) {
  console.log(table<Row>([
    { title: "a step of", cell: ({ what }) => what },
    { title: "network", cell: ({ network }) => network.name },
    ...[8, 64, 1024].map((ranks) => ({
      title: `${ranks} ranks`,
      cell: ({ cost }: Row) => formatTime(1e3 * cost(ranks)),
      align: "right" as const,
    })),
  ], rows));
}
