import type { ControlRequest, FenceReport } from "../model/control.ts";
import { confirmOff, fencerStep, startFencing } from "./fencing-duty.ts";
import { fencingTimeout } from "./fencing-priority.ts";
import type { FencingAnswer } from "./fencing-state.ts";
import type { NodeCore } from "./node-core.ts";
import { leaveToSuccessor } from "./office-moves.ts";
import { fail, ok, type Respond } from "./replies.ts";

type FenceRequest = Extract<ControlRequest, { method: "fence" }>;

/** A person asks for a fencing, at the coordinator. Answered once the result is committed. */
export function fenceByHand(node: NodeCore, request: FenceRequest, respond: Respond): void {
  const { target, action, author } = request;
  const { definition } = node.force;
  if (!definition.nodes.some((each) => each.name === target)) {
    respond(fail("UNKNOWN_NODE", `there is no node ${target}`));
    return;
  }
  const key = `hand-${node.fencing.count++}-${target}`;
  const timeoutMs = fencingTimeout(definition);
  if (action === "confirm") {
    confirm(node, request, key, respond);
  } else if (definition.fencing.devices.length === 0) {
    const hint = "define one under `fencing: devices:` in cluster.yaml";
    respond(fail("NO_FENCING", "this cluster has no fencing device", hint));
  } else if (action === "status" || action === "test") {
    probe(node, request, key, respond);
  } else {
    leaveToSuccessor(node, request, respond, () => {
      startFencing(node, {
        key,
        target,
        operation: action,
        reason: `${author} asked for it`,
        requestedBy: author,
        timeoutMs,
        byHand: true,
        answer: (answer) => respond(ok(reportOf(target, action, answer))),
      });
    });
  }
}

function confirm(node: NodeCore, request: FenceRequest, key: string, respond: Respond): void {
  const { target, author } = request;
  if (target === node.self || node.view?.members.includes(target) === true) {
    const hint = `to cut its power: paceline fence off ${target}`;
    respond(fail("NODE_ALIVE", `${target} is a member of the cluster right now: it runs`, hint));
    return;
  }
  confirmOff(node, {
    key,
    target,
    operation: "off",
    reason: `${author} looked`,
    requestedBy: author,
    timeoutMs: 0,
    byHand: true,
    answer: (answer) => respond(ok(reportOf(target, "confirm", answer))),
  });
}

function reportOf(target: string, action: string, answer: FencingAnswer): FenceReport {
  const { device, detail, durationMs } = answer;
  const outcome = answer.confirmed ? "confirmed-by-operator" : "succeeded";
  return {
    target,
    action,
    outcome: answer.ok ? outcome : "failed",
    detail,
    durationMs,
    ...(device === undefined ? {} : { device }),
  };
}

/** `status`: some device answers; `test`: all do. */
function probe(node: NodeCore, request: FenceRequest, key: string, respond: Respond): void {
  const { target, action } = request;
  const startedAt = node.now;
  node.fencing.probes.set(key, ({ answers }) => {
    const good = answers.filter((answer) => answer.ok);
    const isFine = action === "test" ? good.length === answers.length : good.length > 0;
    const none = `no fencing device is for ${target}`;
    const said = answers.map((answer) => `${answer.device}: ${answer.detail}`).join("; ");
    const report: FenceReport = {
      target,
      action,
      outcome: answers.length > 0 && isFine ? "succeeded" : "failed",
      detail: answers.length === 0 ? none : said,
      durationMs: node.now - startedAt,
    };
    respond(ok(report));
  });
  fencerStep(node, { kind: "probe", key, target, timeoutMs: 30_000 });
}
