import { mkdirSync } from "node:fs";
import { loadRaftState } from "../consensus/raft-codec.ts";
import type { LoadedRaft } from "../consensus/raft-types.ts";
import { FileStorage } from "../io/file-storage.ts";
import { readKeyFile } from "../io/key-file.ts";
import type { Definition } from "../model/definition.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { ClusterKey } from "../wire/cluster-key.ts";
import type { DaemonOptions } from "./daemon.ts";
import { DefinitionFile } from "./definition-file.ts";
import { DAEMON_EXIT } from "./exit-codes.ts";

/** A start that cannot succeed: the message is for a person, the code for systemd. */
export class StartFailure extends Error {
  readonly code: number;
  constructor(message: string, code: number) {
    super(message);
    this.code = code;
  }
}

/** Everything that was read from the disk before the node begins to act. */
export interface Preparation {
  readonly file: DefinitionFile;
  readonly definition: Definition;
  readonly storage: FileStorage;
  readonly raft: LoadedRaft;
  readonly keys: readonly ClusterKey[];
  readonly incarnation: number;
  /** Damage that was found and worked round. */
  readonly damage: readonly Diagnostic[];
}

/** Key in the state directory under which the last incarnation is kept. */
const INCARNATION_KEY = "incarnation";

/** Reads definition, key and state; a problem of any of them is a `StartFailure`. */
export async function prepare(options: DaemonOptions): Promise<Preparation> {
  const file = new DefinitionFile(options.config);
  const definition = loadLocal(file, options.node);
  const keys = readKeyFile(definition.messaging.keyFile);
  if ("problem" in keys) {
    throw stayDown(`${keys.problem.message}\n  hint: ${keys.problem.hint}`);
  }
  makeDirectory(options.runDir, 0o755);
  makeDirectory(options.stateDir, 0o700);
  const opened = await FileStorage.open(options.stateDir, {
    // Of a single voter nobody else has the state: what can be read of it is better than nothing.
    salvage: definition.nodes.filter((node) => node.votes > 0).length === 1,
  });
  if (!opened.ok) throw new StartFailure(describeDiagnostic(opened.diagnostic), DAEMON_EXIT.failed);
  const { storage, values, diagnostics } = opened;
  const loaded = loadRaftState(values);
  if (!loaded.ok) {
    throw stayDown(
      `the state in ${options.stateDir} cannot be read (${loaded.key}): ${loaded.message}\n` +
        "  hint: move the directory away; this node then rejoins with the state of the others",
    );
  }
  const incarnation = await nextIncarnation(storage, values);
  return {
    file,
    definition,
    storage,
    raft: loaded.state,
    keys: keys.keys,
    incarnation,
    damage: diagnostics,
  };
}

export function describeDiagnostic(diagnostic: Diagnostic): string {
  return diagnostic.hint === undefined
    ? diagnostic.message
    : `${diagnostic.message}\n  hint: ${diagnostic.hint}`;
}

function stayDown(message: string): StartFailure {
  return new StartFailure(message, DAEMON_EXIT.stayDown);
}

function loadLocal(file: DefinitionFile, node: string): Definition {
  const loaded = file.load();
  if ("problem" in loaded) throw stayDown(loaded.problem);
  const names = loaded.definition.nodes.map((entry) => entry.name);
  if (!names.includes(node)) {
    throw stayDown(
      `${file.path} has no node ${node}; it has ${names.join(", ")}\n` +
        "  hint: start with --node NAME, or give this host one of these names",
    );
  }
  return loaded.definition;
}

function makeDirectory(path: string, mode: number): void {
  try {
    mkdirSync(path, { recursive: true, mode });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartFailure(`cannot make the directory ${path}: ${reason}`, DAEMON_EXIT.failed);
  }
}

/** Rises with every start, even if the clock went back: a peer must know old frames from new. */
async function nextIncarnation(
  storage: FileStorage,
  values: ReadonlyMap<string, Uint8Array>,
): Promise<number> {
  const bytes = values.get(INCARNATION_KEY);
  const last = bytes === undefined ? 0 : Number(new TextDecoder().decode(bytes));
  const next = Math.max(Date.now(), Number.isSafeInteger(last) ? last + 1 : 0);
  try {
    await storage.persist([
      { key: INCARNATION_KEY, bytes: new TextEncoder().encode(String(next)) },
    ]);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartFailure(
      `cannot write to the state directory: ${reason}\n  hint: free space, or mend the file system or its mode`,
      DAEMON_EXIT.failed,
    );
  }
  return next;
}
