import { type CliContext, withClient } from "../cli-context.ts";
import { usageError } from "../cli-error.ts";
import { EXIT, type ExitCode } from "../cli-exit-codes.ts";
import { bashCompletion } from "./completion-script.ts";
import { resourceNames } from "./report-names.ts";

/** `paceline completion bash`. */
export function completionCommand(context: CliContext, shell: string): Promise<ExitCode> {
  if (shell !== "bash") {
    throw usageError(`there is no completion for ${shell}`, "paceline completion bash");
  }
  context.out(bashCompletion());
  return Promise.resolve(EXIT.ok);
}

/** One name per line. Without a daemon there are none, and no error either: a Tab is no command. */
export async function completeNames(context: CliContext, kind: string): Promise<ExitCode> {
  try {
    const report = await withClient(context, (client) =>
      client.request({ method: "status" }, { timeoutMs: 1_000 }),
    );
    const names = kind === "nodes" ? report.nodes.map((node) => node.name) : resourceNames(report);
    for (const name of names) context.out(`${name}\n`);
  } catch {
    // Nothing to offer.
  }
  return EXIT.ok;
}
