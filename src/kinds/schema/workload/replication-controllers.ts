/** Replication controllers and pod templates. The form of a line is explained in ../../schema.ts. */
export const replicationControllersTable = `
definition io.k8s.api.core.v1.PodTemplate gvk=/v1/PodTemplate | What pods may look like, kept for later.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  template 2 PodTemplateSpec | What the pods look like.

definition io.k8s.api.core.v1.PodTemplateList gvk=/v1/PodTemplateList | A page of PodTemplate objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []PodTemplate! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.core.v1.ReplicationController gvk=/v1/ReplicationController | Keeps a number of equal pods running; an old API.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 ReplicationControllerSpec | What is wanted.
  status 3 ReplicationControllerStatus | What is observed; controllers write it.

definition io.k8s.api.core.v1.ReplicationControllerCondition | One observation of a replication controller.
  lastTransitionTime 3 time | When the status last changed.
  message 5 string | The reason in a sentence, for people.
  reason 4 string | The reason in one word, for programs.
  status 2 string! | True, False or Unknown.
  type 1 string! | Which sort it is.

definition io.k8s.api.core.v1.ReplicationControllerList gvk=/v1/ReplicationControllerList | A page of ReplicationController objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []ReplicationController! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.core.v1.ReplicationControllerSpec | What a replication controller keeps running.
  minReadySeconds 4 int32 | Seconds a new pod must be ready before it counts as available.
  replicas 1 int32 default=1 pointer | How many pods are wanted.
  selector 2 {}string map=atomic | Labels of the pods that belong to it.
  template 3 PodTemplateSpec pointer | What new pods look like.

definition io.k8s.api.core.v1.ReplicationControllerStatus | How many pods a replication controller has.
  availableReplicas 5 int32 | Pods that have been ready for minReadySeconds.
  conditions 6 []ReplicationControllerCondition list=map:type patch=merge:type | Latest observations, one a type.
  fullyLabeledReplicas 2 int32 | Pods with all labels of the template.
  observedGeneration 3 int64 | Generation of the spec that the status speaks of.
  readyReplicas 4 int32 | Pods that are ready.
  replicas 1 int32! | How many pods.
`
