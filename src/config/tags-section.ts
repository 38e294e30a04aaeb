import type { LoadContext } from "./load-context.ts";
import { readMap, readWords } from "./value-readers.ts";
import type { YamlEntry } from "./yaml-tree.ts";

/** Reads `tags: { NAME: [RESOURCE, …] }`. */
export function readTags(
  context: LoadContext,
  entry: YamlEntry | undefined,
): Map<string, readonly string[]> {
  const tags = new Map<string, readonly string[]>();
  const map = entry && readMap(context, entry.value, "tags", "tags: { NAME: [web, db] }");
  for (const each of map?.entries ?? []) {
    const by = `tag ${each.key}`;
    const words = readWords(context, each.value, by);
    for (const { text: name, span } of words) {
      context.references.push({ kind: "tag-member", name, span, by });
    }
    context.ids.set(each.key, each.keySpan);
    tags.set(
      each.key,
      words.map((word) => word.text),
    );
  }
  return tags;
}
