import { SLOTS } from "../../infra/lib/names.ts";
import type { ServiceStatus, SlotStatus, StackStatus } from "../../release/status/model.ts";
import type { LockStatus, RunStatus, StepVerdict } from "../../release/status/runs.ts";
import { comparisonText, formatTime, oneLine } from "../../release/words.ts";
import { paint } from "./output.ts";
import { formatTable } from "./table.ts";

const HEAD = ["service", "slot", "role", "release", "image", "pods", "planned", "live", "requests", "errors"];

/** Not known, or nothing to say. */
const NOTHING = "-";

const NUMBER = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const PERCENT = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });

/** A stack's releases for people: a table of all slots, and below it what there is to say about each service. */
export function statusLines(status: StackStatus): string[] {
  const rows = status.services.flatMap((service) =>
    SLOTS.map((slot, index) => [index === 0 ? service.service : "", slot, ...slotCells(service.slots[slot])]),
  );
  return [
    `${status.stack} at ${formatTime(status.at)}; requests of the last ${status.windowSeconds} s; ${lockText(status.lock)}`,
    "",
    ...formatTable(HEAD, rows).split("\n"),
    "",
    ...status.services.flatMap(serviceLines),
    ...unknowns(status).map((text) => paint("yellow", text)),
  ];
}

/** What could not be found out, a line for each reason. */
export function unknowns({ missing }: Pick<StackStatus, "missing">): string[] {
  return missing.map(({ what, why }) => `not known: ${what.join(", ")} (${why})`);
}

/** What a watcher without a terminal is told of a service when it changes: everything but the figures. */
export function changeLine(service: ServiceStatus): string {
  const slots = SLOTS.map((slot) => {
    const { role, release, ready, wanted, live, planned } = service.slots[slot];
    if (release === undefined) return `${slot} empty`;
    return `${slot} ${release} ${role} ${live ?? `planned ${planned}`} % (${pods(ready, wanted)})`;
  });
  const { lastRun, drift } = service;
  return [
    `${service.service}: ${phaseText(service)}`,
    ...slots,
    ...(lastRun === undefined ? [] : [`${lastRun.action} ${lastRun.to} ${lastRun.state}`]),
    ...drift.map(({ what }) => `drift: ${what}`),
  ].join("; ");
}

function slotCells({ role, release, image, ready, wanted, ...figures }: SlotStatus): string[] {
  const { planned, live, requestsPerSecond, errorRatio } = figures;
  const shares = [`${planned} %`, live === undefined ? NOTHING : `${live} %`];
  return [
    paint(role === "active" ? "green" : role === "candidate" ? "yellow" : "dim", role),
    release ?? NOTHING,
    image ?? NOTHING,
    release === undefined ? NOTHING : pods(ready, wanted),
    ...(live === undefined || live === planned ? shares : shares.map((share) => paint("red", share))),
    requestsPerSecond === undefined ? NOTHING : `${NUMBER.format(requestsPerSecond)}/s`,
    errorRatio === undefined ? NOTHING : `${PERCENT.format(errorRatio * 100)} %`,
  ];
}

function pods(ready: number | undefined, wanted: number | undefined): string {
  return ready === undefined ? NOTHING : `${ready}/${wanted}`;
}

function serviceLines(service: ServiceStatus): string[] {
  const { active, slots, lastRun, lastVerdict, testers, drift } = service;
  const { release, ready, wanted } = slots[active];
  const tell = (text: string) => `${service.service}: ${text}`;
  return [
    tell(phaseText(service)),
    ...(lastRun === undefined ? [] : [tell(runText(lastRun))]),
    ...(lastVerdict === undefined ? [] : [tell(verdictText(lastVerdict)), `  ${reasonText(lastVerdict)}`]),
    ...(testers === undefined ? [] : [tell(`testers get ${testers.release} with: ${testers.command}`)]),
    ...(ready === 0 ? [paint("red", tell(`no pod of ${release} in ${active} is ready (0/${wanted})`))] : []),
    ...drift.flatMap(({ what, remedy }) => [
      paint("red", tell(`drift: ${what}`)),
      ...(remedy === undefined ? [] : [`  -> ${remedy}`]),
    ]),
  ];
}

function phaseText({ phase, active, gate, slots }: ServiceStatus): string {
  const { release } = slots[active];
  if (phase === "steady") return `phase steady: ${release} in ${active} is the version`;
  if (phase === "rollback") return `phase rollback: back on ${release} in ${active}`;
  const other = SLOTS.find((slot) => slot !== active) ?? active;
  const tested = gate === undefined ? "not tested yet" : `tested for ${gate} %`;
  return `phase canary: ${slots[other].release} in ${other} is to get ${slots[other].planned} %, ${tested}`;
}

function runText({ action, from, to, state, startedAt, finishedAt, reason }: RunStatus): string {
  const since = finishedAt === undefined ? `since ${formatTime(startedAt)}` : `at ${formatTime(finishedAt)}`;
  const why = reason === undefined ? "" : `: ${oneLine(reason)}`;
  const known = state === "unfinished" ? "unfinished: it waits for its turn, or was killed" : state;
  return `last run: ${action} ${from} → ${to}, ${known}, ${since}${why}`;
}

function verdictText({ release, weight, verdict, requests, at }: StepVerdict): string {
  const style = { pass: "green", fail: "red", "no data": "yellow" } as const;
  const said = paint(style[verdict], verdict);
  return `last verdict: ${release} at ${weight} %, ${said} after ${NUMBER.format(requests)} requests, at ${formatTime(at)}`;
}

function reasonText({ verdict, because, comparisons }: StepVerdict): string {
  return verdict === "pass" ? comparisons.map(comparisonText).join(", ") : oneLine(because);
}

function lockText({ state, by }: LockStatus): string {
  switch (state) {
    case "free":
      return "nobody is releasing";
    case "held":
      return `release lock: ${by}`;
    case "expired":
      return `release lock: left behind by ${by}`;
    case "not known":
      return "release lock: not known";
  }
}
