import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UserError } from "../../infra/lib/errors.ts";
import { paths } from "../../machine/paths.ts";
import { run } from "../../machine/run.ts";
import { npmInterface } from "./npm-interface.ts";
import { differences } from "./provider-interface.ts";
import { overlays, type PackageSchema, schemaInterface } from "./schema-interface.ts";

const PACKAGES = join(import.meta.dirname, "../../node_modules/@pulumi");

const PROVIDERS = [
  { name: "command", version: "1.2.1", resources: 4, functions: 1 },
  { name: "github", version: "6.15.0", resources: 88, functions: 75 },
  { name: "kubernetes", version: "4.25.0", resources: 474, functions: 0 },
];

/** The schema that the installed provider itself tells. */
async function installedSchema(name: string, version: string): Promise<PackageSchema> {
  const { bin, pulumiHome } = paths();
  const binary = join(pulumiHome, "plugins", `resource-${name}-v${version}`, `pulumi-resource-${name}`);
  const missing = [join(bin, "pulumi"), binary].filter((path) => !existsSync(path));
  if (missing.length > 0) {
    throw new UserError(
      missing.map((where) => ({ what: "is not installed", where, remedy: "run `npm start`" })),
    );
  }
  const env = { PULUMI_HOME: pulumiHome, PULUMI_SKIP_UPDATE_CHECK: "true" };
  const { stdout } = await run(join(bin, "pulumi"), ["package", "get-schema", binary], { env });
  return JSON.parse(stdout) as PackageSchema;
}

describe.each(PROVIDERS)("provider $name $version", ({ name, version, resources, functions }) => {
  it("has the interface of its npm package", async () => {
    const schema = await installedSchema(name, version);
    const provider = schemaInterface(schema);
    const npm = npmInterface(join(PACKAGES, name), overlays(schema));

    const count = (kind: string) =>
      [...npm.keys()].filter((place) => place.split(" ").length === 2 && place.startsWith(kind)).length;
    expect({ resources: count("resource "), functions: count("function ") }).toEqual({
      resources,
      functions,
    });
    expect(differences(provider, npm)).toEqual([]);
  });
});

it("finds what is missing, another type, a lost duty and a lost secret", async () => {
  const token = "command:remote:Command";
  const schema = await installedSchema("command", "1.2.1");
  const npm = npmInterface(join(PACKAGES, "command"), new Set());
  const resource = schema.resources?.[token];
  const { stdin: _, connection, ...inputProperties } = resource?.inputProperties ?? {};
  const faulty = {
    ...resource,
    requiredInputs: [],
    inputProperties: {
      ...inputProperties,
      update: { type: "integer" },
      connection: { ...connection, secret: false },
    },
  };

  expect(
    differences(schemaInterface({ ...schema, resources: { ...schema.resources, [token]: faulty } }), npm),
  ).toEqual([
    `resource ${token} input connection: provider optional remote.Connection, npm required secret remote.Connection`,
    `resource ${token} input stdin: provider -, npm optional string`,
    `resource ${token} input update: provider optional number, npm optional string`,
  ]);
});
