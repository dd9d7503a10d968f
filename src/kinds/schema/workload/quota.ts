/** Resource quotas and limit ranges. The form of a line is explained in ../../schema.ts. */
export const quotaTable = `
definition io.k8s.api.core.v1.LimitRange gvk=/v1/LimitRange | Bounds and defaults of what pods of a namespace ask for.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 LimitRangeSpec | What is wanted.

definition io.k8s.api.core.v1.LimitRangeItem | Bounds and defaults for one sort of object.
  default 4 {}quantity | Limit of a container that names none.
  defaultRequest 5 {}quantity | Request of a container that names none.
  max 2 {}quantity | The most that one may ask for.
  maxLimitRequestRatio 6 {}quantity | How many times the request the limit may be.
  min 3 {}quantity | The least that one must ask for.
  type 1 string! | Pod, Container or PersistentVolumeClaim.

definition io.k8s.api.core.v1.LimitRangeList gvk=/v1/LimitRangeList | A page of LimitRange objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []LimitRange! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.core.v1.LimitRangeSpec | The bounds of a namespace.
  limits 1 []LimitRangeItem! list=atomic | The bounds, by sort of object.

definition io.k8s.api.core.v1.ResourceQuota gvk=/v1/ResourceQuota | Bounds what a namespace may use in all.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 ResourceQuotaSpec | What is wanted.
  status 3 ResourceQuotaStatus | What is observed; controllers write it.

definition io.k8s.api.core.v1.ResourceQuotaList gvk=/v1/ResourceQuotaList | A page of ResourceQuota objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []ResourceQuota! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.core.v1.ResourceQuotaSpec | The bounds of a namespace.
  hard 1 {}quantity | The most, by resource.
  scopeSelector 3 ScopeSelector pointer | Conditions on the objects that count.
  scopes 2 []string list=atomic | Which objects count.

definition io.k8s.api.core.v1.ResourceQuotaStatus | How much of the bounds is used.
  hard 1 {}quantity | The most, by resource.
  used 2 {}quantity | What is used, by resource.

definition io.k8s.api.core.v1.ScopeSelector atomic | Which objects count towards a quota.
  matchExpressions 1 []ScopedResourceSelectorRequirement list=atomic | Conditions; all must hold.

definition io.k8s.api.core.v1.ScopedResourceSelectorRequirement | One condition on the objects that count.
  operator 2 string! enum=DoesNotExist,Exists,In,NotIn | In, NotIn, Exists or DoesNotExist.
  scopeName 1 string! enum=BestEffort,CrossNamespacePodAffinity,NotBestEffort,NotTerminating,PriorityClass,Terminating,VolumeAttributesClass | Name of the scope.
  values 3 []string list=atomic | Values to compare with.
`
