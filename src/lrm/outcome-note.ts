import { type Note, type NoteLevel, note } from "../core/note.ts";
import { describeExitCode, EXECUTION, isActiveCode, OCF } from "../model/exit-code.ts";
import type { AgentOutcome, OperationRequest } from "../model/operation.ts";
import { maskSecrets } from "../model/secret-mask.ts";
import { EXIT_REASON, type RecordedOutcome } from "./ocf-outcome.ts";
import { hasFailed } from "./operation-history.ts";

const STDERR_MAX = 1_000;

/** What has happened once an operation went well; others are named as they are. */
const DONE: Readonly<Record<string, string>> = {
  start: "started",
  stop: "stopped",
  promote: "promoted",
  demote: "demoted",
  migrate_to: "migrated away",
  migrate_from: "migrated here",
  reload: "reloaded",
  "reload-agent": "reloaded",
  announce: "announced once more",
};

/** What there is to tell of a run; nothing of a recurring one that went well. */
export function outcomeNote(
  request: OperationRequest,
  recorded: RecordedOutcome,
  outcome: AgentOutcome,
): Note | undefined {
  const { resource, operation, intervalMs } = request;
  const failed = hasFailed(request, recorded);
  if (intervalMs > 0 && !failed) return undefined;
  const isProbe = operation === "monitor" && intervalMs === 0;
  const took = `${Math.round(outcome.durationMs)} ms`;
  const said = failed ? furtherWords(request, outcome) : "";
  const fields = {
    ...{ resource, operation, rc: recorded.rc },
    ...(intervalMs > 0 ? { intervalMs } : {}),
    ...(said === "" ? {} : { stderr: said }),
  };
  const tell = (level: NoteLevel, words: string) => note(level, "operation-done", words, fields);
  if (isProbe) {
    return tell(recorded.rc === OCF.notRunning ? "debug" : "info", probed(resource, recorded));
  }
  if (failed) {
    const why = describeRecorded(recorded);
    return tell("warn", `${operation} of ${resource} failed after ${took}: ${why}`);
  }
  const words = DONE[operation];
  const done = words === undefined ? `${operation} of ${resource} done` : `${resource} ${words}`;
  // Each instance is told of each other's steps: that goes without saying.
  return tell(operation === "notify" ? "debug" : "info", `${done} in ${took}`);
}

function probed(resource: string, recorded: RecordedOutcome): string {
  if (recorded.rc === OCF.notRunning) return `${resource} does not run here, says its probe`;
  if (!isActiveCode(recorded.rc))
    return `the probe of ${resource} says: ${describeRecorded(recorded)}`;
  const role = recorded.rc === OCF.success ? "" : ` (${describeExitCode(recorded.rc)})`;
  return `${resource} runs here already${role}, says its probe`;
}

function describeRecorded({ rc, status, exitReason }: RecordedOutcome): string {
  const code = describeExitCode(rc);
  if (exitReason === "" || exitReason === code) return code;
  return status === EXECUTION.done ? `${code}: ${exitReason}` : exitReason;
}

/** What the agent wrote beside its reason, secrets masked. */
function furtherWords(request: OperationRequest, outcome: AgentOutcome): string {
  const lines = outcome.stderr.split("\n").filter((line) => !line.startsWith(EXIT_REASON));
  return maskSecrets(lines.join("\n").trim(), request.params).slice(-STDERR_MAX);
}
