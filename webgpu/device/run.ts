import type { Device } from "../wgsl/team.ts";
import type { Commands } from "./commands.ts";
import type { BufferPool } from "./pool.ts";

/** What passes run on. */
export interface Run {
  readonly commands: Commands;
  readonly pool: BufferPool;
  readonly device: Device;
  /** Whether the device's compiler must be kept from rearranging sums. */
  readonly fenced: boolean;
  /** The most bytes that can be bound at once, and what their beginning is a multiple of. */
  readonly bindingBytes: number;
  readonly alignment: number;
}
