// Calls of a function on a list of arguments without the cost of spreading it, which would weigh on the shortest workloads.

type Callee = (...inputs: unknown[]) => unknown;

export function bound(f: Callee, [a, b, c, d, ...rest]: readonly unknown[]): () => unknown {
  if (rest.length > 0) return () => f(a, b, c, d, ...rest);
  if (d !== undefined) return () => f(a, b, c, d);
  if (c !== undefined) return () => f(a, b, c);
  return b === undefined ? () => f(a) : () => f(a, b);
}

/** One call on each list. */
export function onEach(f: Callee, lists: readonly (readonly unknown[])[]): () => void {
  const calls = lists.map((inputs) => bound(f, inputs));
  return () => {
    for (const call of calls) call();
  };
}
