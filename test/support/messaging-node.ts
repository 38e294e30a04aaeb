import { createInterface } from "node:readline";
import { MessagingWorker } from "../../src/io/messaging-worker.ts";
import type { MessagingCommand, MessagingConfig } from "../../src/model/peer.ts";

/** A request on standard input, one JSON line each. */
export type NodeRequest =
  | { readonly do: "command"; readonly command: MessagingCommand }
  | { readonly do: "send"; readonly to: string; readonly bytes: number }
  | { readonly do: "block"; readonly ms: number }
  | { readonly do: "cpu" }
  | { readonly do: "close" };

/**
 * The messaging layer of one node as a process, for tests and benchmarks: its definition comes as
 * the first argument in JSON, its events go to standard output, one JSON line each.
 */
function main(): void {
  const config = JSON.parse(process.argv[2] ?? "") as MessagingConfig;
  const tell = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
  const worker = new MessagingWorker({
    config,
    incarnation: Date.now(),
    keys: [{ id: 1, secret: new Uint8Array(32).fill(1) }],
    onEvent: (event) => {
      const told = event.kind === "message" ? { ...event, payload: event.payload.length } : event;
      tell({ ...told, told: now() });
    },
    onFailure: (error) => {
      tell({ kind: "failure", message: error.message });
      process.exit(1);
    },
  });
  const body = { priority: 100, viewId: "1@a", dc: "", term: 0, quorate: false };
  const rest = { definitionVersion: 1, activeDigest: "", load: 0 };
  worker.post({ kind: "advertise", body: { ...body, ...rest } });
  setInterval(() => worker.post({ kind: "main-alive" }), 500);
  createInterface({ input: process.stdin }).on("line", (line) => {
    void perform(worker, JSON.parse(line) as NodeRequest, tell);
  });
}

async function perform(
  worker: MessagingWorker,
  request: NodeRequest,
  tell: (line: object) => void,
): Promise<void> {
  if (request.do === "command") worker.post(request.command);
  if (request.do === "send") {
    worker.post({ kind: "send", to: request.to, payload: new Uint8Array(request.bytes) });
  }
  if (request.do === "block") {
    const end = now() + request.ms;
    while (now() < end) {
      // Busy on purpose: this is what a long computation on the main thread looks like.
    }
  }
  if (request.do === "cpu") {
    const { user, system } = process.cpuUsage();
    tell({ kind: "cpu", ms: (user + system) / 1000, at: now() });
  }
  if (request.do === "close") {
    await worker.close();
    process.exit(0);
  }
}

function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

main();
