import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createServiceNotifier } from "../../src/io/service-notify.ts";

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "paceline-notify-"));
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

test("without a service manager nothing happens", async () => {
  const notifier = createServiceNotifier({}, "/nonexistent");
  expect(notifier.active).toBe(false);
  await notifier.notify({ ready: true });
});

test("messages arrive in order, on one line each", async () => {
  const log = join(dir, "log");
  const fake = join(dir, "systemd-notify");
  writeFileSync(
    fake,
    `#!/bin/sh\nprintf '%s|' "$@" >>"${log}"\necho "$NOTIFY_SOCKET" >>"${log}"\n`,
  );
  chmodSync(fake, 0o755);
  const notifier = createServiceNotifier(
    { NOTIFY_SOCKET: "/run/x", PATH: process.env["PATH"] },
    fake,
  );
  await Promise.all([
    notifier.notify({ ready: true, status: "online,\n3 nodes" }),
    notifier.notify({ watchdog: true }),
    notifier.notify({}),
    notifier.notify({ stopping: true }),
  ]);
  expect(readFileSync(log, "utf8").split("\n")).toEqual([
    "--ready|STATUS=online, 3 nodes|/run/x",
    "WATCHDOG=1|/run/x",
    "STOPPING=1|/run/x",
    "",
  ]);
});

test("a machine without systemd-notify is no failure", async () => {
  const notifier = createServiceNotifier({ NOTIFY_SOCKET: "/run/x" }, join(dir, "absent"));
  await notifier.notify({ ready: true });
});
