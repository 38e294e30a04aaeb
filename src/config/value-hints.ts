import { closest } from "../core/suggestion.ts";
import type { YamlValue } from "./yaml-tree.ts";

export const UTILIZATION_EXAMPLE = "utilization: { cpu: 4, memory: 8192 }";
export const UTILIZATION_HINT = "digits without a unit, such as 8192";

/** What people write, and the choice that some option has for it. */
const MEANT: Readonly<Record<string, readonly string[]>> = {
  running: ["Started"],
  up: ["Started"],
  down: ["Stopped"],
  halt: ["stop"],
  continue: ["ignore"],
  reboot: ["fence"],
  stonith: ["fence"],
  panic: ["suicide", "fence"],
  poweroff: ["off"],
  shutdown: ["off", "stop"],
  hard: ["Mandatory"],
  soft: ["Optional"],
};

/** For a value that is none of the choices, which the message has named already. */
export function choiceHint(text: string, choices: readonly string[]): string {
  const meanings = new Map(
    Object.entries(MEANT).flatMap(([word, candidates]) => {
      const choice = candidates.find((each) => choices.includes(each));
      return choice === undefined ? [] : [[word, choice] as const];
    }),
  );
  const near = closest(text, choices) ?? closest(text, meanings.keys());
  if (near === undefined) return "leave it out where none of them is meant: it has a default";
  return `did you mean ${meanings.get(near) ?? near}?`;
}

export function booleanHint(text: string): string {
  const near = closest(text, ["true", "false"]);
  return near === undefined ? "yes and no, on and off will do, too" : `did you mean ${near}?`;
}

export function scoreHint(text: string): string {
  const near = closest(text, ["INFINITY", "-INFINITY"]);
  return near === undefined ? "a whole number, INFINITY or -INFINITY" : `did you mean ${near}?`;
}

/** For a list or a map where one value belongs. */
export function oneValueHint(value: YamlValue): string {
  if (value.kind === "list") {
    const [only, ...more] = value.items;
    if (more.length > 0) return "write one of them, without brackets";
    const short = only?.kind === "scalar" && only.text.length <= 60;
    return `write ${short ? only.text : "the value"}, without brackets`;
  }
  const [first] = value.kind === "map" ? value.entries : [];
  if (first === undefined) return "write the value itself, without braces";
  return `write the value itself; or is "${first.key}:" indented too far?`;
}
