import { EXECUTION, OCF } from "../model/exit-code.ts";
import type { OperationRequest, OperationResult } from "../model/operation.ts";
import { AnswerMemory } from "./answer-memory.ts";
import type { LocalRecords } from "./local-records.ts";
import type { RecordedOutcome } from "./ocf-outcome.ts";
import { managementRequest } from "./request-check.ts";
import type { StepOutputs } from "./step-outputs.ts";

export const CANCELLED: RecordedOutcome = {
  rc: OCF.genericError,
  status: EXECUTION.cancelled,
  exitReason: "cancelled",
};

export const DONE: RecordedOutcome = { rc: OCF.success, status: EXECUTION.done, exitReason: "" };

/** Answers the DC: results, refusals, and once more what it asks twice. */
export class Answerer {
  readonly #records: LocalRecords;
  readonly #outputs: StepOutputs;
  readonly #memory: AnswerMemory;

  constructor(records: LocalRecords, outputs: StepOutputs, answersMax: number) {
    this.#records = records;
    this.#outputs = outputs;
    this.#memory = new AnswerMemory(answersMax);
  }

  /** Answers from memory; false if this was never answered. */
  repeat(request: OperationRequest): boolean {
    const answered = this.#memory.get(request.term, request.key);
    if (answered !== undefined) this.#outputs.result({ ...answered, duplicate: true });
    return answered !== undefined;
  }

  reply(request: OperationRequest, record: OperationResult["record"]): void {
    this.#remember(this.#records.resultOf(request, record));
  }

  cancelled(request: OperationRequest): void {
    this.#remember(this.#records.transientResult(request, CANCELLED));
  }

  /** Says that nothing was run. Not remembered: the same key may be accepted later. */
  refuse(
    request: OperationRequest,
    refused: NonNullable<OperationResult["refused"]>,
    exitReason: string,
  ): void {
    const outcome = { rc: OCF.genericError, status: EXECUTION.invalid, exitReason };
    this.#outputs.result({ ...this.#records.transientResult(request, outcome), refused });
    this.#records.markChanged();
  }

  /** Answers an input that is no agent run, if it carries a key. */
  management(
    input: { resource: string; key?: string; intervalMs?: number },
    operation: string,
    term: number,
    outcome: RecordedOutcome,
  ): void {
    if (input.key === undefined) return;
    const request = managementRequest(input, operation, term);
    this.#outputs.result(this.#records.transientResult(request, outcome));
  }

  #remember(result: OperationResult): void {
    this.#memory.remember(result);
    this.#outputs.result(result);
  }
}
