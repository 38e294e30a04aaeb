import type { Random } from "../../src/core/random.ts";
import { ControlError, connectControl } from "../../src/io/control-client.ts";
import type { ControlMethod, ControlReply, ControlRequest } from "../../src/model/control.ts";
import {
  type DefinitionAnswer,
  type DefinitionCall,
  effectOf,
  type OverrideAnswer,
  type OverrideCall,
} from "./cib-registers.ts";
import type { LabNode } from "./lab-node.ts";
import { CallRecorder } from "./linearizability.ts";

/** What the clients of one test did to the CIB, register by register. */
export class CibHistory {
  readonly definition = new CallRecorder<DefinitionCall, DefinitionAnswer>();
  readonly overrides = new Map<string, CallRecorder<OverrideCall, OverrideAnswer>>();

  override(id: string): CallRecorder<OverrideCall, OverrideAnswer> {
    const known = this.overrides.get(id) ?? new CallRecorder<OverrideCall, OverrideAnswer>();
    this.overrides.set(id, known);
    return known;
  }

  /** So many calls of each register have an outcome that nobody knows. */
  unknowns(): number[] {
    const recorders = [this.definition, ...this.overrides.values()];
    return recorders.map(
      (recorder) => recorder.calls().filter((call) => call.ended === undefined).length,
    );
  }
}

const ANSWER_WITHIN_MS = 3_000;
/** More would make the judgement take too long. */
const UNKNOWN_MAX = 10;

/** One client at one node, that changes the CIB by its control socket as the CLI does. */
export class CibClient {
  readonly #name: string;
  readonly #node: LabNode;
  readonly #history: CibHistory;
  readonly #random: Random;
  readonly #base: string;
  #count = 0;

  constructor(options: {
    readonly name: string;
    readonly node: LabNode;
    readonly history: CibHistory;
    readonly random: Random;
    /** A definition; what is applied is this with another comment each time. */
    readonly base: string;
  }) {
    this.#name = options.name;
    this.#node = options.node;
    this.#history = options.history;
    this.#random = options.random;
    this.#base = options.base;
  }

  /** One change of something; true if its outcome is known. */
  async act(ids: readonly string[]): Promise<boolean> {
    this.#count += 1;
    const value = `${this.#name}-${this.#count}`;
    const kind = this.#random.below(3);
    if (kind === 0) return await this.#apply(`${this.#base}# ${value}\n`);
    const id = ids[this.#random.below(ids.length)] as string;
    return await (kind === 1 ? this.#set(id, value) : this.#remove(id));
  }

  /** What is in force, as this node says it. */
  async readAll(ids: readonly string[]): Promise<void> {
    const readDefinition = this.#history.definition.begin(this.#name, { kind: "read" }, now());
    const reads = ids.map(
      (id) => [id, this.#history.override(id).begin(this.#name, { kind: "read" }, now())] as const,
    );
    const shown = await this.#ask({ method: "config-show" });
    const status = await this.#ask({ method: "status" });
    if (!shown.ok || !status.ok) throw new Error(`${this.#node.name} does not answer`);
    const { version, text } = shown.result as { version: number; text: string };
    const { overrides } = status.result as {
      overrides: readonly { id: string; reason?: string }[];
    };
    readDefinition({ kind: "is", version, text }, now());
    for (const [id, end] of reads) {
      const found = overrides.find((override) => override.id === id);
      end({ kind: "is", value: found?.reason ?? null }, now());
    }
  }

  async #apply(text: string): Promise<boolean> {
    const { definition } = this.#history;
    if (isFull(definition)) return false;
    const end = definition.begin(this.#name, { kind: "apply", text }, now());
    const reply = await this.#ask({ method: "config-apply", text, author: this.#name });
    const effect = effectOf(reply);
    if (reply.ok)
      end({ kind: "applied", version: (reply.result as { version: number }).version }, now());
    else if (effect === "conflict") end({ kind: "conflict" }, now());
    else if (effect === "none") definition.withdraw(end);
    return effect !== "unknown";
  }

  async #set(id: string, value: string): Promise<boolean> {
    const recorder = this.#history.override(id);
    if (isFull(recorder)) return false;
    const [, target = ""] = id.split(":");
    const override = {
      id,
      kind: "maintenance",
      target,
      author: this.#name,
      reason: value,
    } as const;
    const end = recorder.begin(this.#name, { kind: "set", value }, now());
    const reply = await this.#ask({ method: "override-set", override });
    const effect = effectOf(reply);
    if (effect === "done") end({ kind: "set" }, now());
    else if (effect !== "unknown") recorder.withdraw(end);
    return effect !== "unknown";
  }

  async #remove(id: string): Promise<boolean> {
    const recorder = this.#history.override(id);
    if (isFull(recorder)) return false;
    const end = recorder.begin(this.#name, { kind: "remove" }, now());
    const reply = await this.#ask({ method: "override-remove", ids: [id] });
    const effect = effectOf(reply);
    if (reply.ok) {
      const { removed } = reply.result as { removed: readonly string[] };
      end({ kind: "removed", existed: removed.includes(id) }, now());
    } else if (effect !== "unknown") recorder.withdraw(end);
    return effect !== "unknown";
  }

  async #ask<Method extends ControlMethod>(
    request: Extract<ControlRequest, { method: Method }>,
  ): Promise<ControlReply> {
    try {
      const client = await connectControl({ runDir: this.#node.runDir });
      try {
        const result = await client.request<Method>(request, { timeoutMs: ANSWER_WITHIN_MS });
        return { ok: true, result };
      } finally {
        client.close();
      }
    } catch (error) {
      const code = error instanceof ControlError ? error.code : "UNKNOWN";
      const message = error instanceof Error ? error.message : String(error);
      // Without a daemon nobody heard of it.
      return { ok: false, code: code === "NO_DAEMON" ? "BUSY" : code, message };
    }
  }
}

function isFull<Call, Answer>(recorder: CallRecorder<Call, Answer>): boolean {
  return recorder.calls().filter((call) => call.ended === undefined).length >= UNKNOWN_MAX;
}

/** CLOCK_MONOTONIC, in milliseconds. */
function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
