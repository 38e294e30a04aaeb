import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atEnd, removeDirectory } from "./at-end.ts";
import { ROOT, run, until } from "./lab-commands.ts";
import { nameOf, treeOf, tryKill } from "./process-tree.ts";

/** Whether a container with a systemd of its own can be booted here. */
export function canBootContainers(): boolean {
  if (process.getuid?.() !== 0) return false;
  const found = spawnSync("systemd-nspawn", ["--version"], { stdio: "ignore" });
  return found.status === 0;
}

/**
 * This machine once more, booted: its root file system under an overlay that is thrown away, with
 * systemd as its first process and a network of its own that leads nowhere.
 */
export class BootedContainer {
  readonly name: string;
  readonly #directory = mkdtempSync(join(tmpdir(), "paceline-boot-"));
  readonly #forget = atEnd(() => this.#clear());
  #nspawn: ChildProcess | undefined;
  #init: number | undefined;

  constructor(name: string) {
    this.name = name;
  }

  get root(): string {
    return join(this.#directory, "root");
  }

  /** Resolves when systemd has finished starting; rejects where it does not. */
  async boot(): Promise<void> {
    const part = (name: string): string => join(this.#directory, name);
    execFileSync("mount", ["-t", "tmpfs", "tmpfs", this.#directory]);
    for (const name of ["upper", "work", "root"]) mkdirSync(part(name));
    const layers = `lowerdir=/,upperdir=${part("upper")},workdir=${part("work")}`;
    execFileSync("mount", ["-t", "overlay", "overlay", "-o", layers, this.root]);
    writeFileSync(join(this.root, "etc/hostname"), `${this.name}\n`);
    this.#nspawn = spawn(
      "systemd-nspawn",
      [
        ...["--quiet", `--directory=${this.root}`, `--machine=${this.name}`],
        // The checkout may be in a place that the container has its own of, such as /tmp.
        `--bind-ro=${ROOT}`,
        ...["--register=no", "--keep-unit", "--private-network", "--console=pipe", "--boot"],
      ],
      { stdio: "ignore", env: { ...process.env, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: "0" } },
    );
    await until("systemd runs in the container", async () => {
      this.#init = firstProcess(this.#nspawn?.pid);
      if (this.#init === undefined) return false;
      const { stdout } = await this.run("systemctl", "is-system-running");
      return ["running", "degraded"].includes(stdout.trim());
    });
  }

  /** Runs a command in the container. */
  async run(...command: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    return await run("nsenter", [
      ...["--target", String(this.#init), "--mount", "--uts", "--ipc", "--net", "--pid"],
      ...command,
    ]);
  }

  /** The same, and it must succeed; what it printed. */
  async must(...command: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...command);
    if (code !== 0) throw new Error(`${command.join(" ")} gave ${code}: ${stderr}${stdout}`);
    return stdout;
  }

  async close(): Promise<void> {
    const nspawn = this.#nspawn;
    this.#kill();
    if (nspawn !== undefined && nspawn.exitCode === null && nspawn.signalCode === null) {
      await new Promise((done) => nspawn.once("exit", done));
    }
    this.#forget();
    this.#remove();
  }

  #clear(): void {
    this.#kill();
    this.#remove();
  }

  #kill(): void {
    const init = firstProcess(this.#nspawn?.pid);
    // All of the container ends with its first process.
    if (init !== undefined) tryKill(init);
    else this.#nspawn?.kill("SIGKILL");
  }

  #remove(): void {
    for (const path of [this.root, this.#directory]) {
      spawnSync("umount", ["--lazy", path], { stdio: "ignore" });
    }
    removeDirectory(this.#directory);
  }
}

/** systemd-nspawn starts helpers, and one of those the container's first process. */
function firstProcess(nspawn: number | undefined): number | undefined {
  return nspawn === undefined ? undefined : treeOf(nspawn).find((pid) => nameOf(pid) === "systemd");
}
