/** API services. The form of a line is explained in ../../schema.ts. */
export const apiRegistrationTable = `
definition io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService gvk=apiregistration.k8s.io/v1/APIService | Who serves a group and version.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 APIServiceSpec | What is wanted.
  status 3 APIServiceStatus | What is observed; controllers write it.

definition io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIServiceCondition | One observation of an API service.
  lastTransitionTime 3 time | When the status last changed.
  message 5 string | The reason in a sentence, for people.
  reason 4 string | The reason in one word, for programs.
  status 2 string! | True, False or Unknown.
  type 1 string! | Which sort it is.

definition io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIServiceList gvk=apiregistration.k8s.io/v1/APIServiceList | A page of APIService objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []APIService! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIServiceSpec | The group and version, and who serves it.
  caBundle 5 bytes list=atomic | Certificates in PEM that the callee is checked with; the system's when empty.
  group 2 string | The group.
  groupPriorityMinimum 7 int32! | The higher, the more the group is preferred.
  insecureSkipTLSVerify 4 bool | True to trust any certificate; for tests.
  service 1 ApiregistrationV1ServiceReference pointer | Service that serves it; none for this server itself.
  version 3 string | The version.
  versionPriority 8 int32! | The higher, the more the version is preferred within its group.

definition io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIServiceStatus | Whether a group and version is available.
  conditions 1 []APIServiceCondition list=map:type patch=merge:type | Latest observations, one a type.

definition io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.ServiceReference as=ApiregistrationV1ServiceReference | A service that serves an API.
  name 2 string | Name of the service.
  namespace 1 string | Namespace of the service.
  port 3 int32 default=443 pointer | Port of the service.
`
