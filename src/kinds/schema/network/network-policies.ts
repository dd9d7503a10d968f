/** Network policies. The form of a line is explained in ../../schema.ts. */
export const networkPoliciesTable = `
definition io.k8s.api.networking.v1.IPBlock | A range of addresses.
  cidr 1 string! | The range, such as 192.168.0.0/16.
  except 2 []string list=atomic | Ranges within that are left out.

definition io.k8s.api.networking.v1.NetworkPolicy gvk=networking.k8s.io/v1/NetworkPolicy | Which connections of pods are allowed.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 NetworkPolicySpec | What is wanted.

definition io.k8s.api.networking.v1.NetworkPolicyEgressRule | Connections that pods may make.
  ports 1 []NetworkPolicyPort list=atomic | To which ports; empty for all.
  to 2 []NetworkPolicyPeer list=atomic | To whom; empty for all.

definition io.k8s.api.networking.v1.NetworkPolicyIngressRule | Connections that pods may get.
  from 2 []NetworkPolicyPeer list=atomic | From whom; empty for all.
  ports 1 []NetworkPolicyPort list=atomic | To which ports; empty for all.

definition io.k8s.api.networking.v1.NetworkPolicyList gvk=networking.k8s.io/v1/NetworkPolicyList | A page of NetworkPolicy objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []NetworkPolicy! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.networking.v1.NetworkPolicyPeer | The other side of a connection.
  ipBlock 3 IPBlock pointer | A range of addresses.
  namespaceSelector 2 LabelSelector pointer | Which namespaces, by label.
  podSelector 1 LabelSelector pointer | Which pods, by label.

definition io.k8s.api.networking.v1.NetworkPolicyPort | Ports of a connection.
  endPort 3 int32 pointer | Last port of a range that begins at port.
  port 2 intOrString pointer | Number of the port, or its name.
  protocol 1 string enum=SCTP,TCP,UDP default="TCP" pointer | TCP, UDP or SCTP.

definition io.k8s.api.networking.v1.NetworkPolicySpec | Which pods, and what is allowed for them.
  egress 3 []NetworkPolicyEgressRule list=atomic | Connections that they may make.
  ingress 2 []NetworkPolicyIngressRule list=atomic | Connections that they may get.
  podSelector 1 LabelSelector | Which pods; empty for all of the namespace.
  policyTypes 4 []string list=atomic | Ingress, Egress: what the policy is about.
`
