import { expect, test } from "vitest";
import { maskSecrets } from "../../../release/mask.ts";

const SECRET = 'canary/p"ss w0rd+';

test.each([
  ["as it is", SECRET],
  ["in base64", Buffer.from(SECRET).toString("base64")],
  ["in an address", encodeURIComponent(SECRET)],
  ["in JSON", JSON.stringify(SECRET).slice(1, -1)],
])("a secret %s is masked wherever it is", (_, form) => {
  const data = { deep: [{ text: `before ${form} between ${form} after` }], kept: 7, none: null };
  expect(maskSecrets(data, [SECRET])).toEqual({
    deep: [{ text: "before [secret] between [secret] after" }],
    kept: 7,
    none: null,
  });
});

test("a secret that is part of another leaves nothing of it", () => {
  expect(maskSecrets("x canary-1-long y", ["canary-1", "canary-1-long"])).toBe("x [secret] y");
});

test("of a secret of several lines its long words are masked, its short ones are no secret", () => {
  const kubeconfig = "apiVersion: v1\nusers:\n- user:\n    token: eyJhbGciOiJSUzI1NiIsImtpZCI6\n";
  expect(maskSecrets("apiVersion: eyJhbGciOiJSUzI1NiIsImtpZCI6", [kubeconfig])).toBe("apiVersion: [secret]");
});

test("what is too short to be told from other words stays", () => {
  expect(maskSecrets("the r6 of demo", ["demo", "r6", ""])).toBe("the r6 of demo");
});
