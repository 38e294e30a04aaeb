import type { DevicePlug } from "./fence-types.ts";

/** What a device calls a node, by its own list: the plug of that name, or with that alias. */
export function plugFor(target: string, plugs: readonly DevicePlug[]): string | undefined {
  const found =
    plugs.find(({ plug }) => plug === target) ?? plugs.find(({ alias }) => alias === target);
  return found?.plug;
}

/** Reads what a fence agent prints for `list`: a line for each plug, `plug` or `plug,alias`. */
export function parsePlugs(text: string): DevicePlug[] {
  return text.split("\n").flatMap((line): DevicePlug[] => {
    const [plug = "", alias = ""] = line.split(",").map((part) => part.trim());
    if (plug === "") return [];
    return [alias === "" ? { plug } : { plug, alias }];
  });
}
