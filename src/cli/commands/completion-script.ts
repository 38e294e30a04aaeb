import type { Command } from "commander";
import { buildProgram } from "../program.ts";

/** What comes at the place of an argument, by the argument's name in the program. */
const SOURCES: Readonly<Record<string, "nodes" | "resources" | "files" | "classes">> = {
  node: "nodes",
  resource: "resources",
  file: "files",
  class: "classes",
};

/**
 * The bash completion, made from the program itself so that it knows every command and option.
 * Names of nodes and resources come from the daemon when Tab is pressed.
 */
export function bashCompletion(): string {
  const program = describedProgram();
  const cases = entries(program, []).map(([path, words, args]) => {
    const sources = args.length === 0 ? "" : ` args="${args.join(" ")}"`;
    return `    "${path}") words="${words.join(" ")}"${sources} ;;`;
  });
  const valued = [...new Set(valuedOptions(program))].sort().join(" | ");
  return SCRIPT.replace("@CASES@", cases.join("\n")).replace("@VALUED@", valued);
}

/** The program as it is, never run: its context is never asked for. */
function describedProgram(): Command {
  const nowhere = () => undefined;
  return buildProgram({
    host: {
      env: {},
      color: false,
      interactive: false,
      out: nowhere,
      err: nowhere,
      now: () => 0,
      ask: () => Promise.resolve(""),
    },
    makeContext: () => {
      throw new Error("a described program is not run");
    },
    setExit: nowhere,
  });
}

type Entry = readonly [path: string, words: readonly string[], args: readonly string[]];

function entries(command: Command, path: readonly string[]): Entry[] {
  const visible = command.createHelp().visibleCommands(command);
  const commands = visible.filter((each) => each.name() !== "help");
  const options = command.options.map((option) => option.long ?? option.short ?? "");
  const args = command.registeredArguments.map((argument) => SOURCES[argument.name()] ?? "none");
  const words = [...commands.flatMap((each) => [each.name()]), ...options];
  const below = commands.flatMap((each) => entries(each, [...path, each.name()]));
  return [[path.join(" "), words, args], ...below];
}

/** Options after which a value stands, which is no argument. */
function valuedOptions(command: Command): string[] {
  const own = command.options.filter((option) => option.required);
  const names = own.flatMap(({ long, short }) => [long, short]).filter((name) => name != null);
  return [...names, ...command.commands.flatMap(valuedOptions)];
}

const SCRIPT = `# bash completion for paceline. Made by: paceline completion bash
_paceline() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" place=0 words="" args="" word next i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    case "$word" in
      @VALUED@)
        i=$((i + 1))
        # readline makes a word of its own of the sign in --option=value.
        if [[ "\${COMP_WORDS[i]}" == = ]]; then i=$((i + 1)); fi
        continue
        ;;
      # Help goes as deep as the commands do.
      -* | help) continue ;;
    esac
    next="\${path:+$path }$word"
    if [[ $place -eq 0 ]] && _paceline_words "$next"; then path="$next"; else place=$((place + 1)); fi
  done
  _paceline_words "$path"
  if [[ $current != -* ]]; then
    local source
    source=$(set -- $args; shift "$place" 2>/dev/null && echo "$1")
    case "$source" in
      nodes | resources) words+=" $(paceline complete-names "$source" 2>/dev/null)" ;;
      files) COMPREPLY=($(compgen -f -- "$current")); return ;;
      classes) words+=" ocf systemd lsb service heartbeat" ;;
    esac
  fi
  COMPREPLY=($(compgen -W "$words --run-dir --json --no-color --help" -- "$current"))
  [[ $current == -* ]] || COMPREPLY=($(compgen -W "$words" -- "$current"))
}
_paceline_words() {
  words="" args=""
  case "$1" in
@CASES@
    *) return 1 ;;
  esac
}
complete -F _paceline paceline
`;
