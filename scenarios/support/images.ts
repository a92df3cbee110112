import { paths } from "../../machine/paths.ts";
import type { DemoRelease } from "../../sandbox/images/catalogue.ts";
import { sandboxImages } from "../../sandbox/images/import.ts";
import { layout } from "../../sandbox/layout.ts";

/** The name of a demo release's image, by its digest. */
export async function demoImage(tag: DemoRelease): Promise<string> {
  const images = await sandboxImages(layout(paths().sandbox));
  const found = images.find((image) => image.name === "demo" && image.tag === tag);
  if (found === undefined) throw new Error(`the sandbox has no image demo:${tag}`);
  return found.pinned;
}
