/** Disruption budgets. The form of a line is explained in ../../schema.ts. */
export const disruptionTable = `
definition io.k8s.api.policy.v1.PodDisruptionBudget gvk=policy/v1/PodDisruptionBudget | Limits how many pods of a set evictions may take at once.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 PodDisruptionBudgetSpec | What is wanted.
  status 3 PodDisruptionBudgetStatus | What is observed; controllers write it.

definition io.k8s.api.policy.v1.PodDisruptionBudgetList gvk=policy/v1/PodDisruptionBudgetList | A page of PodDisruptionBudget objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []PodDisruptionBudget! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.policy.v1.PodDisruptionBudgetSpec | How many pods must stay, or may go.
  maxUnavailable 3 intOrString pointer | How many pods may be gone, as a count or a percentage.
  minAvailable 1 intOrString pointer | How many pods must stay, as a count or a percentage.
  selector 2 LabelSelector patch=replace pointer | Which pods it protects.
  unhealthyPodEvictionPolicy 4 string enum=AlwaysAllow,IfHealthyBudget pointer | IfHealthyBudget, or AlwaysAllow to evict pods that are not ready at any time.

definition io.k8s.api.policy.v1.PodDisruptionBudgetStatus | How many evictions are allowed now.
  conditions 7 []Condition list=map:type patch=merge:type | Latest observations, one a type.
  currentHealthy 4 int32 default=0 | Pods that are ready.
  desiredHealthy 5 int32 default=0 | Pods that must be ready.
  disruptedPods 2 {}time | Pods whose eviction was allowed and not seen yet, with the time.
  disruptionsAllowed 3 int32 default=0 | How many pods may be evicted now.
  expectedPods 6 int32 default=0 | Pods that the budget covers.
  observedGeneration 1 int64 | Generation of the spec that the status speaks of.
`
