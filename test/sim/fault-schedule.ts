import type { Random } from "../../src/core/random.ts";
import type { Millis } from "../../src/core/units.ts";
import type { AgentFault } from "./agent-world.ts";
import { FAIR_WEATHER, type NetworkWeather } from "./faulty-network.ts";
import { DEVICE_MOODS } from "./power-plant.ts";
import type { SimulatedCluster } from "./simulated-cluster.ts";
import type { SimulatedHost } from "./simulated-host.ts";

/** Something that goes wrong, and after a while is over. Returns what ends it. */
type Fault = (cluster: SimulatedCluster, random: Random, span: Millis) => () => void;

const nothing = () => {};

function pick<T>(random: Random, items: readonly T[]): T {
  return items[random.below(items.length)]!;
}

function between(random: Random, min: number, max: number): number {
  return min + random.next() * (max - min);
}

function split(random: Random, names: readonly string[]): [string[], string[]] {
  const left: string[] = [];
  const right: string[] = [];
  for (const name of names) (random.next() < 0.5 ? left : right).push(name);
  if (left.length === 0) left.push(right.pop()!);
  if (right.length === 0) right.push(left.pop()!);
  return [left, right];
}

function names(cluster: SimulatedCluster): string[] {
  return cluster.hosts.map((host) => host.name);
}

function tell(cluster: SimulatedCluster, what: string): void {
  cluster.trace.tell("FAULT", () => what);
}

function randomHost(cluster: SimulatedCluster, random: Random): SimulatedHost {
  return pick(random, cluster.hosts);
}

/** All kinds of faults, by the name that a profile uses. */
export const FAULTS = {
  partition(cluster, random) {
    const groups = split(random, names(cluster));
    tell(cluster, `partition ${groups[0].join(" ")} | ${groups[1].join(" ")}`);
    cluster.network.partition(groups, cluster.links);
    return () => cluster.network.healAll();
  },
  isolate(cluster, random) {
    const { name } = randomHost(cluster, random);
    const others = names(cluster).filter((other) => other !== name);
    tell(cluster, `${name} is cut off`);
    cluster.network.partition([[name], others], cluster.links);
    return () => cluster.network.healAll();
  },
  "one-way"(cluster, random) {
    const [from, to] = split(random, names(cluster));
    tell(cluster, `${from.join(" ")} is not heard by ${to.join(" ")}`);
    cluster.network.cutBetween(from, to, cluster.links);
    return () => cluster.network.healAll();
  },
  "pair-cut"(cluster, random) {
    const a = randomHost(cluster, random).name;
    const b = pick(
      random,
      names(cluster).filter((name) => name !== a),
    );
    tell(cluster, `${a} and ${b} don't hear each other`);
    cluster.network.partition([[a], [b]], cluster.links);
    return () => cluster.network.healAll();
  },
  "link-cut"(cluster, random) {
    const link = random.below(cluster.links);
    const { name } = randomHost(cluster, random);
    tell(cluster, `link ${link} of ${name} is cut`);
    for (const other of names(cluster)) {
      cluster.network.cutPath(name, link, other);
      cluster.network.cutPath(other, link, name);
    }
    return () => cluster.network.healAll();
  },
  "power-off"(cluster, random) {
    const host = randomHost(cluster, random);
    host.powerOff();
    return () => cluster.power.pressButton(host.name, between(random, 10, 2_000));
  },
  "power-cycle"(cluster, random) {
    const host = randomHost(cluster, random);
    host.powerOff();
    cluster.power.pressButton(host.name, between(random, 1, 500));
    return nothing;
  },
  "disk-lost"(cluster, random) {
    // Only one at a time: a majority without memory is no majority.
    const host = cluster.hosts[0]!;
    host.powerOff();
    host.loseDisk();
    return () => cluster.power.pressButton(host.name, between(random, 10, 500));
  },
  "daemon-crash"(cluster, random) {
    const host = randomHost(cluster, random);
    host.crashDaemon();
    return () => host.startDaemon();
  },
  "daemon-restart"(cluster, random) {
    const host = randomHost(cluster, random);
    host.crashDaemon();
    cluster.queue.after(between(random, 1, 150), () => host.startDaemon());
    return nothing;
  },
  /** As `systemctl stop` does: moves everything away first. */
  leave(cluster, random) {
    const host = randomHost(cluster, random);
    tell(cluster, `${host.name} is told to leave`);
    host.deliver({ kind: "shutdown", mode: "leave" });
    return () => host.startDaemon();
  },
  /** Two at once: they need not notice each other. */
  "leave-both"(cluster, random) {
    const ends = [FAULTS.leave(cluster, random), FAULTS.leave(cluster, random)];
    return () => {
      for (const end of ends) end();
    };
  },
  /** Upgraded one by one: the daemon ends, leaving resources running, and another one starts. */
  "rolling-restart"(cluster, random) {
    tell(cluster, "rolling restart");
    let at = 0;
    for (const host of cluster.hosts) {
      const pause = between(random, 20, 300);
      cluster.queue.after(at, () => {
        if (!cluster.isHealed) host.upgradeDaemon(pause);
      });
      at += between(random, 300, 3_000);
    }
    return nothing;
  },
  /** Goes up and down as long as it lasts. */
  flapping(cluster, random, span) {
    const a = randomHost(cluster, random).name;
    const others = names(cluster).filter((name) => name !== a);
    const some = random.next() < 0.5 ? others : [pick(random, others)];
    const period = between(random, 20, 1_500);
    tell(cluster, `${a} - ${some.join(" ")} flaps every ${Math.round(period)} ms`);
    const end = cluster.queue.now + span;
    const flap = (isCut: boolean) => {
      if (cluster.isHealed) return;
      if (isCut) cluster.network.partition([[a], some], cluster.links);
      else cluster.network.mendBetween([a], some, cluster.links);
      if (isCut && cluster.queue.now > end) flap(false);
      else if (cluster.queue.now <= end) cluster.queue.after(period, () => flap(!isCut));
    };
    flap(true);
    return () => cluster.network.healAll();
  },
  pause(cluster, random, span) {
    randomHost(cluster, random).pause(span);
    return nothing;
  },
  "main-blocked"(cluster, random, span) {
    randomHost(cluster, random).blockMain(Math.min(span, 3_000));
    return nothing;
  },
  "slow-disk"(cluster, random) {
    const { disk, name } = randomHost(cluster, random);
    disk.latencyMean = between(random, 20, 1_000);
    tell(cluster, `disk of ${name} is slow: ${Math.round(disk.latencyMean)} ms`);
    return () => {
      disk.latencyMean = 0.5;
    };
  },
  "full-disk"(cluster, random) {
    const { disk, name } = randomHost(cluster, random);
    tell(cluster, `disk of ${name} is full`);
    disk.isFull = true;
    return () => {
      disk.isFull = false;
    };
  },
  "wall-jump"(cluster, random) {
    const { clock, name } = randomHost(cluster, random);
    const by = between(random, -3_600_000, 3_600_000);
    tell(cluster, `wall clock of ${name} jumps by ${Math.round(by / 1000)} s`);
    clock.jump(by);
    return nothing;
  },
  "bad-weather"(cluster, random) {
    const weather: NetworkWeather = {
      loss: between(random, 0, 0.3),
      delayMin: between(random, 0.1, 5),
      delayMean: between(random, 0.1, 20),
      duplication: between(random, 0, 0.2),
      corruption: between(random, 0, 0.02),
      replay: between(random, 0, 0.02),
    };
    tell(cluster, `bad weather, loss ${Math.round(100 * weather.loss)} %`);
    cluster.network.weather = weather;
    return () => {
      cluster.network.weather = FAIR_WEATHER;
    };
  },
  "resource-dies"(cluster, random) {
    const host = randomHost(cluster, random);
    const active = [...host.world.active().keys()];
    if (active.length === 0) return nothing;
    const resource = pick(random, active);
    tell(cluster, `${resource} dies on ${host.name}`);
    host.world.kill(resource);
    return nothing;
  },
  "agent-fault"(cluster, random) {
    const host = randomHost(cluster, random);
    const action = pick(random, ["start", "start", "stop", "monitor", "promote"]);
    const fault = pick<AgentFault>(random, [
      { kind: "fail", rc: 1 },
      { kind: "fail-after-effect", rc: 1 },
      { kind: "hang" },
    ]);
    tell(cluster, `agents of ${host.name}: ${action} will ${fault.kind}`);
    host.world.faults = (_, __, asked) => (asked === action ? fault : undefined);
    return () => {
      host.world.faults = () => undefined;
    };
  },
  "mains-lost"(cluster, random) {
    const { name } = randomHost(cluster, random);
    tell(cluster, `the mains of ${name} fail, of its controller too`);
    cluster.power.loseMains(name);
    return () => cluster.power.restoreMains(name);
  },
  "device-trouble"(cluster, random) {
    const device = pick(random, cluster.power.devices());
    const mood = pick(random, DEVICE_MOODS);
    tell(cluster, `${device} ${mood}`);
    cluster.power.setMood(device, mood);
    return () => cluster.power.setMood(device, "works");
  },
  "devices-trouble"(cluster, random) {
    const mood = pick(random, DEVICE_MOODS);
    tell(cluster, `half of the devices: ${mood}`);
    const some = cluster.power.devices().filter(() => random.next() < 0.5);
    for (const device of some) cluster.power.setMood(device, mood);
    return () => {
      for (const device of some) cluster.power.setMood(device, "works");
    };
  },
  "devices-unreachable"(cluster, random) {
    const { name } = randomHost(cluster, random);
    const some = cluster.power.devices().filter(() => random.next() < 0.5);
    tell(cluster, `${name} does not reach ${some.join(" ")}`);
    for (const device of some) cluster.power.cutOff(name, device);
    return () => {
      for (const device of some) cluster.power.reach(name, device);
    };
  },
  "tie-breaker-unreachable"(cluster, random) {
    const { name } = randomHost(cluster, random);
    tell(cluster, `${name} does not reach the tie-breaker`);
    cluster.tieBreakers.cutOff(name);
    return () => cluster.tieBreakers.reach(name);
  },
  "tie-breaker-down"(cluster, random) {
    const isDown = random.next() < 0.5;
    tell(cluster, `the tie-breaker is ${isDown ? "down" : "slow, and answers get lost"}`);
    cluster.tieBreakers.isDown = isDown;
    cluster.tieBreakers.isPoor = !isDown;
    return () => {
      cluster.tieBreakers.isDown = false;
      cluster.tieBreakers.isPoor = false;
    };
  },
  "tie-breaker-forgets"(cluster) {
    tell(cluster, "the tie-breaker forgets all it knew");
    cluster.tieBreakers.forget();
    return nothing;
  },
} as const satisfies Record<string, Fault>;

export type FaultKind = keyof typeof FAULTS;

export interface FaultPlan {
  readonly kinds: readonly FaultKind[];
  /** How long faults go on. */
  readonly spanMs: Millis;
  /** Mean time from one fault to the next. */
  readonly everyMs: Millis;
  /** Longest time that one fault lasts. */
  readonly lastsMaxMs: Millis;
  /** Faults at one time. */
  readonly atOnce: number;
}

/** Lets things go wrong, one after the other or several at once, as the plan says. */
export function unleash(cluster: SimulatedCluster, random: Random, plan: FaultPlan): void {
  const end = cluster.queue.now + plan.spanMs;
  let current = 0;
  const next = () => {
    if (cluster.queue.now >= end) return;
    if (current < plan.atOnce) begin();
    cluster.queue.after(-plan.everyMs * Math.log(1 - random.next()), next);
  };
  const begin = () => {
    const kind = pick(random, plan.kinds);
    const lasts = random.next() ** 2 * plan.lastsMaxMs;
    current++;
    const finish = FAULTS[kind](cluster, random, lasts);
    cluster.queue.after(lasts, () => {
      current--;
      // What is over by then is healed anyhow.
      if (cluster.queue.now < end) finish();
    });
  };
  cluster.queue.after(-plan.everyMs * Math.log(1 - random.next()), next);
}

/** Ends all faults: from here on the cluster must find back. */
export function heal(cluster: SimulatedCluster): void {
  tell(cluster, "all faults end");
  cluster.isHealed = true;
  cluster.network.healAll();
  cluster.network.weather = FAIR_WEATHER;
  cluster.power.mendAll();
  cluster.tieBreakers.mendAll();
  for (const host of cluster.hosts) {
    host.disk.latencyMean = 0.5;
    host.disk.isFull = false;
    host.world.faults = () => undefined;
    host.resume();
    host.unblockMain();
    if (host.isOn) host.startDaemon();
    else cluster.power.pressButton(host.name, 10);
  }
}
