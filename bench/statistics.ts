/** Measured values of one figure. */
export interface Figure {
  /** `area.what`: a key of the JSON output. */
  readonly name: string;
  readonly unit: "s" | "ms" | "MiB" | "GiB";
  readonly samples: readonly number[];
  /** The value that the median must not exceed, in the same unit. */
  readonly limit?: number;
  /** The same work done by others, measured in the same run: name -> values. */
  readonly peers?: Readonly<Record<string, readonly number[]>>;
}

/** What is said of a set of values. */
export interface Summary {
  readonly median: number;
  readonly p95: number;
  readonly max: number;
}

/** A figure as it is printed: summary, number of runs, and the same for each peer. */
export interface Reported extends Summary {
  readonly unit: Figure["unit"];
  readonly runs: number;
  readonly limit?: number;
  readonly peers?: Readonly<Record<string, Summary>>;
}

/** The value below or at which a share (0 to 1) of the sorted values lies: the nearest rank, never interpolated. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError("no values");
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number;
}

/** Median, 95th percentile and maximum, rounded to three places. */
export function summarise(values: readonly number[]): Summary {
  const round = (value: number) => Math.round(value * 1000) / 1000;
  return {
    median: round(quantile(values, 0.5)),
    p95: round(quantile(values, 0.95)),
    max: round(quantile(values, 1)),
  };
}

/** A figure with its summary in place of the values. */
export function report({ unit, samples, limit, peers }: Figure): Reported {
  return {
    ...summarise(samples),
    unit,
    runs: samples.length,
    ...(limit === undefined ? {} : { limit }),
    ...(peers === undefined
      ? {}
      : {
          peers: Object.fromEntries(Object.entries(peers).map(([name, values]) => [name, summarise(values)])),
        }),
  };
}
