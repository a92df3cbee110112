import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { UserError } from "../../../infra/lib/errors.ts";
import { trafficPatch } from "../../../infra/slots/model/traffic.ts";
import { liveProcess } from "../../../machine/processes.ts";
import { Cluster, NoAnswer, Refused } from "../../../release/cluster.ts";
import { serviceIn } from "../../support/config.ts";
import { type Kubectl, kubectlThat } from "./kubectl.ts";

const ROUTE = { kind: "httproute", namespace: "demo-sandbox", name: "demo" };
const { head, operations } = trafficPatch(serviceIn("sandbox", "demo"), { blue: 100, green: 0 });

function clusterOf({ program }: Pick<Kubectl, "program">): Cluster {
  return new Cluster({ kubectl: program, context: "here", kubeconfig: "/nowhere/config" });
}

/** A kubectl that ends as if the answer had been this. */
function answering(stderr: string, exitCode = 1): Promise<Kubectl> {
  return kubectlThat(`cat >&2 <<'END'\n${stderr}\nEND\nexit ${exitCode}`);
}

describe("what is asked of kubectl", () => {
  it("names the context, and the kubeconfig without a flag", async () => {
    const kubectl = await kubectlThat('echo "{\\"kubeconfig\\": \\"$KUBECONFIG\\"}"');
    expect(await clusterOf(kubectl).get(ROUTE)).toEqual({ kubeconfig: "/nowhere/config" });
    expect(await kubectl.calls()).toEqual([
      expect.stringMatching(/^--context=here get httproute demo --namespace demo-sandbox --output=json$/),
    ]);
  });

  it("gives objects by stdin: command lines can be read by everybody", async () => {
    const kubectl = await kubectlThat("read_input");
    const object = { kind: "Secret", metadata: { name: "s" }, data: { token: "aGlkZGVu" } };
    await clusterOf(kubectl).create(object);
    expect(await kubectl.input()).toBe(JSON.stringify(object));
    expect((await kubectl.calls()).join()).not.toContain("aGlkZGVu");
  });

  it("is a list by labels", async () => {
    const kubectl = await kubectlThat(`echo '{"items": [{"metadata": {"name": "a"}}]}'`);
    const pods = await clusterOf(kubectl).list("pods", "demo-sandbox", "app=demo");
    expect(pods).toEqual([{ metadata: { name: "a" } }]);
    expect((await kubectl.calls())[0]).toContain("get pods --namespace demo-sandbox --selector app=demo");
  });

  it("does not trouble it with collecting garbage, unless the user says otherwise", async () => {
    const kubectl = await kubectlThat('echo "[\\"$GOGC\\", \\"$GOMEMLIMIT\\"]"');
    expect(await clusterOf(kubectl).get(ROUTE)).toEqual(["off", "256MiB"]);
    process.env.GOGC = "50";
    try {
      expect(await clusterOf(kubectl).get(ROUTE)).toEqual(["50", "256MiB"]);
    } finally {
      delete process.env.GOGC;
    }
  });
});

describe("what kubectl answers", () => {
  it("nothing there is no fault", async () => {
    const kubectl = await answering('Error from server (NotFound): httproutes "demo" not found');
    expect(await clusterOf(kubectl).get(ROUTE)).toBeUndefined();
  });

  it.each<[string, string]>([
    ['Error from server (Forbidden): deployments.apps is forbidden: User "x"', "Forbidden"],
    ["Error from server (Conflict): the object has been modified", "Conflict"],
    ["Error from server (AlreadyExists): leases already exists", "AlreadyExists"],
    ['The HTTPRoute "demo" is invalid: spec.rules: Required value', "Invalid"],
    ["The request is invalid: the server rejected our request due to an error in our request", "Invalid"],
  ])("%s: a refusal, with the server's own word", async (stderr, reason) => {
    const refusal = clusterOf(await answering(stderr)).patch(ROUTE, []);
    await expect(refusal).rejects.toBeInstanceOf(Refused);
    await expect(refusal).rejects.toMatchObject({ reason });
  });

  it.each([
    "Unable to connect to the server: dial tcp 127.0.0.1:16443: connect: connection refused",
    "Error from server (ServiceUnavailable): the server is currently unable to handle the request",
    "Error from server (TooManyRequests): etcdserver: too many requests",
    "",
  ])("%j: no answer, and the next may be one", async (stderr) => {
    await expect(clusterOf(await answering(stderr)).get(ROUTE)).rejects.toBeInstanceOf(NoAnswer);
  });

  it.each(['error: context "here" does not exist', "error: You must be logged in to the server"])(
    "%s: the user's to mend",
    async (stderr) => {
      const fault = clusterOf(await answering(stderr)).get(ROUTE);
      await expect(fault).rejects.toThrow("check slipway:cluster and the kubeconfig");
      await expect(fault).rejects.not.toBeInstanceOf(NoAnswer);
    },
  );

  it("nobody there: says what to install", async () => {
    const missing = clusterOf({ program: "/nowhere/kubectl" }).get(ROUTE);
    await expect(missing).rejects.toThrow("/nowhere/kubectl: cannot be run: ENOENT");
    await expect(missing).rejects.toBeInstanceOf(UserError);
  });

  it("too late is no answer, and whatever it started is not waited for", async () => {
    const kubectl = await kubectlThat("sleep 5 & wait");
    await expect(clusterOf(kubectl).raw("/readyz", 200)).rejects.toThrow("no answer in time");
  });
});

describe("a patch that waits for its time", () => {
  it("starts kubectl at once, and tells it the object when the time has come", async () => {
    const kubectl = await kubectlThat('read_input; echo done >> "$folder/calls"');
    const time = Promise.withResolvers<void>();
    const patched = clusterOf(kubectl).patchWhen(time.promise, head, operations);
    await expect.poll(kubectl.calls).toHaveLength(1);
    await sleep(50);
    expect(await kubectl.calls()).toEqual([
      `--context=here patch --filename=- --type=json --patch=${JSON.stringify(operations)} --output=name`,
    ]);
    time.resolve();
    await patched;
    expect(JSON.parse((await kubectl.input()) ?? "")).toEqual(head);
    expect((await kubectl.calls()).at(-1)).toBe("done");
  });

  it("never comes to anything when the time does not come: kubectl is killed with nothing read", async () => {
    const kubectl = await kubectlThat('echo $$ >> "$folder/calls"; read_input; echo done >> "$folder/calls"');
    const time = Promise.withResolvers<void>();
    const patched = clusterOf(kubectl).patchWhen(time.promise, head, operations);
    await expect.poll(kubectl.calls).toHaveLength(2);
    time.reject(new UserError({ what: "no ready pod" }));
    await expect(patched).rejects.toThrow("no ready pod");
    const pid = Number((await kubectl.calls())[1]);
    await expect.poll(() => liveProcess(pid)).toBeUndefined();
    expect(await kubectl.calls()).toHaveLength(2);
    expect((await kubectl.input()) ?? "").toBe("");
  });

  it("tells nothing before the time, not even that kubectl has failed or is not there", async () => {
    for (const { program } of [
      await answering('error: context "here" does not exist'),
      { program: "/nowhere/kubectl" },
    ]) {
      const time = Promise.withResolvers<void>();
      let isOver = false;
      const patched = clusterOf({ program })
        .patchWhen(time.promise, head, operations)
        .finally(() => {
          isOver = true;
        });
      patched.catch(() => {});
      await sleep(100);
      expect(isOver).toBe(false);
      time.resolve();
      await expect(patched).rejects.toBeInstanceOf(UserError);
    }
  });
});
