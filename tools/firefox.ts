/**
 * Drives the Firefox of this machine by WebDriver BiDi (https://w3c.github.io/webdriver-bidi/), which it speaks by itself; playwright
 * wants a Firefox of its own.
 *
 * @module
 */
import { findProgram, removeInTime } from "./browser.ts";

/** The command of a Firefox on the PATH, under the names that systems give it; undefined if there is none. */
export function findFirefox(): Promise<string | undefined> {
  return findProgram("firefox-esr", "firefox");
}

/** A message of Firefox: the answer to a command, or an event. */
interface Message {
  readonly id?: number;
  readonly type: "success" | "error" | "event";
  readonly method?: string;
  // deno-lint-ignore no-explicit-any -- each command and event has its own
  readonly result?: any;
  readonly params?: { readonly level: string; readonly type: string; readonly text: string };
  readonly message?: string;
}

/** One tab of a Firefox with a profile of its own. */
export class Firefox {
  /** What programs of pages failed with. */
  readonly failures: string[] = [];
  readonly #socket: WebSocket;
  readonly #end: () => Promise<void>;
  readonly #pending = new Map<number, (message: Message) => void>();
  #commands = 0;
  #context = "";

  private constructor(socket: WebSocket, end: () => Promise<void>) {
    this.#socket = socket;
    this.#end = end;
    socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
  }

  /** Starts a Firefox. */
  static async open(program: string): Promise<Firefox> {
    const profile = await Deno.makeTempDir({ prefix: "evenkeel-firefox-" });
    const process = new Deno.Command(program, {
      args: ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port=0", "about:blank"],
      // It refuses the home of somebody else, and would leave a cache in ours.
      env: { HOME: profile },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const end = async () => {
      await process.status;
      await removeInTime(profile);
    };
    const address = await addressIn(process.stderr);
    if (address === undefined) {
      await end();
      throw new Error(`${program} ended before it listened.`);
    }
    const socket = new WebSocket(`${address}/session`);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = () => reject(new Error(`${program} does not answer at ${address}.`));
    });
    const firefox = new Firefox(socket, end);
    await firefox.#command("session.new", { capabilities: {} });
    await firefox.#command("session.subscribe", { events: ["log.entryAdded"] });
    firefox.#context = (await firefox.#command("browsingContext.getTree", {})).contexts[0].context;
    return firefox;
  }

  /** Opens an address, and waits until it is loaded. */
  async goto(url: string): Promise<void> {
    await this.#command("browsingContext.navigate", { context: this.#context, url, wait: "complete" });
  }

  /** The value of an expression in the page, which may be a promise. */
  async evaluate(expression: string): Promise<unknown> {
    const target = { context: this.#context };
    const { result, exceptionDetails } = await this.#command("script.evaluate", {
      expression,
      target,
      awaitPromise: true,
    });
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${exceptionDetails.text}`);
    return result.value;
  }

  /** Waits until an expression in the page is true, two minutes at most. */
  async waitFor(expression: string): Promise<void> {
    await this.evaluate(`new Promise((resolve, reject) => {
      const look = () => (${expression}) ? resolve() : setTimeout(look, 50);
      setTimeout(() => reject(new Error("it did not become true in two minutes")), 120_000);
      look();
    })`);
  }

  /** Chooses files in an input. */
  async setFiles(selector: string, files: readonly string[]): Promise<void> {
    const context = this.#context, locator = { type: "css", value: selector };
    const { nodes: [{ sharedId }] } = await this.#command("browsingContext.locateNodes", { context, locator });
    await this.#command("input.setFiles", { context, element: { sharedId }, files });
  }

  /** Ends it. */
  async close(): Promise<void> {
    await this.#command("browser.close", {});
    this.#socket.close();
    await this.#end();
  }

  #command(method: string, params: unknown): Promise<NonNullable<Message["result"]>> {
    const id = ++this.#commands;
    this.#socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve, reject) => {
      this.#pending.set(id, ({ type, result, message }) => {
        if (type === "success") resolve(result);
        else reject(new Error(`${method}: ${message}`));
      });
    });
  }

  #receive(message: Message): void {
    if (message.id !== undefined) {
      this.#pending.get(message.id)?.(message);
      this.#pending.delete(message.id);
    } else if (message.params?.level === "error" && message.params.type === "javascript") {
      this.failures.push(message.params.text);
    }
  }
}

/** The address at which a Firefox listens, which it tells; the rest of what it says is read and forgotten. */
async function addressIn(stderr: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  let said = "";
  (async () => {
    for await (const text of stderr.pipeThrough(new TextDecoderStream())) {
      said = (said + text).slice(-1000);
      const address = /WebDriver BiDi listening on (ws:\S+)\s/.exec(said)?.[1];
      if (address !== undefined) resolve(address);
    }
    resolve(undefined);
  })();
  return await promise;
}
