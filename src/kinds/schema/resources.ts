/** Namespaces, configuration, events, leases and small requests. The form of a line is explained in ../schema.ts. */
export const resourcesTable = `
definition io.k8s.api.autoscaling.v1.Scale gvk=autoscaling/v1/Scale | The number of pods of a workload, whatever its kind.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 ScaleSpec | What is wanted.
  status 3 ScaleStatus | What is observed; controllers write it.

definition io.k8s.api.autoscaling.v1.ScaleSpec | The number wanted.
  replicas 1 int32 | How many pods are wanted.

definition io.k8s.api.autoscaling.v1.ScaleStatus | The number there is.
  replicas 1 int32! | How many pods.
  selector 2 string | Which pods belong to it.

definition io.k8s.api.coordination.v1.Lease gvk=coordination.k8s.io/v1/Lease | Says who holds a role, until when.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 LeaseSpec | What is wanted.

definition io.k8s.api.coordination.v1.LeaseList gvk=coordination.k8s.io/v1/LeaseList | A page of Lease objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []Lease! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.coordination.v1.LeaseSpec | Holder and times of a lease.
  acquireTime 3 microTime pointer | When the holder took the lease.
  holderIdentity 1 string pointer | Who holds the lease.
  leaseDurationSeconds 2 int32 pointer | Seconds after the last renewal until others may take it.
  leaseTransitions 5 int32 pointer | How often the holder changed.
  preferredHolder 7 string pointer | Who should take the lease next.
  renewTime 4 microTime pointer | When the holder last renewed it.
  strategy 6 string pointer | How the next holder is chosen.

definition io.k8s.api.core.v1.Binding gvk=/v1/Binding | Gives a pod its node.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  target 2 ObjectReference! | The node that the pod is bound to.

definition io.k8s.api.core.v1.ConfigMap gvk=/v1/ConfigMap | Configuration as keys and values.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  binaryData 3 {}bytes | Content that is no UTF-8 text, in base64.
  data 2 {}string | The content as text, by key.
  immutable 4 bool pointer | True to refuse every later change of the content.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.

definition io.k8s.api.core.v1.ConfigMapList gvk=/v1/ConfigMapList | A page of ConfigMap objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []ConfigMap! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.core.v1.Event gvk=/v1/Event | Something that happened to an object.
  action 12 string | What was or shall be done.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  count 8 int32 | How often it happened.
  eventTime 10 microTime | When it happened first, to the microsecond.
  firstTimestamp 6 time | When it happened first.
  involvedObject 2 ObjectReference! | What it happened to.
  kind - string | Name of the kind in camel case, such as Pod.
  lastTimestamp 7 time | When it happened last.
  message 4 string | What happened, in a sentence.
  metadata 1 ObjectMeta! | Standard object's metadata: name, labels and what else every object has.
  reason 3 string | Why it happened, in one word.
  related 13 ObjectReference pointer | Another object that has to do with it.
  reportingComponent 14 string default="" | Which controller reports it.
  reportingInstance 15 string default="" | Which instance of the controller reports it.
  series 11 EventSeries pointer | How it went on.
  source 5 EventSource | Who reports it.
  type 9 string | Normal or Warning.

definition io.k8s.api.core.v1.EventList gvk=/v1/EventList | A page of Event objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []Event! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.core.v1.EventSeries | How an event went on.
  count 1 int32 | How often.
  lastObservedTime 2 microTime | When it happened last.

definition io.k8s.api.core.v1.EventSource | Who reports an event.
  component 1 string | Name of the component.
  host 2 string | Host name or address.

definition io.k8s.api.core.v1.Namespace gvk=/v1/Namespace | A space of names for objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 NamespaceSpec | What is wanted.
  status 3 NamespaceStatus | What is observed; controllers write it.

definition io.k8s.api.core.v1.NamespaceCondition | One observation of a namespace.
  lastTransitionTime 4 time | When the status last changed.
  message 6 string | The reason in a sentence, for people.
  reason 5 string | The reason in one word, for programs.
  status 2 string! | True, False or Unknown.
  type 1 string! | Which sort it is.

definition io.k8s.api.core.v1.NamespaceList gvk=/v1/NamespaceList | A page of Namespace objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []Namespace! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.core.v1.NamespaceSpec | Who must clean up before a namespace goes.
  finalizers 1 []string list=atomic | Who must still clean up before the object goes.

definition io.k8s.api.core.v1.NamespaceStatus | Whether a namespace is active or going.
  conditions 2 []NamespaceCondition list=map:type patch=merge:type | Latest observations, one a type.
  phase 1 string enum=Active,Terminating | Active or Terminating.

definition io.k8s.api.core.v1.ObjectReference atomic | Names another object.
  apiVersion 5 string | APIVersion defines group and version of the kind, such as apps/v1.
  fieldPath 7 string | Path of the field.
  kind 1 string | Name of the kind in camel case, such as Pod.
  name 3 string | Name of it.
  namespace 2 string | Namespace of it.
  resourceVersion 6 string | Version of the object in the store, an opaque word.
  uid 4 string | Unique id of one object among all that ever had its name.

definition io.k8s.api.core.v1.Secret gvk=/v1/Secret | Confidential data as keys and values.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  data 2 {}bytes | The content in base64, by key.
  immutable 5 bool pointer | True to refuse every later change of the content.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  stringData 4 {}string | Content as plain text; moved to data when written.
  type 3 string default="Opaque" immutable | What the data is for; never changes.

definition io.k8s.api.core.v1.SecretList gvk=/v1/SecretList | A page of Secret objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []Secret! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.core.v1.ServiceAccount gvk=/v1/ServiceAccount | An identity for what runs in pods.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  automountServiceAccountToken 4 bool pointer | False to keep the token out of the containers.
  imagePullSecrets 3 []LocalObjectReference list=atomic | Secrets for pulling images.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  secrets 2 []ObjectReference list=map:name patch=merge:name | Secrets that its pods may use.

definition io.k8s.api.core.v1.ServiceAccountList gvk=/v1/ServiceAccountList | A page of ServiceAccount objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []ServiceAccount! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.policy.v1.Eviction gvk=policy/v1/Eviction | Deletes a pod, unless a disruption budget forbids it.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  deleteOptions 2 DeleteOptions pointer | How the pod is deleted.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
`
