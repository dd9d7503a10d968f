/** Namespaces, configuration, events, leases and small requests. The form of a line is explained in ../schema.ts. */
export const resourcesTable = `
definition io.k8s.api.autoscaling.v1.Scale gvk=autoscaling/v1/Scale
  apiVersion - string
  kind - string
  metadata 1 ObjectMeta
  spec 2 ScaleSpec
  status 3 ScaleStatus

definition io.k8s.api.autoscaling.v1.ScaleSpec
  replicas 1 int32

definition io.k8s.api.autoscaling.v1.ScaleStatus
  replicas 1 int32!
  selector 2 string

definition io.k8s.api.coordination.v1.Lease gvk=coordination.k8s.io/v1/Lease
  apiVersion - string
  kind - string
  metadata 1 ObjectMeta
  spec 2 LeaseSpec

definition io.k8s.api.coordination.v1.LeaseList gvk=coordination.k8s.io/v1/LeaseList | A page of Lease objects.
  apiVersion - string
  items 2 []Lease!
  kind - string
  metadata 1 ListMeta

definition io.k8s.api.coordination.v1.LeaseSpec
  acquireTime 3 microTime
  holderIdentity 1 string pointer
  leaseDurationSeconds 2 int32 pointer
  leaseTransitions 5 int32 pointer
  preferredHolder 7 string pointer
  renewTime 4 microTime
  strategy 6 string pointer

definition io.k8s.api.core.v1.Binding gvk=/v1/Binding
  apiVersion - string
  kind - string
  metadata 1 ObjectMeta
  target 2 ObjectReference!

definition io.k8s.api.core.v1.ConfigMap gvk=/v1/ConfigMap
  apiVersion - string
  binaryData 3 {}bytes
  data 2 {}string
  immutable 4 bool pointer
  kind - string
  metadata 1 ObjectMeta

definition io.k8s.api.core.v1.ConfigMapList gvk=/v1/ConfigMapList | A page of ConfigMap objects.
  apiVersion - string
  items 2 []ConfigMap!
  kind - string
  metadata 1 ListMeta

definition io.k8s.api.core.v1.Event gvk=/v1/Event
  action 12 string
  apiVersion - string
  count 8 int32
  eventTime 10 microTime
  firstTimestamp 6 time
  involvedObject 2 ObjectReference!
  kind - string
  lastTimestamp 7 time
  message 4 string
  metadata 1 ObjectMeta!
  reason 3 string
  related 13 ObjectReference
  reportingComponent 14 string
  reportingInstance 15 string
  series 11 EventSeries
  source 5 EventSource
  type 9 string

definition io.k8s.api.core.v1.EventList gvk=/v1/EventList | A page of Event objects.
  apiVersion - string
  items 2 []Event!
  kind - string
  metadata 1 ListMeta

definition io.k8s.api.core.v1.EventSeries
  count 1 int32
  lastObservedTime 2 microTime

definition io.k8s.api.core.v1.EventSource
  component 1 string
  host 2 string

definition io.k8s.api.core.v1.Namespace gvk=/v1/Namespace
  apiVersion - string
  kind - string
  metadata 1 ObjectMeta
  spec 2 NamespaceSpec
  status 3 NamespaceStatus

definition io.k8s.api.core.v1.NamespaceCondition
  lastTransitionTime 4 time
  message 6 string
  reason 5 string
  status 2 string!
  type 1 string!

definition io.k8s.api.core.v1.NamespaceList gvk=/v1/NamespaceList | A page of Namespace objects.
  apiVersion - string
  items 2 []Namespace!
  kind - string
  metadata 1 ListMeta

definition io.k8s.api.core.v1.NamespaceSpec
  finalizers 1 []string list=atomic

definition io.k8s.api.core.v1.NamespaceStatus
  conditions 2 []NamespaceCondition list=map:type patch=merge:type
  phase 1 string enum=Active,Terminating

definition io.k8s.api.core.v1.ObjectReference atomic
  apiVersion 5 string
  fieldPath 7 string
  kind 1 string
  name 3 string
  namespace 2 string
  resourceVersion 6 string
  uid 4 string

definition io.k8s.api.core.v1.Secret gvk=/v1/Secret
  apiVersion - string
  data 2 {}bytes
  immutable 5 bool pointer
  kind - string
  metadata 1 ObjectMeta
  stringData 4 {}string
  type 3 string default="Opaque" immutable

definition io.k8s.api.core.v1.SecretList gvk=/v1/SecretList | A page of Secret objects.
  apiVersion - string
  items 2 []Secret!
  kind - string
  metadata 1 ListMeta

definition io.k8s.api.core.v1.ServiceAccount gvk=/v1/ServiceAccount
  apiVersion - string
  automountServiceAccountToken 4 bool pointer
  imagePullSecrets 3 []LocalObjectReference list=atomic
  kind - string
  metadata 1 ObjectMeta
  secrets 2 []ObjectReference list=map:name patch=merge:name

definition io.k8s.api.core.v1.ServiceAccountList gvk=/v1/ServiceAccountList | A page of ServiceAccount objects.
  apiVersion - string
  items 2 []ServiceAccount!
  kind - string
  metadata 1 ListMeta

definition io.k8s.api.policy.v1.Eviction gvk=policy/v1/Eviction
  apiVersion - string
  deleteOptions 2 DeleteOptions
  kind - string
  metadata 1 ObjectMeta
`
