import { join } from "node:path";
import { describe } from "vitest";
import type { VotingRules } from "../../src/consensus/voters.ts";
import { type ScenarioCommand, testScenarios } from "../support/scenario-file.ts";
import { PLAIN_QUORUM } from "./raft-sim-options.ts";
import { RaftSimulation } from "./raft-simulation.ts";

function nodesOf(words: readonly string[]) {
  return words.map((word) => {
    const [name = "", votes = "1"] = word.split(":");
    return { name, votes: Number(votes) };
  });
}

function quorumOf(options: ReadonlyMap<string, string>): VotingRules["quorum"] {
  const is = (key: string) => options.get(key) === "true";
  return {
    ...PLAIN_QUORUM,
    twoNode: is("two-node"),
    autoTieBreaker: is("auto-tie-breaker"),
    lastManStanding: is("last-man-standing"),
    lastManStandingWindowMs: Number(options.get("window") ?? 2000),
  };
}

const NUMBERED = ["crash", "start", "cut", "heal", "dismiss"];

/** One cluster per file; `run` tells what nodes did, `state` what they are. */
function runner() {
  let cluster = new RaftSimulation({ seed: 1, nodes: [] });
  return (command: ScenarioCommand): readonly string[] => {
    const { name, args, options } = command;
    const [a = "", b = "", c = ""] = args;
    if (name === "nodes") {
      const leaseMs = Number(options.get("lease") ?? 0);
      const nodes = nodesOf(args);
      cluster = new RaftSimulation({
        seed: 1,
        nodes,
        quorum: quorumOf(options),
        leaseMs,
        trace: true,
      });
      cluster.takeLog();
      return [];
    }
    if (name === "run") cluster.runFor(Number(a));
    else if (name === "state") return stateOf(cluster);
    else if (name === "crash") cluster.crash(a, b === "lose-disk");
    else if (name === "start") cluster.start(a);
    else if (name === "add") cluster.add(a);
    else if (name === "cut") {
      cluster.cut(a, b);
      cluster.cut(b, a);
    } else if (name === "hush") cluster.cut(a, b);
    else if (name === "heal") cluster.heal();
    else if (name === "propose") cluster.propose(a, b);
    else if (name === "dismiss") cluster.dismiss(a, b, c as "fenced");
    else if (name === "transfer")
      cluster.input(a, b === "" ? { kind: "transfer" } : { kind: "transfer", to: b });
    else if (name === "leave") cluster.input(a, { kind: "leave" });
    else if (name === "trouble")
      cluster.input(a, { kind: "storage-trouble", on: true, message: "disk full" });
    else if (name === "rules")
      cluster.setRules({ nodes: nodesOf(args), quorum: quorumOf(options) });
    else return [`unknown command ${name}`];
    if (NUMBERED.includes(name)) {
      cluster.takeLog();
      return [];
    }
    return cluster.takeLog();
  };
}

function stateOf(cluster: RaftSimulation): readonly string[] {
  return [...cluster.nodes.values()].map(({ name, raft, applied }) => {
    if (raft === undefined) return `${name}: down`;
    const weights = raft.voters.map((voter) => `${voter.name}=${voter.weight / 2}`).join(" ");
    const ready = raft.isReady(cluster.now) ? " ready" : "";
    const values = [...applied.values()].map((value) => (JSON.parse(value) as [number, string])[1]);
    return `${name}: ${raft.role}${ready}, term ${raft.term}, leader ${raft.leader ?? "none"}, commit ${raft.commitIndex}, votes ${weights}, has ${values.join(" ") || "nothing"}`;
  });
}

describe("elections and replication", () => {
  testScenarios(join(import.meta.dirname, "../scenarios/election"), runner);
});
