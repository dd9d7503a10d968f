/** Nodes. The form of a line is explained in ../schema.ts. */
export const nodeTable = `
definition io.k8s.api.core.v1.AttachedVolume
  devicePath 2 string!
  name 1 string!

definition io.k8s.api.core.v1.ConfigMapNodeConfigSource
  kubeletConfigKey 5 string!
  name 2 string!
  namespace 1 string!
  resourceVersion 4 string
  uid 3 string

definition io.k8s.api.core.v1.ContainerImage
  names 1 []string list=atomic
  sizeBytes 2 int64

definition io.k8s.api.core.v1.DaemonEndpoint
  Port 1 int32!

definition io.k8s.api.core.v1.Node gvk=/v1/Node
  apiVersion - string
  kind - string
  metadata 1 ObjectMeta
  spec 2 NodeSpec
  status 3 NodeStatus

definition io.k8s.api.core.v1.NodeAddress
  address 2 string!
  type 1 string!

definition io.k8s.api.core.v1.NodeCondition
  lastHeartbeatTime 3 time
  lastTransitionTime 4 time
  message 6 string
  reason 5 string
  status 2 string!
  type 1 string!

definition io.k8s.api.core.v1.NodeConfigSource
  configMap 2 ConfigMapNodeConfigSource

definition io.k8s.api.core.v1.NodeConfigStatus
  active 2 NodeConfigSource
  assigned 1 NodeConfigSource
  error 4 string
  lastKnownGood 3 NodeConfigSource

definition io.k8s.api.core.v1.NodeDaemonEndpoints
  kubeletEndpoint 1 DaemonEndpoint

definition io.k8s.api.core.v1.NodeFeatures
  supplementalGroupsPolicy 1 bool pointer

definition io.k8s.api.core.v1.NodeList gvk=/v1/NodeList | A page of Node objects.
  apiVersion - string
  items 2 []Node!
  kind - string
  metadata 1 ListMeta

definition io.k8s.api.core.v1.NodeRuntimeHandler
  features 2 NodeRuntimeHandlerFeatures
  name 1 string

definition io.k8s.api.core.v1.NodeRuntimeHandlerFeatures
  recursiveReadOnlyMounts 1 bool pointer
  userNamespaces 2 bool pointer

definition io.k8s.api.core.v1.NodeSpec
  configSource 6 NodeConfigSource
  externalID 2 string
  podCIDR 1 string
  podCIDRs 7 []string list=set patch=merge
  providerID 3 string
  taints 5 []Taint list=atomic
  unschedulable 4 bool

definition io.k8s.api.core.v1.NodeStatus
  addresses 5 []NodeAddress list=map:type patch=merge:type
  allocatable 2 {}quantity
  capacity 1 {}quantity
  conditions 4 []NodeCondition list=map:type patch=merge:type
  config 11 NodeConfigStatus
  daemonEndpoints 6 NodeDaemonEndpoints
  declaredFeatures 14 []string list=atomic
  features 13 NodeFeatures
  images 8 []ContainerImage list=atomic
  nodeInfo 7 NodeSystemInfo
  phase 3 string enum=Pending,Running,Terminated
  runtimeHandlers 12 []NodeRuntimeHandler list=atomic
  volumesAttached 10 []AttachedVolume list=atomic
  volumesInUse 9 []string list=atomic

definition io.k8s.api.core.v1.NodeSwapStatus
  capacity 1 int64 pointer

definition io.k8s.api.core.v1.NodeSystemInfo
  architecture 10 string!
  bootID 3 string!
  containerRuntimeVersion 6 string!
  kernelVersion 4 string!
  kubeProxyVersion 8 string!
  kubeletVersion 7 string!
  machineID 1 string!
  operatingSystem 9 string!
  osImage 5 string!
  swap 11 NodeSwapStatus
  systemUUID 2 string!

definition io.k8s.api.core.v1.Taint
  effect 3 string! enum=NoExecute,NoSchedule,PreferNoSchedule
  key 1 string!
  timeAdded 4 time
  value 2 string
`
