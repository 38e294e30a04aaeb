import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { basename } from "node:path";
import type { Millis } from "../core/units.ts";
import type { WatchdogOrder } from "../fencing/self-fence.ts";
import type { WatchdogState } from "../model/watchdog.ts";
import { OWN_AGENT_DIR } from "./agent-lookup.ts";

export interface WatchdogOptions {
  /**
   * `auto`: the hardware's, and a software one where there is none; `software`: kills the daemon and
   * has the guardian stop all; `software-reboot`: resets the machine besides; `none`; or a device.
   */
  readonly use: string;
  readonly runDir: string;
  /** Where a letter resets the machine (software-reboot). */
  readonly sysrqFile?: string;
  readonly onState: (state: WatchdogState) => void;
}

const HARDWARE = "/dev/watchdog";
const SYSRQ = "/proc/sysrq-trigger";

/** From the decision to the reset, where a process decides. */
const RESET_MS: Millis = 300;

interface Dog {
  feed(): void;
  /** The daemon is replaced within that time, and the others wait for it. */
  restart?(ms: Millis): void;
  /** Ends it without a reset. */
  release(): void;
}

/** This node's watchdog, hardware or not. Opens nothing before it is told to arm. */
export class WatchdogDevice {
  readonly #options: WatchdogOptions;
  #dog: Dog | undefined;

  constructor(options: WatchdogOptions) {
    this.#options = options;
  }

  obey(order: WatchdogOrder): void {
    if (order.kind === "feed") this.#feed();
    else {
      this.#dog?.release();
      this.#dog = undefined;
      if (order.kind === "arm") this.#arm(order.fireMs);
      else this.#options.onState({ how: "none", proves: false, fireMs: 0, detail: "not armed" });
    }
  }

  /** This process ends and another one follows within that time; hardware cannot be told so. */
  expectRestart(ms: Millis): void {
    this.#dog?.restart?.(ms);
  }

  #feed(): void {
    try {
      this.#dog?.feed();
    } catch (error) {
      this.#say("none", 0, `it cannot be fed: ${messageOf(error)}`);
    }
  }

  #arm(fireMs: Millis): void {
    const { use } = this.#options;
    const path = use === "auto" ? HARDWARE : use;
    try {
      if (use === "none") this.#say("none", 0, "switched off by --watchdog none");
      else if (use.startsWith("software") || (use === "auto" && !existsSync(HARDWARE))) {
        this.#armSoftware(fireMs, use === "software-reboot");
      } else this.#armHardware(path, fireMs);
    } catch (error) {
      this.#say("none", 0, `${path} cannot be used: ${messageOf(error)}`);
    }
  }

  #armHardware(path: string, fireMs: Millis): void {
    const isDevice = statSync(path).isCharacterDevice();
    const actual = isDevice ? setTimeoutOf(path, fireMs) : fireMs;
    const handle = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    this.#dog = {
      feed: () => writeSync(handle, "\n"),
      release: () => {
        // The magic close: anything else leaves it running.
        writeSync(handle, "V");
        closeSync(handle);
      },
    };
    this.#dog.feed();
    this.#say("hardware", actual, `${path} resets this machine after ${actual / 1_000} s`);
  }

  #armSoftware(fireMs: Millis, reboots: boolean): void {
    const { runDir, sysrqFile = SYSRQ } = this.#options;
    const token = `${process.pid}.${process.hrtime.bigint()}`;
    writeFileSync(`${runDir}/watchdog.token`, `${token}\n`, { mode: 0o600 });
    const script = `${OWN_AGENT_DIR}/lib/bash/watchdog`;
    const args = [script, runDir, token, String(Math.floor(fireMs / 10)), String(process.pid)];
    const child = spawn("/bin/bash", reboots ? [...args, sysrqFile] : args, {
      cwd: "/",
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
      env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
    });
    this.#follow(child);
    const seconds = fireMs / 1_000;
    if (reboots)
      this.#say("software", fireMs + RESET_MS, `a process resets this machine after ${seconds} s`);
    else {
      const detail = `a process stops all resources after ${seconds} s, but cannot be certain of it`;
      this.#options.onState({ how: "software", proves: false, fireMs, detail });
    }
  }

  #follow(child: ChildProcess): void {
    child.unref();
    child.stdin?.on("error", () => {});
    (child.stdin as unknown as { unref?: () => void } | null)?.unref?.();
    const write = (line: string): void => {
      if (child.stdin?.writable) child.stdin.write(`${line}\n`);
    };
    const dog = {
      feed: () => write("feed"),
      restart: (ms: Millis) => write(`restart ${Math.floor(ms / 10)}`),
      release: () => {
        write("release");
        child.stdin?.end();
      },
    };
    this.#dog = dog;
    const lost = (why: string): void => {
      if (this.#dog !== dog) return;
      this.#dog = undefined;
      this.#say("none", 0, `the watchdog process is gone: ${why}`);
    };
    child.on("error", (error) => lost(error.message));
    child.on("exit", (code, signal) => lost(`it ended with ${signal ?? code}`));
  }

  #say(how: WatchdogState["how"], fireMs: Millis, detail: string): void {
    this.#options.onState({ how, proves: fireMs > 0, fireMs, detail });
  }
}

/** Asks the hardware for that time; answers what it has set. Throws where that is not to be known. */
function setTimeoutOf(path: string, fireMs: Millis): Millis {
  try {
    execFileSync("wdctl", ["--settimeout", String(Math.floor(fireMs / 1_000)), path], {
      stdio: "ignore",
      timeout: 2_000,
    });
  } catch {
    // Not installed, or not to be set: what it has set already may do.
  }
  const name = basename(path) === "watchdog" ? "watchdog0" : basename(path);
  return Number(readFileSync(`/sys/class/watchdog/${name}/timeout`, "utf8")) * 1_000;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
