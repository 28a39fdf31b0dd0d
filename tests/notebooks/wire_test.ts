import { assertEquals, assertThrows } from "@std/assert";
import { decode, encode, type Message } from "../../tools/notebooks/wire.ts";

const message: Message = {
  header: {
    msg_id: "1",
    session: "2",
    username: "me",
    date: "2026-01-01T00:00:00Z",
    msg_type: "status",
    version: "5.3",
  },
  parent: { msg_id: "0" },
  content: { execution_state: "idle", text: "naïve ∑" },
};
const bytes = (frames: readonly string[]) => frames.map((frame) => new TextEncoder().encode(frame));

Deno.test("a message is read as it was written, behind the frames that route it", () => {
  const frames = encode(message, "key");
  assertEquals(decode(bytes(["peer", "topic", ...frames]), "key"), message);
});

Deno.test("the signature is HMAC-SHA256 over the four parts", () => {
  // printf '%s' '{}{}{}{}' | openssl dgst -sha256 -hmac key
  const [, signature] = encode({ header: {} as Message["header"], parent: {}, content: {} }, "key");
  assertEquals(signature, "ca767b02c5bc061ed184a9a029e7f93a7f2f7ed4e8fe74120fc1212f0b008fa3");
});

Deno.test("a message that was changed on the way, or signed with another key, is refused", () => {
  const frames = encode(message, "key");
  assertThrows(() => decode(bytes(frames), "another key"), Error, "wrong signature");
  assertThrows(() => decode(bytes(frames.with(5, "{}")), "key"), Error, "wrong signature");
  assertThrows(() => decode(bytes(frames.with(1, "short")), "key"), Error, "wrong signature");
});

Deno.test("frames that are no message are refused", () => {
  assertThrows(() => decode(bytes(["hello"]), "key"), Error, "Not a message");
  assertThrows(() => decode(bytes(encode(message, "key").slice(0, 4)), "key"), Error, "Not a message");
});
