/** Ingresses and their classes. The form of a line is explained in ../../schema.ts. */
export const ingressTable = `
definition io.k8s.api.networking.v1.HTTPIngressPath | Where requests for a path go.
  backend 2 IngressBackend! | Where they go.
  path 1 string | The path; must begin with a slash.
  pathType 3 string! enum=Exact,ImplementationSpecific,Prefix pointer | How it is compared: Exact, Prefix or ImplementationSpecific.

definition io.k8s.api.networking.v1.HTTPIngressRuleValue | Where HTTP requests go.
  paths 1 []HTTPIngressPath! list=atomic | Where they go, by path.

definition io.k8s.api.networking.v1.Ingress gvk=networking.k8s.io/v1/Ingress | Leads HTTP from outside to services, by host and path.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 IngressSpec | What is wanted.
  status 3 IngressStatus | What is observed; controllers write it.

definition io.k8s.api.networking.v1.IngressBackend | Where requests go: a service or another object.
  resource 3 TypedLocalObjectReference pointer | The object, when it is not a service.
  service 4 IngressServiceBackend pointer | The service.

definition io.k8s.api.networking.v1.IngressClass gvk=networking.k8s.io/v1/IngressClass | A controller that serves ingresses.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 IngressClassSpec | What is wanted.

definition io.k8s.api.networking.v1.IngressClassList gvk=networking.k8s.io/v1/IngressClassList | A page of IngressClass objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []IngressClass! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.networking.v1.IngressClassParametersReference | The object with the settings of a class.
  apiGroup 1 string pointer | API group; empty for the core group.
  kind 2 string! | Name of the kind in camel case, such as Pod.
  name 3 string! | Name of it.
  namespace 5 string pointer | Namespace of it.
  scope 4 string default="Cluster" pointer | Cluster or Namespace.

definition io.k8s.api.networking.v1.IngressClassSpec | The controller of a class.
  controller 1 string | Name of the controller, as a domain and a path.
  parameters 2 IngressClassParametersReference pointer | The object with more settings.

definition io.k8s.api.networking.v1.IngressList gvk=networking.k8s.io/v1/IngressList | A page of Ingress objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []Ingress! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.networking.v1.IngressLoadBalancerIngress | An address from outside.
  hostname 2 string | Host name.
  ip 1 string | IP address.
  ports 4 []IngressPortStatus list=atomic | What is known of its ports.

definition io.k8s.api.networking.v1.IngressLoadBalancerStatus | The addresses from outside.
  ingress 1 []IngressLoadBalancerIngress list=atomic | The addresses.

definition io.k8s.api.networking.v1.IngressPortStatus | What is known of a port.
  error 3 string pointer | What went wrong, in one word.
  port 1 int32! | Number of the port.
  protocol 2 string! enum=SCTP,TCP,UDP | TCP, UDP or SCTP.

definition io.k8s.api.networking.v1.IngressRule | Where requests for a host go.
  host 1 string | Name of the host; *.domain for all below, empty for all.
  http 2/1 HTTPIngressRuleValue pointer | Where they go, by path.

definition io.k8s.api.networking.v1.IngressServiceBackend | A port of a service.
  name 1 string! | Name of the service.
  port 2 ServiceBackendPort | Port of the service.

definition io.k8s.api.networking.v1.IngressSpec | Where requests go.
  defaultBackend 1 IngressBackend pointer | Where requests go that no rule matches.
  ingressClassName 4 string pointer | Name of the ingress class.
  rules 3 []IngressRule list=atomic | Where requests go, by host.
  tls 2 []IngressTLS list=atomic | Hosts that are served with TLS.

definition io.k8s.api.networking.v1.IngressStatus | Where an ingress is reached.
  loadBalancer 1 IngressLoadBalancerStatus default={} | The addresses from outside.

definition io.k8s.api.networking.v1.IngressTLS | A certificate and its hosts.
  hosts 1 []string list=atomic | Names that the certificate is for.
  secretName 2 string | Name of the secret with the certificate.

definition io.k8s.api.networking.v1.ServiceBackendPort atomic | A port, by name or number.
  name 1 string | Name of the port; not with number.
  number 2 int32 | Number of the port; not with name.
`
