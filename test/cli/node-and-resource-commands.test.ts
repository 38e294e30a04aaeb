import { describe, expect, test } from "vitest";
import { fakeDaemon } from "./fake-daemon.ts";
import { NOW, node, report, resource, STOPPED } from "./report-fixture.ts";

const { daemon, run } = fakeDaemon();

describe("node", () => {
  test("standby sets an override with author, reason and expiry, and says how to undo it", async () => {
    const { exit, out } = await run([
      ..."node standby node2 --expires 2h --reason".split(" "),
      "disk swap",
    ]);
    expect(exit).toBe(0);
    expect(daemon.changes).toEqual([
      {
        method: "override-set",
        override: {
          id: "standby:node2",
          kind: "standby",
          target: "node2",
          author: "ann",
          reason: "disk swap",
          expires: NOW + 7_200_000,
        },
      },
    ]);
    expect(out).toBe(
      "node2 is in standby until 05:12:45, in 2 h\n→ to take it back: paceline node online node2\n",
    );
  });

  test("without a name it is the node asked", async () => {
    await run("node maintenance");
    expect(daemon.changes).toMatchObject([{ override: { id: "maintenance:node1" } }]);
  });

  test("a wrong name is answered with the right one, and nothing is changed", async () => {
    const { exit, err } = await run("node standby ndoe2");
    expect(exit).toBe(1);
    expect(err).toContain("there is no node ndoe2");
    expect(err).toContain("did you mean node2?");
    expect(daemon.changes).toEqual([]);
  });

  test("--wait fails if something stays there", async () => {
    const { exit, err } = await run("node standby node2 --wait 5s");
    expect(daemon.requests).toContainEqual({ method: "wait", timeoutMs: 5000 });
    expect(exit).toBe(1);
    expect(err).toContain("still on node2: web-ip, web-server, cache:1");
  });

  test("drain waits by itself, and is content when nothing is left", async () => {
    daemon.statusLater = report({ resources: [resource("db")] });
    const { exit, out } = await run("node drain node2");
    expect(exit).toBe(0);
    expect(out).toContain("nothing runs on node2");
    expect(daemon.changes).toMatchObject([{ override: { id: "standby:node2", reason: "drain" } }]);
  });

  test("online takes the standby back; twice is no error", async () => {
    const standby = {
      id: "standby:node2",
      kind: "standby",
      target: "node2",
      author: "ann",
      at: NOW,
    } as const;
    daemon.status = report({ overrides: [standby] });
    expect((await run("node online node2")).out).toBe("taken back: node2 is in standby\n");
    expect(daemon.changes).toEqual([{ method: "override-remove", ids: ["standby:node2"] }]);
    daemon.status = report();
    expect(await run("node online node2")).toMatchObject({
      exit: 0,
      out: "node2 is not in standby: nothing to take back\n",
    });
  });

  test("a standby that the definition has cannot be taken back by hand", async () => {
    daemon.status = report({ nodes: [node("node2", { state: "standby" })] });
    const { exit, err } = await run("node online node2");
    expect(exit).toBe(1);
    expect(err).toContain("by the definition");
  });
});

describe("resource", () => {
  test("migrate to a node", async () => {
    daemon.statusLater = report({ resources: [resource("db", { nodes: ["node2"] })] });
    const { exit, out } = await run("resource migrate db node2 --wait");
    expect(exit).toBe(0);
    expect(daemon.changes).toMatchObject([
      { override: { id: "migrate:db", kind: "migrate", target: "db", node: "node2" } },
    ]);
    expect(out).toContain("db is moved to node2");
    expect(out).toContain("settled after 0 ms: db is on node2");
  });

  test("migrate that settled elsewhere is a failure that points to explain", async () => {
    const { exit, err } = await run("resource migrate db node2 --wait");
    expect(exit).toBe(1);
    expect(err).toContain("db is on node1, not on node2");
    expect(err).toContain("paceline explain db node2");
  });

  test("migrate without a node bans it from where it is, as Pacemaker's move does", async () => {
    const { out } = await run("resource migrate web");
    expect(daemon.changes).toMatchObject([
      { override: { id: "ban:web:node2", kind: "ban", node: "node2" } },
    ]);
    expect(out).toContain("web is banned from node2");
  });

  test("migrate of a promoted instance", async () => {
    await run("resource migrate cache-set node2 --role promoted");
    expect(daemon.changes).toMatchObject([
      { override: { id: "migrate:cache-set", role: "Promoted", node: "node2" } },
    ]);
  });

  test("migrate away of something that runs on several nodes needs a word more", async () => {
    const { exit, err } = await run("resource ban cache-set");
    expect(exit).toBe(1);
    expect(err).toContain("cache-set runs on node1, node2");
    expect(daemon.changes).toEqual([]);
  });

  test("a new wish replaces the one that contradicts it", async () => {
    const ban = {
      id: "ban:db:node2",
      kind: "ban",
      target: "db",
      node: "node2",
      author: "x",
      at: 1,
    };
    daemon.status = report({ overrides: [ban as never] });
    await run("resource migrate db node2");
    expect(daemon.changes).toMatchObject([
      { method: "override-remove", ids: ["ban:db:node2"] },
      { method: "override-set" },
    ]);
  });

  test("clear takes all moves and bans of a resource back", async () => {
    const make = (kind: string, more: object) => ({
      kind,
      target: "db",
      author: "x",
      at: 1,
      ...more,
    });
    daemon.status = report({
      overrides: [
        make("ban", { id: "ban:db:node2", node: "node2" }),
        make("migrate", { id: "migrate:db", node: "node1" }),
        make("stop", { id: "stop:db" }),
      ] as never,
    });
    await run("resource clear db");
    expect(daemon.changes).toEqual([
      { method: "override-remove", ids: ["ban:db:node2", "migrate:db"] },
    ]);
    expect((await run("resource clear db --node node2")).exit).toBe(0);
    expect(daemon.changes.at(-1)).toEqual({ method: "override-remove", ids: ["ban:db:node2"] });
    expect((await run("resource clear web")).out).toContain("nothing to take back");
  });

  describe("start", () => {
    const stop = { id: "stop:web", kind: "stop", target: "web", author: "x", at: 1 } as const;

    test("takes a stop back", async () => {
      daemon.status = report({ overrides: [stop] });
      expect((await run("resource start web")).exit).toBe(0);
      expect(daemon.changes).toEqual([{ method: "override-remove", ids: ["stop:web"] }]);
    });

    test("of a member of a stopped group names the group", async () => {
      daemon.status = report({ overrides: [stop] });
      const { exit, err } = await run("resource start web-ip");
      expect(exit).toBe(1);
      expect(err).toContain("paceline resource start web");
    });

    test("beats a definition that keeps it stopped", async () => {
      daemon.status = report({
        resources: [resource("db", { ...STOPPED, targetRole: "Stopped" })],
      });
      await run("resource start db");
      expect(daemon.changes).toMatchObject([{ override: { id: "start:db" } }]);
    });

    test("of what runs is no error, of what cannot run is one", async () => {
      expect((await run("resource start db")).out).toBe("db is not stopped: db runs on node1\n");
      daemon.status = report({
        resources: [resource("db", { ...STOPPED, stoppedReason: "no node" })],
      });
      const { exit, err } = await run("resource start db");
      expect(exit).toBe(1);
      expect(err).toContain("does not run: db (no node)");
    });
  });

  test("restart stops with an expiry, so that a killed command leaves nothing stopped", async () => {
    daemon.status = report({ resources: [resource("db", STOPPED)] });
    const { exit } = await run("resource restart db --wait 30s");
    const [stop] = daemon.changes;
    expect(stop).toMatchObject({ override: { id: "stop:db", expires: NOW + 60_000 } });
    expect(exit).toBe(1);
  });

  test("restart of what does not stop takes its stop back at once", async () => {
    const { exit, err } = await run("resource restart db --wait 30s");
    expect(exit).toBe(1);
    expect(err).toContain("db still runs on node1");
    expect(daemon.changes.slice(1)).toEqual([{ method: "override-remove", ids: ["stop:db"] }]);
  });

  test("restart that can neither stop nor take its stop back says how to", async () => {
    daemon.answers["override-remove"] = { ok: false, code: "NO_DC", message: "no DC" };
    const { exit, err } = await run("resource restart db --wait 30s");
    expect(exit).toBe(1);
    expect(err).toContain("db still runs on node1");
    expect(err).toContain(
      "db may stay stopped (it ends by itself in 60 s): paceline resource start db\n",
    );
  });

  test("restart of what is unmanaged changes nothing, and says why", async () => {
    daemon.status = report({ resources: [resource("db", { managed: false })] });
    const { exit, err } = await run("resource restart db");
    expect(exit).toBe(1);
    expect(err).toContain("db is unmanaged: it would not be stopped");
    expect(daemon.changes).toEqual([]);
  });

  test("stop of what is unmanaged says that nothing comes of it", async () => {
    daemon.status = report({ resources: [resource("db", { managed: false })] });
    const { exit, out } = await run("resource stop db");
    expect(exit).toBe(0);
    expect(out).toContain(
      "nothing is done about it now: db still runs on node1 (db is unmanaged) (paceline explain db)",
    );
  });

  test("migrate of what stays where it is says why", async () => {
    const { exit, out } = await run("resource migrate db node2");
    expect(exit).toBe(0);
    expect(out).toContain(
      "nothing is done about it now: db is on node1, not on node2 (paceline explain db node2)",
    );
  });

  test("cleanup says what was forgotten", async () => {
    daemon.answers.cleanup = { ok: true, result: { cleaned: [{ resource: "db", node: "node1" }] } };
    const { exit, out } = await run("resource cleanup db --node node1");
    expect(exit).toBe(0);
    expect(daemon.changes).toEqual([{ method: "cleanup", resource: "db", node: "node1" }]);
    expect(out).toBe("db is looked at anew on node1, and its failures are forgotten\n");
  });

  test("a wrong name is answered with the right one", async () => {
    const { exit, err } = await run("resource stop cache-sett");
    expect(exit).toBe(1);
    expect(err).toContain("did you mean cache-set?");
  });

  test("names in the wrong order are told apart", async () => {
    const { err } = await run("resource migrate node2 db");
    expect(err).toContain("there is no resource node2");
    expect(err).toContain("node2 is a node; the resource comes first");
    expect((await run("node standby db")).err).toContain("db is a resource");
  });
});
