import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { parseDuration } from "../../infra/lib/duration.ts";
import { parseMemory } from "../../infra/lib/quantity.ts";
import { planPrometheus } from "../../infra/monitoring/model/plan.ts";
import { prometheusYaml, type ScrapeJob, scrapeJobs } from "../../infra/monitoring/model/scrape.ts";
import { planGateway } from "../../infra/platform/model/gateway.ts";
import { catalogue } from "../../infra/services/catalogue.ts";
import { resolveServices } from "../../infra/services/resolve.ts";
import { paths } from "../../machine/paths.ts";
import { configOf, type StackName } from "../support/config.ts";

function jobsOf(stack: StackName): ScrapeJob[] {
  const config = configOf(stack);
  return scrapeJobs(config, resolveServices(config, catalogue), planGateway(config));
}

function yamlOf(stack: StackName): string {
  const config = configOf(stack);
  return planPrometheus(config, resolveServices(config, catalogue), planGateway(config)).yaml;
}

const settings = {
  scrapeInterval: parseDuration("15s"),
  scrapeTimeout: parseDuration("10s"),
  retention: parseDuration("30d"),
};

/** The one job of that name, as Prometheus reads it. */
function compiled(stack: StackName, name: string) {
  const { scrape_configs: jobs } = parse(prometheusYaml(jobsOf(stack), settings, "staging"));
  return jobs.find((job: { job_name: string }) => job.job_name === name);
}

test("Prometheus, gateway, kube-state-metrics and every service are scraped", () => {
  expect(jobsOf("sandbox").map(({ name }) => name)).toEqual([
    "prometheus",
    "gateway",
    "kube-state-metrics",
    "service/demo",
  ]);
  expect(jobsOf("staging").map(({ name }) => name)).toEqual([
    "prometheus",
    "gateway",
    "kube-state-metrics",
    "service/demo",
    "service/paws360-backend",
    "service/paws360-frontend",
  ]);
});

test("a gateway without metrics of its own is left out", () => {
  const config = configOf("sandbox");
  const gke = { ...config.gateway, preset: "gke" as const, dataPlaneAddresses: ["198.51.100.0/24"] };
  const jobs = scrapeJobs(config, [], planGateway({ ...config, gateway: gke }));
  expect(jobs.map(({ name }) => name)).toEqual(["prometheus", "kube-state-metrics"]);
});

describe("a service's job", () => {
  test("finds the pods of both slots and says whose they are", () => {
    expect(compiled("staging", "service/paws360-backend")).toEqual({
      job_name: "service/paws360-backend",
      metrics_path: "/actuator/prometheus",
      kubernetes_sd_configs: [{ role: "endpointslice", namespaces: { names: ["paws360-staging"] } }],
      relabel_configs: [
        {
          source_labels: ["__meta_kubernetes_service_label_app", "__meta_kubernetes_endpointslice_port_name"],
          regex: "paws360-backend;http",
          action: "keep",
        },
        { source_labels: ["__meta_kubernetes_service_label_slot"], target_label: "slot" },
        { source_labels: ["__meta_kubernetes_pod_name"], target_label: "pod" },
        { target_label: "environment", replacement: "staging" },
        { target_label: "service", replacement: "paws360-backend" },
      ],
    });
  });
});

describe("the gateway's job", () => {
  test("asks the Service of a gateway that somebody else installed", () => {
    expect(compiled("sandbox", "gateway")).toEqual({
      job_name: "gateway",
      metrics_path: "/metrics",
      static_configs: [{ targets: ["traefik.traefik.svc:9100"], labels: { environment: "sandbox" } }],
    });
  });

  test("finds each pod of a gateway that runs in its own namespace", () => {
    expect(compiled("staging", "gateway")).toMatchObject({
      metrics_path: "/stats/prometheus",
      kubernetes_sd_configs: [{ role: "pod", namespaces: { names: ["gateway-staging"] } }],
      relabel_configs: expect.arrayContaining([
        { source_labels: ["__meta_kubernetes_pod_ip"], target_label: "__address__", replacement: "$1:15020" },
      ]),
    });
  });
});

describe("the settings", () => {
  test("come from the stack file", () => {
    expect(parse(prometheusYaml([], settings, "production"))).toEqual({
      global: {
        scrape_interval: "15s",
        scrape_timeout: "10s",
        evaluation_interval: "15s",
        external_labels: { environment: "production" },
      },
      storage: { tsdb: { retention: { time: "30d" } } },
      scrape_configs: [],
    });
  });

  test("keep the blocks from filling the volume", () => {
    const { storage } = parse(
      prometheusYaml([], { ...settings, storage: parseMemory("50Gi") }, "production"),
    );
    expect(storage.tsdb.retention.size).toBe("40GiB");
  });
});

const promtool = join(paths().bin, "promtool");

describe.skipIf(!existsSync(promtool))("promtool (installed by npm start)", () => {
  const folder = mkdtempSync(join(tmpdir(), "slipway-promtool-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each<StackName>(["sandbox", "staging", "production"])(
    "takes the configuration of %s",
    async (stack) => {
      const file = join(folder, `${stack}.yml`);
      writeFileSync(file, yamlOf(stack));
      const args = ["check", "config", "--lint=all", "--lint-fatal", file];
      const { exitCode, all } = await execa(promtool, args, { reject: false, all: true });
      expect(all).toContain("is valid prometheus config file syntax");
      expect(exitCode).toBe(0);
    },
  );
});
