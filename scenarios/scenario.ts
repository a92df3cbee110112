import { readdir } from "node:fs/promises";
import { join } from "node:path";

/** The words that a scenario is told with. Each runs its part and keeps what came out as evidence. */
export interface Telling {
  /** Brings the system to the state that the scenario starts from. */
  given<T>(what: string, work: () => Promise<T>): Promise<T>;
  /** Does the thing that the scenario is about. */
  when<T>(what: string, work: () => Promise<T>): Promise<T>;
  /** Checks an outcome; throws when it is not so, returns what was seen. */
  then(what: string, check: () => Promise<string>): Promise<void>;
  /** Undoes something at the end, whatever happens; the last one first. */
  afterwards(undo: () => Promise<unknown>): void;
}

/** Something that must hold, told as given, when, then. One file each, in `scenarios/cases`. */
export interface Scenario {
  /** Number in the list of requirements, or of the project's own series: `S1`. */
  readonly id: string;
  /** The sentence that the file proves. */
  readonly title: string;
  tell(telling: Telling): Promise<void>;
}

/** What a run of a scenario showed. */
export interface ScenarioResult {
  readonly id: string;
  readonly title: string;
  readonly result: "passed" | "failed";
  readonly seconds: number;
  /** One line per sentence, with what was seen; the last one tells the failure. */
  readonly evidence: readonly string[];
}

/** All scenarios of the project, in the order of their ids. */
export async function loadScenarios(folder = join(import.meta.dirname, "cases")): Promise<Scenario[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(".ts"));
  const modules = await Promise.all(
    files.map((file) => import(join(folder, file)) as Promise<{ default: Scenario }>),
  );
  const byId = new Intl.Collator("en", { numeric: true });
  return modules.map((module) => module.default).sort((a, b) => byId.compare(a.id, b.id));
}

/**
 * Runs one scenario to its end, undoing included; never throws.
 * @param signal ends it as failed when aborted, undoing included
 */
export async function runScenario(
  scenario: Scenario,
  onSentence: (sentence: string) => void = () => {},
  signal: AbortSignal = new AbortController().signal,
): Promise<ScenarioResult> {
  const started = performance.now();
  const evidence: string[] = [];
  const undo: (() => Promise<unknown>)[] = [];
  const say = async <T>(word: string, what: string, work: () => Promise<T>): Promise<T> => {
    signal.throwIfAborted();
    const sentence = `${word} ${what}`;
    onSentence(sentence);
    evidence.push(sentence);
    return work();
  };
  const telling: Telling = {
    given: (what, work) => say("given", what, work),
    when: (what, work) => say("when", what, work),
    // biome-ignore lint/suspicious/noThenProperty: the word of the sentence; nobody awaits the telling itself
    then: async (what, check) => {
      const seen = await say("then", what, check);
      evidence.push(`${evidence.pop()}: ${seen}`);
    },
    afterwards: (work) => undo.unshift(work),
  };
  const failures: unknown[] = [];
  const undoAll = async () => {
    for (let work = undo.shift(); work !== undefined; work = undo.shift())
      await work().catch((error) => failures.push(error));
  };
  const told = scenario.tell(telling).catch((error) => failures.push(error));
  await untilAborted(told, signal);
  await undoAll();
  // What a sentence waited for has ended by now, and with it the sentence; it may have left more to undo.
  await told;
  await undoAll();
  evidence.push(
    ...failures.map((error) => `FAILED: ${error instanceof Error ? error.message : String(error)}`),
  );
  return {
    id: scenario.id,
    title: scenario.title,
    result: failures.length === 0 ? "passed" : "failed",
    seconds: Math.round(performance.now() - started) / 1000,
    evidence,
  };
}

/** Waits for some work, no longer than until a signal is aborted. */
async function untilAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  const aborted = new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { signal: over.signal });
    if (signal.aborted) resolve();
  });
  await Promise.race([work, aborted]);
  over.abort();
}
