import type { NodeReport, ResourceReport, StatusReport } from "../../src/model/status-report.ts";

/** 2026-11-21 03:12:45 UTC: the hour for which the status view is made. */
export const NOW = Date.UTC(2026, 10, 21, 3, 12, 45);

export function node(name: string, more: Partial<NodeReport> = {}): NodeReport {
  return {
    name,
    state: "online",
    detail: null,
    role: "full",
    votes: 1,
    isDc: false,
    incarnation: 1,
    version: "0.1.0",
    links: [
      { link: 0, address: "10.77.0.1", up: true, since: NOW, roundTripMs: 0.2, lossPercent: 0 },
    ],
    attributes: {},
    ...more,
  };
}

export function resource(id: string, more: Partial<ResourceReport> = {}): ResourceReport {
  return {
    id,
    resource: id.replace(/:\d+$/, ""),
    agent: "ocf:paceline:dummy",
    role: "Started",
    nodes: ["node1"],
    managed: true,
    failed: false,
    orphan: false,
    group: null,
    clone: null,
    promotable: false,
    targetRole: null,
    blocked: null,
    stoppedReason: null,
    pending: null,
    failcounts: [],
    since: NOW - 60_000,
    ...more,
  };
}

export const STOPPED = { role: "Stopped", nodes: [] } as const;

/** A cluster in which all is well. */
export function report(more: Partial<StatusReport> = {}): StatusReport {
  return {
    cluster: "shop",
    node: "node1",
    dc: "node1",
    acting: null,
    term: 7,
    version: "0.1.0",
    at: NOW,
    ageMs: 0,
    definition: {
      version: 4,
      author: "ann",
      at: NOW - 86_400_000,
      behind: [],
      localFileDiffers: false,
    },
    quorum: {
      quorate: true,
      votes: 3,
      expected: 3,
      needed: 2,
      options: ["wait-for-all"],
      waitingFor: null,
      policy: "stop",
      tieBreaker: null,
    },
    nodes: [node("node1", { isDc: true }), node("node2"), node("wit1", { role: "witness" })],
    resources: [
      resource("db", { agent: "ocf:heartbeat:pgsql" }),
      resource("web-ip", { group: "web", agent: "ocf:paceline:vip", nodes: ["node2"] }),
      resource("web-server", { group: "web", agent: "systemd:nginx", nodes: ["node2"] }),
      resource("cache:0", { clone: "cache-set", promotable: true, role: "Promoted" }),
      resource("cache:1", {
        clone: "cache-set",
        promotable: true,
        role: "Unpromoted",
        nodes: ["node2"],
      }),
    ],
    overrides: [],
    transition: {
      state: "idle",
      id: null,
      startedAt: null,
      done: 0,
      total: 0,
      running: [],
      waitingFor: null,
    },
    failures: [],
    fencing: { enabled: true, devices: [], history: [], held: null },
    checks: [],
    warnings: [],
    ...more,
  };
}

/** A night: a node lost, a failed database, a blocked resource, a move that somebody forgot. */
export function badNight(): StatusReport {
  return report({
    definition: { version: 4, author: "ann", at: NOW - 9e7, behind: [], localFileDiffers: true },
    nodes: [
      node("node1", {
        isDc: true,
        links: [
          {
            link: 0,
            address: "10.77.0.1",
            up: true,
            since: null,
            roundTripMs: null,
            lossPercent: null,
          },
          {
            link: 1,
            address: "10.78.0.1",
            up: false,
            since: NOW - 9e5,
            roundTripMs: null,
            lossPercent: null,
          },
        ],
      }),
      node("node2", { state: "unclean", detail: "silent for 8 s", incarnation: 3 }),
      node("node3", { state: "standby", detail: null }),
      node("wit1", { role: "witness", state: "offline", detail: "left cleanly" }),
    ],
    resources: [
      resource("db", {
        ...STOPPED,
        failed: true,
        failcounts: [
          {
            node: "node1",
            count: 1_000_000,
            threshold: 3,
            lastFailure: NOW - 125_000,
            clearsAt: NOW + 475_000,
          },
        ],
      }),
      resource("store", {
        nodes: ["node1"],
        blocked: {
          code: "STOP_FAILED",
          reason: "its stop failed on node1 and nothing fences it",
          command: "paceline resource cleanup store",
        },
      }),
      resource("web-ip", {
        group: "web",
        ...STOPPED,
        pending: { operation: "start", node: "node1", since: NOW - 1200, timeoutMs: 20_000 },
      }),
      resource("web-server", {
        group: "web",
        ...STOPPED,
        stoppedReason: "waits for web-ip",
        agent: "systemd:nginx",
      }),
      resource("ping:0", { clone: "ping-set" }),
      resource("ping:1", { clone: "ping-set", ...STOPPED }),
      resource("ping:2", { clone: "ping-set", ...STOPPED }),
      resource("mail", { ...STOPPED, targetRole: "Stopped" }),
    ],
    overrides: [
      {
        id: "standby:node3",
        kind: "standby",
        target: "node3",
        author: "ann",
        reason: "disk swap",
        at: NOW - 7_200_000,
        expires: NOW + 2_880_000,
      },
      {
        id: "migrate:web",
        kind: "migrate",
        target: "web",
        node: "node1",
        author: "bob",
        at: NOW - 500,
      },
      { id: "stop:mail", kind: "stop", target: "mail", author: "bob", at: NOW - 86_400_000 * 3 },
    ],
    transition: {
      state: "running",
      id: 12,
      startedAt: NOW - 1500,
      done: 3,
      total: 9,
      running: [
        {
          operation: "start",
          resource: "web-ip",
          node: "node1",
          since: NOW - 1200,
          timeoutMs: 20_000,
        },
      ],
      waitingFor: null,
    },
    failures: [
      {
        resource: "db",
        node: "node1",
        operation: "start",
        intervalMs: 0,
        rc: 6,
        result: "not configured",
        exitReason: "Datadir /var/lib/db is missing",
        at: NOW - 125_000,
        clearsAt: NOW + 475_000,
      },
    ],
    fencing: {
      enabled: true,
      devices: [
        {
          name: "bmc2",
          agent: "ipmi",
          targets: ["node2"],
          lastCheck: { at: NOW - 60_000, ok: false, detail: "timed out" },
        },
      ],
      history: [
        {
          id: "7.1",
          target: "node2",
          action: "reboot",
          requestedBy: "node1",
          reason: "lost",
          startedAt: NOW - 4000,
          outcome: "pending",
        },
      ],
      held: null,
    },
    checks: [{ name: "gateway", node: "node1", ok: false, value: "0", detail: "no answer in 1 s" }],
    warnings: [
      {
        code: "TWO_NODE_SPLIT",
        severity: "warn",
        message: "if the nodes lose each other, both sides run everything",
        hint: "add a witness or a tie-breaker",
      },
    ],
  });
}
