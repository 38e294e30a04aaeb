import { createInterface } from "node:readline/promises";
import { plan } from "../../policy/make-plan.ts";
import { simulate } from "../../policy/outcome/simulation.ts";
import type { CliContext } from "../cli-context.ts";
import { readSimulationInput } from "./simulate-input.ts";
import { simulationJson } from "./simulate-json.ts";

/** A line `{"cib": path, "at": time or null}` in, a line of JSON out, until the input ends. */
export async function simulateBatch(
  context: CliContext,
  input: NodeJS.ReadableStream,
): Promise<void> {
  for await (const line of createInterface({ input })) {
    if (line.trim() !== "") context.out(`${JSON.stringify(answer(line, context.now()))}\n`);
  }
}

/** Whatever goes wrong with one line is its answer: the next one is still served. */
function answer(line: string, now: number): unknown {
  try {
    const { cib, at } = JSON.parse(line) as { cib?: unknown; at?: unknown };
    if (typeof cib !== "string") return { error: "a line needs a path: cib" };
    const time = typeof at === "string" ? at : undefined;
    const input = readSimulationInput(cib, time, now);
    return simulationJson(simulate(plan, input.definition, input.status, input.now));
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
