import { spawn } from "node:child_process";
import { parseDuration } from "../core/written-duration.ts";
import { alertWords, isAbout } from "../model/alert-selection.ts";
import type { AlertSettings } from "../model/definition.ts";

export interface Alert {
  readonly subject: string;
  /** `CRM_alert_*` without that prefix. */
  readonly variables: Readonly<Record<string, string>>;
}

export interface AlertSenderOptions {
  readonly version: string;
  readonly warn: (message: string) => void;
  /** Wall clock in milliseconds. */
  readonly wall?: () => number;
}

/** Pacemaker's default for an alert agent. */
const TIMEOUT_MS = 30_000;
const RETRIES = 2;
const RETRY_MS = 1_000;
/** Alerts of one kind that wait; more than that are no alert but a log. */
const WAITING_MAX = 100;

/**
 * Runs alert commands and calls webhooks, for each of them one at a time and in order. Nothing
 * waits for them: one that hangs is ended at its timeout, and one that fails is told of, no more.
 */
export class AlertSender {
  readonly #options: AlertSenderOptions;
  readonly #waiting = new Map<string, (() => Promise<void>)[]>();
  readonly #busy = new Set<string>();
  #sequence = 0;

  constructor(options: AlertSenderOptions) {
    this.#options = options;
  }

  /** Sends one alert to everybody who wants to be told of such a thing. */
  send(settings: readonly AlertSettings[], alert: Alert): void {
    this.#sequence += 1;
    const at = (this.#options.wall ?? Date.now)();
    for (const each of settings) {
      if (!isAbout(each, alert.subject, alert.variables["attribute_name"])) continue;
      for (const recipient of alertWords(each, "recipients", [""])) {
        const variables = this.#variables(each, alert, recipient, at);
        this.#enqueue(each, () =>
          each.url === undefined
            ? runCommand(each, variables)
            : callWebhook(each, each.url, variables),
        );
      }
    }
  }

  #variables(
    settings: AlertSettings,
    alert: Alert,
    recipient: string,
    at: number,
  ): Record<string, string> {
    return {
      ...alert.variables,
      ...(recipient === "" ? {} : { recipient }),
      node_sequence: String(this.#sequence),
      version: this.#options.version,
      timestamp: timestamp(at, settings.options.get("timestamp-format")),
      timestamp_epoch: String(Math.floor(at / 1000)),
      timestamp_usec: String(Math.floor((at % 1000) * 1000)),
    };
  }

  #enqueue(settings: AlertSettings, task: () => Promise<void>): void {
    const { name } = settings;
    const waiting = this.#waiting.get(name) ?? [];
    this.#waiting.set(name, waiting);
    if (waiting.length >= WAITING_MAX) {
      waiting.shift();
      this.#options.warn(
        `alert ${name} is too slow: the oldest of ${WAITING_MAX} waiting is dropped`,
      );
    }
    waiting.push(task);
    if (!this.#busy.has(name)) void this.#work(name, waiting);
  }

  async #work(name: string, waiting: (() => Promise<void>)[]): Promise<void> {
    this.#busy.add(name);
    for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) {
      try {
        await task();
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#options.warn(`alert ${name}: ${reason}`);
      }
    }
    this.#busy.delete(name);
  }
}

/** Runs the command with a shell; rejects unless it ends with 0 in time. */
function runCommand(
  settings: AlertSettings,
  variables: Readonly<Record<string, string>>,
): Promise<void> {
  const { command = "" } = settings;
  const env: Record<string, string> = {
    PATH: process.env["PATH"] ?? "/usr/bin:/bin",
    LANG: "C.UTF-8",
  };
  for (const [option, value] of settings.options) {
    if (option.startsWith("env.")) env[option.slice("env.".length)] = value;
  }
  for (const [name, value] of Object.entries(variables)) env[`CRM_alert_${name}`] = value;
  return new Promise((resolve, reject) => {
    const child = spawn("/bin/sh", ["-c", command], {
      cwd: "/",
      env,
      detached: true,
      stdio: "ignore",
    });
    const limit = timeoutOf(settings);
    const timer = setTimeout(() => {
      killGroup(child.pid);
      reject(new Error(`${command} did not end within ${limit} ms and was killed`));
    }, limit);
    const end = (error?: Error): void => {
      clearTimeout(timer);
      if (error === undefined) resolve();
      else reject(error);
    };
    child.once("error", end);
    child.once("exit", (code, signal) => {
      end(code === 0 ? undefined : new Error(`${command} ended with ${signal ?? code}`));
    });
  });
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

/** Posts the variables as a JSON object; tries again where the answer is no success. */
async function callWebhook(
  settings: AlertSettings,
  url: string,
  variables: Readonly<Record<string, string>>,
): Promise<void> {
  const retries = Number(settings.options.get("retries") ?? RETRIES);
  for (let attempt = 0; ; attempt++) {
    try {
      const answer = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(variables),
        signal: AbortSignal.timeout(timeoutOf(settings)),
      });
      await answer.body?.cancel();
      if (answer.ok) return;
      throw new Error(`answered ${answer.status}`);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (attempt >= retries) throw new Error(`${url} after ${attempt + 1} attempts: ${reason}`);
      await new Promise((done) => setTimeout(done, RETRY_MS).unref());
    }
  }
}

function timeoutOf(settings: AlertSettings): number {
  const given = parseDuration(settings.options.get("timeout") ?? "");
  return given === undefined || given <= 0 ? TIMEOUT_MS : given;
}

/** strftime's commonest letters; without a format the time of day with microseconds, as Pacemaker has it. */
function timestamp(at: number, format = "%H:%M:%S.%06N"): string {
  const iso = new Date(at).toISOString();
  const parts: Readonly<Record<string, string>> = {
    Y: iso.slice(0, 4),
    m: iso.slice(5, 7),
    d: iso.slice(8, 10),
    H: iso.slice(11, 13),
    M: iso.slice(14, 16),
    S: iso.slice(17, 19),
    F: iso.slice(0, 10),
    T: iso.slice(11, 19),
    s: String(Math.floor(at / 1000)),
    z: "+0000",
    "06N": `${iso.slice(20, 23)}000`,
    "%": "%",
  };
  return format.replace(/%(06N|[A-Za-z%])/g, (whole, letter: string) => parts[letter] ?? whole);
}
