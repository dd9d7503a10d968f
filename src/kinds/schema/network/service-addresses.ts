/** Address ranges of services and the addresses given away. The form of a line is explained in ../../schema.ts. */
export const serviceAddressesTable = `
definition io.k8s.api.networking.v1.IPAddress gvk=networking.k8s.io/v1/IPAddress | An address that the cluster has given away; its name is the address.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 IPAddressSpec! | What is wanted.

definition io.k8s.api.networking.v1.IPAddressList gvk=networking.k8s.io/v1/IPAddressList | A page of IPAddress objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []IPAddress! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.networking.v1.IPAddressSpec | Whom an address belongs to.
  parentRef 1 ParentReference! pointer | The object that has it.

definition io.k8s.api.networking.v1.ParentReference | The object that has an address.
  group 1 string | API group; empty for the core group.
  name 4 string! | Name of it.
  namespace 3 string | Namespace of it.
  resource 2 string! | Resource of the object in the plural.

definition io.k8s.api.networking.v1.ServiceCIDR gvk=networking.k8s.io/v1/ServiceCIDR | Ranges that services get their addresses from.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 ServiceCIDRSpec | What is wanted.
  status 3 ServiceCIDRStatus | What is observed; controllers write it.

definition io.k8s.api.networking.v1.ServiceCIDRList gvk=networking.k8s.io/v1/ServiceCIDRList | A page of ServiceCIDR objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []ServiceCIDR! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.networking.v1.ServiceCIDRSpec | The ranges.
  cidrs 1 []string list=atomic | One range, or one of IPv4 and one of IPv6.

definition io.k8s.api.networking.v1.ServiceCIDRStatus | Whether the ranges can be used.
  conditions 1 []Condition list=map:type patch=merge:type | Latest observations, one a type.
`
