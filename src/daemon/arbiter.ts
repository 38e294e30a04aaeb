import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";
import { splitPlace } from "../io/arbiter-client.ts";
import { readKeyFile } from "../io/key-file.ts";
import { createLog, type LogOptions } from "../io/log.ts";
import { openRegisterFile } from "../io/register-file.ts";
import { createServiceNotifier } from "../io/service-notify.ts";
import { ArbiterSealer } from "../wire/arbiter-frame.ts";
import type { ClusterKey } from "../wire/cluster-key.ts";
import { randomSeed } from "../wire/seal.ts";
import { ArbiterDesk } from "./arbiter-desk.ts";
import { DAEMON_EXIT } from "./exit-codes.ts";

export interface ArbiterOptions {
  /** ADDRESS:PORT or [ADDRESS]:PORT. */
  readonly listen: string;
  /** FILE for all clusters, CLUSTER=FILE for one. */
  readonly keyFiles: readonly string[];
  readonly stateDir: string;
  readonly log: LogOptions;
}

/** Runs the arbiter: decides even splits for any number of clusters, and does nothing else. */
export async function runArbiter(options: ArbiterOptions): Promise<void> {
  const log = createLog(options.log, "arbiter");
  const fail = (message: string, code: number): never => {
    process.stderr.write(`pacelined: ${message}\n`);
    process.exit(code);
  };
  const keys = readKeys(options.keyFiles);
  if ("problem" in keys) return fail(keys.problem, DAEMON_EXIT.stayDown);
  let file: ReturnType<typeof openRegisterFile>;
  try {
    file = openRegisterFile(options.stateDir);
  } catch (error) {
    return fail(`cannot use ${options.stateDir}: ${messageOf(error)}`, DAEMON_EXIT.failed);
  }
  if (file.damaged !== undefined) {
    log.error({ event: "arbiter" }, `the registers could not be read; kept as ${file.damaged}`);
  }
  const desk = new ArbiterDesk({
    ...keys,
    registers: file.registers,
    sealer: new ArbiterSealer(randomSeed()),
    save: (registers) => file.save(registers),
    log: (level, message) => log[level]({ event: "arbiter" }, message),
  });
  const { host, port } = splitPlace(options.listen);
  const socket = createSocket(isIPv6(host) ? "udp6" : "udp4");
  socket.on("message", (bytes, from) => {
    const reply = desk.answer(bytes);
    // A lost reply is asked for again, so an error of the network needs no more than that.
    if (reply !== undefined) socket.send(reply, from.port, from.address, () => undefined);
  });
  socket.once("error", (error) => fail(`cannot listen on ${options.listen}: ${error.message}`, 1));
  await new Promise<void>((resolve) => socket.bind(port, host, resolve));
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => process.exit(0));
  const clusters = `${desk.clusters} ${desk.clusters === 1 ? "cluster" : "clusters"}`;
  log.info({ event: "started" }, `arbiter on ${options.listen}, knows ${clusters}`);
  await createServiceNotifier(process.env).notify({ ready: true, status: "arbiter" });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function readKeys(
  files: readonly string[],
):
  | { readonly keys: ClusterKey[]; readonly clusterKeys: Map<string, readonly ClusterKey[]> }
  | { readonly problem: string } {
  const all: ClusterKey[] = [];
  const clusterKeys = new Map<string, readonly ClusterKey[]>();
  for (const word of files) {
    const [, cluster, path = word] = /^([^/=]+)=(.+)$/.exec(word) ?? [];
    const read = readKeyFile(path);
    if ("problem" in read)
      return { problem: `${read.problem.message}\n  hint: ${read.problem.hint}` };
    if (cluster === undefined) all.push(...read.keys);
    else clusterKeys.set(cluster, read.keys);
  }
  return { keys: all, clusterKeys };
}
