import type {
  OperationDefinition,
  PolicyDefinition,
  PrimitiveDefinition,
} from "../../model/policy-definition.ts";

/**
 * A primitive with its template merged in (Pacemaker Explained, "Reusing Resource Definitions"):
 * the template's blocks come first, so the primitive's own win; the template's operations count
 * where the primitive has none of the same name and role. Undefined: there is no such template.
 */
export function expandTemplate(
  definition: PolicyDefinition,
  primitive: PrimitiveDefinition,
): PrimitiveDefinition | undefined {
  if (primitive.template === undefined) return primitive;
  const template = definition.templates.find((each) => each.id === primitive.template);
  if (template?.agent === undefined) return undefined;
  return {
    ...primitive,
    agent: template.agent,
    meta: [...template.meta, ...primitive.meta],
    params: [...template.params, ...primitive.params],
    utilization: [...template.utilization, ...primitive.utilization],
    operations: mergeOperations(template.operations, primitive.operations),
  };
}

function mergeOperations(
  fromTemplate: readonly OperationDefinition[],
  own: readonly OperationDefinition[],
): readonly OperationDefinition[] {
  const covered = new Set(own.map(operationKey));
  return [...own, ...fromTemplate.filter((each) => !covered.has(operationKey(each)))];
}

/** The plain role and none at all are the same. */
function operationKey(operation: OperationDefinition): string {
  const role = operation.options.get("role")?.toLowerCase() ?? "started";
  const plain = role === "started" || role === "unpromoted" || role === "slave";
  return `${operation.name}-${plain ? "" : role}`;
}
