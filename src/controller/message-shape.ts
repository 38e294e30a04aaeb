type Fields = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string";
const isInteger: Check = (value) => Number.isSafeInteger(value);
const isObject: Check = (value) => fieldsOf(value) !== undefined;

/** What a message of each type must have, so that nobody trips over its absence. */
const SHAPES: Readonly<Record<string, Check>> = {
  raft: () => true,
  collect: has({ by: isCoordination }),
  status: has({ by: isCoordination, status: has(statusShape({ attributes: isTexts })) }),
  delta: has({
    by: isCoordination,
    delta: has(
      statusShape({ attributes: isChanges, fromRevision: isInteger, forgotten: listOf(isText) }),
    ),
  }),
  order: has({ by: isCoordination, order: isOrder }),
  done: has({ by: isCoordination, key: isText, ok: (value) => typeof value === "boolean" }),
  result: has({
    by: isCoordination,
    result: has({ key: isText, node: isText, resource: isText, term: isInteger, record: isRecord }),
  }),
  ask: has({ id: isInteger, request: has({ method: isText }) }),
  answer: has({ id: isInteger, reply: has({ ok: (value) => typeof value === "boolean" }) }),
  "self-fence": has({ by: isCoordination, key: isText, reason: isText }),
  unfence: has({ by: isCoordination, key: isText, device: isText, timeoutMs: isInteger }),
  clock: has({ wall: (value) => Number.isFinite(value) }),
  "back-soon": has({ forMs: isInteger }),
  "back-soon-noted": () => true,
  "ask-me": () => true,
  leaving: () => true,
  definition: has({ version: isInteger, text: isText }),
  history: () => true,
};

/** A message of a known type with everything in it that one of its type must have. */
export function hasMessageShape(value: unknown): boolean {
  const type = fieldsOf(value)?.["t"];
  if (typeof type !== "string" || !Object.hasOwn(SHAPES, type)) return false;
  return SHAPES[type]?.(value) === true;
}

function fieldsOf(value: unknown): Fields | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return value as Fields;
}

function has(checks: Readonly<Record<string, Check>>): Check {
  const wanted = Object.entries(checks);
  return (value) => {
    const fields = fieldsOf(value);
    return fields !== undefined && wanted.every(([name, check]) => check(fields[name]));
  };
}

function listOf(check: Check): Check {
  return (value) => Array.isArray(value) && value.every(check);
}

function statusShape(more: Readonly<Record<string, Check>>): Readonly<Record<string, Check>> {
  return {
    node: isText,
    incarnation: isInteger,
    revision: isInteger,
    history: listOf(isHistory),
    inFlight: listOf(isText),
    ...more,
  };
}

function isCoordination(value: unknown): boolean {
  const by = fieldsOf(value);
  return isInteger(by?.["term"]) && typeof by?.["acting"] === "boolean";
}

function isTexts(value: unknown): boolean {
  return isObject(value) && Object.values(value as Fields).every(isText);
}

function isChanges(value: unknown): boolean {
  return isObject(value) && Object.values(value as Fields).every((v) => v === null || isText(v));
}

function isHistory(value: unknown): boolean {
  const history = fieldsOf(value);
  return (
    isText(history?.["resource"]) &&
    isText(history?.["agentClass"]) &&
    isText(history?.["agentType"]) &&
    listOf(isRecord)(history?.["operations"])
  );
}

function isRecord(value: unknown): boolean {
  const record = fieldsOf(value);
  return (
    isText(record?.["id"]) &&
    isText(record?.["operation"]) &&
    ["intervalMs", "callId", "rc", "status"].every((name) => isInteger(record?.[name]))
  );
}

/** The contents of a request to run an agent are checked where they are used. */
function isOrder(value: unknown): boolean {
  const order = fieldsOf(value);
  const term =
    order?.["kind"] === "execute" ? fieldsOf(order["request"])?.["term"] : order?.["term"];
  return isText(order?.["kind"]) && isInteger(term);
}
