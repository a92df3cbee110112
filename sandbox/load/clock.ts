/** Milliseconds since 1970 with their fractions, by a clock that never jumps while this process lives. */
export function epochNow(): number {
  return performance.timeOrigin + performance.now();
}

/** Milliseconds of the machine's monotonic clock, which is the same in all its processes. */
function monotonicNow(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** What another process on this machine needs to tell the time exactly as this one does. */
export function clockAnchor(): number {
  return epochNow() - monotonicNow();
}

/** The clock of the process that made the anchor. */
export function clockOf(anchor: number): () => number {
  return () => anchor + monotonicNow();
}
