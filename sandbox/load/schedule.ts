import { CONNECTIONS, type Connection } from "./report.ts";

/** When each request has to be sent: the times depend on nothing but the start and the rate, never on answers. */
export interface Schedule {
  /** Time of a request, counted from 0, in the unit and from the origin of `start`: milliseconds. */
  dueAt(index: number): number;
  /** How many requests must have been sent by a time. */
  dueBy(time: number): number;
}

/** @param rate requests per second. */
export function schedule(start: number, rate: number): Schedule {
  const period = 1000 / rate;
  return {
    dueAt: (index) => start + index * period,
    dueBy: (time) => (time < start ? 0 : Math.floor((time - start) / period) + 1),
  };
}

/** The connection that a request uses: each kind in turn. */
export function connectionOf(index: number, kind: Connection | "both"): Connection {
  return kind === "both" ? (CONNECTIONS[index % CONNECTIONS.length] as Connection) : kind;
}
