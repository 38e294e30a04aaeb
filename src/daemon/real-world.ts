import type { Logger } from "pino";
import { loadDefinition } from "../config/load-definition.ts";
import type { StoredWrite } from "../controller/node-io.ts";
import type { Note } from "../core/note.ts";
import type { Millis } from "../core/units.ts";
import type { DeviceCommand, DeviceOutcome, FenceAgentFacts } from "../fencing/fence-types.ts";
import type { WatchdogOrder } from "../fencing/self-fence.ts";
import type { AgentExecutor } from "../io/agent-executor.ts";
import type { ControlServer } from "../io/control-server.ts";
import { FenceDeviceRunner } from "../io/fence-device-runner.ts";
import type { FileStorage } from "../io/file-storage.ts";
import type { Guardian } from "../io/guardian.ts";
import { logNote } from "../io/log.ts";
import type { MessagingWorker } from "../io/messaging-worker.ts";
import type { WatchdogDevice } from "../io/watchdog-device.ts";
import type { ControlEvent, ControlReply } from "../model/control.ts";
import type { CheckSettings, Definition } from "../model/definition.ts";
import type { AgentCommand, AgentOutcome, GuardEntry } from "../model/operation.ts";
import type { MessagingCommand } from "../model/peer.ts";
import type { TieBreakerAnswer, TieBreakerAsk } from "../model/vote-register.ts";
import type { DefinitionFile } from "./definition-file.ts";
import type { World } from "./driver.ts";
import type { TieBreakers } from "./tie-breakers.ts";

export interface RealParts {
  readonly log: Logger;
  readonly file: DefinitionFile;
  readonly storage: FileStorage;
  readonly guardian: Guardian;
  readonly tieBreakers: TieBreakers;
  readonly finish: (code: number, reason: string) => void;
  readonly onFenceAgents: (facts: ReadonlyMap<string, FenceAgentFacts>) => void;
}

/** The outputs of a node performed on the real machine. */
export class RealWorld implements World {
  readonly #parts: RealParts;
  readonly #replies = new Map<number, (reply: ControlReply) => void>();
  readonly #runs = new Map<number, (outcome: AgentOutcome) => void>();
  readonly #devices = new FenceDeviceRunner();
  #requestCount = 0;
  /** Set once they exist; nothing is performed before. */
  executor: AgentExecutor | undefined;
  messenger: MessagingWorker | undefined;
  server: ControlServer | undefined;
  watchdogDevice: WatchdogDevice | undefined;

  constructor(parts: RealParts) {
    this.#parts = parts;
  }

  now(): number {
    return monotonic();
  }
  wall(): number {
    return Date.now();
  }

  /** Registers a request whose reply the node will give under the id returned. */
  expectReply(resolve: (reply: ControlReply) => void): number {
    this.#requestCount += 1;
    this.#replies.set(this.#requestCount, resolve);
    return this.#requestCount;
  }

  agentDone(runId: number, outcome: AgentOutcome): void {
    const resolve = this.#runs.get(runId);
    this.#runs.delete(runId);
    resolve?.(outcome);
  }

  messaging(command: MessagingCommand): void {
    if (command.kind === "configure") {
      this.#parts.guardian.setGrace(guardianGraceMs(command.config.advertIntervalMs));
    }
    this.messenger?.post(command);
  }
  persist(writes: readonly StoredWrite[]): Promise<void> {
    return this.#parts.storage.persist(writes);
  }
  run(command: AgentCommand): Promise<AgentOutcome> {
    return new Promise((resolve) => {
      this.#runs.set(command.runId, resolve);
      this.executor?.run(command);
    });
  }
  async probe(check: CheckSettings): Promise<readonly string[]> {
    const { probe } = await import("../io/check-probe.ts");
    return await probe(check);
  }
  watchdog(order: WatchdogOrder): void {
    this.watchdogDevice?.obey(order);
  }
  askTieBreaker(ask: TieBreakerAsk): Promise<TieBreakerAnswer> {
    return this.#parts.tieBreakers.ask(ask);
  }
  kill(runId: number): void {
    this.executor?.kill(runId);
  }
  runDevice(command: DeviceCommand): Promise<DeviceOutcome> {
    return this.#devices.run(command);
  }
  /** Asks the fence agents of a definition what they do when a node joins. */
  learnFenceAgents({ fencing }: Definition): void {
    const agents = new Set(fencing.devices.map((device) => device.agent));
    const installed = [...agents].filter((agent) => agent.startsWith("fence_"));
    if (installed.length === 0) return;
    void this.#devices.facts(installed).then(this.#parts.onFenceAgents);
  }
  killDevice(runId: number): void {
    this.#devices.kill(runId);
  }
  reply(requestId: number, reply: ControlReply): void {
    this.#replies.get(requestId)?.(reply);
    this.#replies.delete(requestId);
  }
  guard(entries: readonly GuardEntry[], inactive: readonly string[]): void {
    this.#parts.guardian.update(entries, inactive);
  }
  publish(event: ControlEvent): void {
    this.server?.publish(event);
  }
  definition(text: string, version: number, isCurrent: boolean): void {
    const { log, file, tieBreakers } = this.#parts;
    const { definition } = loadDefinition(text);
    if (definition !== undefined) {
      tieBreakers.configure(definition);
      this.learnFenceAgents(definition);
    }
    if (!isCurrent) {
      if (file.expect(text)) {
        const message = `${file.path} is not definition ${version}, the last that this node is certain of: until it hears from the cluster it goes by that one, and leaves the file alone`;
        log.info({ event: "definition-differs", version }, message);
      }
      return;
    }
    const stamp = new Date().toISOString().replace(/[:.]/g, "-");
    const { kept, problem } = file.replace(text, stamp);
    if (problem !== undefined) {
      log.error({ event: "definition-file", version }, `cannot write ${file.path}: ${problem}`);
    } else if (kept !== undefined) {
      const changes = kept.changes.map((each) => `\n  ${each}`).join("");
      log.warn(
        { event: "definition-replaced", version, keptAs: kept.as },
        `definition ${version} of the cluster is now in ${file.path}. What stood there was not applied, and is kept as ${kept.as}. It would change:${changes}`,
      );
    } else {
      log.info({ event: "definition", version }, `definition ${version} is in force`);
    }
  }
  exit(code: number, reason: string, guardMs?: Millis): void {
    if (guardMs !== undefined) {
      this.#parts.guardian.setGrace(guardMs);
      this.watchdogDevice?.expectRestart(guardMs);
    }
    this.#parts.finish(code, reason);
  }
  note(note: Note): void {
    logNote(this.#parts.log, note);
  }
}

/**
 * The addresses must be gone before the others take over: a silent node is missed after 1.75 intervals,
 * counted from the last sign of life that the guardian gave, and taking an address down takes some 20 ms.
 */
export function guardianGraceMs(advertIntervalMs: Millis): Millis {
  return Math.max(5, advertIntervalMs * 1.6 - 20);
}

/** The process-wide monotonic clock, in milliseconds; the messaging thread reads the same one. */
export function monotonic(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
