import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Logger } from "pino";
import { NodeMachine } from "../controller/node-machine.ts";
import { AgentExecutor } from "../io/agent-executor.ts";
import { settleOrphans } from "../io/agent-orphans.ts";
import { AlertSender } from "../io/alert-sender.ts";
import { startControlServer } from "../io/control-server.ts";
import { describeDeeds, Guardian } from "../io/guardian.ts";
import { endInterim, Interim, removeInterim } from "../io/interim.ts";
import { createLog, type LogOptions, logNote } from "../io/log.ts";
import { MessagingWorker } from "../io/messaging-worker.ts";
import { createServiceNotifier, type ServiceNotifier } from "../io/service-notify.ts";
import { WatchdogDevice } from "../io/watchdog-device.ts";
import type { ControlReply } from "../model/control.ts";
import { AlertWatch } from "./alert-watch.ts";
import { Driver } from "./driver.ts";
import { DAEMON_EXIT } from "./exit-codes.ts";
import { localPlanners } from "./local-planner.ts";
import { LocalTroubles } from "./local-troubles.ts";
import { withLocalView } from "./local-view.ts";
import { describeDiagnostic, type Preparation, prepare, StartFailure } from "./preparation.ts";
import { guardianGraceMs, monotonic, RealWorld } from "./real-world.ts";
import { rehearseSoon } from "./rehearsing.ts";
import { TieBreakers } from "./tie-breakers.ts";
import { VERSION } from "./version.ts";

export interface DaemonOptions {
  readonly config: string;
  readonly node: string;
  readonly stateDir: string;
  readonly runDir: string;
  readonly agentDirs: readonly string[];
  readonly log: LogOptions;
  /** Which watchdog; see WatchdogOptions. Opened only where the definition wants one. */
  readonly watchdog?: string;
  readonly sysrqFile?: string;
}

/** Where this installation keeps its agents: beside `dist`. */
const OWN_AGENTS = fileURLToPath(new URL("../../agents", import.meta.url));

/** The commands by which agents talk to the cluster. */
const HELPERS = `${OWN_AGENTS}/helpers`;

const OCF_ROOT = "/usr/lib/ocf";

/** Runs a node until it is told to leave. Everything real is put together here, and only here. */
export async function runDaemon(options: DaemonOptions): Promise<void> {
  try {
    const prepared = await prepare(options);
    await start(options, prepared, createLog(options.log, options.node));
  } catch (error) {
    const code = error instanceof StartFailure ? error.code : DAEMON_EXIT.failed;
    process.stderr.write(`pacelined: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(code);
  }
}

async function start(options: DaemonOptions, prepared: Preparation, log: Logger): Promise<void> {
  tellDamage(prepared, log);
  const guardian = new Guardian({
    runDir: options.runDir,
    helperDir: HELPERS,
    graceMs: guardianGraceMs(prepared.definition.messaging.advertIntervalMs),
    warn: (message) => log.warn({ event: "guardian" }, message),
  });
  const notifier = createServiceNotifier(process.env);
  const world = new RealWorld({
    log,
    file: prepared.file,
    storage: prepared.storage,
    guardian,
    onFenceAgents: (facts) => driver.push({ kind: "fence-agents", facts }),
    tieBreakers: new TieBreakers(options.node, prepared.definition, prepared.keys),
    finish: (code, reason) => {
      log.info({ event: "exit", code }, `pacelined ends: ${reason}`);
      removeInterim(options.runDir);
      if (reason === "left the cluster") guardian.release();
      void finish(world, prepared, notifier, driver, code, reason);
    },
  });
  const machine = new NodeMachine({
    self: options.node,
    incarnation: prepared.incarnation,
    definition: prepared.definition,
    stored: prepared.raft,
    ...localPlanners(),
    environment: {
      ocfRoot: OCF_ROOT,
      runDir: options.runDir,
      helperDir: HELPERS,
      nodeJs: process.execPath,
      askAgents: true,
    },
    version: VERSION,
    ...bootOf(),
    now: monotonic(),
    wall: Date.now(),
  });
  const driver = new Driver(overheard(machine, options.node, prepared, log), world);
  world.executor = new AgentExecutor({
    agentDirs: [...options.agentDirs, OWN_AGENTS],
    ocfRoot: OCF_ROOT,
    helperDir: HELPERS,
    spares: true,
    onDone: (runId, outcome) => world.agentDone(runId, outcome),
  });
  world.watchdogDevice = makeWatchdog(options, driver);
  const troubles = new LocalTroubles(options.node, prepared.definition.messaging.keyFile);
  prepared.storage.onTrouble((problem) => {
    troubles.storage(problem);
    if (problem === undefined) return;
    driver.push({ kind: "store-failed", token: 0, message: describeDiagnostic(problem) });
  });
  await guardian.start();
  await tellOfBefore(guardian, options.runDir, log);
  world.messenger = startMessaging(options, prepared, machine, driver, log, troubles);
  world.server = await startControlServer({
    runDir: options.runDir,
    onTrouble: (message) => log.warn({ event: "control" }, message),
    handler: (request) =>
      new Promise((resolve) => {
        const answer = (reply: ControlReply): void => {
          resolve(withLocalView(request, reply, prepared.file, troubles, Date.now()));
        };
        driver.push({ kind: "request", requestId: world.expectReply(answer), request });
      }),
  });
  listenToSignals(driver);
  world.learnFenceAgents(prepared.definition);
  log.info(
    { event: "started", version: VERSION, incarnation: prepared.incarnation, pid: process.pid },
    `pacelined ${VERSION} runs as ${options.node} of cluster ${prepared.definition.cluster}`,
  );
  driver.push({ kind: "tick" });
  const status = `node ${options.node} of ${prepared.definition.cluster}`;
  await notifier.notify({ ready: true, status });
  rehearseSoon({ definition: prepared.definition, ...localPlanners() }, (note) =>
    logNote(log, note),
  );
}

/** What came of the things that the daemon before left running. */
async function tellOfBefore(guardian: Guardian, runDir: string, log: Logger): Promise<void> {
  for (const deed of describeDeeds(guardian.report)) {
    log.warn({ event: "guardian-acted" }, deed);
  }
  for (const { pid, command, killed } of await settleOrphans(runDir)) {
    const end = killed ? "was killed" : "has ended";
    log.warn(
      { event: "agent-orphan", pid },
      `an agent run of the daemon before ${end}: ${command}`,
    );
  }
}

function tellDamage({ damage }: Preparation, log: Logger): void {
  for (const each of damage) {
    log.warn({ event: "state-damaged", code: each.code }, describeDiagnostic(each));
  }
}

/** A new one with every boot of the machine; absent where there is no /proc. */
function bootOf(): { readonly boot?: string } {
  try {
    return { boot: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim() };
  } catch {
    return {};
  }
}

function makeWatchdog(options: DaemonOptions, driver: Driver): WatchdogDevice {
  const { watchdog: use = "auto", runDir, sysrqFile } = options;
  return new WatchdogDevice({
    use,
    runDir,
    ...(sysrqFile === undefined ? {} : { sysrqFile }),
    onState: (state) => driver.push({ kind: "watchdog-state", state }),
  });
}

/** The machine, with alerts sent of what it sees and does. */
function overheard(
  machine: NodeMachine,
  node: string,
  prepared: Preparation,
  log: Logger,
): AlertWatch {
  const warn = (message: string): void => log.warn({ event: "alert" }, message);
  const sender = new AlertSender({ version: VERSION, warn });
  const { alerts } = prepared.definition;
  return new AlertWatch(machine, node, alerts, (all, event) => sender.send(all, event));
}

function startMessaging(
  options: DaemonOptions,
  prepared: Preparation,
  machine: NodeMachine,
  driver: Driver,
  log: Logger,
  troubles: LocalTroubles,
): MessagingWorker {
  const interim = new Interim(options.runDir);
  return new MessagingWorker({
    config: machine.messagingConfig(),
    incarnation: prepared.incarnation,
    keys: prepared.keys,
    onEvent: (event) => {
      if (event.kind === "note") {
        troubles.overhear(event, Date.now());
        logNote(log, event);
        return;
      }
      if (event.kind === "peer-up") {
        interim.heard();
        troubles.peerHeard();
      }
      driver.push({ kind: "peer", event });
    },
    onStart: () => endInterim(options.runDir),
    onInterim: (frames) => interim.sealed(frames),
    onFailure: (error) => {
      log.error({ event: "messaging-failed" }, `the messaging thread died: ${error.message}`);
      process.exit(DAEMON_EXIT.failed);
    },
  });
}

/** SIGTERM and SIGINT: leave cleanly. SIGUSR2: stop, and leave the resources running (upgrade). */
function listenToSignals(driver: Driver): void {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => driver.push({ kind: "shutdown", mode: "leave" }));
  }
  process.on("SIGUSR2", () => driver.push({ kind: "shutdown", mode: "stop" }));
}

async function finish(
  world: RealWorld,
  prepared: Preparation,
  notifier: ServiceNotifier,
  driver: Driver,
  code: number,
  reason: string,
): Promise<void> {
  driver.stop();
  await notifier.notify({ stopping: true, status: reason });
  world.executor?.close();
  await world.server?.close();
  await world.messenger?.close();
  await prepared.storage.close();
  process.exit(code);
}
