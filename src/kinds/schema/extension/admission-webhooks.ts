/** Admission webhooks. The form of a line is explained in ../../schema.ts. */
export const admissionWebhooksTable = `
definition io.k8s.api.admissionregistration.v1.MatchCondition | A CEL condition on a request.
  expression 2 string! | CEL expression that gives true or false.
  name 1 string! | Name of the condition, for messages.

definition io.k8s.api.admissionregistration.v1.MutatingWebhook | A callee that may change objects on their way in.
  admissionReviewVersions 8 []string! list=atomic | Versions of AdmissionReview that it understands, best first.
  clientConfig 2 AdmissionregistrationV1WebhookClientConfig! | How it is called.
  failurePolicy 4 string enum=Fail,Ignore default="Fail" pointer | What happens when it can not be asked or evaluated: Fail or Ignore.
  matchConditions 12 []MatchCondition list=map:name patch=merge:name | CEL conditions; it applies only when all are true.
  matchPolicy 9 string enum=Equivalent,Exact default="Equivalent" pointer | Exact, or Equivalent to match other versions of the same resource too.
  name 1 string! | Name of the webhook, as a domain name.
  namespaceSelector 5 LabelSelector default={} pointer | Which namespaces, by label.
  objectSelector 11 LabelSelector default={} pointer | Which objects, by label, before or after the change.
  reinvocationPolicy 10 string enum=IfNeeded,Never default="Never" pointer | Never, or IfNeeded to run again after others changed the object.
  rules 3 []RuleWithOperations list=atomic | Operations on resources that it is asked about.
  sideEffects 6 string! enum=None,NoneOnDryRun,Some,Unknown pointer | What calling it does beside the answer; None and NoneOnDryRun allow dry runs.
  timeoutSeconds 7 int32 default=10 pointer | Seconds until it is given up.

definition io.k8s.api.admissionregistration.v1.MutatingWebhookConfiguration gvk=admissionregistration.k8s.io/v1/MutatingWebhookConfiguration | A list of mutating webhooks.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  webhooks 2 []MutatingWebhook list=map:name patch=merge:name | The webhooks.

definition io.k8s.api.admissionregistration.v1.MutatingWebhookConfigurationList gvk=admissionregistration.k8s.io/v1/MutatingWebhookConfigurationList | A page of MutatingWebhookConfiguration objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []MutatingWebhookConfiguration! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.admissionregistration.v1.RuleWithOperations | Operations on resources.
  apiGroups 2/1 []string list=atomic | API groups, * for all.
  apiVersions 2/2 []string list=atomic | API versions, * for all.
  operations 1 []string list=atomic | CREATE, UPDATE, DELETE, CONNECT, or * for all.
  resources 2/3 []string list=atomic | Resources in the plural, * for all; resource/part for a subresource.
  scope 2/4 string enum=*,Cluster,Namespaced default="*" pointer | Cluster, Namespaced, or * for both.

definition io.k8s.api.admissionregistration.v1.ServiceReference as=AdmissionregistrationV1ServiceReference | A service that is called as a webhook.
  name 2 string! | Name of the service.
  namespace 1 string! | Namespace of the service.
  path 3 string pointer | Path of the request.
  port 4 int32 default=443 pointer | Port of the service.

definition io.k8s.api.admissionregistration.v1.ValidatingWebhook | A callee that may refuse objects on their way in.
  admissionReviewVersions 8 []string! list=atomic | Versions of AdmissionReview that it understands, best first.
  clientConfig 2 AdmissionregistrationV1WebhookClientConfig! | How it is called.
  failurePolicy 4 string enum=Fail,Ignore default="Fail" pointer | What happens when it can not be asked or evaluated: Fail or Ignore.
  matchConditions 11 []MatchCondition list=map:name patch=merge:name | CEL conditions; it applies only when all are true.
  matchPolicy 9 string enum=Equivalent,Exact default="Equivalent" pointer | Exact, or Equivalent to match other versions of the same resource too.
  name 1 string! | Name of the webhook, as a domain name.
  namespaceSelector 5 LabelSelector default={} pointer | Which namespaces, by label.
  objectSelector 10 LabelSelector default={} pointer | Which objects, by label, before or after the change.
  rules 3 []RuleWithOperations list=atomic | Operations on resources that it is asked about.
  sideEffects 6 string! enum=None,NoneOnDryRun,Some,Unknown pointer | What calling it does beside the answer; None and NoneOnDryRun allow dry runs.
  timeoutSeconds 7 int32 default=10 pointer | Seconds until it is given up.

definition io.k8s.api.admissionregistration.v1.ValidatingWebhookConfiguration gvk=admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration | A list of validating webhooks.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  webhooks 2 []ValidatingWebhook list=map:name patch=merge:name | The webhooks.

definition io.k8s.api.admissionregistration.v1.ValidatingWebhookConfigurationList gvk=admissionregistration.k8s.io/v1/ValidatingWebhookConfigurationList | A page of ValidatingWebhookConfiguration objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []ValidatingWebhookConfiguration! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.admissionregistration.v1.WebhookClientConfig as=AdmissionregistrationV1WebhookClientConfig | How a webhook is called: by URL or as a service.
  caBundle 2 bytes | Certificates in PEM that the callee is checked with; the system's when empty.
  service 1 AdmissionregistrationV1ServiceReference pointer | Service that is called.
  url 3 string pointer | Where it is, as https://host:port/path.
`
