import { type ChildProcess, execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { spawnBound } from "./at-end.ts";

export const IPMI_PASSWORD = "correct-horse";

export function haveIpmi(): boolean {
  try {
    execFileSync("sh", ["-c", "command -v ipmitool && command -v ipmi_sim"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

export interface IpmiSimOptions {
  readonly directory: string;
  readonly address: string;
  readonly port: number;
  /** In which it listens; default: this process's own. */
  readonly namespace?: string;
  /** Says "on" for so many seconds after an "off". */
  readonly lateSeconds?: number;
  /** A shell command that takes the power for real; "off" is reported only after it. */
  readonly onOff?: string;
  /** A file to which every order of several controllers is appended: `PORT ORDER MILLISECONDS`. */
  readonly journal?: string;
}

/**
 * A baseboard management controller: Debian's ipmi_sim with a chassis that is two files. `power` is
 * what was last ordered, 0 or 1; `orders` has a line for each order.
 */
export class IpmiSim {
  readonly #directory: string;
  readonly #options: IpmiSimOptions;
  #process: ChildProcess | undefined;

  constructor(options: IpmiSimOptions) {
    this.#options = options;
    this.#directory = options.directory;
    mkdirSync(join(this.#directory, "state"), { recursive: true });
    this.setPower("on");
    const chassis = join(this.#directory, "chassis");
    writeFileSync(chassis, chassisScript(this.#directory, options));
    chmodSync(chassis, 0o755);
    writeFileSync(join(this.#directory, "lan.conf"), lanConfig(options, chassis));
    writeFileSync(
      join(this.#directory, "sim.emu"),
      "mc_setbmc 0x20\nmc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02\nmc_enable 0x20\n",
    );
  }

  start(): void {
    const file = (name: string) => join(this.#directory, name);
    const args = ["-c", file("lan.conf"), "-f", file("sim.emu"), "-s", file("state"), "-n"];
    const { namespace } = this.#options;
    this.#process =
      namespace === undefined
        ? spawnBound("ipmi_sim", args, { stdio: "ignore" })
        : spawnBound("ip", ["netns", "exec", namespace, "ipmi_sim", ...args], { stdio: "ignore" });
  }

  stop(): void {
    this.#process?.kill("SIGKILL");
    this.#process = undefined;
  }

  /** Answers nothing until it may proceed. */
  pause(): void {
    this.#signal("SIGSTOP");
  }
  proceed(): void {
    this.#signal("SIGCONT");
  }

  #signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  setPower(state: "on" | "off"): void {
    writeFileSync(join(this.#directory, "power"), state === "on" ? "1\n" : "0\n");
  }
  get power(): "on" | "off" {
    return readFileSync(join(this.#directory, "power"), "utf8").trim() === "1" ? "on" : "off";
  }
  /** All orders so far, oldest first. */
  get orders(): string[] {
    const path = join(this.#directory, "orders");
    if (!existsSync(path)) return [];
    return readFileSync(path, "utf8").trimEnd().split("\n");
  }
}

function lanConfig(options: IpmiSimOptions, chassis: string): string {
  const auths = ["callback", "user", "operator", "admin"]
    .map((level) => `  allowed_auths_${level} none md2 md5 straight\n`)
    .join("");
  return `name "bmc"
set_working_mc 0x20
startlan 1
  addr ${options.address} ${options.port}
  priv_limit admin
${auths}  guid a123456789abcdefa123456789abcdef
endlan
chassis_control "${chassis} 0x20"
user 1 true "" "" user 10 none md2 md5 straight
user 2 true "fence" "${IPMI_PASSWORD}" admin 10 none md2 md5 straight
`;
}

/** ipmi_sim's protocol: `get power` prints power:0 or power:1, `set power N` sets it. */
function chassisScript(directory: string, options: IpmiSimOptions): string {
  const { lateSeconds = 0, onOff = "true", journal = "/dev/null", port } = options;
  return `#!/bin/sh
cd '${directory}' || exit 1
late=${lateSeconds}
case "$2 $3" in
  "get power")
    power=$(cat power)
    since=$(cat off-at 2>/dev/null || echo 0)
    if [ "$power" = 0 ] && [ $(($(date +%s) - since)) -lt $late ]; then power=1; fi
    echo "power:$power" ;;
  "set power")
    echo "$4" >> orders
    echo "${port} $4 $(date +%s%3N)" >> '${journal}'
    if [ "$4" = 0 ]; then date +%s > off-at; ${onOff}; fi
    echo "$4" > power ;;
esac
`;
}
