import { writeFile } from "node:fs/promises";
import { initTemplate } from "../../config/init-template.ts";
import type { CliContext } from "../cli-context.ts";
import { CliError, usageError } from "../cli-error.ts";
import { EXIT, type ExitCode } from "../cli-exit-codes.ts";
import type { InitOptions } from "../program-setup.ts";
import { checkBytes } from "./definition-source.ts";

type Split = "tie-breaker" | "witness" | "fencing" | "ignore";

const SPLITS: Readonly<Record<Split, string>> = {
  "tie-breaker": "ping a third machine (a router): who reaches it goes on, the other side stops",
  witness: "a small third machine that votes and runs nothing: the safest without fencing",
  fencing: "the survivor cuts the other's power first: for anything that holds data",
  ignore: "both go on: harmless for addresses and stateless services, ruinous for data",
};

/** `paceline init`: writes a first definition; asks a person for what the options don't say. */
export async function initCommand(context: CliContext, options: InitOptions): Promise<ExitCode> {
  const cluster = options.cluster ?? (await askFor(context, "--cluster", "Name of the cluster"));
  const nodes = await readNodes(context, options);
  const split = nodes.length === 2 ? await readSplit(context, options) : undefined;
  const vip =
    options.vip ?? (await askOptional(context, "Virtual IP (10.0.0.100/24; empty: none)"));
  const text = initTemplate({
    cluster,
    nodes,
    ...(vip === undefined || vip === "" ? {} : { vip }),
    ...(split === undefined ? {} : { split }),
  });
  if (options.output === undefined) context.out(text);
  else await writeNew(context, options.output, text);
  const errors = checkBytes(Buffer.from(text), "template").diagnostics.filter(
    (each) => each.severity === "error",
  );
  if (errors.length > 0) {
    context.err("fill in what is missing, then: paceline config check FILE\n");
    for (const each of errors) context.err(`  line ${each.at?.line ?? "?"}: ${each.message}\n`);
  }
  return EXIT.ok;
}

async function writeNew(context: CliContext, file: string, text: string): Promise<void> {
  try {
    // An existing definition is the work of somebody.
    await writeFile(file, text, { flag: "wx", mode: 0o644 });
  } catch (error) {
    if ((error as { code?: unknown }).code !== "EEXIST") throw error;
    throw new CliError("FILE_EXISTS", `${file} is there already: nothing was written`);
  }
  context.out(`wrote ${file}; check it with: paceline config check ${file}\n`);
}

async function readNodes(
  context: CliContext,
  options: InitOptions,
): Promise<{ name: string; address: string }[]> {
  const given = [...(options.node ?? [])];
  while (given.length === 0 || (options.twoNode === true && given.length < 2)) {
    given.push(await askFor(context, "--node", `Node ${given.length + 1} as name=address`));
  }
  if (options.twoNode === true && given.length > 2) {
    throw usageError("--two-node takes two nodes", "leave --two-node away for more");
  }
  return given.map((text) => {
    const [name, address, more] = text.split("=");
    if (!name || !address || more !== undefined) {
      throw usageError(`${text} is no node`, "write --node node1=10.0.0.1");
    }
    return { name, address };
  });
}

async function readSplit(context: CliContext, options: InitOptions): Promise<Split> {
  if (options.split === undefined && context.interactive) {
    context.err("If the two nodes lose each other, who goes on?\n");
    for (const [name, text] of Object.entries(SPLITS)) context.err(`  ${name}: ${text}\n`);
  }
  const split = options.split ?? (await askFor(context, "--split", "How is a split decided"));
  if (Object.hasOwn(SPLITS, split)) return split as Split;
  const choices = Object.entries(SPLITS).map(([name, text]) => `${name}: ${text}`);
  throw usageError(`a split is not decided by ${split}`, choices.join("; "));
}

async function askFor(context: CliContext, option: string, question: string): Promise<string> {
  if (!context.interactive) {
    const explain = option === "--split" ? `: ${Object.keys(SPLITS).join(", ")}` : "";
    throw usageError(`${option} is missing${explain}`, "on a terminal, init asks for it");
  }
  const answer = (await context.ask(`${question}: `)).trim();
  return answer === "" ? await askFor(context, option, question) : answer;
}

async function askOptional(context: CliContext, question: string): Promise<string | undefined> {
  return context.interactive ? (await context.ask(`${question}: `)).trim() : undefined;
}
