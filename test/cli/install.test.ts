import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { packageRoot } from "../../src/cli/commands/install-steps.ts";
import { paceline } from "./fake-daemon.ts";

let root: string;
const at = (path: string) => join(root, path);
const install = (more = "") =>
  paceline("/nonexistent", `install --root ${root}${more === "" ? "" : ` ${more}`}`);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "paceline-install-"));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

test("everything is put in place, with the right modes", async () => {
  const { exit, out } = await install();
  expect(exit).toBe(0);
  for (const agent of ["vip", "dummy"]) {
    expect(statSync(at(`usr/lib/ocf/resource.d/paceline/${agent}`)).mode & 0o777).toBe(0o755);
  }
  expect(statSync(at("etc/paceline/key")).mode & 0o777).toBe(0o600);
  expect(statSync(at("var/lib/paceline")).mode & 0o777).toBe(0o700);
  expect(readFileSync(at("etc/paceline/examples/two-nodes.yaml"), "utf8")).toContain("cluster:");
  expect(existsSync(at("etc/paceline/cluster.yaml"))).toBe(false);
  expect(readlinkSync(at("usr/local/bin/paceline"))).toBe(
    "/usr/local/lib/paceline/dist/cli/main.js",
  );
  expect(existsSync(at("usr/local/lib/paceline/node_modules/commander/package.json"))).toBe(true);
  expect(existsSync(at("usr/local/lib/paceline/node_modules/typescript"))).toBe(false);
  expect(out).toContain("systemctl enable --now paceline");
  expect(out).toMatch(/created +\/usr\/local\/lib\/paceline +the program: \d+ files/);
  expect(out).not.toContain("node_modules");
});

test("the helper commands stay with the program, where they find what they run", async () => {
  await install();
  const home = at("usr/local/lib/paceline/agents/helpers");
  expect(existsSync(at("usr/lib/ocf/resource.d/paceline/helpers"))).toBe(false);
  for (const name of ["crm_master", "crm_attribute", "attrd_updater", "crm_node"]) {
    expect(statSync(join(home, name)).mode & 0o777).toBe(0o755);
  }
  const env = { PATH: `${home}:/usr/bin:/bin`, PACELINE_NODEJS: process.execPath };
  const run = spawnSync("sh", ["-c", "crm_attribute"], { env, encoding: "utf8" });
  expect([run.status, run.stderr]).toEqual([64, "crm_attribute: which attribute? Use --name\n"]);
});

test("a second time changes nothing, and never the key", async () => {
  await install();
  const key = readFileSync(at("etc/paceline/key"));
  const second = await install("--json");
  const { steps } = JSON.parse(second.out) as { steps: { path: string; outcome: string }[] };
  expect(steps.length).toBeGreaterThan(10);
  expect(steps.filter((step) => step.outcome !== "unchanged")).toEqual([]);
  expect(readFileSync(at("etc/paceline/key"))).toEqual(key);
});

test("what was changed or lost is mended, what is the operator's is left alone", async () => {
  await install();
  const agent = at("usr/lib/ocf/resource.d/paceline/vip");
  writeFileSync(agent, "broken");
  chmodSync(agent, 0o600);
  rmSync(at("usr/local/bin/pacelined"));
  writeFileSync(at("etc/paceline/cluster.yaml"), "mine");
  const { exit, out } = await install();
  expect(exit).toBe(0);
  expect(readFileSync(agent, "utf8")).toContain("#!/bin/sh");
  expect(statSync(agent).mode & 0o777).toBe(0o755);
  expect(out).toMatch(/updated +\/usr\/lib\/ocf\/resource.d\/paceline\/vip/);
  expect(out).toMatch(/created +\/usr\/local\/bin\/pacelined/);
  expect(readFileSync(at("etc/paceline/cluster.yaml"), "utf8")).toBe("mine");
});

test("--dry-run says all and does nothing", async () => {
  const { exit, out } = await install("--dry-run");
  expect(exit).toBe(0);
  expect(out).toMatch(/created +\/etc\/paceline\/key/);
  expect(existsSync(at("etc"))).toBe(false);
});

test("a key that others can read is complained of", async () => {
  mkdirSync(at("etc/paceline"), { recursive: true });
  writeFileSync(at("etc/paceline/key"), "secret", { mode: 0o644 });
  const { exit, err } = await install();
  expect(exit).toBe(1);
  expect(err).toContain("chmod 600 /etc/paceline/key");
  expect(readFileSync(at("etc/paceline/key"), "utf8")).toBe("secret");
});

test("a program of that name which is not ours is left alone", async () => {
  mkdirSync(at("usr/local/bin"), { recursive: true });
  writeFileSync(at("usr/local/bin/paceline"), "something else");
  const { exit, err } = await install();
  expect(exit).toBe(1);
  expect(err).toContain("/usr/local/bin/paceline is there and not ours");
  expect(readFileSync(at("usr/local/bin/paceline"), "utf8")).toBe("something else");
});

test("--arbiter puts in place what an arbiter needs, and nothing of a node", async () => {
  const { exit, out } = await install("--arbiter");
  expect(exit).toBe(0);
  expect(out).toContain("systemctl enable --now paceline-arbiter");
  expect(statSync(at("etc/paceline/arbiter.key")).mode & 0o777).toBe(0o600);
  const units = readdirSync(at("usr/local/lib/systemd/system"));
  expect(units).toEqual(["paceline-arbiter.service"]);
  for (const path of ["etc/paceline/key", "usr/lib/ocf", "var/lib/paceline"]) {
    expect(existsSync(at(path)), path).toBe(false);
  }
});

describe("the service", () => {
  const hasVerify = spawnSync("systemd-analyze", ["--version"]).status === 0;

  test("points to the programs under the prefix", async () => {
    await install("--prefix /usr");
    const unit = readFileSync(at("usr/lib/systemd/system/paceline.service"), "utf8");
    expect(unit).toContain("ExecStart=/usr/bin/pacelined\n");
    expect(unit).not.toContain("/usr/local");
  });

  /** The lines of a unit of this package. */
  const linesOf = (name: string): string[] =>
    readFileSync(join(packageRoot(), `systemd/${name}.service`), "utf8").split("\n");

  test("has what the cluster's safety rests on", () => {
    expect(linesOf("paceline")).toEqual(
      expect.arrayContaining([
        "Type=notify",
        "NotifyAccess=all",
        "KillMode=process",
        "RestartKillSignal=SIGUSR2",
        "OOMPolicy=continue",
        "Restart=on-failure",
        "RestartSec=0",
        "RestartPreventExitStatus=100",
        "TimeoutStopSec=30min",
        "RuntimeDirectoryPreserve=yes",
        "StateDirectoryMode=0700",
        "TasksMax=infinity",
        "StartLimitIntervalSec=0",
      ]),
    );
  });

  test("goes before others, with files enough, and is confined as far as agents allow", () => {
    const lines = linesOf("paceline");
    const own = ["Nice=-10", "OOMScoreAdjust=-900", "LimitNOFILE=65536"];
    expect(lines).toEqual(expect.arrayContaining([...own, "LockPersonality=yes"]));
    // Agents inherit what is set here: these would keep them from their work.
    const harmful =
      /^(Protect|Private|NoNewPrivileges|CapabilityBoundingSet|SystemCall|Restrict[A-Z])/;
    expect(lines.filter((line) => harmful.test(line))).toEqual([]);
  });

  test("of an arbiter may do nothing but answer and keep its file", () => {
    expect(linesOf("paceline-arbiter")).toEqual(
      expect.arrayContaining([
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "ProtectHome=read-only",
        "PrivateTmp=yes",
        "PrivateDevices=yes",
        "ProtectKernelTunables=yes",
        "ProtectKernelModules=yes",
        "ProtectControlGroups=yes",
        "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
        "RestrictNamespaces=yes",
        "RestrictSUIDSGID=yes",
        "LockPersonality=yes",
        "CapabilityBoundingSet=CAP_NET_BIND_SERVICE CAP_SYS_NICE",
        "StateDirectoryMode=0700",
        "RestartPreventExitStatus=100",
      ]),
    );
  });

  test.skipIf(!hasVerify).each(["paceline", "paceline-arbiter"])(
    "systemd finds no fault with %s (skipped without systemd-analyze)",
    async (name) => {
      // systemd checks that the programs exist, so they are stood in for by `true`.
      const text = readFileSync(join(packageRoot(), `systemd/${name}.service`), "utf8");
      const unit = join(root, `${name}.service`);
      writeFileSync(unit, text.replace(/^(Exec\w+=)\/usr\/local\/bin\/\w+/gm, "$1/bin/true"));
      const checked = spawnSync("systemd-analyze", ["verify", "--man=no", unit], {
        encoding: "utf8",
        env: { ...process.env, SYSTEMD_LOG_LEVEL: "warning" },
      });
      const about = checked.stderr.split("\n").filter((line) => line.includes("paceline"));
      expect(about).toEqual([]);
      expect(checked.status).toBe(0);
    },
  );
});

describe("completion for bash", () => {
  const hasBash = spawnSync("bash", ["--version"]).status === 0;

  /** What bash would offer for a line whose last word is being typed. */
  async function offered(line: string): Promise<string[]> {
    const { out } = await paceline("/nonexistent", "completion bash");
    const words = line.split(" ");
    const script = `${out}
      paceline() { [ "$1 $2" = "complete-names nodes" ] && echo node1 && echo node2; [ "$1 $2" = "complete-names resources" ] && echo web; true; }
      COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}
      _paceline; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const shown = execFileSync("bash", ["-c", script], { encoding: "utf8" });
    return shown.split("\n").filter((word) => word !== "");
  }

  test.skipIf(!hasBash).each([
    ["paceline st", ["status"]],
    ["paceline node st", ["standby"]],
    ["paceline node standby no", ["node1", "node2"]],
    ["paceline node standby node1 --rea", ["--reason"]],
    ["paceline resource migrate w", ["web"]],
    ["paceline resource migrate web n", ["node1", "node2"]],
    ["paceline --json resource stop w", ["web"]],
    ["paceline config ro", ["rollback"]],
    ["paceline help resource mig", ["migrate"]],
    ["paceline --run-dir /run/other node st", ["standby"]],
    ["paceline resource migrate web --expires 2h n", ["node1", "node2"]],
    ["paceline resource migrate web --expires = 2h n", ["node1", "node2"]],
  ])("%s<Tab>", async (line, expected) => {
    expect(await offered(line)).toEqual(expected);
  });

  test("other shells are said not to be there", async () => {
    expect((await paceline("/nonexistent", "completion fish")).exit).toBe(2);
  });
});
