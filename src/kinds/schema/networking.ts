/** Services and endpoint slices. The form of a line is explained in ../schema.ts. */
export const networkingTable = `
definition io.k8s.api.core.v1.ClientIPConfig | Affinity by the client's address.
  timeoutSeconds 1 int32 pointer | Seconds until it is given up.

definition io.k8s.api.core.v1.LoadBalancerIngress | One way in through a load balancer.
  hostname 2 string | Host name.
  ip 1 string | IP address.
  ipMode 3 string pointer | How the balancer's traffic arrives: VIP or Proxy.
  ports 4 []PortStatus list=atomic | The ports.

definition io.k8s.api.core.v1.LoadBalancerStatus | The ways in through a load balancer.
  ingress 1 []LoadBalancerIngress list=atomic | Where traffic comes in.

definition io.k8s.api.core.v1.PortStatus | What became of one port.
  error 3 string pointer | What went wrong, in one word.
  port 1 int32! | Number of the port, or its name.
  protocol 2 string! enum=SCTP,TCP,UDP | TCP, UDP or SCTP.

definition io.k8s.api.core.v1.Service gvk=/v1/Service | One address for a set of pods.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 ServiceSpec | What is wanted.
  status 3 ServiceStatus | What is observed; controllers write it.

definition io.k8s.api.core.v1.ServiceList gvk=/v1/ServiceList | A page of Service objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []Service! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.core.v1.ServicePort | One port of a service.
  appProtocol 6 string pointer | Protocol that is spoken on the port.
  name 1 string | Name of the port, unique in the service.
  nodePort 5 int32 | Port of every node that leads to the service.
  port 3 int32! | Port of the service.
  protocol 2 string enum=SCTP,TCP,UDP default="TCP" | TCP, UDP or SCTP.
  targetPort 4 intOrString | Port of the pods: a number, or the name of a container's port.

definition io.k8s.api.core.v1.ServiceSpec | Which pods a service leads to, and how.
  allocateLoadBalancerNodePorts 20 bool pointer | False when the load balancer needs no node ports.
  clusterIP 3 string | Address within the cluster; None for a headless service.
  clusterIPs 18 []string list=atomic | Addresses within the cluster, one a family.
  externalIPs 5 []string list=atomic | Addresses of nodes that accept traffic for the service.
  externalName 10 string | Name that the service is an alias of.
  externalTrafficPolicy 11 string enum=Cluster,Local | Cluster: any pod answers. Local: only pods of the node that was asked.
  healthCheckNodePort 12 int32 | Port of every node that tells whether it has pods of the service.
  internalTrafficPolicy 22 string enum=Cluster,Local pointer | Cluster: any pod answers. Local: only pods of the same node.
  ipFamilies 19 []string list=atomic | IPv4, IPv6 or both.
  ipFamilyPolicy 17 string enum=PreferDualStack,RequireDualStack,SingleStack pointer | Whether one family or two.
  loadBalancerClass 21 string pointer | Who makes the load balancer.
  loadBalancerIP 8 string | Address wished for.
  loadBalancerSourceRanges 9 []string list=atomic | Clients that may come through the load balancer.
  ports 1 []ServicePort list=map:port,protocol patch=merge:port | Ports of the service.
  publishNotReadyAddresses 13 bool | True to name pods that are not ready too.
  selector 2 {}string map=atomic | Labels of the pods that answer.
  sessionAffinity 7 string enum=ClientIP,None default="None" | ClientIP to lead a client to the same pod each time.
  sessionAffinityConfig 14 SessionAffinityConfig pointer | How long the affinity lasts.
  trafficDistribution 23 string pointer | Which pods are preferred.
  type 4 string enum=ClusterIP,ExternalName,LoadBalancer,NodePort default="ClusterIP" | ClusterIP, NodePort, LoadBalancer or ExternalName.

definition io.k8s.api.core.v1.ServiceStatus | What is known of a service.
  conditions 2 []Condition list=map:type patch=merge:type | Latest observations, one a type.
  loadBalancer 1 LoadBalancerStatus default={} | What the load balancer is known by.

definition io.k8s.api.core.v1.SessionAffinityConfig | How long an affinity lasts.
  clientIP 1 ClientIPConfig pointer | Affinity by the client's address.

definition io.k8s.api.discovery.v1.Endpoint | One receiver of a service's traffic.
  addresses 1 []string! list=set | The addresses.
  conditions 2 EndpointConditions | Latest observations, one a type.
  deprecatedTopology 5 {}string | Topology labels of older versions.
  hints 8 EndpointHints pointer | Who should use the endpoint.
  hostname 3 string pointer | Host name.
  nodeName 6 string pointer | Node that it runs on.
  targetRef 4 ObjectReference pointer | The pod behind it.
  zone 7 string pointer | Zone that it is in.

definition io.k8s.api.discovery.v1.EndpointConditions | Whether an endpoint takes traffic.
  ready 1 bool pointer | True when it can serve.
  serving 2 bool pointer | True when it answers, terminating or not.
  terminating 3 bool pointer | True when it is being deleted.

definition io.k8s.api.discovery.v1.EndpointHints | Who should use an endpoint.
  forNodes 2 []ForNode list=atomic | Nodes that should use it.
  forZones 1 []ForZone list=atomic | Zones that should use it.

definition io.k8s.api.discovery.v1.EndpointPort atomic | A port that every endpoint of a slice offers.
  appProtocol 4 string pointer | Protocol that is spoken on the port.
  name 1 string default="" pointer | Name of it.
  port 3 int32 pointer | Number of the port, or its name.
  protocol 2 string enum=SCTP,TCP,UDP default="TCP" pointer | TCP, UDP or SCTP.

definition io.k8s.api.discovery.v1.EndpointSlice gvk=discovery.k8s.io/v1/EndpointSlice | Some of the endpoints of a service.
  addressType 4 string! enum=FQDN,IPv4,IPv6 immutable | IPv4, IPv6 or FQDN.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  endpoints 2 []Endpoint list=atomic | The receivers, at most 1000.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  ports 3 []EndpointPort list=atomic | Ports that every endpoint offers.

definition io.k8s.api.discovery.v1.EndpointSliceList gvk=discovery.k8s.io/v1/EndpointSliceList | A page of EndpointSlice objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []EndpointSlice! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.discovery.v1.ForNode | A node that should use an endpoint.
  name 1 string! | Name of it.

definition io.k8s.api.discovery.v1.ForZone | A zone that should use an endpoint.
  name 1 string! | Name of it.
`
