import { SeededRandom } from "../../src/core/random.ts";
import type { RaftSimOptions } from "./raft-sim-options.ts";
import { RaftSimulation } from "./raft-simulation.ts";

export interface SeedResult {
  readonly simulation: RaftSimulation;
  /** undefined: all promises were kept and the cluster came back to work. */
  readonly failure: string | undefined;
}

/** Faults for a while, then calm: the cluster must agree and take commands again. */
export function runSeed(options: RaftSimOptions): SeedResult {
  const simulation = new RaftSimulation(options);
  try {
    simulation.runFor(400);
    disturb(simulation, options);
    recover(simulation);
    return { simulation, failure: undefined };
  } catch (error) {
    return { simulation, failure: error instanceof Error ? (error.stack ?? "") : String(error) };
  }
}

function disturb(simulation: RaftSimulation, options: RaftSimOptions): void {
  const random = new SeededRandom(options.seed + 1_000_003);
  const end = simulation.now + (options.faultMs ?? 6000);
  while (simulation.now < end) {
    simulation.runFor(1 + random.below(random.next() < 0.3 ? 600 : 60));
    disturbOnce(simulation, random, options);
    const leader = simulation.leader();
    if (leader !== undefined && random.next() < 0.8) simulation.propose(leader.name);
  }
}

function disturbOnce(
  simulation: RaftSimulation,
  random: SeededRandom,
  options: RaftSimOptions,
): void {
  const names = [...simulation.nodes.keys()];
  const one = names[random.below(names.length)]!;
  const two = names[random.below(names.length)]!;
  const dice = random.next();
  if (dice < 0.1) simulation.crash(one);
  else if (dice < 0.4) simulation.start(names.find((name) => !simulation.isUp(name)) ?? one);
  else if (dice < 0.45 && one !== two) simulation.cut(one, two);
  else if (dice < 0.5 && one !== two) {
    simulation.cut(one, two);
    simulation.cut(two, one);
  } else if (dice < 0.55) for (const other of names) if (other !== one) simulation.cut(one, other);
  if (dice >= 0.55 && dice < 0.65) simulation.heal();
  if (dice >= 0.65 && dice < 0.7) simulation.setFsync(one, 1 + random.below(200));
  if (dice >= 0.7 && dice < 0.73) simulation.input(one, { kind: "transfer" });
  if (dice >= 0.73 && dice < 0.76 && options.diskLoss === true) loseDisk(simulation, one);
  if (dice >= 0.76 && dice < 0.82 && options.fencing === true) fence(simulation, one);
  // A power cut takes all of them, with what their disks had not written yet.
  if (dice >= 0.85 && dice < 0.87) for (const name of names) simulation.crash(name);
  if (dice >= 0.82 && dice < 0.85 && options.changeRules === true) changeRules(simulation, random);
}

/** Only while no other node's disk waits to be admitted: two lost disks of three are too many. */
function loseDisk(simulation: RaftSimulation, name: string): void {
  const leader = simulation.leader();
  if (leader === undefined || leader.name === name) return;
  const voters = leader.raft!.voters;
  const all = [...simulation.nodes.values()];
  const admitted = all.every((node) => {
    const voter = voters.find((v) => v.name === node.name);
    if (voter === undefined || voter.weight === 0 || node.raft === undefined) return false;
    const hard = node.disk.get("raft-hard");
    const disk = hard === undefined ? undefined : JSON.parse(new TextDecoder().decode(hard)).disk;
    return voter.disk === disk;
  });
  if (admitted) simulation.crash(name, true);
}

/** The half that is left confirms that the others are off. */
function fence(simulation: RaftSimulation, survivor: string): void {
  if (!simulation.isUp(survivor)) return;
  const node = simulation.nodes.get(survivor)!;
  const others = [...simulation.nodes.keys()].filter((name) => name !== survivor);
  const unseen = others.filter((name) => !node.sees.has(name));
  if (unseen.length === 0 || unseen.length * 2 > simulation.nodes.size) return;
  for (const name of unseen) simulation.crash(name);
  for (const name of [survivor, ...others]) {
    if (unseen.includes(name)) continue;
    for (const gone of unseen) simulation.dismiss(name, gone, "fenced");
  }
}

function changeRules(simulation: RaftSimulation, random: SeededRandom): void {
  const leader = simulation.leader();
  if (leader === undefined) return;
  const nodes = simulation.rules.nodes.map((node) => ({ ...node, votes: 1 + random.below(3) }));
  const autoTieBreaker = random.next() < 0.5;
  simulation.setRules({ nodes, quorum: { ...simulation.rules.quorum, autoTieBreaker } });
}

function recover(simulation: RaftSimulation): void {
  simulation.calm();
  for (const name of simulation.nodes.keys()) simulation.start(name);
  for (let i = 0; i < 40; i++) {
    simulation.runFor(500);
    const leader = simulation.leader();
    if (leader === undefined) continue;
    const id = `last-${i}`;
    simulation.propose(leader.name, id);
    simulation.runFor(1000);
    const nodes = [...simulation.nodes.values()];
    if (nodes.every((node) => [...node.applied.values()].some((value) => value.includes(id)))) {
      for (const node of nodes) simulation.checker.finish(node.applied);
      return;
    }
  }
  throw new Error("the cluster did not come back to work after the faults ended");
}
