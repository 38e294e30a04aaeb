import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Alert, AlertSender } from "../../src/io/alert-sender.ts";
import type { AlertSettings } from "../../src/model/definition.ts";

let dir: string;
let warnings: string[];
let sender: AlertSender;
let servers: Server[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "paceline-alert-"));
  warnings = [];
  servers = [];
  sender = new AlertSender({
    version: "9.9",
    warn: (message) => warnings.push(message),
    wall: () => Date.UTC(2026, 10, 21, 3, 12, 45, 678),
  });
});

afterEach(() => {
  for (const server of servers) server.close();
  rmSync(dir, { recursive: true, force: true });
});

const LOST: Alert = { subject: "nodes", variables: { kind: "node", node: "n2", desc: "lost" } };

function alert(
  what: Partial<AlertSettings>,
  options: Readonly<Record<string, string>> = {},
): AlertSettings {
  return { name: "a", ...what, options: new Map(Object.entries(options)) };
}

function script(text: string): string {
  const file = join(dir, "tell");
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
  return file;
}

const lines = (): string[] =>
  existsSync(join(dir, "out")) ? readFileSync(join(dir, "out"), "utf8").trimEnd().split("\n") : [];

async function told(count: number): Promise<string[]> {
  await vi.waitUntil(() => lines().length >= count, { timeout: 10_000 });
  return lines();
}

test("a command gets Pacemaker's variables, once for each recipient, in order", async () => {
  const command = script(
    `echo "$CRM_alert_kind $CRM_alert_node $CRM_alert_desc $CRM_alert_recipient $CRM_alert_node_sequence $CRM_alert_version $CRM_alert_timestamp $MORE" >>${dir}/out`,
  );
  const settings = alert({ command }, { recipients: "ann bob", "env.MORE": "more words" });
  sender.send([settings], LOST);
  sender.send([settings], { ...LOST, variables: { ...LOST.variables, desc: "member" } });
  expect(await told(4)).toEqual([
    "node n2 lost ann 1 9.9 03:12:45.678000 more words",
    "node n2 lost bob 1 9.9 03:12:45.678000 more words",
    "node n2 member ann 2 9.9 03:12:45.678000 more words",
    "node n2 member bob 2 9.9 03:12:45.678000 more words",
  ]);
});

test("only what was selected is told; without a selection nodes, fencing and resources", async () => {
  const command = script(`echo "$CRM_alert_kind" >>${dir}/out`);
  const all = ["nodes", "fencing", "resources", "incidents"];
  for (const subject of all) {
    sender.send([alert({ command })], { subject, variables: { kind: subject } });
    sender.send([alert({ command }, { select: "incidents" })], {
      subject,
      variables: { kind: `only ${subject}` },
    });
  }
  expect((await told(4)).sort()).toEqual(["fencing", "nodes", "only incidents", "resources"]);
});

test("of changed attributes only those that are named are told, or all", async () => {
  const text = '"$CRM_alert_kind $CRM_alert_attribute_name=$CRM_alert_attribute_value $1"';
  const command = `${script(`echo ${text} >>${dir}/out`)} `;
  for (const [attribute_name, attribute_value] of [
    ["ping", "100"],
    ["rack", "a b"],
  ] as const) {
    const variables = { kind: "attribute", node: "n1", attribute_name, attribute_value };
    const event = { subject: "attributes", variables };
    sender.send([alert({ command: `${command}usual` })], event);
    sender.send([alert({ command: `${command}all` }, { select: "attributes" })], event);
    const named = { select: "nodes attributes", attributes: "rack other" };
    sender.send([alert({ command: `${command}named` }, named)], event);
  }
  expect((await told(3)).sort()).toEqual([
    "attribute ping=100 all",
    "attribute rack=a b all",
    "attribute rack=a b named",
  ]);
});

test("one that hangs is ended at its timeout, and the next goes out", async () => {
  const command = script(`[ "$CRM_alert_desc" = lost ] && sleep 60; echo next >>${dir}/out`);
  const settings = alert({ command }, { timeout: "200ms" });
  sender.send([settings], LOST);
  sender.send([settings], { ...LOST, variables: { desc: "member" } });
  expect(await told(1)).toEqual(["next"]);
  expect(warnings).toEqual([`alert a: ${command} did not end within 200 ms and was killed`]);
});

test("one that fails, or is not there, is told of", async () => {
  sender.send([alert({ command: "exit 3" })], LOST);
  sender.send([alert({ name: "b", command: "/nowhere/at-all 2>/dev/null" })], LOST);
  await vi.waitUntil(() => warnings.length === 2, { timeout: 10_000 });
  expect(warnings.sort()).toEqual([
    "alert a: exit 3 ended with 3",
    "alert b: /nowhere/at-all 2>/dev/null ended with 127",
  ]);
});

test("a storm is bounded: the oldest that wait are dropped, and it is said", async () => {
  const command = script(`echo "$CRM_alert_node_sequence" >>${dir}/out`);
  for (let i = 0; i < 150; i++) sender.send([alert({ command })], LOST);
  const seen = await told(101);
  expect(seen[0]).toBe("1");
  expect(seen.at(-1)).toBe("150");
  expect(warnings[0]).toContain("too slow");
});

async function webhook(answers: number[]): Promise<{ url: string; bodies: string[] }> {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on("end", () => {
      bodies.push(body);
      response.writeHead(answers[bodies.length - 1] ?? 200).end();
    });
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, bodies };
}

test("a webhook gets them as JSON, again if the first answer was no success", async () => {
  const { url, bodies } = await webhook([500, 200]);
  sender.send([alert({ url }, { "timestamp-format": "%F %T" })], LOST);
  await vi.waitUntil(() => bodies.length === 2, { timeout: 10_000 });
  expect(bodies[0]).toBe(bodies[1]);
  expect(JSON.parse(bodies[1] ?? "")).toMatchObject({
    kind: "node",
    node: "n2",
    desc: "lost",
    timestamp: "2026-11-21 03:12:45",
  });
  expect(warnings).toEqual([]);
});

test("a webhook that is never there is given up after its retries", async () => {
  const { url, bodies } = await webhook([500, 500, 500]);
  sender.send([alert({ url }, { retries: "1" })], LOST);
  await vi.waitUntil(() => warnings.length === 1, { timeout: 10_000 });
  expect(warnings[0]).toContain("after 2 attempts: answered 500");
  expect(bodies).toHaveLength(2);
});
