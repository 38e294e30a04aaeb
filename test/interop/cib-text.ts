/** Parts of a CIB; what is not given is a plain two-node cluster with nothing in it. */
export interface CibParts {
  readonly head?: string;
  readonly options?: string;
  readonly nodes?: string;
  readonly resources?: string;
  readonly constraints?: string;
  /** Other sections: rsc_defaults, tags … */
  readonly more?: string;
  readonly status?: string;
}

const NODES = `<node id="1" uname="node1"/><node id="2" uname="node2"/>`;

/** The node_state of a healthy member with a history. */
export function member(id: number, history = "", attributes = ""): string {
  const transient = `<transient_attributes id="${id}"><instance_attributes id="t${id}">
    ${attributes}</instance_attributes></transient_attributes>`;
  return `<node_state id="${id}" uname="node${id}" in_ccm="true" crmd="online" join="member"
    expected="member">${attributes === "" ? "" : transient}
    <lrm id="${id}"><lrm_resources>${history}</lrm_resources></lrm></node_state>`;
}

export function cibText(parts: CibParts): string {
  const head = parts.head ?? `validate-with="pacemaker-3.9" have-quorum="1"`;
  return `<cib ${head}>
  <configuration>
    <crm_config>${parts.options ?? ""}</crm_config>
    <nodes>${parts.nodes ?? NODES}</nodes>
    <resources>${parts.resources ?? ""}</resources>
    <constraints>${parts.constraints ?? ""}</constraints>
    ${parts.more ?? ""}
  </configuration>
  <status>${parts.status ?? member(1) + member(2)}</status>
</cib>`;
}

/** A block of name and value pairs. */
export function block(kind: string, id: string, values: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(values).map(
    ([name, value]) => `<nvpair id="${id}-${name}" name="${name}" value="${value}"/>`,
  );
  return `<${kind} id="${id}">${pairs.join("")}</${kind}>`;
}
