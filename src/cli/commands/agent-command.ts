import type { CliContext } from "../cli-context.ts";
import { CliError } from "../cli-error.ts";
import type { ExitCode } from "../cli-exit-codes.ts";

export function listAgents(_context: CliContext, _filter: string | undefined): Promise<ExitCode> {
  return Promise.reject(new CliError("UNSUPPORTED", "agent list comes with the agent catalogue"));
}

export function agentInfo(_context: CliContext, _name: string): Promise<ExitCode> {
  return Promise.reject(new CliError("UNSUPPORTED", "agent info comes with the agent catalogue"));
}
