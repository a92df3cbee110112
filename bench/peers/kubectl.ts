import { type Peer, RUNS } from "./peer.ts";
import { APP, plainObjects, type Site } from "./site.ts";

const DEPLOYMENT = `deployment/${APP}`;

/** `kubectl rollout undo`, and `kubectl rollout status` to know when it is over. */
export function kubectl(graceful: boolean): Peer {
  return {
    name: `kubectl rollout undo${graceful ? ", preStop" : ""}`,
    runs: RUNS,
    prepare: async () => undefined,
    install: async (site, subject, image) => {
      await site.apply(plainObjects(subject, image, graceful));
      await rolledOut(site);
    },
    change: async (site, image) => {
      await site.kubectl("set", "image", DEPLOYMENT, `${APP}=${image}`);
      await rolledOut(site);
    },
    rollBack: async (site) => {
      await site.kubectl("rollout", "undo", DEPLOYMENT);
      await rolledOut(site);
    },
    remove: async () => {},
  };
}

async function rolledOut(site: Site): Promise<void> {
  await site.kubectl("rollout", "status", DEPLOYMENT, "--timeout=120s");
}
