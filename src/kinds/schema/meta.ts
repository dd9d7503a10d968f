/** Metadata, options and answers that every kind shares. The form of a line is explained in ../schema.ts. */
export const metaTable = `
definition io.k8s.apimachinery.pkg.apis.meta.v1.APIGroup gvk=/v1/APIGroup
  apiVersion - string
  kind - string
  name 1 string!
  preferredVersion 3 GroupVersionForDiscovery
  serverAddressByClientCIDRs 4 []ServerAddressByClientCIDR list=atomic
  versions 2 []GroupVersionForDiscovery! list=atomic

definition io.k8s.apimachinery.pkg.apis.meta.v1.APIGroupList gvk=/v1/APIGroupList | A page of APIGroup objects.
  apiVersion - string
  groups 1 []APIGroup! list=atomic
  kind - string

definition io.k8s.apimachinery.pkg.apis.meta.v1.APIResource
  categories 7 []string list=atomic
  group 8 string
  kind 3 string!
  name 1 string!
  namespaced 2 bool!
  shortNames 5 []string list=atomic
  singularName 6 string!
  storageVersionHash 10 string
  verbs 4 []string!
  version 9 string

definition io.k8s.apimachinery.pkg.apis.meta.v1.APIResourceList gvk=/v1/APIResourceList | A page of APIResource objects.
  apiVersion - string
  groupVersion 1 string!
  kind - string
  resources 2 []APIResource! list=atomic

definition io.k8s.apimachinery.pkg.apis.meta.v1.APIVersions gvk=/v1/APIVersions
  apiVersion - string
  kind - string
  serverAddressByClientCIDRs 2 []ServerAddressByClientCIDR! list=atomic
  versions 1 []string! list=atomic

definition io.k8s.apimachinery.pkg.apis.meta.v1.Condition
  lastTransitionTime 4 time!
  message 6 string!
  observedGeneration 3 int64
  reason 5 string!
  status 2 string!
  type 1 string!

definition io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions gvk=*
  apiVersion - string
  dryRun 5 []string list=atomic
  gracePeriodSeconds 1 int64 pointer
  ignoreStoreReadErrorWithClusterBreakingPotential 6 bool pointer
  kind - string
  orphanDependents 3 bool pointer
  preconditions 2 Preconditions
  propagationPolicy 4 string pointer

definition io.k8s.apimachinery.pkg.apis.meta.v1.FieldSelectorRequirement
  key 1 string!
  operator 2 string!
  values 3 []string list=atomic

definition io.k8s.apimachinery.pkg.apis.meta.v1.GroupVersionForDiscovery
  groupVersion 1 string!
  version 2 string!

definition io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector atomic
  matchExpressions 2 []LabelSelectorRequirement list=atomic
  matchLabels 1 {}string

definition io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement
  key 1 string!
  operator 2 string!
  values 3 []string list=atomic

definition io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta
  continue 3 string
  remainingItemCount 4 int64 pointer
  resourceVersion 2 string
  selfLink 1 string
  shardInfo 5 ShardInfo

definition io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry
  apiVersion 3 string
  fieldsType 6 string
  fieldsV1 7 fieldsV1
  manager 1 string
  operation 2 string
  subresource 8 string
  time 4 time

definition io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta
  annotations 12 {}string
  creationTimestamp 8 time
  deletionGracePeriodSeconds 10 int64 pointer
  deletionTimestamp 9 time
  finalizers 14 []string list=set patch=merge
  generateName 2 string
  generation 7 int64
  labels 11 {}string
  managedFields 17 []ManagedFieldsEntry list=atomic
  name 1 string
  namespace 3 string
  ownerReferences 13 []OwnerReference list=map:uid patch=merge:uid
  resourceVersion 6 string
  selfLink 4 string
  uid 5 string

definition io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference atomic
  apiVersion 5 string!
  blockOwnerDeletion 7 bool pointer
  controller 6 bool pointer
  kind 1 string!
  name 3 string!
  uid 4 string!

definition io.k8s.apimachinery.pkg.apis.meta.v1.Preconditions
  resourceVersion 2 string pointer
  uid 1 string pointer

definition io.k8s.apimachinery.pkg.apis.meta.v1.ServerAddressByClientCIDR
  clientCIDR 1 string!
  serverAddress 2 string!

definition io.k8s.apimachinery.pkg.apis.meta.v1.ShardInfo
  selector 1 string!

definition io.k8s.apimachinery.pkg.apis.meta.v1.Status gvk=/v1/Status
  apiVersion - string
  code 6 int32
  details 5 StatusDetails
  kind - string
  message 3 string
  metadata 1 ListMeta
  reason 4 string
  status 2 string

definition io.k8s.apimachinery.pkg.apis.meta.v1.StatusCause
  field 3 string
  message 2 string
  reason 1 string

definition io.k8s.apimachinery.pkg.apis.meta.v1.StatusDetails
  causes 4 []StatusCause list=atomic
  group 2 string
  kind 3 string
  name 1 string
  retryAfterSeconds 5 int32
  uid 6 string

definition io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent gvk=*
  object 2 raw!
  type 1 string!
`
