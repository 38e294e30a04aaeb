import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BootedContainer, canBootContainers } from "../support/booted-container.ts";
import { ROOT, until } from "../support/lab-commands.ts";

const usable = canBootContainers();
if (!usable) console.warn("skipped: the service under systemd (needs root and systemd-nspawn)");

const NODE = "pclservice";
const FILE = "/etc/paceline/cluster.yaml";

function definition(greeting: string): string {
  return `cluster: service
nodes: { ${NODE}: 127.0.0.1 }
messaging: { transport: unicast, advert-interval: 2s } # a start takes half a second: less than detection
properties: { fencing-enabled: false }
resources:
  work: { agent: dummy } # ${greeting}
`;
}

/** The steps follow one another, as a service's life does. */
describe.skipIf(!usable)("the service under systemd", { timeout: 120_000 }, () => {
  const container = new BootedContainer(NODE);
  const show = async (property: string): Promise<string> => {
    const text = await container.must("systemctl", "show", "--value", `-p${property}`, "paceline");
    return text.trim();
  };
  const status = async (): Promise<string> => {
    return (await container.run("/usr/local/bin/paceline", "status")).stdout;
  };
  const runs = async (): Promise<boolean> => /work +Started/.test(await status());
  /** When the resource was started: a stop and a start would make another file. */
  const startedAt = async (): Promise<string> => {
    return await container.must(
      "sh",
      "-c",
      "stat -c '%i %Y' /run/resource-agents/paceline-dummy-*",
    );
  };
  const write = async (text: string): Promise<void> => {
    await container.must("sh", "-c", 'printf %s "$1" >"$2"', "sh", text, FILE);
  };

  beforeAll(async () => {
    await container.boot();
  }, 120_000);
  afterAll(async () => {
    await container.close();
  });

  test("`paceline install` puts a unit in place that systemd finds right", async () => {
    await container.must(process.execPath, join(ROOT, "dist/cli/main.js"), "install");
    await container.must("systemctl", "daemon-reload");
    const unit = await show("FragmentPath");
    await container.must("systemd-analyze", "verify", unit);
  });

  test("it starts, says that it is ready, and runs what it is to run", async () => {
    await write(definition("as written"));
    const { code } = await container.run("systemctl", "start", "paceline");
    const journal = await container.run("journalctl", "-u", "paceline", "-o", "cat", "-n", "20");
    expect(code, journal.stdout).toBe(0);
    expect(await show("ActiveState")).toBe("active");
    await until("the resource runs", runs);
  });

  test("the daemon goes before others, and what its agents start does not", async () => {
    const pid = await show("MainPID");
    const nice = await container.must("ps", "-o", "ni=", "-p", pid);
    expect(Number(nice)).toBeLessThan(0);
  });

  test("reload puts the file in force", async () => {
    const before = await startedAt();
    await write(definition("as edited"));
    await container.must("systemctl", "reload", "paceline");
    const shown = await container.must("/usr/local/bin/paceline", "config", "show");
    expect(shown).toContain("# as edited");
    expect(await startedAt()).toBe(before);
  });

  test("a reload of a file with a mistake says so, and changes nothing", async () => {
    await write("cluster: service\nnodez: {}\n");
    const { code } = await container.run("systemctl", "reload", "paceline");
    expect(code).not.toBe(0);
    expect(await show("ActiveState")).toBe("active");
    const shown = await container.must("/usr/local/bin/paceline", "config", "show");
    expect(shown).toContain("# as edited");
    await write(definition("as edited"));
  });

  test("after kill -9 it is back within the detection time, and the resource was never stopped", async () => {
    const before = await startedAt();
    const pid = await show("MainPID");
    await container.must("kill", "-9", pid);
    await until("another daemon runs", async () => {
      const next = await show("MainPID");
      return next !== "0" && next !== pid && (await runs());
    });
    expect(await startedAt()).toBe(before);
    expect(await show("NRestarts")).toBe("1");
  });

  test("a restart of the service moves what it ran, and brings it back", async () => {
    await container.must("systemctl", "restart", "paceline");
    await until("the resource runs", runs);
  });

  test("stop stops the resource too, and leaves no process", async () => {
    await container.must("systemctl", "stop", "paceline");
    expect(await show("ActiveState")).toBe("inactive");
    const left = await container.run("sh", "-c", "ls /run/resource-agents/paceline-dummy-*");
    expect(left.code).not.toBe(0);
    await until("no process is left", async () => {
      return (await container.run("pgrep", "-f", "daemon/main.js")).code !== 0;
    });
  });

  test("the arbiter's unit: installed, started, found without fault, and its memory survives", async () => {
    const main = join(ROOT, "dist/cli/main.js");
    await container.must(process.execPath, main, "install", "--arbiter");
    await container.must("systemctl", "daemon-reload");
    const { code } = await container.run("systemctl", "start", "paceline-arbiter");
    const said = await container.run("journalctl", "-u", "paceline-arbiter", "-o", "cat");
    expect(code, said.stdout).toBe(0);
    expect(said.stdout).toContain("arbiter on 0.0.0.0:7799");
    const state = async (): Promise<string> =>
      await container.must("stat", "-c", "%a %U", "/var/lib/paceline-arbiter");
    expect(await state()).toBe("700 root\n");
    await container.must("systemctl", "restart", "paceline-arbiter");
    await container.must("systemd-analyze", "verify", "paceline-arbiter.service");
    await container.must("systemctl", "stop", "paceline-arbiter");
  });
});
