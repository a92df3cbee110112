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
    "releases of the demo service under load: forth, back, shares, a bad candidate, and other tools' ways back",
  async measure(context) {
    const subject = await Subject.open(context.signal);
    try {
      const course = await runCourse(subject, context);
      const split = await measureSplit(subject, context);
      const weightChange = await measureWeightChange(subject, context);
      const badCandidate = await measureBadCandidate(subject, context);
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
