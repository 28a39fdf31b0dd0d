/** A command ended with an exit code that says how; its message is one line that says what to do. */
export class Failure extends Error {
  /** 1 where the answer is no, 2 for bad usage and files that cannot be read. */
  readonly exitCode: 1 | 2;

  /** Ends a command. */
  constructor(message: string, exitCode: 1 | 2, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
