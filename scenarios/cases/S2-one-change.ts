import assert from "node:assert/strict";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { openStack } from "../../engine/stack.ts";
import { paths } from "../../machine/paths.ts";
import { stackPlace } from "../../sandbox/stack/place.ts";
import type { Scenario } from "../scenario.ts";
import { editStackFile } from "../support/stacks.ts";

const scenario: Scenario = {
  id: "S2",
  title: "the preview of one change shows exactly that change",
  async tell({ given, when, then, afterwards }) {
    const place = stackPlace("sandbox");
    const stack = await given("the sandbox's stack, up", () => openStack(paths(), place));
    const restore = await when("the retention of Prometheus is changed in the stack file", () =>
      editStackFile(place, "retention: 6h", "retention: 5h"),
    );
    afterwards(restore);
    const changed = new Set<string>();
    await when("a preview runs", () =>
      stack.preview({
        onEvent: ({ resourcePreEvent }: EngineEvent) => {
          const metadata = resourcePreEvent?.metadata;
          if (metadata !== undefined && metadata.op !== "same")
            changed.add(metadata.urn.split("::").slice(2).join(" "));
        },
      }),
    );
    await then("it shows the new ConfigMap, the Deployment that uses it, and nothing else", async () => {
      const names = [...changed].sort();
      assert.deepEqual(
        names.map((name) => name.split("$").at(-1)),
        ["kubernetes:apps/v1:Deployment prometheus", "kubernetes:core/v1:ConfigMap prometheus"],
      );
      return names.join(", ");
    });
  },
};

export default scenario;
