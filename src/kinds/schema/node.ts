/** Nodes. The form of a line is explained in ../schema.ts. */
export const nodeTable = `
definition io.k8s.api.core.v1.AttachedVolume | A volume that is attached to a node.
  devicePath 2 string! | Path of the device.
  name 1 string! | Name of it.

definition io.k8s.api.core.v1.ConfigMapNodeConfigSource | Not used any more.
  kubeletConfigKey 5 string! | Key that holds the kubelet's configuration.
  name 2 string! | Name of it.
  namespace 1 string! | Namespace of it.
  resourceVersion 4 string | Version of the object in the store, an opaque word.
  uid 3 string | Unique id of one object among all that ever had its name.

definition io.k8s.api.core.v1.ContainerImage | An image that is on a node.
  names 1 []string list=atomic | The names.
  sizeBytes 2 int64 | Size in bytes.

definition io.k8s.api.core.v1.DaemonEndpoint | A port of a daemon.
  Port 1 int32! | Number of the port.

definition io.k8s.api.core.v1.Node gvk=/v1/Node | A machine that runs pods.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 NodeSpec | What is wanted.
  status 3 NodeStatus | What is observed; controllers write it.

definition io.k8s.api.core.v1.NodeAddress | One address of a node.
  address 2 string! | The address.
  type 1 string! | Which sort it is.

definition io.k8s.api.core.v1.NodeCondition | One observation of a node.
  lastHeartbeatTime 3 time | When the node last reported it.
  lastTransitionTime 4 time | When the status last changed.
  message 6 string | The reason in a sentence, for people.
  reason 5 string | The reason in one word, for programs.
  status 2 string! | True, False or Unknown.
  type 1 string! | Which sort it is.

definition io.k8s.api.core.v1.NodeConfigSource | Not used any more.
  configMap 2 ConfigMapNodeConfigSource pointer | A config map.

definition io.k8s.api.core.v1.NodeConfigStatus | Where a kubelet's configuration comes from.
  active 2 NodeConfigSource pointer | What the node uses now.
  assigned 1 NodeConfigSource pointer | What the node shall use.
  error 4 string | What went wrong, in one word.
  lastKnownGood 3 NodeConfigSource pointer | What the node goes back to after an error.

definition io.k8s.api.core.v1.NodeDaemonEndpoints | Where a node's daemons listen.
  kubeletEndpoint 1 DaemonEndpoint | Where the kubelet listens.

definition io.k8s.api.core.v1.NodeFeatures | What a node's runtime can do.
  supplementalGroupsPolicy 1 bool pointer | Whether groups of the image count too.

definition io.k8s.api.core.v1.NodeList gvk=/v1/NodeList | A page of Node objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []Node! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.core.v1.NodeRuntimeHandler | One handler of a container runtime.
  features 2 NodeRuntimeHandlerFeatures pointer | What it can do.
  name 1 string | Name of it.

definition io.k8s.api.core.v1.NodeRuntimeHandlerFeatures | What a runtime handler can do.
  recursiveReadOnlyMounts 1 bool pointer | True when mounts below can be read-only too.
  userNamespaces 2 bool pointer | True when pods can have user namespaces.

definition io.k8s.api.core.v1.NodeSpec | What is wanted of a node.
  configSource 6 NodeConfigSource pointer | Not used any more.
  externalID 2 string | Not used any more.
  podCIDR 1 string | Addresses that the node gives its pods.
  podCIDRs 7 []string list=set patch=merge | Addresses that the node gives its pods, one range a family.
  providerID 3 string | Id of the machine with its provider.
  taints 5 []Taint list=atomic | What keeps pods away that do not tolerate it.
  unschedulable 4 bool | True to let no new pods come.

definition io.k8s.api.core.v1.NodeStatus | What is known of a node.
  addresses 5 []NodeAddress list=map:type patch=merge:type | The addresses.
  allocatable 2 {}quantity | What pods may use of the capacity.
  capacity 1 {}quantity | All that there is.
  conditions 4 []NodeCondition list=map:type patch=merge:type | Latest observations, one a type.
  config 11 NodeConfigStatus pointer | Where the kubelet's configuration comes from.
  daemonEndpoints 6 NodeDaemonEndpoints | Where the node's daemons listen.
  declaredFeatures 14 []string list=atomic | Features that the node has switched on.
  features 13 NodeFeatures pointer | What it can do.
  images 8 []ContainerImage list=atomic | Images that are on the node.
  nodeInfo 7 NodeSystemInfo | Versions and ids of the node's software.
  phase 3 string enum=Pending,Running,Terminated | Where in its life it is.
  runtimeHandlers 12 []NodeRuntimeHandler list=atomic | What the container runtime offers.
  volumesAttached 10 []AttachedVolume list=atomic | Volumes that are attached to the node.
  volumesInUse 9 []string list=atomic | Volumes that the node has mounted.

definition io.k8s.api.core.v1.NodeSwapStatus | Swap space of a node.
  capacity 1 int64 pointer | All that there is.

definition io.k8s.api.core.v1.NodeSystemInfo | Versions and ids of a node's software.
  architecture 10 string! | Architecture of the processor.
  bootID 3 string! | Changes with every boot.
  containerRuntimeVersion 6 string! | Container runtime and its version.
  kernelVersion 4 string! | Version of the kernel.
  kubeProxyVersion 8 string! | Not used any more.
  kubeletVersion 7 string! | Version of the kubelet.
  machineID 1 string! | Id of the machine.
  operatingSystem 9 string! | linux or windows.
  osImage 5 string! | Name of the operating system.
  swap 11 NodeSwapStatus pointer | Swap space.
  systemUUID 2 string! | Id that the firmware gives the machine.

definition io.k8s.api.core.v1.Taint | Keeps pods away that do not tolerate it.
  effect 3 string! enum=NoExecute,NoSchedule,PreferNoSchedule | What a taint does to pods that do not tolerate it.
  key 1 string! | Name of the taint.
  timeAdded 4 time pointer | When it was added.
  value 2 string | Value of the taint.
`
