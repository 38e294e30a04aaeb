import type {
  ClusterStatus,
  NodeStatus,
  OperationRecord,
  ResourceHistory,
} from "../../../src/model/cluster-status.ts";

/** Writes a CIB with a status section, so that crm_simulate sees what the engine sees. */
export function cibXml(configuration: string, status: ClusterStatus): string {
  const states = status.nodes.map(nodeState).join("\n");
  return `<cib admin_epoch="0" epoch="1" num_updates="0" validate-with="pacemaker-3.9"
 crm_feature_set="3.16.1" have-quorum="${status.quorate ? 1 : 0}" dc-uuid="1">
${configuration}
<status>
${states}
</status>
</cib>
`;
}

function nodeState(node: NodeStatus): string {
  const attributes = [
    `id="${node.id ?? node.name}" uname="${node.name}"`,
    `in_ccm="${node.member === true}" crmd="${node.daemonOnline ? "online" : "offline"}"`,
    `join="${node.join ?? "down"}" expected="${node.expected ?? "down"}"`,
  ];
  const histories = node.history.map(lrmResource).join("\n");
  return `<node_state ${attributes.join(" ")}><lrm id="${node.id ?? node.name}"><lrm_resources>
${histories}</lrm_resources></lrm></node_state>`;
}

function lrmResource(history: ResourceHistory): string {
  const { resource, agentClass, agentProvider, agentType } = history;
  const provider = agentProvider === undefined ? "" : ` provider="${agentProvider}"`;
  return `<lrm_resource id="${resource}" class="${agentClass}"${provider} type="${agentType}">
${history.operations.map(lrmOperation).join("\n")}</lrm_resource>`;
}

function lrmOperation(record: OperationRecord): string {
  const { id, operation, intervalMs, callId, rc, status, expectedRc = rc } = record;
  const key = `1:1:${expectedRc}:00000000-0000-0000-0000-000000000000`;
  const digest = record.digest === undefined ? "" : ` op-digest="${record.digest}"`;
  return `<lrm_rsc_op id="${id}" operation_key="${record.operationKey ?? id}" operation="${operation}" crm-debug-origin="bench" crm_feature_set="3.16.1" transition-key="${key}" transition-magic="${status}:${rc};${key}" exit-reason="" on_node="${record.onNode ?? ""}" call-id="${callId}" rc-code="${rc}" op-status="${status}" interval="${intervalMs}" last-rc-change="${record.lastRcChange ?? 0}" exec-time="10" queue-time="0"${digest}/>`;
}
