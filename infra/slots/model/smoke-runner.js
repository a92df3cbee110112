// The program of a smoke test's pod: `node --input-type=module --eval`, all it needs to know in the variable SMOKE.
// One line per check; exit code 1 when one of them fails.
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const { release, slot, step, target, timeoutMs, patienceMs, checks } = JSON.parse(process.env.SMOKE);
const EXCERPT = 200;
const PAUSE_MS = 250;
const patientUntil = Date.now() + patienceMs;

console.log(`smoke test of ${release} in ${slot} for step ${step}, at ${target}`);
let failed = 0;
for (const check of checks) {
  const fault = await attempt(check);
  if (fault !== undefined) failed += 1;
}
console.log(failed === 0 ? `all ${checks.length} passed` : `${failed} of ${checks.length} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** Tries a check, again as long as nobody answers and there is patience left: new pods take a moment to be found. */
async function attempt(check) {
  for (;;) {
    const started = performance.now();
    const took = () => `in ${Math.round(performance.now() - started)} ms`;
    try {
      const { found, fault } = check.path === undefined ? await reach() : await ask(check);
      const line = `${check.name}: ${found} ${took()}`;
      console.log(fault === undefined ? `ok      ${line}` : `FAILED  ${line}; ${fault}`);
      return fault;
    } catch (error) {
      if (Date.now() < patientUntil) {
        await sleep(PAUSE_MS);
        continue;
      }
      const fault = reason(error);
      console.log(`FAILED  ${check.name}: ${check.path ?? "connection"}: no answer ${took()}: ${fault}`);
      return fault;
    }
  }
}

async function ask({ path, json, status, body }) {
  const post = {
    method: "POST",
    body: JSON.stringify(json),
    headers: { "content-type": "application/json" },
  };
  const answer = await fetch(target + path, {
    ...(json === undefined ? {} : post),
    redirect: "manual",
    signal: AbortSignal.timeout(timeoutMs),
  });
  const text = await answer.text();
  const found = `${json === undefined ? "GET" : "POST"} ${path} -> ${answer.status}`;
  const excerpt = `the answer begins ${JSON.stringify(text.slice(0, EXCERPT))}`;
  if (answer.status !== status) return { found, fault: `expected ${status}; ${excerpt}` };
  if (body !== undefined && !new RegExp(body, "m").test(text))
    return { found, fault: `expected a body like /${body}/; ${excerpt}` };
  return { found };
}

async function reach() {
  const { hostname, port } = new URL(target);
  const socket = connect({ host: hostname, port: Number(port || 80) });
  try {
    await once(socket, "connect", { signal: AbortSignal.timeout(timeoutMs) });
  } finally {
    socket.destroy();
  }
  return { found: `connected to ${hostname}:${port || 80}` };
}

function reason(error) {
  if (error.name === "TimeoutError" || error.name === "AbortError") return `none within ${timeoutMs} ms`;
  return error.cause?.message || error.cause?.code || error.message || error.code;
}
