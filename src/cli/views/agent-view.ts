import type { AgentMetaData, AgentParameter } from "../../lrm/ocf-metadata.ts";
import { columns } from "./columns.ts";
import { type Paint, plain } from "./paint.ts";

/** What an agent says of itself, and how it is written in a definition. */
export function agentView(
  name: string,
  path: string,
  metaData: AgentMetaData,
  paint: Paint,
): string {
  const { parameters, actions } = metaData;
  const lines = [
    `${paint("bold", plain(name))}: ${plain(metaData.shortdesc)}`,
    paint("dim", `version ${plain(metaData.version)}, ${plain(path)}`),
    "",
    ...paragraph(metaData.longdesc, ""),
    "",
    paint("bold", "Parameters"),
    ...sortedParameters(parameters).flatMap((each) => parameterLines(each, paint)),
    "",
    paint("bold", "Operations"),
    ...columns(
      actions.map((action) => [
        plain(action.name),
        action.timeout === undefined ? "" : `timeout ${plain(action.timeout)}`,
        action.interval === undefined ? "" : `interval ${plain(action.interval)}`,
        action.role === undefined ? "" : `role ${plain(action.role)}`,
      ]),
      "  ",
    ),
    "",
    paint("bold", "In a definition"),
    ...exampleLines(name, metaData),
  ];
  return `${lines.join("\n")}\n`;
}

/** Those that must be given come first. */
function sortedParameters(parameters: readonly AgentParameter[]): AgentParameter[] {
  return [...parameters].sort((a, b) => Number(b.required) - Number(a.required));
}

function parameterLines(parameter: AgentParameter, paint: Paint): string[] {
  const { defaultValue } = parameter;
  const facts = [
    plain(parameter.type),
    parameter.required ? paint("yellow", "required") : "",
    defaultValue === undefined || defaultValue === "" ? "" : `default ${plain(defaultValue)}`,
    parameter.unique ? "unique" : "",
    parameter.reloadable ? "changes without a restart" : "",
  ].filter((fact) => fact !== "");
  return [
    `  ${paint("bold", plain(parameter.name))} (${facts.join(", ")})`,
    ...paragraph(parameter.longdesc || parameter.shortdesc, "      "),
  ];
}

function exampleLines(name: string, { parameters, name: type }: AgentMetaData): string[] {
  const required = parameters.filter((each) => each.required);
  const params = required.map((each) => `${plain(each.name)}: …`).join(", ");
  const agent = name.startsWith("ocf:paceline:") ? name.slice("ocf:paceline:".length) : name;
  const body = params === "" ? "" : `, params: { ${params} }`;
  return [`  my-${plain(type).toLowerCase()}: { agent: ${plain(agent)}${body} }`];
}

const WIDTH = 96;

/** Text filled to the width of a terminal; empty lines part paragraphs. */
function paragraph(text: string, indent: string): string[] {
  return text
    .trim()
    .split(/\n\s*\n/)
    .flatMap((part) => fill(plain(part).split(/\s+/), indent));
}

function fill(words: readonly string[], indent: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of words) {
    if (line !== "" && indent.length + line.length + 1 + word.length > WIDTH) {
      lines.push(indent + line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return line === "" ? lines : [...lines, indent + line];
}
