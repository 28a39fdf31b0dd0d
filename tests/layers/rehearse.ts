import type { Communicator, Reduction } from "../../statistics/ranks/communicator.ts";
import { reduce } from "../../statistics/ranks/reduce.ts";

/** What ranks computed, and the messages they sent. */
export interface Rehearsal<T> {
  outputs: T[];
  messages: { operation: Reduction; length: number }[];
}

/**
 * Runs a program on so many ranks in one thread. Each rank runs until it sends a message that it has not been answered yet; when all
 * have sent it, it is reduced, and they begin again with one more answer. So the program must do the same each time.
 */
export function rehearse<T>(size: number, program: (communicator: Communicator) => T): Rehearsal<T> {
  const answers: { operation: Reduction; values: Float64Array }[] = [], pause = new Error("not answered yet");
  while (true) {
    const sent: typeof answers = [];
    const outputs = Array.from({ length: size }, (_, rank) => {
      const answered = answers.values();
      const allReduce = (values: Float64Array, operation: Reduction = "sum") => {
        const { value: answer } = answered.next();
        if (answer) return values.set(answer.values);
        sent.push({ operation, values: values.slice() });
        throw pause;
      };
      try {
        return program({ rank, size, allReduce, allGather: () => [] });
      } catch (error) {
        if (error !== pause) throw error;
        return undefined;
      }
    });
    if (sent.length === 0) {
      return {
        outputs: outputs as T[],
        messages: answers.map(({ operation, values }) => ({ operation, length: values.length })),
      };
    }
    if (sent.length < size) throw new Error(`${sent.length} of ${size} ranks have sent message ${answers.length}.`);
    const [first, ...others] = sent;
    for (const { values } of others) reduce(first.values, values, first.operation);
    answers.push(first);
  }
}
