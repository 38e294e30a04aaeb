import { spawn } from "node:child_process";

/** What systemd may be told (sd_notify(3)). */
export interface ServiceState {
  readonly ready?: boolean;
  readonly stopping?: boolean;
  /** One line for `systemctl status`. */
  readonly status?: string;
  /** Feeds the service watchdog (WATCHDOG=1). Costs a process: call it sparsely. */
  readonly watchdog?: boolean;
}

export interface ServiceNotifier {
  /** False where no service manager listens; `notify` then does nothing. */
  readonly active: boolean;
  /** Never throws; settles once systemd has been told, or could not be. */
  notify(state: ServiceState): Promise<void>;
}

const NOTIFY_TIMEOUT_MS = 5_000;

/**
 * Tells systemd how the service is. Node has no unix datagram sockets, so `systemd-notify` sends
 * the message as our child, which the unit allows by NotifyAccess=all. Messages keep their order.
 */
export function createServiceNotifier(
  environment: Readonly<Record<string, string | undefined>>,
  command = "systemd-notify",
): ServiceNotifier {
  const socket = environment["NOTIFY_SOCKET"];
  if (socket === undefined || socket === "") {
    return { active: false, notify: () => Promise.resolve() };
  }
  let last: Promise<void> = Promise.resolve();
  return {
    active: true,
    notify(state) {
      last = last.then(() => run(command, notifyArguments(state), environment));
      return last;
    },
  };
}

function notifyArguments(state: ServiceState): string[] {
  const args: string[] = [];
  if (state.ready === true) args.push("--ready");
  if (state.stopping === true) args.push("STOPPING=1");
  if (state.status !== undefined) args.push(`STATUS=${state.status.replace(/\s+/g, " ")}`);
  if (state.watchdog === true) args.push("WATCHDOG=1");
  return args;
}

function run(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  if (args.length === 0) return Promise.resolve();
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      stdio: "ignore",
      env: { ...env },
      timeout: NOTIFY_TIMEOUT_MS,
    });
    // Without systemd-notify the unit's start timeout tells; the daemon itself works on.
    child.once("error", () => resolve());
    child.once("exit", () => resolve());
  });
}
