import { afterEach, describe, expect, test } from "vitest";
import { canMakeNamespaces } from "../support/lab-commands.ts";
import { type Line, MessagingLab, type MessagingLabOptions } from "../support/messaging-lab.ts";

let lab: MessagingLab | undefined;

afterEach(() => lab?.close());

async function up(options: Partial<MessagingLabOptions> = {}): Promise<MessagingLab> {
  lab = new MessagingLab({ nodes: ["a", "b"], ...options });
  const links = options.links ?? 1;
  for (const [observer, about] of [
    ["a", "b"],
    ["b", "a"],
  ] as const) {
    for (let link = 0; link < links; link++) {
      await lab.node(observer).until((line) => isLink(line, about, link, true));
    }
  }
  return lab;
}

function isLink(line: Line, node: string, link: number, isUp: boolean): boolean {
  return line.kind === "link" && line.node === node && line["link"] === link && line["up"] === isUp;
}

function isDown(node: string, reason: string): (line: Line) => boolean {
  return (line) => line.kind === "peer-down" && line.node === node && line["reason"] === reason;
}

describe.runIf(canMakeNamespaces())("on real links", () => {
  test("one of two fails and comes back: the peer stays up throughout", async () => {
    const { nodes } = await up({ links: 2 });
    const b = nodes.get("b")!;
    lab!.setCable("a", false, 0);
    await b.until((line) => isLink(line, "a", 0, false));
    const before = b.lines.length;
    lab!.setCable("a", true, 0);
    await b.until((line) => isLink(line, "a", 0, true), before);
    expect(b.told("peer-down")).toEqual([]);
  });

  test("an address goes and comes back: the link works again, nothing ends", async () => {
    const { nodes } = await up({ links: 2 });
    const [a, b] = [nodes.get("a")!, nodes.get("b")!];
    lab!.removeAddress("a", 1);
    await b.until((line) => isLink(line, "a", 1, false));
    await a.until((line) => line.kind === "note" && line["event"] === "link-unusable");
    const before = b.lines.length;
    lab!.addAddress("a", 1);
    await b.until((line) => isLink(line, "a", 1, true), before);
    await a.until((line) => isLink(line, "b", 1, true));
    expect(b.told("peer-down")).toEqual([]);
    expect(a.told("failure")).toEqual([]);
  });

  test("an interface is taken down and brought up: its link works again, nothing ends", async () => {
    const { nodes } = await up({ links: 2 });
    const [a, b] = [nodes.get("a")!, nodes.get("b")!];
    lab!.setInterface("a", false, 0);
    await b.until((line) => isLink(line, "a", 0, false));
    const before = b.lines.length;
    lab!.setInterface("a", true, 0);
    await b.until((line) => isLink(line, "a", 0, true), before);
    expect(b.told("peer-down")).toEqual([]);
    expect(a.told("failure")).toEqual([]);
  });

  test("all fail: both are dead to each other, and alive when the cable is mended", async () => {
    const { nodes } = await up();
    const [a, b] = [nodes.get("a")!, nodes.get("b")!];
    lab!.setCable("a", false);
    await b.until(isDown("a", "silent"));
    await a.until(isDown("b", "silent"));
    const before = b.lines.length;
    lab!.setCable("a", true);
    await b.until((line) => line.kind === "peer-up", before);
  });

  test("a stopped process is dead; when it goes on, it says that it was paused and blames nobody", async () => {
    const { nodes } = await up();
    const [a, b] = [nodes.get("a")!, nodes.get("b")!];
    a.signal("SIGSTOP");
    await b.until(isDown("a", "silent"));
    const before = b.lines.length;
    a.signal("SIGCONT");
    await a.until((line) => line.kind === "self-paused" && Number(line["ms"]) > 75);
    await b.until((line) => line.kind === "peer-up", before);
    expect(a.told("peer-down")).toEqual([]);
  });

  test("a blocked main thread for two seconds does not make the node look dead", async () => {
    const { nodes } = await up();
    const [a, b] = [nodes.get("a")!, nodes.get("b")!];
    a.ask({ do: "block", ms: 2000 });
    a.ask({ do: "cpu" });
    await a.until((line) => line.kind === "cpu");
    expect(b.told("peer-down")).toEqual([]);
    expect(a.told("note").filter((line) => line["event"] === "main-stuck")).toEqual([]);
  });

  test.each([
    { what: "multicast over IPv6", family: 6, config: {} },
    { what: "unicast over IPv6", family: 6, config: { transport: "unicast" } },
    { what: "unicast over IPv4", family: 4, config: { transport: "unicast" } },
  ] as const)("four megabytes pass by $what", async ({ family, config }) => {
    const { nodes } = await up({ family, config });
    nodes.get("a")!.ask({ do: "send", to: "b", bytes: 4 * 1024 * 1024 });
    const message = await nodes.get("b")!.until((line) => line.kind === "message");
    expect(message["payload"]).toBe(4 * 1024 * 1024);
  });

  test("a leaving node is known to have left before its process ends", async () => {
    const { nodes } = await up();
    nodes.get("a")!.ask({ do: "command", command: { kind: "leave" } });
    nodes.get("a")!.ask({ do: "close" });
    await nodes.get("b")!.until(isDown("a", "left"));
  });
});
