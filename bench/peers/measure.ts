import type { BenchContext } from "../bench.ts";
import { wayLine } from "../release/course.ts";
import type { Subject } from "../release/subject.ts";
import { measureWithdrawal, type Withdrawal } from "../release/withdrawal.ts";
import { argoRollouts } from "./argo-rollouts.ts";
import { helm } from "./helm.ts";
import { kubectl } from "./kubectl.ts";
import type { Peer } from "./peer.ts";
import { HOSTNAME, withSite } from "./site.ts";

/** Each tool as plain as most users have it, and with the service's graceful shutdown. */
const PEERS: readonly Peer[] = [
  kubectl(false),
  kubectl(true),
  helm(false),
  helm(true),
  argoRollouts(false),
  argoRollouts(true),
];

/** Images of the demo service; without a release from elsewhere, answers name the image's tag. */
const GOOD = "r1";
const BAD = "r2";

/** Each peer's ways back under the same load as ours, or why there are none. */
export async function measurePeers(
  subject: Subject,
  context: BenchContext,
): Promise<Record<string, Withdrawal[] | string>> {
  const ways: Record<string, Withdrawal[] | string> = {};
  for (const peer of PEERS) {
    ways[peer.name] =
      (await peer.prepare(context)) ?? (await measurePeer(peer, subject, context).catch(failed));
    context.signal.throwIfAborted();
  }
  return ways;
}

/** A tool of others' that does not work here takes none of the other figures with it. */
function failed(error: Error): string {
  return `failed: ${error.message.split("\n")[0]}`;
}

async function measurePeer(
  peer: Peer,
  subject: Subject,
  { report, signal }: BenchContext,
): Promise<Withdrawal[]> {
  const [good, bad] = [subject.image(GOOD), subject.image(BAD)];
  const ways: Withdrawal[] = [];
  await withSite(subject, signal, async (site) => {
    try {
      await peer.install(site, subject, good);
      for (let run = 1; run <= peer.runs; run += 1) {
        signal.throwIfAborted();
        await peer.change(site, bad);
        const move = { hostname: HOSTNAME, from: BAD, to: GOOD };
        const way = await measureWithdrawal(move, () => peer.rollBack(site, good));
        report(wayLine(peer.name, way));
        ways.push(way);
      }
    } finally {
      await peer.remove(site);
    }
  });
  return ways;
}
