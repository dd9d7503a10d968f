/** Claims of devices. The form of a line is explained in ../../schema.ts. */
export const resourceClaimsTable = `
definition io.k8s.api.resource.v1.AllocatedDeviceStatus | What a driver says of a device.
  conditions 4 []Condition list=map:type | Latest observations, one a type.
  data 5 raw pointer | More, in the form of the driver.
  device 3 string! | Name of the device within its pool.
  driver 1 string! | Name of the driver.
  networkData 6 NetworkDeviceData pointer | For network interfaces.
  pool 2 string! | Name of the pool that the device is in.
  shareID 7 string pointer | Id of this share, when the device is shared.

definition io.k8s.api.resource.v1.AllocationResult | What a claim has got.
  allocationTimestamp 5 time pointer | When it got it.
  devices 1 DeviceAllocationResult | The devices.
  nodeSelector 3 NodeSelector pointer | Nodes that can use them; any when empty.

definition io.k8s.api.resource.v1.CELDeviceSelector | A CEL condition on a device.
  expression 1 string! | The CEL expression.

definition io.k8s.api.resource.v1.CapacityRequirements | How much of a device is needed.
  requests 1 {}quantity | Amounts, by capacity.

definition io.k8s.api.resource.v1.DeviceAllocationConfiguration | Configuration that a claim got.
  opaque 3/1 OpaqueDeviceConfiguration pointer | Settings that only the driver understands.
  requests 2 []string list=atomic | Names of the requests that it is about; empty for all.
  source 1 string! enum=FromClaim,FromClass | FromClass or FromClaim.

definition io.k8s.api.resource.v1.DeviceAllocationResult | Devices that a claim got.
  config 2 []DeviceAllocationConfiguration list=atomic | Configuration of the devices.
  results 1 []DeviceRequestAllocationResult list=atomic | The devices.

definition io.k8s.api.resource.v1.DeviceClaim | Which devices a claim wants.
  config 3 []DeviceClaimConfiguration list=atomic | Configuration of the devices.
  constraints 2 []DeviceConstraint list=atomic | What must hold for the devices together.
  requests 1 []DeviceRequest list=atomic | What is asked for.

definition io.k8s.api.resource.v1.DeviceClaimConfiguration | Configuration for devices of a claim.
  opaque 2/1 OpaqueDeviceConfiguration pointer | Settings that only the driver understands.
  requests 1 []string list=atomic | Names of the requests that it is about; empty for all.

definition io.k8s.api.resource.v1.DeviceClass gvk=resource.k8s.io/v1/DeviceClass | A sort of device that claims may ask for.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 DeviceClassSpec! | What is wanted.

definition io.k8s.api.resource.v1.DeviceClassConfiguration | Configuration for devices of a class.
  opaque 1/1 OpaqueDeviceConfiguration pointer | Settings that only the driver understands.

definition io.k8s.api.resource.v1.DeviceClassList gvk=resource.k8s.io/v1/DeviceClassList | A page of DeviceClass objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []DeviceClass! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.resource.v1.DeviceClassSpec | Which devices are of a class.
  config 2 []DeviceClassConfiguration list=atomic | Configuration of the devices.
  extendedResourceName 4 string pointer | Name of an extended resource that stands for the class.
  selectors 1 []DeviceSelector list=atomic | CEL conditions on devices; all must hold.

definition io.k8s.api.resource.v1.DeviceConstraint | What must hold for several devices together.
  distinctAttribute 3 string pointer | Attribute that must be different for all.
  matchAttribute 2 string pointer | Attribute that must be the same for all.
  requests 1 []string list=atomic | Names of the requests that it is about; empty for all.

definition io.k8s.api.resource.v1.DeviceRequest | Asks for devices.
  exactly 2 ExactDeviceRequest pointer | What is wanted.
  firstAvailable 3 []DeviceSubRequest list=atomic | What is wanted, best first.
  name 1 string! | Name of the request.

definition io.k8s.api.resource.v1.DeviceRequestAllocationResult | A device that a request got.
  adminAccess 5 bool pointer | True to reach devices that others use, for administration.
  bindingConditions 7 []string list=atomic | Conditions of the claim that must be true before the pod is bound.
  bindingFailureConditions 8 []string list=atomic | Conditions of the claim that make the binding fail.
  consumedCapacity 10 {}quantity | How much of the device, by capacity.
  device 4 string! | Name of the device within its pool.
  driver 2 string! | Name of the driver.
  pool 3 string! | Name of the pool that the device is in.
  request 1 string! | Name of the request in the claim.
  shareID 9 string pointer | Id of this share, when the device is shared.
  tolerations 6 []DeviceToleration list=atomic | Taints of devices that are accepted.

definition io.k8s.api.resource.v1.DeviceSelector | A condition on devices.
  cel 1 CELDeviceSelector pointer | The condition, in CEL.

definition io.k8s.api.resource.v1.DeviceSubRequest | One way to meet a request.
  allocationMode 4 string enum=All,ExactCount default="ExactCount" | ExactCount, or All for every device that fits.
  capacity 7 CapacityRequirements pointer | How much of the device.
  count 5 int64 | How many.
  deviceClassName 2 string! | Name of the device class.
  name 1 string! | Name of the way.
  selectors 3 []DeviceSelector list=atomic | CEL conditions on devices; all must hold.
  tolerations 6 []DeviceToleration list=atomic | Taints of devices that are accepted.

definition io.k8s.api.resource.v1.DeviceToleration | Accepts a taint.
  effect 4 string enum=NoExecute,NoSchedule,None | Effect that it is about; empty for all.
  key 1 string | Name of the taint; empty for all.
  operator 2 string enum=Equal,Exists default="Equal" | Exists, or Equal to compare the values.
  tolerationSeconds 5 int64 pointer | Seconds the pod may stay after the taint came.
  value 3 string | Value of the taint.

definition io.k8s.api.resource.v1.ExactDeviceRequest | Which and how many devices are wanted.
  adminAccess 5 bool pointer | True to reach devices that others use, for administration.
  allocationMode 3 string enum=All,ExactCount default="ExactCount" | ExactCount, or All for every device that fits.
  capacity 7 CapacityRequirements pointer | How much of the device.
  count 4 int64 | How many.
  deviceClassName 1 string! | Name of the device class.
  selectors 2 []DeviceSelector list=atomic | CEL conditions on devices; all must hold.
  tolerations 6 []DeviceToleration list=atomic | Taints of devices that are accepted.

definition io.k8s.api.resource.v1.NetworkDeviceData | A network interface.
  hardwareAddress 3 string | Its hardware address.
  interfaceName 1 string | Its name in the pod.
  ips 2 []string list=atomic | Its addresses.

definition io.k8s.api.resource.v1.OpaqueDeviceConfiguration | Settings that only the driver understands.
  driver 1 string! | Name of the driver.
  parameters 2 raw! | The settings.

definition io.k8s.api.resource.v1.ResourceClaim gvk=resource.k8s.io/v1/ResourceClaim | Asks for devices.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 ResourceClaimSpec! | What is wanted.
  status 3 ResourceClaimStatus | What is observed; controllers write it.

definition io.k8s.api.resource.v1.ResourceClaimConsumerReference | Who uses a claim.
  apiGroup 1 string | API group; empty for the core group.
  name 4 string! | Name of it.
  resource 3 string! | Resource of the user in the plural, such as pods.
  uid 5 string! | Unique id of one object among all that ever had its name.

definition io.k8s.api.resource.v1.ResourceClaimList gvk=resource.k8s.io/v1/ResourceClaimList | A page of ResourceClaim objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []ResourceClaim! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.resource.v1.ResourceClaimSpec | What a claim wants.
  devices 1 DeviceClaim | The devices that are wanted.

definition io.k8s.api.resource.v1.ResourceClaimStatus | What a claim has got.
  allocation 1 AllocationResult pointer | What it has got.
  devices 4 []AllocatedDeviceStatus list=map:driver,device,pool,shareID | What the drivers say of the devices.
  reservedFor 2 []ResourceClaimConsumerReference list=map:uid patch=merge:uid | Who may use it now.

definition io.k8s.api.resource.v1.ResourceClaimTemplate gvk=resource.k8s.io/v1/ResourceClaimTemplate | What claims look like that are made for pods.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 ResourceClaimTemplateSpec! | What is wanted.

definition io.k8s.api.resource.v1.ResourceClaimTemplateList gvk=resource.k8s.io/v1/ResourceClaimTemplateList | A page of ResourceClaimTemplate objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []ResourceClaimTemplate! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.resource.v1.ResourceClaimTemplateSpec | What the claims look like.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 ResourceClaimSpec! | What is wanted.
`
