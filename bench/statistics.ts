import { quantile } from "../infra/lib/quantile.ts";

/** Measured values of one figure. */
export interface Figure {
  /** `area.what`: a key of the JSON output. */
  readonly name: string;
  readonly unit: "s" | "ms" | "MiB" | "GiB" | "requests" | "points" | "resources";
  readonly samples: readonly number[];
  /** The value that must not be exceeded, in the same unit. */
  readonly limit?: number;
  /** What must not exceed the limit. @default median */
  readonly limitOn?: keyof Summary;
  /** What the values were taken from: `41,230 requests, 20,615 over new connections`. */
  readonly note?: string;
  /** The same work done by others, measured in the same run: name -> values, or why there are none. */
  readonly peers?: Readonly<Record<string, readonly number[] | string>>;
}

/** What is said of a set of values. */
export interface Summary {
  readonly median: number;
  readonly p95: number;
  readonly max: number;
}

/** A summary with the number of its values. */
export interface Measured extends Summary {
  readonly runs: number;
}

/** A figure as it is printed: summaries in place of values, and whether the limit was kept. */
export interface Reported extends Measured, Omit<Figure, "name" | "samples" | "peers"> {
  readonly missed?: true;
  readonly peers?: Readonly<Record<string, Measured | string>>;
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
export function report({ name: _, samples, peers, ...rest }: Figure): Reported {
  const own = measured(samples);
  const { limit, limitOn = "median" } = rest;
  return {
    ...own,
    ...rest,
    ...(limit !== undefined && own[limitOn] > limit ? { missed: true } : {}),
    ...(peers === undefined
      ? {}
      : {
          peers: Object.fromEntries(
            Object.entries(peers).map(([name, values]) => [
              name,
              typeof values === "string" ? values : measured(values),
            ]),
          ),
        }),
  };
}

function measured(samples: readonly number[]): Measured {
  return { ...summarise(samples), runs: samples.length };
}
