/** Devices that there are. The form of a line is explained in ../../schema.ts. */
export const resourceSlicesTable = `
definition io.k8s.api.resource.v1.CapacityRequestPolicy | How much of a capacity a share may take.
  default 1 quantity pointer | Amount for shares that name none.
  validRange 4 CapacityRequestPolicyRange pointer | The amounts between two bounds.
  validValues 3 []quantity list=atomic | The amounts that are allowed.

definition io.k8s.api.resource.v1.CapacityRequestPolicyRange | Amounts between two bounds.
  max 2 quantity pointer | The most.
  min 1 quantity! pointer | The least.
  step 3 quantity pointer | Distance between amounts; amounts in between are rounded up.

definition io.k8s.api.resource.v1.Counter | An amount that devices share.
  value 1 quantity! | How much there is.

definition io.k8s.api.resource.v1.CounterSet | Counters that devices share.
  counters 2 {}Counter! | The counters, by name.
  name 1 string! | Name of the set.

definition io.k8s.api.resource.v1.Device | A device of a driver.
  allNodes 7 bool pointer | True when every node may use it.
  allowMultipleAllocations 12 bool pointer | True when several claims may share it.
  attributes 2 {}DeviceAttribute | What is known of it, by name.
  bindingConditions 10 []string list=atomic | Conditions of the claim that must be true before the pod is bound.
  bindingFailureConditions 11 []string list=atomic | Conditions of the claim that make the binding fail.
  bindsToNode 9 bool pointer | True when using it ties the claim to the node.
  capacity 3 {}DeviceCapacity | What there is of it, by name.
  consumesCounters 4 []DeviceCounterConsumption list=atomic | What it takes of shared counters.
  name 1 string! | Name within the pool.
  nodeAllocatableResourceMappings 13 {}NodeAllocatableResourceMapping | What it takes of the resources of the node.
  nodeName 5 string pointer | Node that has it.
  nodeSelector 6 NodeSelector pointer | Nodes that can reach it.
  taints 8 []DeviceTaint list=atomic | What keeps claims away that do not tolerate it.

definition io.k8s.api.resource.v1.DeviceAttribute | A fact about a device; one of the fields is set.
  bool 3 bool pointer | A truth value.
  bools 7 []bool list=atomic | Several truth values.
  int 2 int64 pointer | A number.
  ints 6 []int64 list=atomic | Several numbers.
  string 4 string pointer | A text.
  strings 8 []string list=atomic | Several texts.
  version 5 string pointer | A version in the form of semver.
  versions 9 []string list=atomic | Several versions.

definition io.k8s.api.resource.v1.DeviceCapacity | How much of something a device has.
  requestPolicy 2 CapacityRequestPolicy pointer | How much of it a share may take.
  value 1 quantity! | How much there is.

definition io.k8s.api.resource.v1.DeviceCounterConsumption | What a device takes of a set of counters.
  counterSet 1 string! | Name of the set.
  counters 2 {}Counter! | The counters, by name.

definition io.k8s.api.resource.v1.DeviceTaint | Keeps claims away from a device.
  effect 3 string! enum=NoExecute,NoSchedule,None | None, NoSchedule or NoExecute.
  key 1 string! | Name of the taint.
  timeAdded 4 time pointer | When it was added.
  value 2 string | Value of the taint.

definition io.k8s.api.resource.v1.NodeAllocatableResourceMapping | What a device takes of a resource of the node.
  allocationMultiplier 2 quantity pointer | Amount for one device, or for one unit of the capacity.
  capacityKey 1 string pointer | Capacity that the amount is counted by.

definition io.k8s.api.resource.v1.ResourcePool | A pool of devices.
  generation 2 int64! | Counts the changes of the pool.
  name 1 string! | Name of the pool.
  resourceSliceCount 3 int64! | In how many slices it is written.

definition io.k8s.api.resource.v1.ResourceSlice gvk=resource.k8s.io/v1/ResourceSlice | Some devices of a driver.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 ResourceSliceSpec! | What is wanted.

definition io.k8s.api.resource.v1.ResourceSliceList gvk=resource.k8s.io/v1/ResourceSliceList | A page of ResourceSlice objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []ResourceSlice! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.resource.v1.ResourceSliceSpec | The devices and where they are.
  allNodes 5 bool pointer | True when every node may use it.
  devices 6 []Device list=atomic | The devices.
  driver 1 string! | Name of the driver.
  nodeName 3 string pointer | Node that has them.
  nodeSelector 4 NodeSelector pointer | Nodes that can reach them.
  perDeviceNodeSelection 7 bool pointer | True when every device says which nodes can reach it.
  pool 2 ResourcePool! | Pool that the devices are in.
  sharedCounters 8 []CounterSet list=atomic | Counters that devices share.
`
