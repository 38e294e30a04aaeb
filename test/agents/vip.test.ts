import { spawn } from "node:child_process";
import { existsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AGENT_PATHS } from "../../src/io/agent-lookup.ts";
import { guardWords } from "../../src/io/guardian-lines.ts";
import { ip, noNamespaces, pathWith, Sandbox, until } from "./sandbox.ts";

const SKIPPED = noNamespaces();
if (SKIPPED !== undefined) console.log(`agent vip is not tested with real addresses: ${SKIPPED}`);

describe("parameters", () => {
  const wrong = [
    ["no address", {}, 6, /ip is missing/],
    ["no address at all", { ip: "example" }, 6, /is no address/],
    ["letters in an IPv4 address", { ip: "10.0.0.x" }, 6, /is no address/],
    ["a prefix too long", { ip: "10.0.0.1/33" }, 6, /too long/],
    ["a prefix that is none", { ip: "10.0.0.1/a" }, 6, /no prefix length/],
    ["a hostile interface", { ip: "10.0.0.1/24", nic: "eth0;reboot" }, 6, /no interface name/],
    ["a hostile address", { ip: "10.0.0.1;reboot" }, 6, /is no address/],
    ["a count that is none", { ip: "10.0.0.1", announce_count: "x" }, 6, /no number/],
    ["a missing interface", { ip: "10.0.0.1", nic: "nope0" }, 5, /no interface nope0/],
  ] as const;
  test.each(wrong)("%s", (_, params, rc, message) => {
    const sandbox = new Sandbox();
    const result = sandbox.action("vip", "validate-all", params);
    sandbox.close();
    expect(result).toMatchObject({ rc });
    expect(result.stderr).toMatch(message);
  });

  test("an unknown action is not implemented", () => {
    const sandbox = new Sandbox();
    expect(sandbox.action("vip", "explode").rc).toBe(3);
    sandbox.close();
  });
});

describe.skipIf(SKIPPED !== undefined)("with real addresses", () => {
  let sandbox: Sandbox;
  let here: string;
  let there: string;

  beforeEach(() => {
    sandbox = new Sandbox();
    [here, there] = sandbox.wire();
  });

  afterEach(() => sandbox.close());

  function act(action: string, params: Readonly<Record<string, string>>) {
    return sandbox.action("vip", action, params, here).rc;
  }

  /** Whether the kernel looks for duplicates of addresses that others add. */
  function acceptsDad(): string {
    return ip(`netns exec ${here} cat /proc/sys/net/ipv6/conf/eth0/accept_dad`);
  }

  const forms = [
    ["IPv4, interface given", { ip: "10.9.0.100/24", nic: "eth0" }, "10.9.0.100/24"],
    ["IPv4, interface found", { ip: "10.9.0.100/24" }, "10.9.0.100/24"],
    ["IPv4, host address", { ip: "10.9.0.100" }, "10.9.0.100/32"],
    ["IPv4, IPaddr2's netmask", { ip: "10.9.0.100", cidr_netmask: "24" }, "10.9.0.100/24"],
    ["IPv6, interface given", { ip: "fd09::100/64", nic: "eth0" }, "fd09::100/64"],
    ["IPv6, found, long form", { ip: "fd09:0:0:0::0100/64" }, "fd09::100/64"],
  ] as const;
  test.each(forms)("every action twice: %s", (_, params, shown) => {
    const there = () => ip(`-n ${here} addr show dev eth0`).includes(` ${shown} `);
    expect(act("monitor", params)).toBe(7);
    expect([act("stop", params), act("stop", params)]).toEqual([0, 0]);
    expect([act("start", params), there()]).toEqual([0, true]);
    expect([act("start", params), there()]).toEqual([0, true]);
    expect([act("monitor", params), act("monitor", params)]).toEqual([0, 0]);
    expect([act("validate-all", params), act("validate-all", params)]).toEqual([0, 0]);
    expect([act("stop", params), there()]).toEqual([0, false]);
    expect([act("stop", params), act("monitor", params)]).toEqual([0, 7]);
    expect(ip(`-n ${here} addr show dev eth0`)).toContain("10.9.0.1/24");
  });

  test("the address is labelled as ours", () => {
    act("start", { ip: "10.9.0.100/24", nic: "eth0" });
    expect(ip(`-n ${here} -o addr show label eth0:pcl`)).toContain("10.9.0.100/24");
  });

  test("neighbours learn of the takeover at once, IPv4", async () => {
    ip(`-n ${there} neigh replace 10.9.0.100 lladdr 02:00:00:00:00:01 dev eth1 nud stale`);
    act("start", { ip: "10.9.0.100/24", nic: "eth0" });
    const mac = ip(`-n ${here} -o link show dev eth0`).match(/link\/ether (\S+)/)?.[1];
    const learned = () => ip(`-n ${there} neigh show 10.9.0.100`).includes(mac!);
    expect(await until(learned)).toBe(true);
  });

  test("announce repeats it where the address is up, and only there", async () => {
    const params = { ip: "10.9.0.100/24", nic: "eth0", announce_count: "1" };
    expect(act("announce", params)).toBe(7);
    // The start itself announces nothing, so that what the neighbour learns it learns afterwards.
    act("start", { ...params, announce_count: "0", duplicate_check: "off" });
    const mac = ip(`-n ${here} -o link show dev eth0`).match(/link\/ether (\S+)/)?.[1];
    const learned = () => ip(`-n ${there} neigh show 10.9.0.100`).includes(mac!);
    ip(`-n ${there} neigh replace 10.9.0.100 lladdr 02:00:00:00:00:01 dev eth1 nud stale`);
    expect(learned()).toBe(false);
    expect(act("announce", params)).toBe(0);
    expect(await until(learned)).toBe(true);
  });

  test("neighbours learn of the takeover at once, IPv6", async () => {
    ip(`-n ${there} neigh replace fd09::100 lladdr 02:00:00:00:00:01 dev eth1 nud stale`);
    // By the kernel alone: what an agent could send besides takes tools that not everybody has.
    act("start", { ip: "fd09::100/64", nic: "eth0", announce_count: "0" });
    const mac = ip(`-n ${here} -o link show dev eth0`).match(/link\/ether (\S+)/)?.[1];
    const learned = () => ip(`-n ${there} neigh show fd09::100`).includes(mac!);
    expect(await until(learned)).toBe(true);
    expect(acceptsDad()).toBe("1\n");
  });

  test("two addresses of one subnet: taking the first down leaves the second", () => {
    ip(`-n ${here} addr del 10.9.0.1/24 dev eth0`);
    act("start", { ip: "10.9.0.100/24", nic: "eth0", OCF_RESOURCE_INSTANCE: "one" });
    act("start", { ip: "10.9.0.101/24", nic: "eth0", OCF_RESOURCE_INSTANCE: "two" });
    act("stop", { ip: "10.9.0.100/24", nic: "eth0", OCF_RESOURCE_INSTANCE: "one" });
    expect(ip(`-n ${here} addr show dev eth0`)).toContain("10.9.0.101/24");
  });

  test("a lost link makes the monitor fail, and a start", () => {
    act("start", { ip: "10.9.0.100/24", nic: "eth0" });
    ip(`-n ${there} link set eth1 down`);
    const result = sandbox.action("vip", "monitor", { ip: "10.9.0.100/24", nic: "eth0" }, here);
    expect(result.rc).toBe(1);
    expect(result.stderr).toContain("eth0 is down or has no carrier");
    expect(act("monitor", { ip: "10.9.0.100/24", nic: "eth0", link_check: "false" })).toBe(0);
    act("stop", { ip: "10.9.0.100/24", nic: "eth0" });
    expect(act("start", { ip: "10.9.0.100/24", nic: "eth0" })).toBe(1);
    expect(ip(`-n ${here} addr show dev eth0`)).not.toContain("10.9.0.100");
  });

  test("it is stopped wherever it stands, whatever the prefix", () => {
    ip(`-n ${here} link add dum0 type bridge`);
    ip(`-n ${here} addr add 10.9.0.100/27 dev dum0`);
    ip(`-n ${here} addr add 10.9.0.100/24 dev eth0`);
    expect(act("stop", { ip: "10.9.0.100/24", nic: "eth0" })).toBe(0);
    expect(ip(`-n ${here} addr show`)).not.toContain("10.9.0.100");
  });

  test("no interface reaches it", () => {
    const result = sandbox.action("vip", "start", { ip: "192.0.2.9/24" }, here);
    expect(result.rc).toBe(1);
    expect(result.stderr).toContain("no interface reaches 192.0.2.9");
  });

  const versions = [
    ["IPv4", "10.9.0.100/24", ""],
    ["IPv6", "fd09::100/64", " nodad"],
  ] as const;

  test.each(versions)(
    "another holder is refused when looked for before, degraded when found after: %s",
    async (_, address, how) => {
      const give = () => ip(`-n ${there} addr add ${address} dev eth1${how}`);
      const take = () => ip(`-n ${there} addr del ${address} dev eth1`);
      give();
      const params = { ip: address, nic: "eth0" };
      const before = sandbox.action("vip", "start", { ...params, duplicate_check: "before" }, here);
      expect(before.rc).toBe(1);
      expect(before.stderr).toContain(`another host answers for ${address.split("/")[0]}`);
      expect(acceptsDad()).toBe("1\n");
      expect(act("start", params)).toBe(0);
      const found = join(sandbox.dir, "paceline-vip-test.duplicate");
      expect(await until(() => existsSync(found) && statSync(found).size > 0)).toBe(true);
      expect(act("monitor", params)).toBe(190);
      take();
      // Without anybody's help: the holder that has gone is not held against the address.
      expect(act("monitor", params)).toBe(0);
      give();
      expect(act("monitor", params)).toBe(0);
      expect(act("monitor", { ...params, OCF_CHECK_LEVEL: "10" })).toBe(190);
    },
  );

  test.each(versions)(
    "without a tool to ask with it is looked for as a neighbour: %s",
    (_, address, how) => {
      const params = { ip: address, nic: "eth0", duplicate_check: "before" };
      const PATH = pathWith(join(sandbox.dir, "with-ping"), [
        "ip",
        "ping",
        "grep",
        "mkdir",
        "sleep",
        "rm",
      ]);
      expect(act("start", { ...params, PATH })).toBe(0);
      expect(act("stop", params)).toBe(0);
      ip(`-n ${there} addr add ${address} dev eth1${how}`);
      expect(act("start", { ...params, PATH })).toBe(1);
      const bare = pathWith(join(sandbox.dir, "bare"), ["ip", "grep", "mkdir", "sleep", "rm"]);
      expect(act("start", { ...params, PATH: bare })).toBe(5);
    },
  );

  test("an IPv6 address serves at once: nobody waits for its duplicate detection", () => {
    act("start", { ip: "fd09::100/64", nic: "eth0" });
    const shown = ip(`-n ${here} -6 addr show dev eth0 to fd09::100`);
    expect(shown).toContain("fd09::100/64");
    expect(shown).not.toMatch(/tentative|optimistic/);
    expect(shown).toContain("nodad");
  });

  test("the guardian takes the addresses down when the daemon is gone", async () => {
    const runDir = sandbox.dir;
    writeFileSync(join(runDir, "guardian.token"), "t\n");
    const addresses = [
      ["four", "10.9.0.100/24"],
      ["six", "fd09::100/64"],
    ] as const;
    const lines = addresses.map(([resource, address], index) => {
      const params = { ip: address, nic: "eth0", OCF_RESOURCE_INSTANCE: resource };
      expect(act("start", params)).toBe(0);
      const words = guardWords(
        {
          resource,
          agent: { class: "ocf", provider: "paceline", type: "vip" },
          params,
          env: { OCF_RESKEY_ip: address, OCF_RESOURCE_INSTANCE: resource, HA_RSCTMP: runDir },
          timeoutMs: 5000,
          addresses: [address.split("/")[0]!],
        },
        AGENT_PATHS,
      );
      return `set ${index} ${words}\n`;
    });
    const script = `${AGENT_PATHS.agentDirs[0]}/lib/guardian`;
    const guardian = spawn("ip", ["netns", "exec", here, "/bin/sh", script, runDir, "t", "0.05"], {
      stdio: ["pipe", "ignore", "ignore"],
    });
    guardian.stdin.write(`${lines.join("")}order 0 1\n`);
    expect(ip(`-n ${here} addr show dev eth0`)).toContain("10.9.0.100");
    guardian.stdin.end();
    const gone = () => !/10\.9\.0\.100|fd09::100/.test(ip(`-n ${here} addr show dev eth0`));
    expect(await until(gone)).toBe(true);
    expect(await until(() => guardian.exitCode === 0)).toBe(true);
    expect(ip(`-n ${here} addr show dev eth0`)).toContain("10.9.0.1/24");
    expect(existsSync(join(runDir, "paceline-vip-four"))).toBe(false);
  });
});
