/** Services and endpoint slices. The form of a line is explained in ../schema.ts. */
export const networkingTable = `
definition io.k8s.api.core.v1.ClientIPConfig
  timeoutSeconds 1 int32 pointer

definition io.k8s.api.core.v1.LoadBalancerIngress
  hostname 2 string
  ip 1 string
  ipMode 3 string pointer
  ports 4 []PortStatus list=atomic

definition io.k8s.api.core.v1.LoadBalancerStatus
  ingress 1 []LoadBalancerIngress list=atomic

definition io.k8s.api.core.v1.PortStatus
  error 3 string pointer
  port 1 int32!
  protocol 2 string! enum=SCTP,TCP,UDP

definition io.k8s.api.core.v1.Service gvk=/v1/Service
  apiVersion - string
  kind - string
  metadata 1 ObjectMeta
  spec 2 ServiceSpec
  status 3 ServiceStatus

definition io.k8s.api.core.v1.ServiceList gvk=/v1/ServiceList | A page of Service objects.
  apiVersion - string
  items 2 []Service!
  kind - string
  metadata 1 ListMeta

definition io.k8s.api.core.v1.ServicePort
  appProtocol 6 string pointer
  name 1 string
  nodePort 5 int32
  port 3 int32!
  protocol 2 string enum=SCTP,TCP,UDP default="TCP"
  targetPort 4 intOrString

definition io.k8s.api.core.v1.ServiceSpec
  allocateLoadBalancerNodePorts 20 bool pointer
  clusterIP 3 string
  clusterIPs 18 []string list=atomic
  externalIPs 5 []string list=atomic
  externalName 10 string
  externalTrafficPolicy 11 string enum=Cluster,Local
  healthCheckNodePort 12 int32
  internalTrafficPolicy 22 string enum=Cluster,Local pointer
  ipFamilies 19 []string list=atomic
  ipFamilyPolicy 17 string enum=PreferDualStack,RequireDualStack,SingleStack pointer
  loadBalancerClass 21 string pointer
  loadBalancerIP 8 string
  loadBalancerSourceRanges 9 []string list=atomic
  ports 1 []ServicePort list=map:port,protocol patch=merge:port
  publishNotReadyAddresses 13 bool
  selector 2 {}string map=atomic
  sessionAffinity 7 string enum=ClientIP,None default="None"
  sessionAffinityConfig 14 SessionAffinityConfig
  trafficDistribution 23 string pointer
  type 4 string enum=ClusterIP,ExternalName,LoadBalancer,NodePort default="ClusterIP"

definition io.k8s.api.core.v1.ServiceStatus
  conditions 2 []Condition list=map:type patch=merge:type
  loadBalancer 1 LoadBalancerStatus

definition io.k8s.api.core.v1.SessionAffinityConfig
  clientIP 1 ClientIPConfig

definition io.k8s.api.discovery.v1.Endpoint
  addresses 1 []string! list=set
  conditions 2 EndpointConditions
  deprecatedTopology 5 {}string
  hints 8 EndpointHints
  hostname 3 string pointer
  nodeName 6 string pointer
  targetRef 4 ObjectReference
  zone 7 string pointer

definition io.k8s.api.discovery.v1.EndpointConditions
  ready 1 bool pointer
  serving 2 bool pointer
  terminating 3 bool pointer

definition io.k8s.api.discovery.v1.EndpointHints
  forNodes 2 []ForNode list=atomic
  forZones 1 []ForZone list=atomic

definition io.k8s.api.discovery.v1.EndpointPort atomic
  appProtocol 4 string pointer
  name 1 string default="" pointer
  port 3 int32 pointer
  protocol 2 string enum=SCTP,TCP,UDP default="TCP" pointer

definition io.k8s.api.discovery.v1.EndpointSlice gvk=discovery.k8s.io/v1/EndpointSlice
  addressType 4 string! enum=FQDN,IPv4,IPv6 immutable
  apiVersion - string
  endpoints 2 []Endpoint list=atomic
  kind - string
  metadata 1 ObjectMeta
  ports 3 []EndpointPort list=atomic

definition io.k8s.api.discovery.v1.EndpointSliceList gvk=discovery.k8s.io/v1/EndpointSliceList | A page of EndpointSlice objects.
  apiVersion - string
  items 2 []EndpointSlice!
  kind - string
  metadata 1 ListMeta

definition io.k8s.api.discovery.v1.ForNode
  name 1 string!

definition io.k8s.api.discovery.v1.ForZone
  name 1 string!
`
