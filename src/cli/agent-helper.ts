import { ControlError, connectControl } from "../io/control-client.ts";
import {
  HELPER_EXIT,
  type Helper,
  type HelperContext,
  HelperError,
} from "./helpers/helper-context.ts";

/**
 * The commands that OCF agents call as Pacemaker's (agents/helpers/): `agent-helper.js COMMAND …`.
 * Agents call them in every monitor, so this loads only what the command needs.
 */
const HELPERS: Readonly<Record<string, () => Promise<Helper>>> = {
  crm_attribute: async () => (await import("./helpers/attribute-helpers.ts")).crmAttribute,
  crm_master: async () => (await import("./helpers/attribute-helpers.ts")).crmMaster,
  attrd_updater: async () => (await import("./helpers/attribute-helpers.ts")).attrdUpdater,
  crm_standby: async () => (await import("./helpers/standby-helper.ts")).crmStandby,
  crm_node: async () => (await import("./helpers/node-helper.ts")).crmNode,
  crm_mon: async () => (await import("./helpers/monitor-helper.ts")).crmMon,
  cibadmin: async () => (await import("./helpers/monitor-helper.ts")).cibadmin,
  crm_resource: async () => (await import("./helpers/resource-helper.ts")).crmResource,
  crm_failcount: async () => (await import("./helpers/resource-helper.ts")).crmFailcount,
};

async function main(command: string, args: readonly string[]): Promise<number> {
  const load = HELPERS[command];
  if (load === undefined) {
    process.stderr.write(`${command}: no such helper command\n`);
    return HELPER_EXIT.usage;
  }
  const connection = lazyConnection(process.env["PACELINE_RUN_DIR"] ?? "/run/paceline");
  const context: HelperContext = {
    command,
    env: process.env,
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    ask: async (request) => await (await connection.client()).request(request),
  };
  try {
    return await (await load())(context, args);
  } catch (error) {
    const { exit, message } = explained(error);
    process.stderr.write(`${command}: ${message}\n`);
    return exit;
  } finally {
    await connection.close();
  }
}

function lazyConnection(runDir: string) {
  let opened: ReturnType<typeof connectControl> | undefined;
  return {
    client: () => {
      opened ??= connectControl({ runDir });
      return opened;
    },
    close: async () => {
      await opened?.then(
        (client) => client.close(),
        () => undefined,
      );
    },
  };
}

const EXITS: Readonly<Record<string, number>> = {
  NOT_QUORATE: HELPER_EXIT.quorum,
  UNKNOWN_NODE: HELPER_EXIT.noSuch,
  UNKNOWN_RESOURCE: HELPER_EXIT.noSuch,
  NODE_OFFLINE: HELPER_EXIT.noSuch,
  BAD_REQUEST: HELPER_EXIT.usage,
};

const UNREACHABLE: ReadonlySet<string> = new Set([
  "NO_DAEMON",
  "NO_RUN_DIR",
  "NO_ANSWER",
  "CONNECTION_LOST",
  "NO_DC",
  "TIMED_OUT",
]);

function explained(error: unknown): { exit: number; message: string } {
  if (error instanceof HelperError) return error;
  if (!(error instanceof ControlError)) {
    return { exit: HELPER_EXIT.error, message: error instanceof Error ? error.message : "failed" };
  }
  // Agents look for these two words.
  if (UNREACHABLE.has(error.code)) {
    return { exit: HELPER_EXIT.disconnected, message: `not connected: ${error.message}` };
  }
  return { exit: EXITS[error.code] ?? HELPER_EXIT.error, message: error.message };
}

const [command = "", ...args] = process.argv.slice(2);
process.exitCode = await main(command, args);
