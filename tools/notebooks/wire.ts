/**
 * The messages of Jupyter's wire protocol, version 5.3, as frames for ZeroMQ. Each is signed with the key of the connection
 * (HMAC-SHA256), so that no other process on this machine can speak to the kernel, or for it.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHmac, timingSafeEqual } from "node:crypto";

/** What identifies a message. */
export interface Header {
  readonly msg_id: string;
  readonly session: string;
  readonly username: string;
  readonly date: string;
  readonly msg_type: string;
  readonly version: string;
}

/** A message, without the metadata and buffers that are of no use here. */
export interface Message {
  readonly header: Header;
  /** The header of the request that this answers; `{}` where it answers none. */
  readonly parent: Partial<Header>;
  readonly content: Readonly<Record<string, unknown>>;
}

const delimiter = "<IDS|MSG>";

/** The frames of a message: `<IDS|MSG>`, the signature, then header, parent header, metadata and content as JSON. */
export function encode({ header, parent, content }: Message, key: string): string[] {
  const parts = [header, parent, {}, content].map((part) => JSON.stringify(part));
  return [delimiter, sign(parts, key), ...parts];
}

/**
 * The message in frames that came from the kernel.
 *
 * @throws {Error} If they are no message, or the signature is not that of the key.
 */
export function decode(frames: readonly Uint8Array[], key: string): Message {
  const texts = frames.map((frame) => new TextDecoder().decode(frame));
  const start = texts.indexOf(delimiter) + 1;
  const signature = texts[start], parts = texts.slice(start + 1, start + 5);
  if (start === 0 || parts.length < 4) throw new Error(`Not a message of Jupyter's: ${frames.length} frames.`);
  if (!sameText(signature, sign(parts, key))) throw new Error("A message came with a wrong signature.");
  const [header, parent, , content] = parts.map((part) => JSON.parse(part));
  return { header, parent, content };
}

function sign(parts: readonly string[], key: string): string {
  const hmac = createHmac("sha256", key);
  for (const part of parts) hmac.update(part);
  return hmac.digest("hex");
}

function sameText(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
