import type { Override } from "./cib.ts";

/** An override in words: `node1 is in standby`, `web is banned from node2`. */
export function overrideWords({ kind, target, node = "?", role }: Override): string {
  const who = role === undefined || role === "Started" ? target : `${target} (${role})`;
  switch (kind) {
    case "standby":
      return `${target} is in standby`;
    case "maintenance":
      return `${target} is in maintenance`;
    case "migrate":
      return `${who} is moved to ${node}`;
    case "ban":
      return `${who} is banned from ${node}`;
    case "stop":
      return `${target} is stopped`;
    case "start":
      return `${target} is started`;
    case "unmanage":
      return `${target} is unmanaged`;
  }
}
