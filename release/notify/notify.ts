import { maskSecrets } from "../mask.ts";
import type { Delivery } from "../record.ts";
import { attempt, PACE, type Pace } from "./attempts.ts";
import { type Channel, Undelivered } from "./channel.ts";
import type { Notice } from "./notice.ts";

/**
 * Tells all channels at once, each within a few seconds. Never fails: no release does for want of a message.
 * @returns what became of each that is told of such a thing, for the run's record
 */
export async function notify(
  notice: Notice,
  channels: readonly Channel[],
  pace: Pace = PACE,
): Promise<Delivery[]> {
  return Promise.all(
    channels
      .filter((channel) => channel.wants(notice))
      .map(async (channel) => {
        const result = await tell(notice, channel, pace);
        return { channel: channel.name, ...maskSecrets(result, channel.secrets) };
      }),
  );
}

async function tell(notice: Notice, channel: Channel, pace: Pace): Promise<Omit<Delivery, "channel">> {
  try {
    return { ok: true, detail: await attempt((signal) => channel.send(notice, signal), pace) };
  } catch (error) {
    // Anything else is a fault of ours, and its message may quote what was sent.
    const detail = error instanceof Undelivered ? error.message : `failed: ${(error as Error).name}`;
    return { ok: false, detail };
  }
}
