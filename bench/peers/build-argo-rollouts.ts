// Builds the controller that `npm run bench -- release` compares with, where it is there.
import { argoPlace, buildArgo } from "./argo-tool.ts";

const report = (status: string) => process.stderr.write(`${status}\n`);
await buildArgo({ report, signal: new AbortController().signal });
process.stdout.write(`${argoPlace().folder}\n`);
