import { SubgraphBuilder, type Value } from "../build/subgraph_builder.ts";

/** Nodes that read values of a graph and give others of it, to be put in their place by {@linkcode Editor.replace}. */
export class Fragment extends SubgraphBuilder {
  readonly #read = new Map<string, Value>();
  readonly #given: string[] = [];

  /** Begins a fragment. */
  constructor() {
    super("fragment");
  }

  /** A value of the graph, by its name there. Names within the fragment are apart from those. */
  value(name: string): Value {
    const value = this.#read.get(name) ?? this.input(`read ${this.#read.size}`);
    this.#read.set(name, value);
    return value;
  }

  /** Has a value of the fragment stand for one of the graph, by its name there. */
  give(name: string, value: Value): void {
    this.output(`given ${this.#given.length}`, value);
    this.#given.push(name);
  }

  /** The names in the graph of what it reads, in the order of its inputs, and of what it gives, in that of its outputs. */
  get names(): { readonly read: readonly string[]; readonly given: readonly string[] } {
    return { read: [...this.#read.keys()], given: [...this.#given] };
  }
}
