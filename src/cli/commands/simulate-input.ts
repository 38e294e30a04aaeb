import { readFileSync } from "node:fs";
import type { WallTime } from "../../core/units.ts";
import { type CibResult, readCib } from "../../interop/cib-reader.ts";
import type { ClusterStatus } from "../../model/cluster-status.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { PolicyDefinition } from "../../model/policy-definition.ts";
import { parseDateTime } from "../../policy/rules/date-time.ts";
import { CliError } from "../cli-error.ts";

/** What a simulation starts from. */
export interface SimulationInput {
  readonly definition: PolicyDefinition;
  readonly status: ClusterStatus;
  readonly now: WallTime;
  readonly diagnostics: readonly Diagnostic[];
}

/** A CIB that can be used, or an error that says why not. */
export function readUsableCib(path: string): UsableCib {
  const cib = readCib(readText(path));
  const { definition, status } = cib;
  if (definition !== undefined && status !== undefined) return { ...cib, definition, status };
  const error = new CliError("INVALID_DEFINITION", `${path} is no usable CIB`);
  throw Object.assign(error, { details: cib.diagnostics });
}

type UsableCib = CibResult & Required<Pick<CibResult, "definition" | "status">>;

/** Reads a CIB. The time is what was asked for, else what the CIB says, else now. */
export function readSimulationInput(
  path: string,
  at: string | undefined,
  now: WallTime,
): SimulationInput {
  const cib = readUsableCib(path);
  const time = at === undefined ? (cib.executionDate ?? now) : readTime(at);
  return {
    definition: cib.definition,
    status: { ...cib.status, timeZone: LOCAL },
    now: time,
    diagnostics: cib.diagnostics,
  };
}

/** Dates without an offset are local time, as crm_simulate takes them. */
const LOCAL = Intl.DateTimeFormat().resolvedOptions().timeZone;

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      throw new CliError(
        "NO_FILE",
        `no such file: ${path}`,
        "cibadmin --query > cib.xml makes one",
      );
    }
    const message = error instanceof Error ? error.message : String(error);
    throw new CliError("NO_FILE", `cannot read ${path}: ${message}`);
  }
}

function readTime(text: string): WallTime {
  const seconds = parseDateTime(text, LOCAL);
  if (seconds !== undefined) return seconds * 1000;
  const hint = "an ISO 8601 date: 2026-11-21, 2026-11-21T12:30, 2026-325";
  throw new CliError("USAGE", `${JSON.stringify(text)} is no time`, hint);
}
