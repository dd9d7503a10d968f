/** Stateful sets. The form of a line is explained in ../../schema.ts. */
export const statefulSetsTable = `
definition io.k8s.api.apps.v1.RollingUpdateStatefulSetStrategy | How far an update of a stateful set goes.
  maxUnavailable 2 intOrString pointer | How many pods there may be too few, as a count or a percentage.
  partition 1 int32 pointer | Pods with a smaller ordinal keep the old template.

definition io.k8s.api.apps.v1.StatefulSet gvk=apps/v1/StatefulSet | Runs pods with stable names and volumes.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 StatefulSetSpec | What is wanted.
  status 3 StatefulSetStatus | What is observed; controllers write it.

definition io.k8s.api.apps.v1.StatefulSetCondition | One observation of a stateful set.
  lastTransitionTime 3 time | When the status last changed.
  message 5 string | The reason in a sentence, for people.
  reason 4 string | The reason in one word, for programs.
  status 2 string! | True, False or Unknown.
  type 1 string! | Which sort it is.

definition io.k8s.api.apps.v1.StatefulSetList gvk=apps/v1/StatefulSetList | A page of StatefulSet objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []StatefulSet! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.apps.v1.StatefulSetOrdinals | How the pods of a stateful set are numbered.
  start 1 int32 | Number of the first pod.

definition io.k8s.api.apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy | What becomes of claims that a stateful set made.
  whenDeleted 1 string default="Retain" | Retain or Delete, when the set goes.
  whenScaled 2 string default="Retain" | Retain or Delete, when the set shrinks.

definition io.k8s.api.apps.v1.StatefulSetSpec | What a stateful set keeps running.
  minReadySeconds 9 int32 | Seconds a new pod must be ready before it counts as available.
  ordinals 11 StatefulSetOrdinals pointer | How the pods are numbered.
  persistentVolumeClaimRetentionPolicy 10 StatefulSetPersistentVolumeClaimRetentionPolicy default={} pointer | What becomes of claims that were made from the templates.
  podManagementPolicy 6 string enum=OrderedReady,Parallel default="OrderedReady" | OrderedReady, or Parallel to start and stop all pods at once.
  replicas 1 int32 default=1 pointer | How many pods are wanted.
  revisionHistoryLimit 8 int32 default=10 pointer | How many old revisions are kept for going back.
  selector 2 LabelSelector! pointer | Which pods belong to it; never changes.
  serviceName 5 string | Name of the headless service that gives the pods their names.
  template 3 PodTemplateSpec! | What new pods look like.
  updateStrategy 7 StatefulSetUpdateStrategy default={} | How old pods give way to new ones.
  volumeClaimTemplates 4 []PersistentVolumeClaim list=atomic | Claims that every pod gets one of.

definition io.k8s.api.apps.v1.StatefulSetStatus | How many pods a stateful set has.
  availableReplicas 11 int32 default=0 | Pods that have been ready for minReadySeconds.
  collisionCount 9 int32 pointer | How often the hash of a new revision's name met another's.
  conditions 10 []StatefulSetCondition list=map:type patch=merge:type | Latest observations, one a type.
  currentReplicas 4 int32 | Pods of the revision before the update.
  currentRevision 6 string | Revision before the update.
  observedGeneration 1 int64 | Generation of the spec that the status speaks of.
  readyReplicas 3 int32 | Pods that are ready.
  replicas 2 int32! | How many pods.
  updateRevision 7 string | Newest revision.
  updatedReplicas 5 int32 | Pods of the newest revision.

definition io.k8s.api.apps.v1.StatefulSetUpdateStrategy | How pods of a stateful set are replaced.
  rollingUpdate 2 RollingUpdateStatefulSetStrategy pointer | How far a rolling update may go at once.
  type 1 string enum=OnDelete,RollingUpdate default="RollingUpdate" | RollingUpdate, or OnDelete to wait until somebody deletes the old ones.
`
