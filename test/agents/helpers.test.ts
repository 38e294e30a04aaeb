import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fail, ok } from "../../src/controller/replies.ts";
import { OWN_AGENT_DIR } from "../../src/io/agent-lookup.ts";
import { type ControlServer, startControlServer } from "../../src/io/control-server.ts";
import type { ControlReply, ControlRequest } from "../../src/model/control.ts";
import { ROOT } from "../support/lab-commands.ts";

/** The helper commands as agents call them, against a control server that plays the daemon. */
const HELPERS = join(OWN_AGENT_DIR, "helpers");
const SHELL_LIBRARY = "/usr/lib/ocf/lib/heartbeat/ocf-shellfuncs";
const built = existsSync(join(ROOT, "dist/cli/agent-helper.js"));

let runDir: string;
let server: ControlServer | undefined;
let asked: ControlRequest[];
/** NODE/SCOPE/NAME to value, as set. */
let attributes: Map<string, string>;

beforeEach(async () => {
  runDir = mkdtempSync(join(tmpdir(), "paceline-helpers-"));
  asked = [];
  attributes = new Map();
  const handler = (request: ControlRequest): Promise<ControlReply> => {
    asked.push(request);
    return Promise.resolve(answer(request));
  };
  server = await startControlServer({ runDir, handler });
});

afterEach(async () => {
  await server?.close();
  rmSync(runDir, { recursive: true, force: true });
});

function answer(request: ControlRequest): ControlReply {
  switch (request.method) {
    case "attribute": {
      const { action, name, scope, value } = request;
      const node = scope === "cluster" ? null : (request.node ?? "node1");
      if (node === "nowhere") return fail("UNKNOWN_NODE", "there is no node nowhere");
      if (node === "minority") return fail("NOT_QUORATE", "no quorum");
      const key = `${node}/${scope}/${name}`;
      if (action === "set") attributes.set(key, value ?? "");
      if (action === "delete") attributes.delete(key);
      return ok({ name, node, value: attributes.get(key) ?? null });
    }
    case "status":
      return ok(REPORT);
    default:
      return ok({});
  }
}

function node(name: string, state: string, attrs = {}) {
  return { name, state, isDc: name === "node1", attributes: attrs };
}

function instance(id: string, role: string, nodes: string[]) {
  const failcounts = [{ node: "node1", count: 1_000_000 }];
  const fixed = { agent: "ocf:heartbeat:redis", orphan: false, managed: true, failed: false };
  const clone = { resource: "db", clone: "db-clone", group: null, blocked: null };
  return { ...fixed, ...clone, id, role, nodes, failcounts };
}

const REPORT = {
  node: "node1",
  dc: "node1",
  quorum: { quorate: true },
  nodes: [
    node("node1", "online", { cookie: "a<b" }),
    node("node2", "standby"),
    node("node3", "offline", { cookie: "c" }),
  ],
  resources: [instance("db:0", "Promoted", ["node1"]), instance("db:1", "Stopped", [])],
  overrides: [
    { id: "standby:node2", kind: "standby", target: "node2" },
    { id: "ban:db:node2", kind: "ban", target: "db", node: "node2" },
  ],
  transition: { running: [{ operation: "start", node: "node2", resource: "db:1" }] },
};

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line with the environment and PATH of an agent. */
function sh(line: string, env: Record<string, string> = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn("sh", ["-c", line], {
      env: {
        PATH: `${HELPERS}:/usr/bin:/bin`,
        PACELINE_RUN_DIR: runDir,
        PACELINE_NODE: "node1",
        PACELINE_NODEJS: process.execPath,
        OCF_RESOURCE_INSTANCE: "db",
        HA_SBIN_DIR: HELPERS,
        ...env,
      },
    });
    let out = "";
    let err = "";
    child.stdout.on("data", (text) => {
      out += String(text);
    });
    child.stderr.on("data", (text) => {
      err += String(text);
    });
    child.on("close", (code) => resolve({ code, out, err }));
  });
}

async function lines(...all: string[]): Promise<string[]> {
  const outcomes: string[] = [];
  for (const line of all) {
    const { code, out } = await sh(line);
    outcomes.push(`${code} ${out.trim()}`);
  }
  return outcomes;
}

describe.skipIf(!built)("the helper commands", { timeout: 30_000 }, () => {
  test("a promotion score is set, read and deleted under the name that the policy reads", async () => {
    expect(
      await lines(
        "crm_master -l reboot -v 100",
        "crm_master -l reboot -G -q",
        'crm_attribute -p -N node2 -v "-INFINITY"',
        "crm_attribute --promotion --query --node=node2 --quiet",
        "crm_master -Q -l reboot -D",
        "crm_master -l reboot -G --quiet",
      ),
    ).toEqual(["0 ", "0 100", "0 ", "0 -INFINITY", "0 ", "105 "]);
    expect(asked[0]).toEqual({
      method: "attribute",
      action: "set",
      name: "master-db",
      value: "100",
      scope: "transient",
    });
  });

  test("the lifetime, the type and the node say where an attribute is kept", async () => {
    await lines(
      "crm_attribute -N node1 -l reboot --name a -v 1",
      "crm_attribute -l forever -n a -v 2",
      "crm_attribute --type crm_config --name a -s redis_replication -v 3 -q",
      "crm_attribute -n a -v 4 --node=node2",
      'crm_attribute --lifetime=reboot --name=a --node=node2 --update=""',
      "crm_attribute --name a --update 5",
    );
    expect(
      asked.map((each) => ("scope" in each ? [each.scope, each.node, each.value] : [])),
    ).toEqual([
      ["transient", "node1", "1"],
      ["permanent", undefined, "2"],
      ["cluster", undefined, "3"],
      ["permanent", "node2", "4"],
      ["transient", "node2", ""],
      ["cluster", undefined, "5"],
    ]);
  });

  test("a query prints what agents cut in pieces, and 105 where there is nothing", async () => {
    attributes.set("node2/transient/lag", "7");
    expect(
      await lines(
        "crm_attribute -N node2 -l reboot --name lag --query | awk '{print $3}'",
        "crm_attribute -N node2 -l reboot --name lag --quiet",
        "crm_attribute -N node2 -l reboot --name none --query",
        'crm_attribute --name none --query --quiet --default ""',
        "attrd_updater -p -N node2 -n lag -Q",
        "attrd_updater -Q -A -n lag",
        "attrd_updater -p -n lag -Q",
        'eval "$(attrd_updater --query --name lag --node node2)"; echo "$value of $host"',
      ),
    ).toEqual([
      "0 value=7",
      "0 7",
      "105 ",
      "0 ",
      '0 name="lag" host="node2" value="7"',
      '0 name="lag" host="node2" value="7"',
      "105 ",
      "0 7 of node2",
    ]);
  });

  test("attrd_updater takes every spelling of a change that agents use", async () => {
    expect(
      await lines(
        "attrd_updater 0 -S status -n load -v 3",
        'attrd_updater -n "#health-x" -U green -d 5s',
        "attrd_updater -p --name t --node node2 --update 1",
        "attrd_updater -D -n load",
        "attrd_updater -n load",
      ),
    ).toEqual(["0 ", "0 ", "0 ", "0 ", "64 "]);
    expect([...attributes]).toEqual([
      ["node1/transient/#health-x", "green"],
      ["node2/transient/t", "1"],
    ]);
  });

  test("crm_node knows the members; its own name without asking anybody", async () => {
    expect(await lines("crm_node -n")).toEqual(["0 node1"]);
    expect(asked).toEqual([]);
    expect(
      await lines("crm_node -p", "crm_node -q", "crm_node -i", "crm_node -l", "crm_node --list -p"),
    ).toEqual([
      "0 node1 node2",
      "0 1",
      "0 1",
      "0 1 node1 member\n2 node2 member\n3 node3 lost",
      "0 node1 node2",
    ]);
  });

  test.skipIf(!existsSync(SHELL_LIBRARY))("the agents' own shell library gets along", async () => {
    const library = `OCF_ROOT=/usr/lib/ocf OCF_RESKEY_crm_feature_set=3.19.0; . ${SHELL_LIBRARY}`;
    expect(
      await lines(
        `${library}; ocf_local_nodename`,
        `${library}; ocf_promotion_score -v 5`,
        `${library}; ocf_promotion_score -N node2 -v 100`,
        `${library}; ocf_promotion_score -G -N node2 -q`,
        `${library}; ocf_promotion_score -D`,
      ),
    ).toEqual(["0 node1", "0 ", "0 ", "0 100", "0 "]);
    expect([...attributes]).toEqual([["node2/transient/master-db", "100"]]);
  });

  test("crm_mon prints XML in which the agents' expressions match", async () => {
    const { out, code } = await sh("crm_mon -1 --output-as=xml");
    expect(code).toBe(0);
    // redis and galera, then pgsql.
    const promoted =
      /resource.*id="db".* role="(Promoted|Master)".* active="true".* orphaned="false".* failed="false"/;
    expect(out).toMatch(promoted);
    expect(out).toMatch(/<node name="node2" .* online="true"/);
    expect(out).toMatch(/<node name="node3" .* online="false"/);
    expect(out.match(/<resource id="db" .* role="Promoted"/g)).toHaveLength(1);
    expect((await sh("crm_mon -1 -X")).out).toBe(out);
    expect((await sh("crm_mon -1")).out).toContain("Online: [ node1 node2 ]");
    expect((await sh("crm_mon -d -h /tmp/x.html")).code).toBe(3);
  });

  test("cibadmin finds attributes by name, of nodes that are online where asked so", async () => {
    const query = (where: string) =>
      `cibadmin -Q --xpath "//node_state${where}//nvpair[@name='cookie']"`;
    const cut = `| grep cookie | sed -n -e 's/^.*value=.\\(.*\\)".*$/\\1/p'`;
    expect(await lines(`${query("")} ${cut}`)).toEqual(["0 a&lt;b\nc"]);
    expect(await lines(`${query("[@crmd='online']")} ${cut}`)).toEqual(["0 a&lt;b"]);
    expect(await lines("cibadmin -V", "cibadmin -Q --xpath //x")).toEqual(["3 ", "105 "]);
  });

  test("crm_resource and crm_standby become overrides that an operator sees", async () => {
    await lines(
      "crm_resource -B -r db:0 -N node1 -Q",
      "crm_resource --clear -r db",
      "crm_attribute -t nodes -N node1 -n standby -v on --lifetime=forever",
      "crm_standby -N node2 -v off",
    );
    const changes = asked.filter((each) => each.method !== "status");
    expect(changes).toEqual([
      {
        method: "override-set",
        override: {
          ...{ id: "ban:db:node1", kind: "ban", target: "db", node: "node1" },
          author: "crm_resource of db",
        },
      },
      { method: "override-remove", ids: ["ban:db:node2"] },
      {
        method: "override-set",
        override: {
          ...{ id: "standby:node1", kind: "standby", target: "node1" },
          author: "crm_attribute of db",
        },
      },
      { method: "override-remove", ids: ["standby:node2"] },
    ]);
    expect(
      await lines(
        "crm_standby -G -N node2 -q",
        "crm_resource -W -r db",
        "crm_resource --list-operations -N node1",
        "crm_failcount -G -r db -q",
        "crm_resource -Q -r db -z -g cpu",
        "crm_resource -r db -z -p cpu -v 1",
      ),
    ).toEqual([
      "0 on",
      "0 resource db is running on: node1 Promoted",
      "0 ",
      "0 INFINITY",
      "105 ",
      "3 ",
    ]);
    const pending = await sh("crm_resource --list-operations -N node2");
    expect(pending.out).toContain("db:1_start_0 (node=node2, call=-1, rc=193): pending");
  });

  test.each([
    ["crm_attribute -n a -v 1 -N nowhere", 105, "there is no node nowhere"],
    ["crm_attribute -n a -v 1 -N minority", 106, "no quorum"],
    ["crm_attribute -G", 64, "which attribute?"],
    ["crm_attribute -n", 64, "needs an argument"],
    ["crm_attribute -n a --frobnicate", 64, "unknown option frobnicate"],
    ["unset OCF_RESOURCE_INSTANCE; crm_master -v 5", 64, "OCF_RESOURCE_INSTANCE is not set"],
    ["PACELINE_RUN_DIR=/nonexistent crm_master -v 5", 102, "not connected"],
  ])("%s ends with %i", async (line, code, message) => {
    const outcome = await sh(line);
    expect(outcome.code).toBe(code);
    expect(outcome.err).toContain(message);
    expect(outcome.out).toBe("");
  });

  test("every helper there is can be run", async () => {
    for (const name of readdirSync(HELPERS)) {
      if (name === "pacemakerd") continue;
      expect((await sh(`${name} --frobnicate`)).code, name).toBe(64);
    }
  });
});
