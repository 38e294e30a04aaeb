/** What values an attribute has, and what becomes of any other. */
export interface Choice {
  readonly values: RegExp;
  readonly hint: string;
  /** What Pacemaker takes where the value is none of them; absent: as if nothing were said. */
  readonly instead?: string;
  /** What becomes of such a value where neither says it; it is left to the policy engine. */
  readonly effect?: string;
}

/** The choice that an attribute of an element is; absent where any value may be. */
export function choiceOf(element: string, attribute: string): Choice | undefined {
  const choices = CHOICES[element];
  return choices !== undefined && Object.hasOwn(choices, attribute)
    ? choices[attribute]
    : undefined;
}

function oneOf(...values: readonly string[]): Choice {
  const last = values.at(-1);
  const hint = `${values.slice(0, -1).join(", ")} or ${last}`;
  return { values: new RegExp(`^(${values.join("|")})$`, "i"), hint };
}

const BOOLEAN: Choice = { values: /^(1|0|true|false|on|off|yes|no|y|n)$/i, hint: "true or false" };

const ROLE: Choice = {
  values: /^(Stopped|Started|Promoted|Unpromoted|Master|Slave)$/i,
  hint: "Stopped, Started, Promoted or Unpromoted",
};

/** Pacemaker takes these by their exact spelling only. */
const KIND: Choice = {
  values: /^(Mandatory|Optional|Serialize)$/,
  hint: "Mandatory, Optional or Serialize",
  instead: "Mandatory",
};

const ACTION: Choice = {
  values: /^(start|stop|promote|demote)$/,
  hint: "start, stop, promote or demote",
  effect: "nothing is ordered by it",
};

const NEVER = "it never holds";

const CHOICES: Readonly<Record<string, Readonly<Record<string, Choice>>>> = {
  rsc_location: {
    role: ROLE,
    "resource-discovery": { ...oneOf("always", "never", "exclusive"), instead: "always" },
  },
  rsc_colocation: { "rsc-role": ROLE, "with-rsc-role": ROLE, influence: BOOLEAN },
  rsc_order: {
    kind: KIND,
    symmetrical: BOOLEAN,
    "require-all": { ...BOOLEAN, instead: "false" },
    "first-action": ACTION,
    "then-action": ACTION,
  },
  rsc_ticket: { "rsc-role": ROLE, "loss-policy": oneOf("stop", "demote", "fence", "freeze") },
  resource_set: {
    role: ROLE,
    kind: KIND,
    action: ACTION,
    ordering: { ...oneOf("group", "listed"), instead: "listed" },
    "require-all": { ...BOOLEAN, instead: "false" },
    sequential: { ...BOOLEAN, effect: "it is taken as false in an order, passed over elsewhere" },
  },
  rule: {
    "boolean-op": { ...oneOf("and", "or"), instead: "and" },
    role: { ...ROLE, effect: "its constraint is ignored" },
  },
  expression: {
    operation: {
      ...oneOf("defined", "not_defined", "eq", "ne", "lt", "lte", "gt", "gte"),
      effect: NEVER,
    },
    type: { ...oneOf("string", "integer", "number", "version"), effect: "all is equal by it" },
    "value-source": { ...oneOf("literal", "param", "meta"), instead: "literal" },
  },
  date_expression: {
    operation: { ...oneOf("in_range", "date_spec", "gt", "lt"), effect: NEVER },
  },
};
