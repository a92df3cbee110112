/** Text from elsewhere as part of a line of Markdown: one line, and nothing in it is markup, a mention or a table's bar. */
export function cell(text: string): string {
  return text
    .trim()
    .replaceAll(/\s*\n\s*/g, "; ")
    .replaceAll(/[\\`*_[\]<>|]/g, "\\$&")
    .replaceAll("@", "@\u200b");
}

/** A short text as it is, in a code span. */
export function code(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").replaceAll("`", "'").replaceAll("|", "\\|");
  return `\`${line}\``;
}

/** An address, which becomes a link by itself, or the key of a ticket. */
export function reference(text: string): string {
  return /^https?:\/\/[^\s<>]+$/.test(text) ? text.replaceAll("|", "%7C") : cell(text);
}

/** @param rows cells that are Markdown already */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
