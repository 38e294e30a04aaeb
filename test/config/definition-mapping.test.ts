import { describe, expect, test } from "vitest";
import { type LoadOptions, loadDefinition } from "../../src/config/load-definition.ts";
import type { Definition } from "../../src/model/definition.ts";
import type { PrimitiveDefinition, ResourceDefinition } from "../../src/model/policy-definition.ts";

const HEAD = "cluster: c\nnodes: { a: 10.0.0.1 }\n";

function load(text: string, options?: LoadOptions): Definition {
  const { definition, diagnostics } = loadDefinition(text, options);
  expect(diagnostics.filter((each) => each.severity === "error")).toEqual([]);
  return definition!;
}

/** Loads resources, written as a YAML block, on a single node. */
function resources(block: string): readonly ResourceDefinition[] {
  return load(`${HEAD}resources:\n${block.replace(/^/gm, "  ")}\n`).policy.resources;
}

function primitive(block: string): PrimitiveDefinition {
  return resources(block)[0] as PrimitiveDefinition;
}

describe("agents", () => {
  test.each([
    ["vip, params: { ip: 10.0.0.9/24 }", { class: "ocf", provider: "paceline", type: "vip" }],
    ["dummy", { class: "ocf", provider: "paceline", type: "dummy" }],
    ["'ocf:heartbeat:IPaddr2'", { class: "ocf", provider: "heartbeat", type: "IPaddr2" }],
    ["'ocf::pacemaker:Dummy'", { class: "ocf", provider: "pacemaker", type: "Dummy" }],
    ["'ocf:IPaddr2'", { class: "ocf", provider: "heartbeat", type: "IPaddr2" }],
    ["'systemd:getty@tty1.service'", { class: "systemd", type: "getty@tty1.service" }],
    ["systemd:nginx", { class: "systemd", type: "nginx" }],
    ["lsb:apache2", { class: "lsb", type: "apache2" }],
    ["service:nginx", { class: "service", type: "nginx" }],
    ["heartbeat:IPaddr", { class: "heartbeat", type: "IPaddr" }],
    ["exec:/usr/bin/x -a", { class: "exec", type: "/usr/bin/x -a" }],
    ["exec, params: { command: x }", { class: "exec", type: "exec" }],
  ])("%s", (text, expected) => {
    expect(primitive(`r: { agent: ${text} }`).agent).toEqual(expected);
  });
});

describe("operations", () => {
  const brief = (block: string) =>
    primitive(block).operations.map(({ name, interval, options }) => [
      name,
      interval,
      Object.fromEntries(options),
    ]);

  test.each([
    ["none said: a monitor", "r: { agent: dummy }", [["monitor", "10s", {}]]],
    ["none wanted", "r: { agent: dummy, operations: [] }", []],
    ["none wanted, as a map", "r: { agent: dummy, operations: {} }", []],
    [
      "just an interval",
      "r: { agent: dummy, operations: { monitor: 5s } }",
      [["monitor", "5s", {}]],
    ],
    [
      "a map",
      "r: { agent: dummy, operations: { monitor: { interval: 5s, on-fail: fence }, start: { timeout: 1min } } }",
      [
        ["monitor", "5s", { "on-fail": "fence" }],
        ["start", "0", { timeout: "1min" }],
      ],
    ],
    [
      "a list below a name",
      "r: { agent: dummy, operations: { monitor: [ { interval: 5s, role: Promoted }, 6s ] } }",
      [
        ["monitor", "5s", { role: "Promoted" }],
        ["monitor", "6s", {}],
      ],
    ],
    [
      "a list",
      "r: { agent: dummy, operations: [ { name: monitor, interval: 5s, role: Master, timeout: 3 } ] }",
      [["monitor", "5s", { role: "Promoted", timeout: "3" }]],
    ],
  ])("%s", (_name, block, expected) => {
    expect(brief(block)).toEqual(expected);
  });

  test("promotable resources get a monitor per role", () => {
    const [clone] = resources(
      "r: { agent: stateful }\nrs: { clone: r, meta: { promotable: yes } }",
    );
    const child = clone?.kind === "clone" ? (clone.child as PrimitiveDefinition) : undefined;
    expect(child?.operations.map((each) => [each.interval, each.options.get("role")])).toEqual([
      ["10s", "Promoted"],
      ["11s", "Unpromoted"],
    ]);
  });

  test("what a template says of operations is enough", () => {
    const text = `${HEAD}templates: { t: { agent: dummy, operations: [] } }\nresources: { r: { template: t } }\n`;
    expect(load(text).policy.resources[0]).toMatchObject({ template: "t", operations: [] });
  });

  test("ids are unique, and given ones are kept", () => {
    const { operations } = primitive(
      "r: { agent: dummy, operations: { monitor: [ { id: mine, interval: 1s }, 2s ], start: {} } }",
    );
    expect(operations.map((each) => each.id)).toEqual([
      "mine",
      "r-monitor-interval-2s",
      "r-start-interval-0",
    ]);
  });
});

describe("values", () => {
  test("parameters are as written, whatever YAML 1.1 would have made of them", () => {
    const { params } = primitive(
      "r: { agent: ocf:x:y, params: { mode: 0644, on: yes, version: 1.10, at: 12:30:45, none: ~, hex: 0x1F, quoted: '0644', exp: 1e3 } }",
    );
    expect(Object.fromEntries(params[0]!.values)).toEqual({
      mode: "0644",
      on: "yes",
      version: "1.10",
      at: "12:30:45",
      none: "",
      hex: "0x1F",
      quoted: "0644",
      exp: "1e3",
    });
  });

  test("known options get their one spelling", () => {
    const { meta } = primitive(
      "r: { agent: dummy, meta: { is-managed: off, target-role: started, priority: 5, resource-stickiness: INFINITY } }",
    );
    expect(Object.fromEntries(meta[0]!.values)).toEqual({
      "is-managed": "false",
      "target-role": "Started",
      priority: "5",
      "resource-stickiness": "INFINITY",
    });
  });

  test("block scalars keep their text", () => {
    const { params } = primitive(
      "r:\n  agent: ocf:x:y\n  params:\n    script: |\n      a\n      b",
    );
    expect(params[0]!.values.get("script")).toBe("a\nb\n");
  });

  test("a list of sets has rules and scores", () => {
    const { params } = primitive(
      "r: { agent: ocf:x:y, params: [ { rule: '#uname eq a', score: 2, values: { p: 1 } }, { id: rest, values: { p: 2 } } ] }",
    );
    expect(params).toMatchObject([
      { id: "r-params", score: 2, rule: { booleanOp: "and" } },
      { id: "rest", score: 0 },
    ]);
  });
});

describe("the tree of resources", () => {
  const ids = (list: readonly ResourceDefinition[]) => list.map((each) => each.id);

  test("members are no top-level resources, whatever the order of the file", () => {
    const list = resources(
      "b: { agent: dummy }\nall: { clone: g }\ng: { group: [a, b] }\na: { agent: dummy }\nx: { agent: dummy }",
    );
    expect(ids(list)).toEqual(["all", "x"]);
    expect(list[0]).toMatchObject({
      kind: "clone",
      child: { kind: "group", id: "g", members: [{ id: "a" }, { id: "b" }] },
    });
  });

  test("a bundle has its container, its mappings and its resource", () => {
    const [bundle] = resources(`web:
  bundle:
    podman: { image: httpd, replicas: 2 }
    network: { ip-range-start: 10.0.0.50, control-port: 3121 }
    ports: [ { port: 80 } ]
    storage: [ { source-dir: /srv, target-dir: /var/www } ]
    primitive: httpd
httpd: { agent: ocf:heartbeat:apache }`);
    expect(bundle).toMatchObject({
      kind: "bundle",
      container: {
        type: "podman",
        options: new Map([
          ["image", "httpd"],
          ["replicas", "2"],
        ]),
      },
      portMappings: [new Map([["port", "80"]])],
      child: { id: "httpd" },
    });
  });
});

describe("constraints", () => {
  const constraints = (yaml: string) =>
    load(
      `${HEAD}resources: { x: { agent: dummy }, y: { agent: dummy }, z: { agent: dummy } }\ntags: { t: [x, y] }\nconstraints: ${yaml}\n`,
    ).policy.constraints;

  test.each([
    [
      "{ colocation: [ { resource: x, with: y } ] }",
      { id: "colocation-x-y", resource: "x", with: "y", score: 1_000_000 },
    ],
    [
      "{ colocation: [ { id: c1, sets: [ [x, y], { members: [z], sequential: no, role: Started } ], score: -5 } ] }",
      {
        id: "c1",
        score: -5,
        sets: [
          { id: "c1-set", members: ["x", "y"] },
          { id: "c1-set-2", members: ["z"], sequential: "false", role: "Started" },
        ],
      },
    ],
    [
      "{ order: { first: x, then: 'y:stop', symmetrical: off, kind: optional, require-all: yes } }",
      {
        first: "x",
        // biome-ignore lint/suspicious/noThenProperty: the name of the constraint's field
        then: "y",
        thenAction: "stop",
        symmetrical: "false",
        orderKind: "Optional",
        requireAll: "true",
      },
    ],
    [
      "{ location: [ { pattern: 'x|y', node: a, score: -inf, discovery: never, expires: 2030-01-01 } ] }",
      { pattern: "x|y", node: "a", score: -1_000_000, discovery: "never", expires: "2030-01-01" },
    ],
    [
      "{ location: [ { resource: t, rules: [ { rule: defined p, score-attribute: p }, '5: defined q' ] } ] }",
      { resource: "t", rules: [{ scoreAttribute: "p" }, { score: 5 }] },
    ],
    [
      "{ ticket: [ { ticket: T, resource: x, loss-policy: fence } ] }",
      { kind: "ticket", ticket: "T", resource: "x", lossPolicy: "fence" },
    ],
  ])("%s", (yaml, expected) => {
    const found = constraints(yaml);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject(expected);
    expect(Object.values(found[0]!)).not.toContain(undefined);
  });

  test("two alike get ids of their own", () => {
    const found = constraints("{ order: [ { first: x, then: y }, { first: x, then: y } ] }");
    expect(found.map((each) => each.id)).toEqual(["order-x-y", "order-x-y-2"]);
  });
});

describe("nodes", () => {
  const { nodes, policy } = load(`cluster: c
nodes:
  a: [10.0.0.1, 10.1.0.1]
  b: { addresses: 10.0.0.2, votes: 3, attributes: { standby: on } }
  w: { addresses: 10.0.0.3, role: witness }
  far: { role: remote }
`);

  test("settings are for members only, in the order of the file", () => {
    expect(nodes).toEqual([
      { name: "a", addresses: ["10.0.0.1", "10.1.0.1"], votes: 1, role: "full" },
      { name: "b", addresses: ["10.0.0.2"], votes: 3, role: "full" },
      { name: "w", addresses: ["10.0.0.3"], votes: 1, role: "witness" },
    ]);
  });

  test("a witness never runs anything", () => {
    expect(policy.nodes.map((node) => [node.name, node.type])).toEqual([
      ["a", "member"],
      ["b", "member"],
      ["w", "witness"],
      ["far", "remote"],
    ]);
    expect(policy.nodes[1]?.attributes[0]?.values.get("standby")).toBe("on");
  });
});

test("a file that says nothing of messaging advertises every 100 ms, by multicast on port 7700", () => {
  const settings = {
    transport: "multicast",
    group: "239.255.77.1",
    port: 7700,
    advertIntervalMs: 100,
    keyFile: "/etc/paceline/key",
    maxDatagram: 1400,
  };
  expect(load(HEAD).messaging).toEqual(settings);
  expect(load(`${HEAD}messaging: {}\n`).messaging).toEqual(settings);
});

test("a cluster of IPv6 addresses has a group of its own family", () => {
  const text = "cluster: c\nnodes: { a: 'fd00::1', b: 'fd00::2' }\n";
  expect(load(text).messaging).toMatchObject({ transport: "multicast", group: "ff15::77:1" });
  expect(load(`${text}messaging: { port: 7000 }\n`).messaging.group).toBe("ff15::77:1");
});

test("a simulation needs no addresses, and takes the names of others with a warning", () => {
  const text =
    "cluster: c\nnodes: { a: {}, b: }\nresources: { db: { agent: 'stonith:x', meta: { odd: 1 } } }\n";
  expect(loadDefinition(text).definition).toBeUndefined();
  const { definition, diagnostics } = loadDefinition(text, { simulation: true });
  expect(definition?.nodes.map((node) => node.addresses)).toEqual([[], []]);
  expect(diagnostics.map((each) => each.code)).toContain("UNKNOWN_OPTION");
});
