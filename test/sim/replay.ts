import { parseArgs } from "node:util";

/** Which run of the simulator is meant. */
export interface Replay {
  readonly profile: string;
  readonly seed: number;
  readonly isShort: boolean;
}

/** The command that plays a run again, to be copied from a failure. */
export function replayCommand({ profile, seed, isShort }: Replay): string {
  const short = isShort ? " --short" : "";
  return `npm run simulate -- --profile ${profile} --seed ${seed}${short}`;
}

/** What `npm run simulate` takes. */
export function readArguments(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: "string" },
      nodes: { type: "string" },
      interval: { type: "string", default: "100" },
      from: { type: "string", default: "1" },
      seed: { type: "string" },
      profile: { type: "string" },
      lines: { type: "string", default: "100000" },
      node: { type: "string" },
      short: { type: "boolean", default: false },
      for: { type: "string", default: "Infinity" },
      help: { type: "boolean", default: false },
    },
  });
  return values;
}
