import { createServer as createHttp } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { expect, test } from "vitest";
import { probe } from "../../src/io/check-probe.ts";
import type { CheckSettings } from "../../src/model/definition.ts";

const COMMON = {
  name: "c",
  intervalMs: 1_000,
  timeoutMs: 3_000,
  rise: 1,
  fall: 1,
  attribute: "c",
  weight: 1,
};

function command(text: string, timeoutMs = 3_000): CheckSettings {
  return { ...COMMON, timeoutMs, kind: "command", command: text };
}

test("a command passes with exit code 0 and with nothing else", async () => {
  expect(await probe(command("true"))).toEqual([""]);
  expect(await probe(command("exit 3"))).toEqual([]);
  expect(await probe(command("no-such-command"))).toEqual([]);
});

test("a command that hangs is killed with its children and fails", async () => {
  expect(await probe(command("sleep 600 & wait", 200))).toEqual([]);
});

test("TCP: only the targets that accept a connection pass", async () => {
  const server = createServer((socket) => socket.end());
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const open = `127.0.0.1:${port}`;
  try {
    const targets = [open, "127.0.0.1:1"];
    expect(await probe({ ...COMMON, kind: "tcp", targets })).toEqual([open]);
  } finally {
    server.close();
  }
});

test("HTTP: an answer below 400 passes, an error status does not", async () => {
  const server = createHttp((request, response) => {
    response.statusCode = request.url === "/bad" ? 503 : 200;
    response.end();
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const good = `http://127.0.0.1:${port}/`;
  try {
    const targets = [good, `${good}bad`];
    expect(await probe({ ...COMMON, kind: "http", targets })).toEqual([good]);
  } finally {
    server.close();
  }
});
