import { expect, test } from "vitest";
import { PRESETS } from "../../infra/platform/model/presets.ts";
import { SERVICE_PORT, slotName } from "../../infra/slots/model/manifests.ts";

test("traefik's metrics name a slot's Service by its namespace, name and port", () => {
  const backend = PRESETS.traefik.profile?.backend;
  const label = `demo-sandbox-${slotName("demo", "green")}-http-${SERVICE_PORT}@kubernetesgateway`;
  expect(new RegExp(`^${backend?.pattern}$`).exec(label)?.[1]).toBe("demo-sandbox-demo-green");
});

test("a profile comes only with metrics to ask", () => {
  for (const { metrics, profile } of Object.values(PRESETS)) if (profile) expect(metrics).toBeDefined();
});
