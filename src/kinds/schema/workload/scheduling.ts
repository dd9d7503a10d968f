/** Priority classes and runtime classes. The form of a line is explained in ../../schema.ts. */
export const schedulingTable = `
definition io.k8s.api.node.v1.Overhead | What a sandbox itself needs.
  podFixed 1 {}quantity | Amounts that every pod needs beside its containers.

definition io.k8s.api.node.v1.RuntimeClass gvk=node.k8s.io/v1/RuntimeClass | A way of running containers that pods may choose.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  handler 2 string! | Name of the handler in the container runtime.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  overhead 3 Overhead pointer | What the sandbox itself needs.
  scheduling 4 Scheduling pointer | Which nodes can run it.

definition io.k8s.api.node.v1.RuntimeClassList gvk=node.k8s.io/v1/RuntimeClassList | A page of RuntimeClass objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []RuntimeClass! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.node.v1.Scheduling | Which nodes can run a runtime class.
  nodeSelector 1 {}string map=atomic | Labels that nodes must have; pods get them too.
  tolerations 2 []Toleration list=atomic | Taints that pods of the class tolerate.

definition io.k8s.api.scheduling.v1.PriorityClass gvk=scheduling.k8s.io/v1/PriorityClass | How important pods are.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  description 4 string | When to use it.
  globalDefault 3 bool | True for pods that name no class.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  preemptionPolicy 5 string enum=Never,PreemptLowerPriority default="PreemptLowerPriority" immutable pointer | PreemptLowerPriority, or Never to remove no others.
  value 2 int32 | The higher, the more important.

definition io.k8s.api.scheduling.v1.PriorityClassList gvk=scheduling.k8s.io/v1/PriorityClassList | A page of PriorityClass objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []PriorityClass! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.
`
