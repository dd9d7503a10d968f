/** Metadata, options and answers that every kind shares. The form of a line is explained in ../schema.ts. */
export const metaTable = `
definition io.k8s.apimachinery.pkg.apis.meta.v1.APIGroup gvk=/v1/APIGroup | An API group and its versions.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  name 1 string! | Name of it.
  preferredVersion 3 GroupVersionForDiscovery | The version that clients should use.
  serverAddressByClientCIDRs 4 []ServerAddressByClientCIDR list=atomic | Addresses of the server, by where the client is.
  versions 2 []GroupVersionForDiscovery! list=atomic | The versions.

definition io.k8s.apimachinery.pkg.apis.meta.v1.APIGroupList gvk=/v1/APIGroupList | The API groups.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  groups 1 []APIGroup! list=atomic | Groups that the user is in.
  kind - string | Name of the kind in camel case, such as Pod.

definition io.k8s.apimachinery.pkg.apis.meta.v1.APIResource | A resource that the server has.
  categories 7 []string list=atomic | Words that stand for several resources, such as all.
  group 8 string | API group; empty for the core group.
  kind 3 string! | Name of the kind in camel case, such as Pod.
  name 1 string! | Name of it.
  namespaced 2 bool! | True when its objects are in namespaces.
  shortNames 5 []string list=atomic | Shorter names for the command line.
  singularName 6 string! | Name in the singular.
  storageVersionHash 10 string | Changes when the stored form does.
  verbs 4 []string! wrapped | Verbs such as get, list and create.
  version 9 string | API version, such as v1.

definition io.k8s.apimachinery.pkg.apis.meta.v1.APIResourceList gvk=/v1/APIResourceList | The resources of one group and version.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  groupVersion 1 string! | Group and version in one word.
  kind - string | Name of the kind in camel case, such as Pod.
  resources 2 []APIResource! list=atomic | Computing resources that it asks for and may use.

definition io.k8s.apimachinery.pkg.apis.meta.v1.APIVersions gvk=/v1/APIVersions | The versions of the core group.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  serverAddressByClientCIDRs 2 []ServerAddressByClientCIDR! list=atomic | Addresses of the server, by where the client is.
  versions 1 []string! list=atomic | The versions.

definition io.k8s.apimachinery.pkg.apis.meta.v1.Condition | One observation of an object.
  lastTransitionTime 4 time! | When the status last changed.
  message 6 string! | The reason in a sentence, for people.
  observedGeneration 3 int64 | Generation of the spec that the status speaks of.
  reason 5 string! | The reason in one word, for programs.
  status 2 string! | True, False or Unknown.
  type 1 string! | Which sort it is.

definition io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions gvk=* | How an object is deleted.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  dryRun 5 []string list=atomic | All to try it without doing it.
  gracePeriodSeconds 1 int64 pointer | Seconds until the hard end; 0 for at once.
  ignoreStoreReadErrorWithClusterBreakingPotential 6 bool pointer | True to delete what can not be read any more.
  kind - string | Name of the kind in camel case, such as Pod.
  orphanDependents 3 bool pointer | Older form of the propagation policy Orphan.
  preconditions 2 Preconditions pointer | What must hold, or nothing is done.
  propagationPolicy 4 string pointer | What happens to objects that this one owns.

definition io.k8s.apimachinery.pkg.apis.meta.v1.FieldSelectorRequirement | One condition on a field.
  key 1 string! | Key to look up.
  operator 2 string! | How key and values are compared.
  values 3 []string list=atomic | Values to compare with.

definition io.k8s.apimachinery.pkg.apis.meta.v1.GroupVersionForDiscovery | One version of a group.
  groupVersion 1 string! | Group and version in one word.
  version 2 string! | API version, such as v1.

definition io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector atomic | Labels that select objects.
  matchExpressions 2 []LabelSelectorRequirement list=atomic | Conditions; all must hold.
  matchLabels 1 {}string | Labels that must be there with these values.

definition io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement | One condition on a label.
  key 1 string! | Key to look up.
  operator 2 string! | How key and values are compared.
  values 3 []string list=atomic | Values to compare with.

definition io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta | What every list has.
  continue 3 string | Where the next page starts.
  remainingItemCount 4 int64 pointer | How many entries come after this page.
  resourceVersion 2 string | Version of the object in the store, an opaque word.
  selfLink 1 string | Not used any more.
  shardInfo 5 ShardInfo pointer | Which part of the objects this is.

definition io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry | The fields that one manager manages.
  apiVersion 3 string | APIVersion defines group and version of the kind, such as apps/v1.
  fieldsType 6 string | Format of fieldsV1.
  fieldsV1 7 fieldsV1 pointer | The fields, as a tree.
  manager 1 string | Who manages the fields.
  operation 2 string | Apply or Update.
  subresource 8 string | Part of the resource, such as status or log.
  time 4 time pointer | When it was last written.

definition io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta | What every object has.
  annotations 12 {}string | Notes of any form, not for selecting.
  creationTimestamp 8 time | CreationTimestamp is a timestamp of when the object was made.
  deletionGracePeriodSeconds 10 int64 pointer | Seconds that its end may take.
  deletionTimestamp 9 time pointer | When it will be gone; set when it is being deleted.
  finalizers 14 []string list=set patch=merge | Who must still clean up before the object goes.
  generateName 2 string | Start of the name; the server adds random letters.
  generation 7 int64 | Counts the changes of spec.
  labels 11 {}string | Words to select the object by.
  managedFields 17 []ManagedFieldsEntry list=atomic pointer | Who manages which fields.
  name 1 string | Name, unique among its kind in the namespace.
  namespace 3 string | Namespace that the object is in; empty for cluster-wide kinds.
  ownerReferences 13 []OwnerReference list=map:uid patch=merge:uid | Objects that this one goes with.
  resourceVersion 6 string | Version of the object in the store, an opaque word.
  selfLink 4 string | Not used any more.
  uid 5 string | Unique id of one object among all that ever had its name.

definition io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference atomic | An object that this one goes with.
  apiVersion 5 string! | APIVersion defines group and version of the kind, such as apps/v1.
  blockOwnerDeletion 7 bool pointer | True to hold the owner until this object is gone.
  controller 6 bool pointer | True for the one owner that controls it.
  kind 1 string! | Name of the kind in camel case, such as Pod.
  name 3 string! | Name of it.
  uid 4 string! | Unique id of one object among all that ever had its name.

definition io.k8s.apimachinery.pkg.apis.meta.v1.Preconditions | What must hold, or nothing is done.
  resourceVersion 2 string pointer | Version of the object in the store, an opaque word.
  uid 1 string pointer | Unique id of one object among all that ever had its name.

definition io.k8s.apimachinery.pkg.apis.meta.v1.ServerAddressByClientCIDR | Address of the server for some clients.
  clientCIDR 1 string! | Range of client addresses.
  serverAddress 2 string! | Host and port for these clients.

definition io.k8s.apimachinery.pkg.apis.meta.v1.ShardInfo | Which part of the objects a list has.
  selector 1 string! | Which pods belong to it.

definition io.k8s.apimachinery.pkg.apis.meta.v1.Status gvk=/v1/Status | What became of a request.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  code 6 int32 | HTTP status code.
  details 5 StatusDetails pointer | More about the reason.
  kind - string | Name of the kind in camel case, such as Pod.
  message 3 string | What became of it, in a sentence.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.
  reason 4 string | Why it failed, in one word.
  status 2 string | Success or Failure.

definition io.k8s.apimachinery.pkg.apis.meta.v1.StatusCause | One cause of a failure.
  field 3 string | Path of the field.
  message 2 string | The reason in a sentence, for people.
  reason 1 string | The reason in one word, for programs.

definition io.k8s.apimachinery.pkg.apis.meta.v1.StatusDetails | More about a failure.
  causes 4 []StatusCause list=atomic | The single causes.
  group 2 string | API group; empty for the core group.
  kind 3 string | Name of the kind in camel case, such as Pod.
  name 1 string | Name of it.
  retryAfterSeconds 5 int32 | Seconds after which trying again makes sense.
  uid 6 string | Unique id of one object among all that ever had its name.

definition io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent gvk=* | One change of an object.
  object 2 raw! | The object, or the status of an error.
  type 1 string! | ADDED, MODIFIED, DELETED, BOOKMARK or ERROR.
`
