/** Deployments and replica sets. The form of a line is explained in ../schema.ts. */
export const workloadsTable = `
definition io.k8s.api.apps.v1.Deployment gvk=apps/v1/Deployment
  apiVersion - string
  kind - string
  metadata 1 ObjectMeta
  spec 2 DeploymentSpec
  status 3 DeploymentStatus

definition io.k8s.api.apps.v1.DeploymentCondition
  lastTransitionTime 7 time
  lastUpdateTime 6 time
  message 5 string
  reason 4 string
  status 2 string!
  type 1 string!

definition io.k8s.api.apps.v1.DeploymentList gvk=apps/v1/DeploymentList | A page of Deployment objects.
  apiVersion - string
  items 2 []Deployment!
  kind - string
  metadata 1 ListMeta

definition io.k8s.api.apps.v1.DeploymentSpec
  minReadySeconds 5 int32
  paused 7 bool
  progressDeadlineSeconds 9 int32 default=600 pointer
  replicas 1 int32 default=1 pointer
  revisionHistoryLimit 6 int32 default=10 pointer
  selector 2 LabelSelector! immutable
  strategy 4 DeploymentStrategy patch=retainKeys default={}
  template 3 PodTemplateSpec!

definition io.k8s.api.apps.v1.DeploymentStatus
  availableReplicas 4 int32
  collisionCount 8 int32 pointer
  conditions 6 []DeploymentCondition list=map:type patch=merge:type
  observedGeneration 1 int64
  readyReplicas 7 int32
  replicas 2 int32
  terminatingReplicas 9 int32 pointer
  unavailableReplicas 5 int32
  updatedReplicas 3 int32

definition io.k8s.api.apps.v1.DeploymentStrategy
  rollingUpdate 2 RollingUpdateDeployment
  type 1 string enum=Recreate,RollingUpdate default="RollingUpdate"

definition io.k8s.api.apps.v1.ReplicaSet gvk=apps/v1/ReplicaSet
  apiVersion - string
  kind - string
  metadata 1 ObjectMeta
  spec 2 ReplicaSetSpec
  status 3 ReplicaSetStatus

definition io.k8s.api.apps.v1.ReplicaSetCondition
  lastTransitionTime 3 time
  message 5 string
  reason 4 string
  status 2 string!
  type 1 string!

definition io.k8s.api.apps.v1.ReplicaSetList gvk=apps/v1/ReplicaSetList | A page of ReplicaSet objects.
  apiVersion - string
  items 2 []ReplicaSet!
  kind - string
  metadata 1 ListMeta

definition io.k8s.api.apps.v1.ReplicaSetSpec
  minReadySeconds 4 int32
  replicas 1 int32 default=1 pointer
  selector 2 LabelSelector! immutable
  template 3 PodTemplateSpec

definition io.k8s.api.apps.v1.ReplicaSetStatus
  availableReplicas 5 int32
  conditions 6 []ReplicaSetCondition list=map:type patch=merge:type
  fullyLabeledReplicas 2 int32
  observedGeneration 3 int64
  readyReplicas 4 int32
  replicas 1 int32!
  terminatingReplicas 7 int32 pointer

definition io.k8s.api.apps.v1.RollingUpdateDeployment
  maxSurge 2 intOrString default="25%"
  maxUnavailable 1 intOrString default="25%"
`
