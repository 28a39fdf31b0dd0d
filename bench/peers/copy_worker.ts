/** The second of two threads that copy: does its half when it is told to. */
interface Half {
  from: Float32Array;
  to: Float32Array;
  done: Int32Array;
}

addEventListener("message", (event) => {
  const { from, to, done } = (event as MessageEvent<Half>).data;
  to.set(from);
  Atomics.store(done, 0, 1);
  Atomics.notify(done, 0);
});
