// The arrows of the architecture: who may import whom. `npm run structure` checks them.
const room = (path) => `^${path}/`;

/** Rooms in which nothing may import the Pulumi SDK: pure models and what they stand on. */
const pure = "^infra/(lib|config/schema|services|[a-z]+/model)(/|\\.ts$)";

const forbid = (name, from, to, comment) => ({ name, severity: "error", comment, from, to });

module.exports = {
  forbidden: [
    forbid("no-circular", {}, { circular: true }, "A cycle has no first room to understand."),
    forbid("not-to-unresolvable", {}, { couldNotResolve: true }, "An import that does not resolve."),
    forbid(
      "no-orphan-dependency",
      {},
      { dependencyTypes: ["npm-no-pkg", "npm-unknown"] },
      "Declare it in package.json.",
    ),
    forbid(
      "prod-not-to-dev",
      { path: "^(infra|machine|toolchain|sandbox|cli|release)/" },
      { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only"], pathNot: "@types/" },
      "The product runs without its tests' packages.",
    ),
    forbid(
      "models-are-pure",
      { path: pure, pathNot: "^infra/lib/component\\.ts$" },
      { path: "node_modules/@pulumi/" },
      "Models are plain data: no engine.",
    ),
    forbid(
      "lib-is-the-ground",
      { path: room("infra/lib") },
      { path: "^(infra/(?!lib/)|machine|toolchain|sandbox|cli|release|bench|scenarios)" },
      "lib imports nothing of ours.",
    ),
    forbid(
      "config-on-lib",
      { path: room("infra/config") },
      { path: "^(infra/(?!lib/|config/)|machine|toolchain|sandbox|cli|release)" },
      "config imports lib only.",
    ),
    forbid(
      "services-on-config",
      { path: room("infra/services") },
      { path: "^(infra/(?!lib/|config/|services/)|machine|toolchain|sandbox|cli|release)" },
      "The catalogue imports lib and config.",
    ),
    forbid(
      "models-not-to-components",
      { path: "^infra/([a-z]+)/model/" },
      { path: "^infra/(?!lib/|config/|services/)", pathNot: ["^infra/[a-z]+/model/"] },
      "One direction: models never import components.",
    ),
    forbid(
      "areas-meet-in-services",
      { path: "^infra/(platform|slots|runners|monitoring|alerts|protections)/" },
      {
        path: "^infra/(platform|slots|runners|monitoring|alerts|protections)/",
        pathNot: ["^infra/$1/", "^infra/[a-z]+/model/"],
      },
      "Areas meet only through models, the catalogue and the metric catalogue.",
    ),
    forbid(
      "infra-knows-no-host",
      { path: room("infra") },
      { path: "^(machine|toolchain|sandbox|cli|release|bench|scenarios|test)/" },
      "The program does not know where it runs.",
    ),
    forbid(
      "pulumi-config-only-in-load",
      { path: "^(?!infra/config/load\\.ts|test/)", pathNot: "node_modules" },
      { path: "node_modules/@pulumi/pulumi/config" },
      "infra/config/load.ts is the only reader of pulumi.Config.",
    ),
    forbid(
      "machine-is-the-ground",
      { path: room("machine") },
      { path: "^(infra/(?!lib/)|toolchain|sandbox|cli|release|bench|scenarios)/" },
      "machine imports infra/lib only.",
    ),
    forbid(
      "release-not-to-sandbox",
      { path: room("release") },
      { path: "^(sandbox|toolchain|doctor|bench|scenarios)/" },
      "The driver does not know which cluster it works on.",
    ),
    forbid(
      "engine-on-machine",
      { path: room("engine") },
      { path: "^(infra/(?!lib/)|toolchain|sandbox|doctor|cli|release|bench|scenarios)/" },
      "engine drives Pulumi for sandbox and release; it imports machine and infra/lib.",
    ),
    forbid(
      "toolchain-on-machine",
      { path: room("toolchain") },
      { path: "^(infra/(?!lib/)|sandbox|cli|release|bench|scenarios)/" },
      "toolchain imports machine and infra/lib.",
    ),
    forbid(
      "sandbox-no-components",
      { path: "^(sandbox|release)/" },
      { path: "^(infra/(?!lib/|config/|services/|stack\\.ts$|[a-z]+/model/)|cli|bench|scenarios)" },
      "sandbox and release import models, never components; stack.ts is the rules of all models.",
    ),
    forbid(
      "policy-stands-alone",
      { path: room("infra/policy") },
      { path: "^(infra/(?!policy/)|machine|toolchain|sandbox|cli|release)" },
      "The policy pack is a package of its own.",
    ),
    forbid(
      "nobody-imports-the-cli",
      { path: "^(?!cli/|test/)" },
      { path: room("cli") },
      "cli is the outermost room.",
    ),
    forbid(
      "nobody-imports-tests",
      { path: "^(infra|machine|toolchain|engine|sandbox|doctor|cli|release)/" },
      { path: room("test") },
      "Tests are not part of the product.",
    ),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)node_modules/(?!@pulumi)|^toolchain/[a-z-]+/(?!.*\\.ts$)|\\.config\\.(ts|cjs)$" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default"],
      extensions: [".ts", ".js", ".json", ".d.ts"],
    },
  },
};
