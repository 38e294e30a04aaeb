import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BootedContainer, canBootContainers } from "../support/booted-container.ts";
import { ROOT, until } from "../support/lab-commands.ts";

const usable = canBootContainers();
if (!usable) console.warn("skipped: the service under systemd (needs root and systemd-nspawn)");

const NODE = "pclservice";
const FILE = "/etc/paceline/cluster.yaml";
/** A unit that the cluster runs, and not systemd by itself. */
const UNIT = "pclworker";

function definition(greeting: string): string {
  return `cluster: service
nodes: { ${NODE}: 127.0.0.1 }
messaging: { transport: unicast, advert-interval: 2s } # a start takes half a second: less than detection
properties: { fencing-enabled: false }
resources:
  work: { agent: dummy } # ${greeting}
  command: { agent: service, params: { command: "exec sleep 1000000" } }
  unit: { agent: service, params: { unit: ${UNIT} }, operations: { monitor: 1s } }
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
  const runs = async (): Promise<boolean> => {
    return (await status()).match(/^ +(work|command|unit) +Started/gm)?.length === 3;
  };
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
    await container.must(
      "sh",
      "-c",
      `printf '[Service]\nExecStart=/bin/sleep 1000000\n' >/etc/systemd/system/${UNIT}.service`,
    );
    await container.must("systemctl", "daemon-reload");
    const { code } = await container.run("systemctl", "start", "paceline");
    const journal = await container.run("journalctl", "-u", "paceline", "-o", "cat", "-n", "20");
    expect(code, journal.stdout).toBe(0);
    expect(await show("ActiveState")).toBe("active");
    await until("the resources run", runs);
  });

  test("the daemon goes before others, and what its agents start does not", async () => {
    const niceOf = async (pid: string): Promise<number> =>
      Number(await container.must("ps", "-o", "ni=", "-p", pid));
    expect(await niceOf(await show("MainPID"))).toBe(-10);
    expect(await show("OOMScoreAdjust")).toBe("-900");
    const started = await container.must("pgrep", "-f", "sleep 1000000");
    const services = started.trim().split("\n");
    expect(services).toHaveLength(2);
    for (const pid of services) {
      expect(await niceOf(pid)).toBe(0);
      expect(await container.must("cat", `/proc/${pid}/oom_score_adj`)).toBe("0\n");
    }
  });

  describe("a resource that is a systemd unit", () => {
    const state = async (property: string): Promise<string> => {
      return (await container.must("systemctl", "show", "--value", `-p${property}`, UNIT)).trim();
    };
    const cli = "/usr/local/bin/paceline";

    test("was started by its agent, which keeps systemd from restarting it by itself", async () => {
      expect(await state("ActiveState")).toBe("active");
      expect(await state("Restart")).toBe("no");
      expect(await state("After")).toContain("paceline.service");
    });

    test("is found stopped by the monitor, and started again", async () => {
      const before = await state("MainPID");
      await container.must("systemctl", "kill", "--signal=KILL", UNIT);
      await until("another process runs", async () => {
        return (await state("ActiveState")) === "active" && (await state("MainPID")) !== before;
      });
      await until("that is noted", async () => /unit .*not running/.test(await status()));
      await container.must(cli, "resource", "cleanup", "unit", "--wait");
    });

    test("is stopped by its agent, which leaves nothing of the cluster behind", async () => {
      await container.must(cli, "resource", "stop", "unit", "--wait");
      expect(await state("ActiveState")).toBe("inactive");
      expect(await state("DropInPaths")).toBe("");
      await container.must(cli, "resource", "start", "unit", "--wait");
      expect(await state("ActiveState")).toBe("active");
    });
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

  test("a restart of the service leaves running what it ran", async () => {
    const before = await startedAt();
    const pid = await show("MainPID");
    await container.must("systemctl", "restart", "paceline");
    expect(await show("MainPID")).not.toBe(pid);
    await until("the new daemon has found it", runs);
    expect(await startedAt()).toBe(before);
  });

  test("stop stops the resources too, and leaves no process", async () => {
    await container.must("systemctl", "stop", "paceline");
    expect(await show("ActiveState")).toBe("inactive");
    const left = await container.run("sh", "-c", "ls /run/resource-agents/paceline-dummy-*");
    expect(left.code).not.toBe(0);
    await until("no process is left", async () => {
      return (await container.run("pgrep", "-f", "daemon/main.js|sleep 1000000")).code !== 0;
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
