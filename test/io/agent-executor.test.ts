import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { AgentExecutor } from "../../src/io/agent-executor.ts";
import { SpareShells } from "../../src/io/spare-shell.ts";
import type { AgentCommand, AgentOutcome } from "../../src/model/operation.ts";

let dir: string;
let runs = 0;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "paceline-executor-"));
});

afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
});

/** Writes an agent of the provider paceline into the test's own agent directory. */
function agent(type: string, body: string, mode = 0o755): string {
  writeFileSync(join(dir, type), body);
  chmodSync(join(dir, type), mode);
  return type;
}

function command(type: string, more: Partial<AgentCommand> = {}): AgentCommand {
  return {
    runId: ++runs,
    agent: { class: "ocf", provider: "paceline", type },
    action: "start",
    resource: "r",
    env: {},
    params: {},
    timeoutMs: 10_000,
    ...more,
  };
}

interface Trial {
  readonly outcome: Promise<AgentOutcome>;
  readonly executor: AgentExecutor;
  readonly runId: number;
}

/** Whether agents are to come from shells that wait. */
let spares = false;

async function begin(given: AgentCommand): Promise<Trial> {
  let answer!: { resolve: (outcome: AgentOutcome) => void; reject: (error: Error) => void };
  const outcome = new Promise<AgentOutcome>((resolve, reject) => {
    answer = { resolve, reject };
  });
  let answered = false;
  const executor = new AgentExecutor({
    agentDirs: [dir],
    ocfRoot: join(dir, "ocf"),
    initDir: join(dir, "init.d"),
    systemdMark: join(dir, "no-systemd"),
    helperDir: join(dir, "helpers"),
    spares,
    onDone: (runId, done) => {
      if (answered || runId !== given.runId) answer.reject(new Error("a second or a wrong answer"));
      answered = true;
      executor.close();
      answer.resolve(done);
    },
  });
  if (spares) await vi.waitUntil(() => executor.spareCount > 0, { timeout: 10_000 });
  executor.run(given);
  return { outcome, executor, runId: given.runId };
}

async function run(given: AgentCommand): Promise<AgentOutcome> {
  return await (await begin(given)).outcome;
}

/** Whether any process has this marker in its command line. */
/** A process that was killed may still be seen for a moment. */
async function isGone(marker: string): Promise<void> {
  const look = command(agent("pgrep", `#!/bin/sh\nexec pgrep -f "^sleep ${marker}\\$"\n`));
  await vi.waitUntil(async () => (await run(look)).rc === 1, { timeout: 10_000 });
}

describe.each([
  ["a process of its own", false],
  ["from a shell that waits", true],
])("%s", (_, withSpares) => {
  beforeEach(() => {
    spares = withSpares;
  });

  describe("an agent that behaves", () => {
    test("gives its exit code, its output, and gets its environment and action", async () => {
      const type = agent(
        "plain",
        '#!/bin/sh\necho "$1 $OCF_RESKEY_x $PATH"\necho why >&2\nexit 7\n',
      );
      const outcome = await run(command(type, { env: { OCF_RESKEY_x: "a 'b' $c" } }));
      expect(outcome).toMatchObject({ rc: 7, reason: "exited", stderr: "why\n" });
      expect(outcome.stdout).toContain(`start a 'b' $c ${join(dir, "helpers")}:/usr/local/sbin:`);
    });

    test("does not see the daemon's own environment", async () => {
      process.env["PACELINE_TEST_SECRET"] = "leak";
      const outcome = await run(command(agent("env", "#!/bin/sh\nenv\n")));
      expect(outcome.stdout).not.toContain("leak");
    });

    test("has its secrets masked in what it says", async () => {
      const type = agent("talks", '#!/bin/sh\necho "login with $OCF_RESKEY_password"\n');
      const params = { password: "hunter22" };
      const outcome = await run(
        command(type, { params, env: { OCF_RESKEY_password: "hunter22" } }),
      );
      expect(outcome.stdout).toBe("login with ******\n");
    });
  });

  describe("an agent that can't be run", () => {
    const never = [
      ["is missing", "absent", 5, /not installed/],
      ["is not executable", "plain-file", 4, /not executable/],
      ["names a missing interpreter", "no-interpreter", 5, /interpreter .* not installed/],
      ["has a name that leaves the directory", "../../bin/true", 6, /no name of an agent/],
    ] as const;
    test.each(never)("%s", async (_, type, rc, message) => {
      agent("plain-file", "#!/bin/sh\n", 0o644);
      agent("no-interpreter", "#!/nowhere/sh\n");
      const outcome = await run(command(type));
      expect(outcome).toMatchObject({ reason: "not-started", rc });
      expect(outcome.message).toMatch(message);
    });

    test("is a directory", async () => {
      mkdirSync(join(dir, "folder"), { recursive: true });
      const outcome = await run(command("folder"));
      expect(outcome).toMatchObject({ reason: "not-started", rc: 5 });
    });

    test("gets more parameters than a process can be given", async () => {
      const type = agent("small", "#!/bin/sh\nexit 0\n");
      const outcome = await run(command(type, { env: { OCF_RESKEY_x: "x".repeat(3_000_000) } }));
      expect(outcome).toMatchObject({ reason: "not-started", rc: 6 });
      expect(outcome.message).toMatch(/too large/);
    });

    test("a systemd unit where systemd does not run says so", async () => {
      const outcome = await run(command("nginx", { agent: { class: "systemd", type: "nginx" } }));
      expect(outcome).toMatchObject({ reason: "not-started", rc: 5 });
      expect(outcome.message).toBe("systemd does not run here, so unit nginx can't be managed");
    });

    test.each([
      { class: "lsb", type: "nothing" },
      { class: "heartbeat", type: "nothing" },
      { class: "upstart", type: "nothing" },
    ])("class $class", async (name) => {
      const outcome = await run(command("x", { agent: name }));
      expect(outcome.reason).toBe("not-started");
      expect(outcome.message).not.toBe("");
    });
  });

  describe("an agent that behaves badly", () => {
    test("exits 137", async () => {
      const outcome = await run(command(agent("e137", "#!/bin/sh\nexit 137\n")));
      expect(outcome).toMatchObject({ reason: "exited", rc: 137 });
    });

    test("kills itself", async () => {
      const outcome = await run(command(agent("suicide", "#!/bin/sh\nkill -9 $$\n")));
      expect(outcome).toMatchObject({ reason: "killed", rc: undefined });
      expect(outcome.message).toBe("was killed by SIGKILL");
    });

    test("prints megabytes: only the end is kept, and it is said what is missing", async () => {
      const body =
        "#!/bin/sh\nhead -c 5000000 /dev/zero | tr '\\0' x\necho the end\nhead -c 5000000 /dev/zero >&2\n";
      const outcome = await run(command(agent("chatty", body)));
      expect(outcome.rc).toBe(0);
      expect(outcome.stdout.length).toBeLessThan(20_000);
      expect(outcome.stdout).toMatch(/^\[4\d+ bytes left out\]\nx/);
      expect(outcome.stdout).toMatch(/xthe end\n$/);
      expect(outcome.stderr.length).toBeLessThan(20_000);
    });

    test("leaves a process behind that holds its pipes: it is not waited for, nor killed", async () => {
      const body = "#!/bin/sh\nsleep 71.25 &\necho started $!\nexit 0\n";
      const outcome = await run(command(agent("forks", body), { timeoutMs: 20_000 }));
      expect(outcome).toMatchObject({ reason: "exited", rc: 0 });
      const pid = Number(/started (\d+)/.exec(outcome.stdout)?.[1]);
      expect(process.kill(pid, 0)).toBe(true);
      process.kill(pid, "SIGKILL");
    });

    test("hangs, its children too, deaf to SIGTERM: all of them are killed", async () => {
      const body = "#!/bin/sh\ntrap '' TERM\nsleep 72.25 &\nsleep 72.25\n";
      const outcome = await run(command(agent("hangs", body), { timeoutMs: 200 }));
      expect(outcome).toMatchObject({ reason: "timeout", rc: undefined });
      expect(outcome.message).toBe("did not end within 200 ms and was killed");
      await isGone("72.25");
    });

    test("is killed on request", async () => {
      const trial = await begin(command(agent("long", "#!/bin/sh\nsleep 73.25\n")));
      trial.executor.kill(trial.runId);
      trial.executor.kill(4711);
      expect(await trial.outcome).toMatchObject({ reason: "cancelled" });
      expect(trial.executor.runningCount).toBe(0);
      await isGone("73.25");
    });

    test("vanishes between two runs", async () => {
      const type = agent("vanishing", "#!/bin/sh\nexit 0\n");
      expect((await run(command(type))).rc).toBe(0);
      rmSync(join(dir, type));
      expect(await run(command(type))).toMatchObject({ reason: "not-started", rc: 5 });
    });
  });
});

describe("shells that wait", () => {
  beforeEach(() => {
    spares = true;
  });

  const odd: Readonly<Record<string, string>> = {
    OCF_RESKEY_a: "two\nlines 'quoted' \"twice\" $HOME `id` \\ end ",
    OCF_RESKEY_b: "",
    "OCF_RESKEY_with-dash": "odd name",
  };

  test.each([
    ["variables that a shell can be told", { OCF_RESKEY_a: odd["OCF_RESKEY_a"] ?? "" }],
    ["an empty one", { OCF_RESKEY_b: "" }],
    ["names that no shell knows: the ordinary way", odd],
  ])("the agent sees what it would see without: %s", async (_, env) => {
    const type = agent("shows", "#!/bin/sh\nexec env -0 -u PWD -u OLDPWD -u _\n");
    const waiting = await run(command(type, { env }));
    spares = false;
    const ordinary = await run(command(type, { env }));
    const sorted = (text: string): string[] => text.split("\0").sort();
    expect(sorted(waiting.stdout)).toEqual(sorted(ordinary.stdout));
    expect(waiting.rc).toBe(0);
  });

  test("it has no standard input, and leads its process group", async () => {
    const type = agent(
      "alone",
      "#!/bin/sh\nread -r x || echo nothing\nps -o pgid= -p $$\necho $$\n",
    );
    const { stdout } = await run(command(type));
    const [input, group, pid] = stdout.split("\n").map((line) => line.trim());
    expect(input).toBe("nothing");
    expect(group).toBe(pid);
  });

  test("a monitor takes none", async () => {
    const type = agent("plain", "#!/bin/sh\nexit 7\n");
    const trial = await begin(command(type, { action: "monitor" }));
    expect(trial.executor.spareCount).toBeGreaterThan(0);
    expect((await trial.outcome).rc).toBe(7);
  });

  test("one that was killed while it waited is replaced", async () => {
    const made: number[] = [];
    const shells = new SpareShells((pid) => made.push(pid));
    await vi.waitUntil(() => shells.count === 2, { timeout: 10_000 });
    for (const pid of made) process.kill(pid, "SIGKILL");
    await vi.waitUntil(() => made.length >= 4 && shells.count === 2, { timeout: 10_000 });
    shells.close();
    expect(shells.count).toBe(0);
  });
});
