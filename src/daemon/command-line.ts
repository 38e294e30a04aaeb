import { hostname } from "node:os";
import { Command, Option } from "commander";
import type { LogFormat, LogLevel } from "../io/log.ts";
import { runDaemon } from "./daemon.ts";
import { DAEMON_EXIT } from "./exit-codes.ts";
import { bePrompt } from "./promptness.ts";
import { VERSION } from "./version.ts";

const LEVELS: readonly LogLevel[] = ["error", "warn", "info", "debug"];
const FORMATS: readonly LogFormat[] = ["text", "json"];

/** `pacelined` as it was called. */
export async function runCommandLine(): Promise<void> {
  const options = readOptions();
  const log = { level: options.logLevel, format: options.logFormat };
  bePrompt();
  if (options.arbiter === true) {
    const { runArbiter } = await import("./arbiter.ts");
    await runArbiter({
      listen: options.listen,
      keyFiles: options.keyFile ?? ["/etc/paceline/arbiter.key"],
      stateDir: options.stateDir,
      log,
    });
  } else {
    await runDaemon({
      config: options.config,
      node: options.node,
      stateDir: options.stateDir,
      runDir: options.runDir,
      agentDirs: options.agentDir ?? [],
      log,
      watchdog: options.watchdog,
      ...(options.sysrq === undefined ? {} : { sysrqFile: options.sysrq }),
    });
  }
}

interface Options {
  config: string;
  node: string;
  stateDir: string;
  runDir: string;
  agentDir?: string[];
  logLevel: LogLevel;
  logFormat: LogFormat;
  watchdog: string;
  sysrq?: string;
  arbiter?: boolean;
  listen: string;
  keyFile?: string[];
}

function readOptions(): Options {
  const program = new Command("pacelined")
    .description("The paceline cluster daemon. Runs in the foreground.")
    .version(VERSION)
    .option("--config <file>", "the cluster definition", "/etc/paceline/cluster.yaml")
    .option("--node <name>", "this node's name in the definition", hostname())
    .option("--state-dir <dir>", "what must survive a restart", "/var/lib/paceline")
    .option("--run-dir <dir>", "control socket and guardian", "/run/paceline")
    .option("--agent-dir <dir...>", "further directories with paceline's own agents")
    .addOption(new Option("--log-level <level>").choices(LEVELS).default("info"))
    .addOption(
      new Option("--log-format <format>", "json: one object a line, for what collects logs")
        .choices(FORMATS)
        .default("text"),
    )
    .option(
      "--watchdog <what>",
      "auto, none, software, software-reboot, or a device; used only with fencing-watchdog-timeout",
      "auto",
    )
    .addOption(new Option("--sysrq <file>", "where a letter resets the machine").hideHelp())
    .option("--arbiter", "be an arbiter: decide even splits for clusters, run nothing")
    .option("--listen <address:port>", "arbiter: where to listen", "0.0.0.0:7799")
    .option("--key-file <file...>", "arbiter: the key, or CLUSTER=FILE for each cluster's own")
    .exitOverride((error) => {
      process.exit(error.exitCode === 0 ? DAEMON_EXIT.ok : DAEMON_EXIT.stayDown);
    });

  program.parse();
  return program.opts<Options>();
}
