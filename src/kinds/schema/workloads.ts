/** Deployments and replica sets. The form of a line is explained in ../schema.ts. */
export const workloadsTable = `
definition io.k8s.api.apps.v1.Deployment gvk=apps/v1/Deployment | Keeps a number of equal pods running and replaces them step by step.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 DeploymentSpec | What is wanted.
  status 3 DeploymentStatus | What is observed; controllers write it.

definition io.k8s.api.apps.v1.DeploymentCondition | One observation of a deployment.
  lastTransitionTime 7 time | When the status last changed.
  lastUpdateTime 6 time | When the condition was last written.
  message 5 string | The reason in a sentence, for people.
  reason 4 string | The reason in one word, for programs.
  status 2 string! | True, False or Unknown.
  type 1 string! | Which sort it is.

definition io.k8s.api.apps.v1.DeploymentList gvk=apps/v1/DeploymentList | A page of Deployment objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []Deployment! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.apps.v1.DeploymentSpec | What a deployment keeps running.
  minReadySeconds 5 int32 | Seconds a new pod must be ready before it counts as available.
  paused 7 bool | True to hold the rollout where it is.
  progressDeadlineSeconds 9 int32 default=600 pointer | Seconds without progress until the rollout counts as failed.
  replicas 1 int32 default=1 pointer | How many pods are wanted.
  revisionHistoryLimit 6 int32 default=10 pointer | How many old replica sets are kept for going back.
  selector 2 LabelSelector! immutable pointer | Which pods belong to it; never changes.
  strategy 4 DeploymentStrategy patch=retainKeys default={} | How old pods give way to new ones.
  template 3 PodTemplateSpec! | What new pods look like.

definition io.k8s.api.apps.v1.DeploymentStatus | How far a deployment has come.
  availableReplicas 4 int32 | Pods that have been ready for minReadySeconds.
  collisionCount 8 int32 pointer | How often the hash of a new replica set's name met another's.
  conditions 6 []DeploymentCondition list=map:type patch=merge:type | Latest observations, one a type.
  observedGeneration 1 int64 | Generation of the spec that the status speaks of.
  readyReplicas 7 int32 | Pods that are ready.
  replicas 2 int32 | How many pods.
  terminatingReplicas 9 int32 pointer | Pods that are being deleted and not gone yet.
  unavailableReplicas 5 int32 | Pods that are wanted and not available yet.
  updatedReplicas 3 int32 | Pods of the newest template.

definition io.k8s.api.apps.v1.DeploymentStrategy | How old pods give way to new ones.
  rollingUpdate 2 RollingUpdateDeployment pointer | How far the number of pods may stray during a rollout.
  type 1 string enum=Recreate,RollingUpdate default="RollingUpdate" | RollingUpdate or Recreate.

definition io.k8s.api.apps.v1.ReplicaSet gvk=apps/v1/ReplicaSet | Keeps a number of equal pods running.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 ReplicaSetSpec | What is wanted.
  status 3 ReplicaSetStatus | What is observed; controllers write it.

definition io.k8s.api.apps.v1.ReplicaSetCondition | One observation of a replica set.
  lastTransitionTime 3 time | When the status last changed.
  message 5 string | The reason in a sentence, for people.
  reason 4 string | The reason in one word, for programs.
  status 2 string! | True, False or Unknown.
  type 1 string! | Which sort it is.

definition io.k8s.api.apps.v1.ReplicaSetList gvk=apps/v1/ReplicaSetList | A page of ReplicaSet objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []ReplicaSet! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.apps.v1.ReplicaSetSpec | What a replica set keeps running.
  minReadySeconds 4 int32 | Seconds a new pod must be ready before it counts as available.
  replicas 1 int32 default=1 pointer | How many pods are wanted.
  selector 2 LabelSelector! immutable pointer | Which pods belong to it; never changes.
  template 3 PodTemplateSpec | What new pods look like.

definition io.k8s.api.apps.v1.ReplicaSetStatus | How many pods a replica set has.
  availableReplicas 5 int32 | Pods that have been ready for minReadySeconds.
  conditions 6 []ReplicaSetCondition list=map:type patch=merge:type | Latest observations, one a type.
  fullyLabeledReplicas 2 int32 | Pods with all labels of the template.
  observedGeneration 3 int64 | Generation of the spec that the status speaks of.
  readyReplicas 4 int32 | Pods that are ready.
  replicas 1 int32! | How many pods.
  terminatingReplicas 7 int32 pointer | Pods that are being deleted and not gone yet.

definition io.k8s.api.apps.v1.RollingUpdateDeployment | How far the number of pods may stray during a rollout.
  maxSurge 2 intOrString default="25%" pointer | How many pods there may be too many, as a count or a percentage.
  maxUnavailable 1 intOrString default="25%" pointer | How many pods there may be too few, as a count or a percentage.
`
