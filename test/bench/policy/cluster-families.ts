/** Families of clusters to measure the policy engine with, as CIB configuration sections. */

export const FAMILIES = ["plain", "groups", "chains", "clones"] as const;
export type Family = (typeof FAMILIES)[number];

export const SITUATIONS = ["initial", "steady", "lost"] as const;
export type Situation = (typeof SITUATIONS)[number];

export interface Size {
  readonly resources: number;
  readonly nodes: number;
}

export const SIZES: readonly Size[] = [
  { resources: 10, nodes: 3 },
  { resources: 100, nodes: 8 },
  { resources: 500, nodes: 16 },
  { resources: 1000, nodes: 32 },
  { resources: 2000, nodes: 32 },
  { resources: 5000, nodes: 64 },
];

const MEMBERS_PER_GROUP = 5;

/** The configuration of a cluster; `resources` counts primitives (instances of clones, too). */
export function familyConfiguration(family: Family, { resources, nodes }: Size): string {
  const { body, constraints } = CONTENTS[family](resources, nodes);
  return `<configuration>
<crm_config><cluster_property_set id="cib-bootstrap-options">
<nvpair id="o1" name="stonith-enabled" value="true"/>
<nvpair id="o2" name="no-quorum-policy" value="stop"/>
</cluster_property_set></crm_config>
<nodes>${range(nodes, (i) => `<node id="${i + 1}" uname="node${i + 1}"/>`)}</nodes>
<resources><primitive id="fencing" class="stonith" type="fence_dummy"/>
${body}</resources>
<constraints>${constraints}</constraints>
</configuration>`;
}

interface Contents {
  readonly body: string;
  readonly constraints: string;
}

const CONTENTS: Readonly<Record<Family, (resources: number, nodes: number) => Contents>> = {
  plain: (resources) => ({ body: range(resources, (i) => primitive(`r${i}`)), constraints: "" }),
  groups: (resources, nodes) => {
    const count = Math.ceil(resources / MEMBERS_PER_GROUP);
    return {
      body: range(count, group),
      constraints: range(count, (i) => prefers(`g${i}`, (i % nodes) + 1)),
    };
  },
  chains: (resources) => {
    const count = Math.ceil(resources / MEMBERS_PER_GROUP);
    return {
      body: range(count, group),
      // Chains of four groups: each with, and after, the one before it.
      constraints: range(count, (i) => (i % 4 === 0 ? "" : follows(i))),
    };
  },
  clones: (resources, nodes) => {
    const count = Math.max(1, Math.round(resources / nodes));
    return {
      body: range(count, (i) => `<clone id="c${i}">${primitive(`r${i}`)}</clone>`),
      constraints: range(count, (i) => (i === 0 ? "" : clonesInOrder(i))),
    };
  },
};

function range(count: number, make: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => make(i)).join("\n");
}

function primitive(id: string): string {
  return `<primitive id="${id}" class="ocf" provider="pacemaker" type="Dummy">
<operations><op id="${id}-monitor" name="monitor" interval="10s" timeout="20s"/></operations></primitive>`;
}

function group(i: number): string {
  return `<group id="g${i}">${range(MEMBERS_PER_GROUP, (m) => primitive(`g${i}m${m}`))}</group>`;
}

function prefers(resource: string, node: number): string {
  return `<rsc_location id="l-${resource}" rsc="${resource}" node="node${node}" score="100"/>`;
}

function follows(i: number): string {
  return `<rsc_colocation id="co${i}" rsc="g${i}" with-rsc="g${i - 1}" score="INFINITY"/>
<rsc_order id="or${i}" first="g${i - 1}" then="g${i}"/>`;
}

function clonesInOrder(i: number): string {
  return `<rsc_order id="or${i}" first="c${i - 1}" then="c${i}"/>`;
}
