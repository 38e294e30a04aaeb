import { expect, test } from "vitest";
import { paceline } from "./fake-daemon.ts";

const run = (line: string) => paceline("/nonexistent", line);

test("our own agents are listed by the names that a definition uses", async () => {
  const { exit, out } = await run("agent list ocf:paceline");
  expect(exit).toBe(0);
  expect(out.split("\n")).toContain("ocf:paceline:vip");
  expect(JSON.parse((await run("agent list --json")).out)).toContain("ocf:paceline:dummy");
});

test("a provider that is not there is 1, a class that does not exist is 2", async () => {
  expect((await run("agent list ocf:nobody")).exit).toBe(1);
  expect((await run("agent list nonsense")).exit).toBe(2);
});

test("info shows what must be given first, and a line to copy", async () => {
  const { exit, out } = await run("agent info vip");
  expect(exit).toBe(0);
  expect(out).toContain("ocf:paceline:vip: ");
  expect(out.indexOf("  ip (")).toBeGreaterThan(0);
  expect(out.indexOf("  ip (")).toBeLessThan(out.indexOf("  nic ("));
  expect(out).toContain("my-vip: { agent: vip, params: { ip: … } }");
  expect(out.split("\n").every((line) => line.length <= 100)).toBe(true);
});

test("--json is the meta-data as data", async () => {
  const { out } = await run("agent info ocf:paceline:dummy --json");
  expect(JSON.parse(out)).toMatchObject({ agent: "ocf:paceline:dummy", name: "dummy" });
});

test("a wrong name is answered with the right one", async () => {
  const { exit, err } = await run("agent info ocf:paceline:vpi");
  expect(exit).toBe(1);
  expect(err).toContain("did you mean ocf:paceline:vip?");
  expect((await run("agent info a:b:c:d")).exit).toBe(2);
  expect((await run("agent info systemd:nginx")).exit).toBe(2);
});
