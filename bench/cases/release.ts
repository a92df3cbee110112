import type { Bench } from "../bench.ts";
import { measurePeers } from "../peers/measure.ts";
import { measureBadCandidate } from "../release/bad-candidate.ts";
import { deployFigures, rollbackFigures, runCourse } from "../release/course.ts";
import { measureSplit } from "../release/split.ts";
import { Subject } from "../release/subject.ts";
import { measureWeightChange } from "../release/weight-change.ts";

const bench: Bench = {
  name: "release",
  title:
    "releases of the demo service under load: forth, back, shares, a bad candidate, and other tools' ways back (25 min)",
  async measure(context) {
    const subject = await Subject.open(context.signal);
    try {
      context.report("healthy releases through all steps, each with a way back");
      const course = await runCourse(subject, context);
      context.report("shares of the traffic");
      const split = await measureSplit(subject, context);
      context.report("up of one change of weights");
      const weightChange = await measureWeightChange(subject, context);
      context.report("a candidate that fails");
      const badCandidate = await measureBadCandidate(subject, context);
      context.report("other tools' ways back");
      const peers = await measurePeers(subject, context);
      return [
        ...deployFigures(course),
        ...rollbackFigures(course, peers),
        ...badCandidate,
        ...split,
        ...weightChange,
      ];
    } finally {
      context.report("bringing the demo service back to where it was");
      await subject.restore();
    }
  },
};

export default bench;
