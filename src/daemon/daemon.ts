import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loadRaftState } from "../consensus/raft-codec.ts";
import { NodeMachine } from "../controller/node-machine.ts";
import { AgentExecutor } from "../io/agent-executor.ts";
import { type ControlServer, startControlServer } from "../io/control-server.ts";
import { FileStorage } from "../io/file-storage.ts";
import { Guardian } from "../io/guardian.ts";
import { readKeyFile } from "../io/key-file.ts";
import { createLog, type LogLevel, logNote } from "../io/log.ts";
import { MessagingWorker } from "../io/messaging-worker.ts";
import { createServiceNotifier } from "../io/service-notify.ts";
import type { ControlReply } from "../model/control.ts";
import type { Definition } from "../model/definition.ts";
import type { AgentOutcome } from "../model/operation.ts";
import { plan } from "../policy/plan.ts";
import { DefinitionFile } from "./definition-file.ts";
import { Driver, type World } from "./driver.ts";
import { DAEMON_EXIT } from "./exit-codes.ts";
import { VERSION } from "./version.ts";

export interface DaemonOptions {
  readonly config: string;
  readonly node: string;
  readonly stateDir: string;
  readonly runDir: string;
  readonly agentDirs: readonly string[];
  readonly logLevel: LogLevel;
}

/** Where this installation keeps its agents: beside `dist`. */
const OWN_AGENTS = fileURLToPath(new URL("../../agents", import.meta.url));

const OCF_ROOT = "/usr/lib/ocf";

/** Key in the state directory under which the last incarnation is kept. */
const INCARNATION_KEY = "incarnation";

/** A start that cannot succeed: the message is for a person, the code for systemd. */
class StartFailure extends Error {
  readonly code: number;
  constructor(message: string, code: number) {
    super(message);
    this.code = code;
  }
}

/** Runs a node until it is told to leave. Everything real is put together here, and only here. */
export async function runDaemon(options: DaemonOptions): Promise<void> {
  try {
    await start(options);
  } catch (error) {
    const code = error instanceof StartFailure ? error.code : DAEMON_EXIT.failed;
    process.stderr.write(`pacelined: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(code);
  }
}

async function start(options: DaemonOptions): Promise<void> {
  const log = createLog(options.logLevel, options.node);
  const file = new DefinitionFile(options.config);
  const definition = loadLocal(file, options.node);
  mkdirSync(options.runDir, { recursive: true, mode: 0o755 });
  mkdirSync(options.stateDir, { recursive: true, mode: 0o700 });
  const opened = await FileStorage.open(options.stateDir);
  if (!opened.ok) throw new StartFailure(describe(opened.diagnostic), DAEMON_EXIT.failed);
  const { storage, values } = opened;
  for (const diagnostic of opened.diagnostics) {
    log.warn({ event: "state-damaged", code: diagnostic.code }, describe(diagnostic));
  }
  const loaded = loadRaftState(values);
  if (!loaded.ok) {
    throw new StartFailure(
      `the state in ${options.stateDir} cannot be read (${loaded.key}): ${loaded.message}\n  hint: move the directory away; this node then rejoins with the state of the others`,
      DAEMON_EXIT.stayDown,
    );
  }
  const keys = readKeyFile(definition.messaging.keyFile);
  if ("problem" in keys) {
    throw new StartFailure(
      `${keys.problem.message}\n  hint: ${keys.problem.hint}`,
      DAEMON_EXIT.stayDown,
    );
  }
  const incarnation = await nextIncarnation(storage, values);
  const guardian = new Guardian({
    runDir: options.runDir,
    node: options.node,
    graceMs: guardianGraceMs(definition),
    log: (message) => log.info({ event: "guardian" }, message),
  });
  const replies = new Map<number, (reply: ControlReply) => void>();
  const runs = new Map<number, (outcome: AgentOutcome) => void>();
  let requestId = 0;
  let server: ControlServer | undefined;

  const executor = new AgentExecutor({
    agentDirs: [...options.agentDirs, OWN_AGENTS],
    ocfRoot: OCF_ROOT,
    onDone: (runId, outcome) => {
      const done = runs.get(runId);
      runs.delete(runId);
      done?.(outcome);
    },
  });
  const machine = new NodeMachine({
    self: options.node,
    incarnation,
    definition,
    stored: loaded.state,
    planner: (policy, status, wall) => plan(policy, status, wall),
    environment: { ocfRoot: OCF_ROOT, runDir: options.runDir },
    version: VERSION,
    now: monotonic(),
    wall: Date.now(),
  });
  const notifier = createServiceNotifier(process.env);
  const finish = async (code: number, reason: string): Promise<void> => {
    log.info({ event: "exit", code }, reason);
    driver.stop();
    await notifier.notify({ stopping: true, status: reason });
    await server?.close();
    await messaging.close();
    await storage.close();
    process.exit(code);
  };
  const world: World = {
    now: monotonic,
    wall: Date.now,
    messaging: (command) => messaging.post(command),
    persist: (writes) => storage.persist(writes),
    run: (command) =>
      new Promise((resolve) => {
        runs.set(command.runId, resolve);
        executor.run(command);
      }),
    kill: (runId) => executor.kill(runId),
    reply: (id, reply) => {
      replies.get(id)?.(reply);
      replies.delete(id);
    },
    guard: (entries, inactive) => guardian.update(entries, inactive),
    publish: (event) => server?.publish(event),
    definition: (text, version) => {
      const { keptAs, problem } = file.replace(
        text,
        new Date().toISOString().replace(/[:.]/g, "-"),
      );
      if (problem !== undefined) {
        log.error({ event: "definition-file", version }, `cannot write ${file.path}: ${problem}`);
      } else {
        const kept = keptAs === undefined ? "" : `; the text that stood there is kept as ${keptAs}`;
        log.info(
          { event: "definition", version },
          `definition ${version} is in ${file.path}${kept}`,
        );
      }
    },
    exit: (code, reason) => {
      if (reason === "left the cluster") guardian.release();
      void finish(code, reason);
    },
    note: (entry) => logNote(log, entry),
  };
  const driver = new Driver(machine, world);
  const messaging = new MessagingWorker({
    config: machine.messagingConfig(),
    incarnation,
    keys: keys.keys,
    onEvent: (event) => {
      if (event.kind === "note") logNote(log, event);
      else driver.push({ kind: "peer", event });
    },
    onFailure: (error) => {
      log.error({ event: "messaging-failed" }, `the messaging thread died: ${error.message}`);
      process.exit(DAEMON_EXIT.failed);
    },
  });
  guardian.start();
  server = await startControlServer({
    runDir: options.runDir,
    onTrouble: (message) => log.warn({ event: "control" }, message),
    handler: (request) =>
      new Promise((resolve) => {
        requestId += 1;
        replies.set(requestId, resolve);
        driver.push({ kind: "request", requestId, request });
      }),
  });
  process.on("SIGTERM", () => driver.push({ kind: "shutdown", mode: "leave" }));
  process.on("SIGINT", () => driver.push({ kind: "shutdown", mode: "leave" }));
  process.on("SIGUSR2", () => driver.push({ kind: "shutdown", mode: "stop" }));
  driver.push({ kind: "tick" });
  log.info(
    { event: "started", version: VERSION, incarnation, pid: process.pid },
    `pacelined ${VERSION} runs as ${options.node} of cluster ${definition.cluster}`,
  );
  await notifier.notify({ ready: true, status: `node ${options.node} of ${definition.cluster}` });
}

function loadLocal(file: DefinitionFile, node: string): Definition {
  const loaded = file.load();
  if ("problem" in loaded) throw new StartFailure(loaded.problem, DAEMON_EXIT.stayDown);
  const names = loaded.definition.nodes.map((entry) => entry.name);
  if (!names.includes(node)) {
    throw new StartFailure(
      `${file.path} has no node ${node}; it has ${names.join(", ")}\n  hint: start with --node NAME, or give this host one of these names`,
      DAEMON_EXIT.stayDown,
    );
  }
  return loaded.definition;
}

/** Rises with every start, even if the clock went back: a peer must know old frames from new. */
async function nextIncarnation(
  storage: FileStorage,
  values: ReadonlyMap<string, Uint8Array>,
): Promise<number> {
  const bytes = values.get(INCARNATION_KEY);
  const last = bytes === undefined ? 0 : Number(new TextDecoder().decode(bytes));
  const next = Math.max(Date.now(), Number.isSafeInteger(last) ? last + 1 : 0);
  await storage.persist([{ key: INCARNATION_KEY, bytes: new TextEncoder().encode(String(next)) }]);
  return next;
}

/** The addresses must be gone before the others take over: a little less than detection takes. */
function guardianGraceMs(definition: Definition): number {
  return Math.max(20, definition.messaging.advertIntervalMs * 1.5);
}

function describe(diagnostic: { message: string; hint?: string }): string {
  return diagnostic.hint === undefined
    ? diagnostic.message
    : `${diagnostic.message}\n  hint: ${diagnostic.hint}`;
}

/** The process-wide monotonic clock, in milliseconds; the messaging thread reads the same one. */
function monotonic(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
