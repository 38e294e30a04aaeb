import { initTemplate, SPLIT_CHOICES, type SplitChoice } from "../../config/init-template.ts";
import type { CliContext } from "../cli-context.ts";
import { usageError } from "../cli-error.ts";
import { EXIT, type ExitCode } from "../cli-exit-codes.ts";
import type { InitOptions } from "../program-setup.ts";
import { checkBytes } from "./definition-source.ts";
import { writeNewFile } from "./new-file.ts";

/** `paceline init`: writes a first definition; asks a person for what the options don't say. */
export async function initCommand(context: CliContext, options: InitOptions): Promise<ExitCode> {
  const cluster = options.cluster ?? (await askFor(context, "--cluster", "Name of the cluster"));
  const nodes = await readNodes(context, options);
  const split = nodes.length === 2 ? await readSplit(context, options) : undefined;
  const decider = await readDecider(context, options, split);
  const vip =
    options.vip ?? (await askOptional(context, "Virtual IP (10.0.0.100/24; empty: none)"));
  const text = initTemplate({
    cluster,
    nodes,
    ...(vip === undefined || vip === "" ? {} : { vip }),
    ...(split === undefined ? {} : { split }),
    ...decider,
  });
  if (options.output === undefined) context.out(text);
  else await writeNewFile(context, options.output, text);
  const errors = checkBytes(Buffer.from(text), "template").diagnostics.filter(
    (each) => each.severity === "error",
  );
  if (errors.length > 0) {
    context.err("fill in what is missing, then: paceline config check FILE\n");
    for (const each of errors) context.err(`  line ${each.at?.line ?? "?"}: ${each.message}\n`);
  }
  return EXIT.ok;
}

async function readNodes(context: CliContext, options: InitOptions): Promise<NamedAddress[]> {
  const given = [...(options.node ?? [])];
  while (given.length === 0 || (options.twoNode === true && given.length < 2)) {
    given.push(await askFor(context, "--node", `Node ${given.length + 1} as name=address`));
  }
  if (options.twoNode === true && given.length > 2) {
    throw usageError("--two-node takes two nodes", "leave --two-node away for more");
  }
  return given.map(readNode);
}

interface NamedAddress {
  readonly name: string;
  readonly address: string;
}

function readNode(text: string): NamedAddress {
  const [name, address, more] = text.split("=");
  if (!name || !address || more !== undefined) {
    throw usageError(`${text} is no node`, "write --node node1=10.0.0.1");
  }
  return { name, address };
}

const TIE_BREAKER_QUESTION = {
  arbiter: "Address of the arbiter (10.0.0.9, with :PORT if not 7799)",
  disk: "Path of the shared device or file",
  ping: "Addresses to ping, separated by commas (the gateway's)",
} as const;

/** What a choice needs beside itself. Left open on a terminal, the template says where to fill in. */
async function readDecider(
  context: CliContext,
  options: InitOptions,
  split: SplitChoice | undefined,
): Promise<{ witness?: NamedAddress; tieBreaker?: string }> {
  if (split === "arbiter" || split === "disk" || split === "ping") {
    const question = TIE_BREAKER_QUESTION[split];
    const tieBreaker = options.tieBreaker ?? (await askOptional(context, question));
    return tieBreaker ? { tieBreaker } : {};
  }
  if (split !== "witness") return {};
  const witness = options.witness ?? (await askOptional(context, "Witness as name=address"));
  return witness ? { witness: readNode(witness) } : {};
}

async function readSplit(context: CliContext, options: InitOptions): Promise<SplitChoice> {
  const choices = SPLIT_CHOICES.map(({ choice, text }) => `  ${choice}: ${text}\n`);
  if (options.split === undefined && context.interactive) {
    context.err(`If the two nodes lose each other, who goes on?\n${choices.join("")}`);
  }
  const given = options.split ?? (await askFor(context, "--split", "How is a split decided"));
  const known = SPLIT_CHOICES.find(({ choice }) => choice === given);
  if (known !== undefined) return known.choice;
  throw usageError(`a split is not decided by ${given}`, `one of:\n${choices.join("")}`);
}

async function askFor(context: CliContext, option: string, question: string): Promise<string> {
  if (!context.interactive) {
    const explain =
      option === "--split" ? `: ${SPLIT_CHOICES.map(({ choice }) => choice).join(", ")}` : "";
    throw usageError(`${option} is missing${explain}`, "on a terminal, init asks for it");
  }
  const answer = (await context.ask(`${question}: `)).trim();
  return answer === "" ? await askFor(context, option, question) : answer;
}

async function askOptional(context: CliContext, question: string): Promise<string | undefined> {
  return context.interactive ? (await context.ask(`${question}: `)).trim() : undefined;
}
