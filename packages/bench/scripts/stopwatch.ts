// How long this process worked. It knows the clock of the wall and that of the processor.

/**
 * Starts; what it gives stops, and tells milliseconds: of the wall's clock or of the time all threads had the processor, whichever is less.
 * While other processes have the processor the wall's clock runs on; where several threads work at once the other is ahead.
 */
export function startStopwatch(): () => number {
  const work = process.cpuUsage();
  const start = performance.now();
  return () => {
    const wall = performance.now() - start;
    const { user, system } = process.cpuUsage(work);
    return Math.min(wall, (user + system) / 1000);
  };
}
