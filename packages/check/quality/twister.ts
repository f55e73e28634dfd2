/** The random streams that PyTorch and NumPy start every check from, so that the rules taken from them look along their own directions. */

/** Matsumoto and Nishimura's MT19937 (ACM Transactions on Modeling and Computer Simulation 8 (1998) 3-30): 32-bit words from a seed. */
export function twisterFrom(seed: number): () => number {
  const state = new Uint32Array(624);
  state[0] = seed;
  for (let i = 1; i < 624; i++) state[i] = Math.imul(1812433253, state[i - 1]! ^ (state[i - 1]! >>> 30)) + i;
  let next = 624;
  const twist = (): void => {
    for (let i = 0; i < 624; i++) {
      const y = (state[i]! & 0x80000000) | (state[(i + 1) % 624]! & 0x7fffffff);
      state[i] = state[(i + 397) % 624]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    next = 0;
  };
  return () => {
    if (next === 624) twist();
    let y = state[next++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  };
}

/** `torch.rand` of float32 from a fresh `torch.Generator()`, whose seed is 67280421310721. */
export function torchRand(): () => number {
  const word = twisterFrom(Number(67280421310721n & 0xffffffffn));
  return () => (word() & 0xffffff) / 2 ** 24;
}

/** `numpy.random.RandomState(seed).randn`: Marsaglia's polar method, the second of each pair first. */
export function numpyRandn(seed: number): () => number {
  const word = twisterFrom(seed);
  const uniform = (): number => ((word() >>> 5) * 67108864 + (word() >>> 6)) / 9007199254740992;
  let kept: number | undefined;
  return () => {
    if (kept !== undefined) {
      const found = kept;
      kept = undefined;
      return found;
    }
    for (;;) {
      const [x, y] = [2 * uniform() - 1, 2 * uniform() - 1];
      const r = x * x + y * y;
      if (r >= 1 || r === 0) continue;
      const f = Math.sqrt((-2 * Math.log(r)) / r);
      kept = f * x;
      return f * y;
    }
  };
}
